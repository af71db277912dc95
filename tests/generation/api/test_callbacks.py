"""Callbacks: signed, tried again for a day, on record, and nobody else's business."""

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from generation import services
from generation.models import Attempt, Callback, Delivery
from generation.programs import callbacks, sending
from tests.generation.api.test_generations import job_of
from tests.generation.site.cast import ask, finished

pytestmark = pytest.mark.django_db


@dataclass
class Inbox:
    """A server of Alice's, and what was delivered to it."""

    url: str = ""
    answers: list[int] = field(default_factory=lambda: [200])
    got: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def inbox(settings) -> Iterator[Inbox]:
    settings.CALLBACK_NETWORKS = [ip_network("127.0.0.0/8")]
    box = Inbox()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            box.got.append((body, {k.lower(): v for k, v in self.headers.items()}))
            answer = box.answers.pop(0) if len(box.answers) > 1 else box.answers[0]
            self.send_response(answer)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        box.url = f"http://127.0.0.1:{server.server_port}/hook"
        yield box
        server.shutdown()


@pytest.fixture(autouse=True)
def bells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "ring", lambda: None)


@pytest.fixture
def callback(alice, inbox) -> Callback:
    return callbacks.add(alice, inbox.url)


def time_passes(delta: timedelta) -> None:
    Delivery.objects.update(due=F("due") - delta)


def test_the_end_of_a_programs_grid_is_told_signed(program, callback, inbox, monkeypatch):
    job = finished(job_of(program.draw("a fox", count=1)), monkeypatch)
    assert sending.send_due() == 1
    ((body, headers),) = inbox.got
    said = Webhook(callback.secret).verify(body.decode(), headers)
    assert said["type"] == "generation.succeeded"
    assert (said["data"]["id"], len(said["data"]["images"])) == (str(job.pk), 1)
    assert headers["webhook-id"] == str(Delivery.objects.get().pk)
    assert Delivery.objects.get().state == "delivered"
    assert sending.send_due() == 0


def test_a_body_that_somebody_changed_does_not_pass(program, callback, inbox):
    callbacks.test(callback)
    sending.send_due()
    ((body, headers),) = inbox.got
    with pytest.raises(WebhookVerificationError):
        Webhook(callback.secret).verify(body.decode() + " ", headers)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_failures_and_cancellations_are_told_once(program, callback, inbox, monkeypatch):
    finished(job_of(program.draw(count=2)), monkeypatch, blocked=(0, 1))
    cancelled = job_of(program.draw())
    services.cancel(cancelled)
    services.cancel(cancelled)
    sending.send_due()
    told = {json.loads(body)["type"] for body, _ in inbox.got}
    assert told == {"generation.failed", "generation.cancelled"}
    assert Delivery.objects.count() == 2


def test_a_test_key_is_told_as_well(practising, callback, inbox):
    practising.draw("a test", count=1)
    sending.send_due()
    assert json.loads(inbox.got[0][0])["data"]["test"] is True


def test_grids_drawn_on_the_site_are_nobodys_callback(alice, callback):
    services.cancel(ask(alice))
    assert not Delivery.objects.exists()


def test_what_does_not_arrive_is_tried_again_for_a_day(callback, inbox):
    inbox.answers = [500]
    callbacks.test(callback)
    for wait in sending.WAITS:
        assert sending.send_due() == 1
        assert sending.send_due() == 0
        time_passes(wait + timedelta(seconds=1))
    assert sending.send_due() == 1
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("failed", len(sending.WAITS) + 1)
    assert timedelta(hours=23) < sum(sending.WAITS, timedelta()) < timedelta(hours=24)
    assert list(Attempt.objects.values_list("status", flat=True)) == [500] * 9
    assert len({headers["webhook-id"] for _, headers in inbox.got}) == 1


def test_a_receiver_that_comes_back_gets_it(callback, inbox):
    inbox.answers = [503, 200]
    callbacks.test(callback)
    sending.send_due()
    time_passes(timedelta(seconds=6))
    sending.send_due()
    assert Delivery.objects.get().state == "delivered"


