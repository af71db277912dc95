"""API keys: what they look like, what is kept of them, and how they end."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Plan, Usage, User

pytestmark = pytest.mark.django_db


def a_user(name: str = "alice") -> User:
    return User.objects.create(
        username=name, email=f"{name}@example.org", plan=Plan.objects.get(name="free")
    )


def a_key(user: User | None = None, **wish) -> tuple[ApiKey, str]:
    return keys.make(user or a_user(), keys.KeyWish(name="my program", **wish))


def test_a_key_says_what_it_is_and_is_known_again():
    key, text = a_key()
    _, test = a_key(a_user("bob"), live=False)
    assert text.startswith("cry_live_")
    assert test.startswith("cry_test_")
    assert keys.key_of(text) == key


def test_only_a_hash_is_kept_of_it():
    key, text = a_key()
    secret = text.removeprefix(key.prefix)
    row = " ".join(str(value) for value in ApiKey.objects.values().get().values())
    assert secret not in row
    assert text not in row


@pytest.mark.parametrize("change", [slice(0, -1), slice(1, None)])
def test_a_mistyped_key_is_refused_without_a_look_at_the_rows(change, django_assert_num_queries):
    _, text = a_key()
    wrong = text[:-8] + ("a" if text[-8] != "a" else "b") + text[-7:]
    with django_assert_num_queries(0):
        for typed in (text[change], wrong, "", "cry_live_", f"{text} ", text.replace("_", "-")):
            assert not keys.well_formed(typed)
            with pytest.raises(keys.KeyRefused):
                keys.key_of(typed)


def test_a_well_formed_key_that_nobody_was_given_is_refused():
    with pytest.raises(keys.KeyRefused) as refused:
        keys.key_of(keys._drawn("live"))
    assert refused.value.code == "invalid_api_key"


def test_the_last_use_is_written_at_most_once_a_minute(django_assert_num_queries):
    _key, text = a_key()
    keys.key_of(text)
    noted = ApiKey.objects.get().used
    with django_assert_num_queries(1):
        keys.key_of(text)
    assert ApiKey.objects.get().used == noted
    ApiKey.objects.update(used=noted - timedelta(seconds=61))
    keys.key_of(text)
    assert ApiKey.objects.get().used > noted


def test_a_revoked_key_is_refused_from_the_next_request_on():
    key, text = a_key()
    assert keys.revoke(key)
    assert not keys.revoke(key)
    with pytest.raises(keys.KeyEnded):
        keys.key_of(text)
    assert not keys.still_valid(key.pk)


def test_an_expired_key_is_refused():
    key, text = a_key(expires=timezone.now() + timedelta(minutes=1))
    assert keys.key_of(text) == key
    ApiKey.objects.update(expires=timezone.now())
    with pytest.raises(keys.KeyExpired):
        keys.key_of(text)


def test_the_keys_of_a_closed_account_are_refused():
    key, text = a_key()
    User.objects.update(is_active=False)
    with pytest.raises(keys.KeyRefused):
        keys.key_of(text)
    assert not keys.still_valid(key.pk)


def test_an_account_has_only_so_many_keys(monkeypatch):
    monkeypatch.setattr(keys, "MOST_KEYS", 1)
    alice = a_user()
    key, _ = a_key(alice)
    with pytest.raises(keys.TooManyKeys):
        a_key(alice)
    keys.revoke(key)
    a_key(alice)


class TestPages:
    @pytest.fixture
    def as_alice(self) -> Client:
        client = Client()
        client.force_login(a_user())
        return client

    def make(self, client: Client, **fields):
        wanted = {"name": "my program", "kind": "live", "scopes": ["draw", "read"], **fields}
        return client.post("/account/keys/new", wanted)

    def test_a_new_key_is_shown_once(self, as_alice):
        made = self.make(as_alice, per_day=5, largest_side=512, lifetime="30")
        key = ApiKey.objects.get()
        text = made.content.decode().partition('value="cry_')[2].partition('"')[0]
        assert keys.key_of(f"cry_{text}") == key
        assert (key.per_day, key.largest_side, key.scopes) == (5, 512, ["draw", "read"])
        assert timedelta(29) < key.expires - timezone.now() <= timedelta(30)
        page = as_alice.get("/account/keys").content.decode()
        assert key.prefix in page
        assert text not in page
        assert made["Cache-Control"].count("no-store") == 1

    def test_what_cannot_be_is_said(self, as_alice):
        answer = self.make(as_alice, per_day=0, scopes=["everything"])
        assert answer.status_code == 400
        assert b'role="alert"' in answer.content
        assert not ApiKey.objects.exists()

    def test_revoking_asks_first(self, as_alice):
        self.make(as_alice)
        key = ApiKey.objects.get()
        assert b"my program" in as_alice.get(f"/account/keys/{key.pk}/revoke").content
        assert not ApiKey.objects.get().ended
        as_alice.post(f"/account/keys/{key.pk}/revoke")
        assert ApiKey.objects.get().ended == "owner"

    def test_nobody_else_sees_or_revokes_it(self, as_alice):
        self.make(as_alice)
        key = ApiKey.objects.get()
        bob = Client()
        assert bob.post(f"/account/keys/{key.pk}/revoke").status_code == 302
        bob.force_login(a_user("bob"))
        assert bob.post(f"/account/keys/{key.pk}/revoke").status_code == 404
        assert key.prefix not in bob.get("/account/keys").content.decode()
        assert not ApiKey.objects.get().ended

    @pytest.mark.parametrize("page", ["keys", "keys/new", "keys/usage.csv"])
    def test_without_an_account_one_is_asked_to_sign_in(self, page, client):
        assert client.get(f"/account/{page}").status_code == 302

    def test_anybody_may_report_a_leaked_key_which_dies_at_once(self, client):
        _, text = a_key()
        assert client.get("/account/keys/report").status_code == 200
        assert client.post("/account/keys/report", {"key": text}).status_code == 200
        assert ApiKey.objects.get().ended == "reported"
        with pytest.raises(keys.KeyEnded):
            keys.key_of(text)

    def test_reporting_something_else_says_so(self, client):
        answer = client.post("/account/keys/report", {"key": "hunter2"})
        assert answer.status_code == 400
        assert b"no key of this site" in answer.content

    def test_usage_is_charted_and_listed_by_day_and_key(self, as_alice):
        self.make(as_alice, name="=cmd")
        key = ApiKey.objects.get()
        for number, of in enumerate((key, key, None)):
            Usage.objects.create(
                job_id=f"00000000-0000-0000-0000-00000000000{number}", user=key.user, api_key=of,
                images=9, pixel_steps=1, seconds=1.0,
            )  # fmt: skip
        page = as_alice.get("/account/keys").content.decode()
        assert page.count("<rect") == 2
        lines = as_alice.get("/account/keys/usage.csv").content.decode().splitlines()
        today = timezone.now().date().isoformat()
        assert lines[0] == "day,key,grids,images"
        assert sorted(lines[1:]) == [f"{today},'=cmd,2,18", f"{today},,1,9"]


class TestCommand:
    def test_it_prints_a_key_of_the_account(self, capsys):
        alice = a_user()
        call_command("apikey", "ALICE@example.org")
        assert keys.key_of(capsys.readouterr().out.strip()).user == alice

    def test_it_makes_the_account_when_asked(self, capsys):
        with pytest.raises(CommandError, match="--create"):
            call_command("apikey", "new@example.org")
        call_command("apikey", "new@example.org", "--create", "--test")
        key = keys.key_of(capsys.readouterr().out.strip())
        assert (key.user.email, key.live) == ("new@example.org", False)
        assert not key.user.has_usable_password()

    def test_what_is_no_address_makes_no_account(self):
        with pytest.raises(CommandError, match="no address"):
            call_command("apikey", "new", "--create")
        assert not User.objects.exists()
