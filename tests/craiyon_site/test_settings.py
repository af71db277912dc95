"""Every setting has a default that works, or one error that names it."""

import os
import re
import runpy
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parents[2]
SECRET = "k3Jq9vTzX1rB7mNcW5sYd8fGh2LpQa4Ek7Rw0UoIe6VbZxCnMt"
GUESSABLE = [
    "secret",
    "a" * 60,
    "change-me-" * 6,
    "k3Jq9vTz" * 7,
    f"django-insecure-{SECRET}",
    SECRET[:32],
]

Load = Callable[..., dict[str, Any]]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Reads the settings in an environment of just these variables and an empty folder."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    monkeypatch.setenv("CRAIYON_DATA", str(tmp_path / "var"))

    def loaded(**variables: str) -> dict[str, Any]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "craiyon_site" / "settings.py"))

    return loaded


class TestAFreshMachine:
    def test_needs_no_variable_at_all(self, load: Load, tmp_path: Path) -> None:
        settings = load()
        assert settings["DATABASES"]["default"]["NAME"] == str(tmp_path / "var/craiyon.sqlite3")
        assert settings["CELERY_BROKER_URL"].startswith("filesystem://")
        assert settings["CACHES"]["default"]["LOCATION"] == "cache"
        assert settings["PORT"] == 8000
        assert settings["CHECKPOINTS"] == ["doodle"]

    def test_answers_to_itself_alone(self, load: Load) -> None:
        assert load()["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]

    def test_keeps_one_secret_that_only_its_owner_reads(self, load: Load, tmp_path: Path) -> None:
        first, second = load()["SECRET_KEY"], load()["SECRET_KEY"]
        assert first == second
        assert len(first) >= 50
        assert stat.S_IMODE((tmp_path / "var/secret_key").stat().st_mode) == 0o600

    def test_keeps_masters_apart_from_what_is_shown(self, load: Load) -> None:
        storages = load()["STORAGES"]
        places = {storages[alias]["OPTIONS"]["location"] for alias in ("masters", "default")}
        assert len(places) == 2


class TestWithDebugOff:
    def test_a_missing_secret_refuses_to_start(self, load: Load) -> None:
        with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is missing"):
            load(DEBUG="0")

    @pytest.mark.parametrize(
        "secret",
        [
            "secret",
            "a" * 60,
            "change-me-" * 6,
            "k3Jq9vTz" * 7,
            "django-insecure-" + SECRET,
            SECRET[:32],
        ],
    )
    def test_a_secret_that_can_be_guessed_refuses_to_start(self, load: Load, secret: str) -> None:
        with pytest.raises(ImproperlyConfigured, match="SECRET_KEY can be guessed"):
            load(DEBUG="0", SECRET_KEY=secret)

    def test_the_secret_that_the_folder_keeps_is_not_taken(self, load: Load) -> None:
        load()
        with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is missing"):
            load(DEBUG="0")

    def test_cookies_need_tls_where_the_site_has_it(self, load: Load) -> None:
        settings = load(DEBUG="0", SECRET_KEY=SECRET, SITE_URL="https://pictures.example")
        assert settings["SESSION_COOKIE_SECURE"]
        assert settings["SECURE_HSTS_SECONDS"] > 0
        assert "pictures.example" in settings["ALLOWED_HOSTS"]


@pytest.mark.parametrize("variable", ["ALLOWED_HOSTS", "SITE_URL"])
def test_debug_is_for_this_machine_alone(load: Load, variable: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="set DEBUG=0 and SECRET_KEY"):
        load(**{variable: "http://pictures.example"})


class TestAFileOfASecret:
    def test_gives_the_value(self, load: Load, tmp_path: Path) -> None:
        (tmp_path / "key").write_text(f"{SECRET}\n")
        settings = load(DEBUG="0", SECRET_KEY_FILE=str(tmp_path / "key"))
        assert settings["SECRET_KEY"] == SECRET

    def test_may_not_compete_with_the_variable(self, load: Load, tmp_path: Path) -> None:
        (tmp_path / "key").write_text(SECRET)
        with pytest.raises(ImproperlyConfigured, match="SECRET_KEY and SECRET_KEY_FILE"):
            load(SECRET_KEY=SECRET, SECRET_KEY_FILE=str(tmp_path / "key"))

    @pytest.mark.parametrize("contents", [None, "", b"\xff\xfe"])
    def test_that_gives_nothing_is_named(
        self, load: Load, tmp_path: Path, contents: str | bytes | None
    ) -> None:
        file = tmp_path / "key"
        if contents is not None:
            file.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        with pytest.raises(ImproperlyConfigured, match=f"SECRET_KEY_FILE names {file}"):
            load(SECRET_KEY_FILE=str(file))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "eight"),
        ("PORT", "８０００"),
        ("DEBUG", "maybe"),
        ("DATABASE_URL", "mysql://root@localhost/craiyon"),
        ("DATABASE_URL", "postgresql://localhost:port/craiyon"),
        ("DATABASE_URL", "craiyon"),
        ("CELERY_BROKER_URL", "kafka://localhost"),
        ("CACHE_URL", "memcached://localhost"),
        ("STORAGE_URL", "ftp://localhost"),
        ("STORAGE_URL", "s3://"),
        ("STORAGE_URL", "s3://bucket?public=1"),
        ("EMAIL_URL", "http://localhost"),
        ("SITE_URL", "localhost:8000"),
        ("TRUSTED_PROXIES", "10.0.0.0/33"),
        ("TRUSTED_PROXIES", "*"),
        ("FREE_WAIT_LIMIT", "-1"),
        ("STOP_GRACE", "1.5"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_value_gives_an_error_that_names_its_variable(
    load: Load, variable: str, value: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=variable):
        load(**{variable: value})


@pytest.mark.parametrize(
    "variable", ["DATABASE_URL", "CELERY_BROKER_URL", "CACHE_URL", "STORAGE_URL", "EMAIL_URL"]
)
def test_an_error_repeats_no_password(load: Load, variable: str) -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        load(**{variable: "gopher://somebody:hunter2@localhost:70/?key=hunter2"})
    assert "hunter2" not in str(error.value)


def test_a_folder_that_cannot_be_written_is_named(load: Load, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ImproperlyConfigured, match=f"{tmp_path}/file/var"):
        load(CRAIYON_DATA=str(tmp_path / "file" / "var"))


class TestRealParts:
    def test_postgresql_is_pooled_within_ten_connections(self, load: Load) -> None:
        database = load(DATABASE_URL="postgresql://u:p@db.example/pictures")["DATABASES"]["default"]
        assert database["ENGINE"] == "django.db.backends.postgresql"
        assert database["OPTIONS"]["pool"]["max_size"] <= 10
        assert database["CONN_MAX_AGE"] == 0

    def test_sqlite_takes_its_lock_when_a_transaction_starts(self, load: Load) -> None:
        options = load()["DATABASES"]["default"]["OPTIONS"]
        assert options["transaction_mode"] == "IMMEDIATE"
        assert "journal_mode=WAL" in options["init_command"]

    def test_buckets_are_private_and_their_addresses_signed(self, load: Load) -> None:
        storages = load(
            STORAGE_URL="s3://pictures?endpoint=http://127.0.0.1:9000&region=eu",
            AWS_ACCESS_KEY_ID="me",
            AWS_SECRET_ACCESS_KEY="mine",
        )["STORAGES"]
        for alias in ("masters", "default"):
            options = storages[alias]["OPTIONS"]
            assert options["default_acl"] is None
            assert options["querystring_auth"] is True
            assert options["querystring_expire"] <= 60
            assert options["endpoint_url"] == "http://127.0.0.1:9000"
            assert options["access_key"] == "me"
        assert (
            storages["masters"]["OPTIONS"]["location"] != storages["default"]["OPTIONS"]["location"]
        )

    def test_mail_goes_out_encrypted(self, load: Load) -> None:
        settings = load(EMAIL_URL="smtp://me:p%40ss@mail.example:587")
        assert settings["EMAIL_HOST_PASSWORD"] == "p@ss"
        assert settings["EMAIL_USE_TLS"]


def test_a_command_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    command = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "craiyon_site.settings",
            "PORT": "http",
            "CRAIYON_DATA": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert command.returncode == 1
    assert command.stderr.splitlines() == [
        "PORT is 'http': it must be a whole number from 1 to 65535."
    ]


def test_every_variable_is_written_down() -> None:
    read = re.findall(
        r'env\.\w+\(\s*"(\w+)"', (ROOT / "craiyon_site/settings.py").read_text(encoding="utf-8")
    )
    written = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    assert len(read) > 20
    assert [name for name in read if f"`{name}`" not in written] == []


class TestAnAddressOnThisMachine:
    @pytest.mark.parametrize("name", ["a#b", "a?b", "a%20b", "a b"])
    def test_any_folder_holds_its_own_database(self, load: Load, tmp_path: Path, name: str) -> None:
        settings = load(CRAIYON_DATA=str(tmp_path / name))
        assert settings["DATABASES"]["default"]["NAME"] == str(tmp_path / name / "craiyon.sqlite3")

    @pytest.mark.parametrize(
        "url", ["/mnt/pictures", "pictures", "file://pictures", "file:pictures"]
    )
    def test_a_storage_that_is_no_whole_address_is_refused(self, load: Load, url: str) -> None:
        with pytest.raises(ImproperlyConfigured, match="STORAGE_URL: "):
            load(STORAGE_URL=url)

    @pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7"])  # noqa: S104
    def test_debug_is_not_shown_to_others(self, load: Load, host: str) -> None:
        with pytest.raises(ImproperlyConfigured, match="DEBUG is on"):
            load(HOST=host)

    @pytest.mark.parametrize("url", ["http://[::1", "example.org", "ftp://example.org"])
    def test_a_site_without_an_address_is_refused_in_one_line(self, load: Load, url: str) -> None:
        with pytest.raises(ImproperlyConfigured, match="SITE_URL: "):
            load(SITE_URL=url)


class TestAnotherSitesAccounts:
    def test_are_offered_where_both_keys_are_set(self, load: Load) -> None:
        settings = load(GITHUB_CLIENT_ID="id", GITHUB_CLIENT_SECRET="its secret")
        assert "allauth.socialaccount.providers.github" in settings["INSTALLED_APPS"]
        assert "allauth.socialaccount.providers.google" not in settings["INSTALLED_APPS"]
        (app,) = settings["SOCIALACCOUNT_PROVIDERS"]["github"]["APPS"]
        assert app == {"client_id": "id", "secret": "its secret"}
        policy = settings["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]
        assert "https://github.com" in policy["form-action"]

    @pytest.mark.parametrize("name", ["GOOGLE_CLIENT_ID", "GITHUB_CLIENT_SECRET"])
    def test_are_an_error_with_half_of_them(self, load: Load, name: str) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"_CLIENT_SECRET belong together") as error:
            load(**{name: "a secret"})
        assert "a secret" not in str(error.value)