def test_a_sender_that_was_killed_is_followed_by_another(callback, inbox):
    delivery = callbacks.test(callback)
    Delivery.objects.filter(pk=delivery.pk).update(due=F("due") + sending.LEASE)
    assert sending.send_due() == 0
    time_passes(sending.LEASE + timedelta(seconds=1))
    assert sending.send_due() == 1


def test_a_receiver_that_is_gone_for_good_is_left_in_peace(program, callback, inbox):
    inbox.answers = [410]
    callbacks.test(callback)
    sending.send_due()
    assert Callback.objects.get().state == "paused"
    services.cancel(job_of(program.draw()))
    assert Delivery.objects.count() == 1


def test_what_was_still_to_be_told_is_given_up_with_the_pause(program, callback, inbox):
    for _number in range(3):
        callbacks.test(callback)
    path = f"/api/v1/callbacks/{callback.pk}"
    assert program.patch(path, {"state": "paused"}).json()["state"] == "paused"
    assert sending.send_due() == 0
    assert program.patch(path, {"state": "active"}).json()["state"] == "active"
    assert sending.send_due() == 0
    assert {one.state for one in Delivery.objects.all()} == {"failed"}
    callbacks.test(callback)
    assert sending.send_due() == 1
    assert program.patch(path, {"state": "asleep"}).status_code == 400


def test_whatever_a_try_raises_is_on_record_and_not_tried_for_ever(callback, monkeypatch):
    def breaks(*_: object) -> int:
        raise UnicodeError("label empty or too long")

    monkeypatch.setattr("generation.programs.outside.post", breaks)
    callbacks.test(callback)
    for wait in (timedelta(0), *sending.WAITS):
        time_passes(wait + timedelta(seconds=1))
        assert sending.send_due() == 1
    assert Delivery.objects.get().state == "failed"
    assert {one.error for one in Attempt.objects.all()} == {"UnicodeError"}


def test_nobody_at_the_address_is_on_record(callback):
    Callback.objects.update(url="http://127.0.0.1:9/")
    callbacks.test(Callback.objects.get())
    sending.send_due()
    attempt = Attempt.objects.get()
    assert attempt.status is None
    assert attempt.error


