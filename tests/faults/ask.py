"""Submits one job as a click with a request id would: ``python -m tests.faults.ask REQUEST_ID``."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "craiyon_site.settings")
django.setup()

import structlog  # noqa: E402

from generation.submission import GridRequest, submit  # noqa: E402
from generation.tasks import ring  # noqa: E402

if __name__ == "__main__":
    structlog.contextvars.bind_contextvars(request_id=sys.argv[1])
    print(submit(GridRequest(prompt="a red fox", count=1), owner=None, ring=ring).pk)
