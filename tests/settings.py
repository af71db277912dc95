"""The site's settings, with everything that is kept in a folder that ends with the tests."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_folder = tempfile.mkdtemp(prefix="craiyon-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["CRAIYON_DATA"] = _folder
# Asked for only where a test is about it: test clients run no scripts.
os.environ["PROOF_OF_WORK"] = "0"

from craiyon_site.settings import *  # noqa: E402, F403
from craiyon_site.settings import DATABASES, MIDDLEWARE, STORAGES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, as in production: threads of one process lock it against each other.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(_folder) / "test.sqlite3")}
    # Safe against the end of a process, which tests bring about; not of the machine.
    DATABASES["default"]["OPTIONS"]["init_command"] = (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    )
    # A hundred who race for one lock have it one after the other, however slow the machine is.
    DATABASES["default"]["OPTIONS"]["timeout"] = 120

# Django's test client asks for no static files; the browser's tests run the real site.
MIDDLEWARE.remove("servestatic.middleware.ServeStaticMiddleware")
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# What a test changes, the next request must see; shared answers have tests of their own.
SHARED_ANSWERS_SECONDS = 0