def test_while_a_secret_changes_both_sign(callback, inbox):
    former = callback.secret
    callbacks.rotate(callback)
    assert callback.secret != former
    callbacks.test(callback)
    sending.send_due()
    body, headers = inbox.got[0]
    for secret in (former, callback.secret):
        Webhook(secret).verify(body.decode(), headers)
    Callback.objects.update(former_until=F("former_until") - callbacks.OVERLAP)
    callbacks.redeliver(Delivery.objects.get())
    sending.send_due()
    body, headers = inbox.got[1]
    Webhook(callback.secret).verify(body.decode(), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(former).verify(body.decode(), headers)


def test_a_rotation_whose_answer_was_lost_and_asked_for_again_breaks_nothing(callback, inbox):
    known_to_the_receiver = callback.secret
    callbacks.rotate(callback)
    callbacks.rotate(callback)
    callbacks.test(callback)
    sending.send_due()
    body, headers = inbox.got[0]
    Webhook(known_to_the_receiver).verify(body.decode(), headers)


def test_a_deleted_grid_is_told_as_no_more_than_that(program, callback, inbox, monkeypatch):
    job = finished(job_of(program.draw("a secret", count=1)), monkeypatch)
    program.delete(f"/api/v1/generations/{job.pk}")
    sending.send_due()
    assert json.loads(inbox.got[0][0])["data"]["status"] == "deleted"
    assert b"a secret" not in inbox.got[0][0]


class TestByTheApi:
    def test_from_adding_to_removing(self, program, inbox):
        made = program.post("/api/v1/callbacks", {"url": inbox.url})
        said = made.json()
        assert made.status_code == 201
        path = f"/api/v1/callbacks/{said['id']}"
        assert "secret" not in program.get(path).json()
        assert "secret" not in str(program.get("/api/v1/callbacks").json())
        test = program.post(f"{path}/test").json()
        sending.send_due()
        Webhook(said["secret"]).verify(inbox.got[0][0].decode(), inbox.got[0][1])
        (delivery,) = program.get(f"{path}/deliveries").json()["data"]
        assert (delivery["id"], delivery["state"]) == (test["id"], "delivered")
        assert [one["status"] for one in delivery["tries"]] == [200]
        again = program.post(f"{path}/deliveries/{test['id']}/redeliver")
        assert (again.status_code, again.json()["state"]) == (202, "due")
        assert program.post(f"{path}/rotate").json()["secret"] != said["secret"]
        assert program.delete(path).status_code == 204
        assert program.get(path).status_code == 404

    @pytest.mark.parametrize(
        "url", ["https://127.0.0.1/", "http://example.org/", "https://db.internal/"]
    )
    def test_an_address_inside_is_refused_with_the_reason(self, program, url):
        answer = program.post("/api/v1/callbacks", {"url": url})
        assert (answer.status_code, answer.json()["code"]) == (422, "request_refused")

    def test_an_account_has_only_so_many(self, program, inbox, monkeypatch):
        monkeypatch.setattr(callbacks, "MOST_CALLBACKS", 1)
        assert program.post("/api/v1/callbacks", {"url": inbox.url}).status_code == 201
        assert program.post("/api/v1/callbacks", {"url": inbox.url}).status_code == 422


class TestByPage:
    @pytest.fixture
    def as_alice(self, alice) -> Client:
        client = Client()
        client.force_login(alice)
        return client

    def test_from_adding_to_removing(self, as_alice, inbox):
        shown: Any = as_alice.post("/account/callbacks", {"url": inbox.url})
        callback = Callback.objects.get()
        assert callback.secret in shown.content.decode().replace("&#x27;", "'")
        path = f"/account/callbacks/{callback.pk}"
        as_alice.post(f"{path}/test")
        sending.send_due()
        page = as_alice.get(path).content.decode()
        assert "callback.test" in page
        assert callback.secret not in page
        as_alice.post(f"{path}/{Delivery.objects.get().pk}/again")
        assert Delivery.objects.get().state == "due"
        as_alice.post(f"{path}/pause")
        assert Callback.objects.get().state == "paused"
        as_alice.post(f"{path}/resume")
        as_alice.post(f"{path}/rotate")
        assert Callback.objects.get().secret != callback.secret
        as_alice.post(f"{path}/remove")
        assert not Callback.objects.exists()

    def test_an_address_inside_is_refused_on_the_page(self, as_alice):
        answer = as_alice.post("/account/callbacks", {"url": "https://10.0.0.1/"})
        assert answer.status_code == 400
        assert b"not on the public internet" in answer.content

    def test_nobody_else_sees_or_changes_it(self, callback, bob):
        client = Client()
        client.force_login(bob)
        path = f"/account/callbacks/{callback.pk}"
        assert client.get(path).status_code == 404
        for action in ("test", "pause", "rotate", "remove"):
            assert client.post(f"{path}/{action}").status_code == 404
        assert Client().get(path).status_code == 302


def test_what_is_made_due_anew_during_a_try_stays_due(callback, monkeypatch):
    delivery = callbacks.test(callback)

    def refused_late(*_: object) -> int:
        callbacks.redeliver(delivery)
        return 500

    monkeypatch.setattr(sending.outside, "post", refused_late)
    assert sending.send_due() == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("due", 0)
    assert delivery.due < timezone.now()
    assert Attempt.objects.get().status == 500


def test_a_callback_removed_during_a_try_is_gone_and_nobody_minds(callback, monkeypatch):
    callbacks.test(callback)

    def removed(*_: object) -> int:
        callbacks.remove(Callback.objects.get())
        return 200

    monkeypatch.setattr(sending.outside, "post", removed)
    assert sending.send_due() == 1
    assert not Delivery.objects.exists()


def test_two_rotations_at_once_keep_the_secret_between_them(callback):
    one, other = Callback.objects.get(), Callback.objects.get()
    shown = callbacks.rotate(one).secret
    assert callbacks.rotate(other).former_secrets[0] == shown
