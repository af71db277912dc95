"""Generations by the native API: asked for, looked at, listed, cancelled, deleted."""

import io
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.test import override_settings
from PIL import Image

from accounts import keys
from accounts.models import ApiKey, Metering, Plan, Usage, User
from generation import clock, services
from generation.api.problems import TITLES
from generation.errors import GenerationError, PromptRefused
from generation.models import Job
from generation.programs import practice
from generation.queue import admission
from tests.generation.api.conftest import program_of
from tests.generation.site.cast import finished

pytestmark = pytest.mark.django_db


def job_of(answer) -> Job:
    return Job.objects.get(pk=UUID(answer.json()["id"]))


class TestAsking:
    def test_a_grid_is_accepted_with_its_place_and_estimate(self, program, rung):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("django.db.transaction.on_commit", lambda do: do())
            answer = program.draw("a fox", count=4, seed=7, size="128x64", format="png")
        said = answer.json()
        assert answer.status_code == 202
        assert (said["status"], said["place"], said["count"]) == ("queued", 1, 4)
        assert (said["size"], said["seed"], said["format"]) == ("128x64", 7, "png")
        assert 0 <= said["starts_in"]["low"] <= said["starts_in"]["high"]
        assert answer["Location"] == said["links"]["self"]
        assert answer["Retry-After"]
        job = job_of(answer)
        assert (job.user, job.api_key, job.network) == (program.key.user, program.key, None)
        assert rung == ["ink"]

    def test_no_cookie_is_set_and_nothing_may_be_kept(self, program):
        answer = program.draw()
        assert not answer.cookies
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Request-Id"]

    def test_what_cannot_be_read_is_named_by_field(self, program):
        answer = program.draw("a fox", count="nine", size="big", colour="red")
        said = answer.json()
        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert said["code"] == "invalid_request"
        assert {error["field"] for error in said["errors"]} == {"count", "size"}
        assert said["request_id"] == answer["X-Request-Id"]

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"prompt": " \u202e "}, "prompt_refused"),
            ({"checkpoint": "sdxl"}, "request_refused"),
            ({"size": "100x100"}, "request_refused"),
            ({"style": "noir"}, "request_refused"),
        ],
    )
    def test_what_cannot_be_drawn_is_another_matter(self, program, asked, code):
        answer = program.draw(**{"prompt": "a fox", **asked})
        assert (answer.status_code, answer.json()["code"]) == (422, code)

    def test_a_body_that_is_no_json(self, program):
        answer = program.client.post(
            "/api/v1/generations", "{", content_type="application/json",
            headers={"authorization": f"Bearer {program.text}"},
        )  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")
        answer = program.client.post(
            "/api/v1/generations", {"prompt": "a"},
            headers={"authorization": f"Bearer {program.text}"},
        )  # fmt: skip
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")

    @pytest.mark.parametrize(
        "body",
        [
            "[" * 100_000,
            '{"prompt": ' + "[" * 60 + "]" * 60 + "}",
            '{"prompt": "half a \\ud83e"}',
            '{"prompt": "a fox", "format": "\\ud83e"}',
            '{"prompt": "a fox", "count": 1e999}',
            '{"prompt": "a fox", "seed": 1.5}',
        ],
        ids=["endless", "deep", "half a character", "echoed", "infinite", "a fraction"],
    )
    @pytest.mark.parametrize("path", ["/api/v1/generations", "/v1/images/generations"])
    def test_a_strange_body_is_a_bad_request_and_no_mistake_of_ours(self, program, path, body):
        answer = program.client.post(
            path, body.replace('"count"', '"n"') if path.startswith("/v1") else body,
            content_type="application/json",
            headers={"authorization": f"Bearer {program.text}"},
        )  # fmt: skip
        assert answer.status_code == 400
        assert not Job.objects.exists()

    def test_a_quote_costs_nothing(self, program):
        said = program.draw("a fox", count=3, dry_run=True).json()
        assert said["object"] == "quote"
        assert said["cost"] == {"grids": 1, "images": 3, "pixel_steps": 3 * 64 * 64 * 4}
        assert not Job.objects.exists()

    def test_a_quote_is_refused_as_the_grid_would_be(self, program):
        ApiKey.objects.update(per_day=0)
        assert program.draw(dry_run=True).json()["code"] == "limit_reached"

    def test_a_test_keys_quote_is_for_nothing_whatever_is_used_up(self, practising):
        Plan.objects.update(per_day=0)
        said = practising.draw(count=3, dry_run=True).json()
        assert said["cost"] == {"grids": 0, "images": 3, "pixel_steps": 3 * 64 * 64 * 4}
        assert said["starts_in"] == {"low": 0, "high": 0}
        assert not Job.objects.exists()

    def test_asked_again_with_the_same_key_it_is_the_same_grid(self, program, alice):
        first = program.draw("a fox", headers={"idempotency-key": "one"})
        assert (
            program.draw("a fox", headers={"idempotency-key": "one"}).json()["id"]
            == (first.json()["id"])
        )
        another = program.draw("a cat", headers={"idempotency-key": "one"})
        assert (another.status_code, another.json()["code"]) == (409, "idempotency_key_reused")
        other_program = program_of(alice)
        assert other_program.draw("a cat", headers={"idempotency-key": "one"}).status_code == 202
        assert Job.objects.count() == 2

    def test_the_keys_own_cap_counts(self, program, alice):
        ApiKey.objects.update(per_day=1)
        assert program.draw().status_code == 202
        refused = program.draw()
        assert (refused.status_code, refused.json()["code"]) == (429, "limit_reached")
        assert 86_000 < int(refused["Retry-After"]) <= 86_401
        assert program_of(alice).draw().status_code == 202

    def test_the_keys_longest_side_counts(self, alice):
        small = program_of(alice, largest_side=128)
        assert small.draw(size="512x512").json()["code"] == "request_refused"
        assert small.draw(size="128x64").status_code == 202

    def test_limits_are_in_the_head_of_every_answer(self, program):
        Plan.objects.filter(name="api").update(per_minute=3, per_day=5)
        program.draw()
        answer = program.get("/api/v1/generations")
        assert answer["RateLimit-Policy"] == '"minute";q=3;w=60, "day";q=5;w=86400'
        minute, day = answer["RateLimit"].split(", ")
        assert minute.startswith('"minute";r=2;t=')
        assert day.startswith('"day";r=4;t=')
        missing = program.get("/api/v1/generations/018f0000-0000-7000-8000-000000000000")
        assert missing.status_code == 404
        assert missing["RateLimit"]

    def test_who_pays_by_use_is_told_what_that_allows(self, program, settings):
        settings.STRIPE_SECRET_KEY = "sk_test_x"
        Plan.objects.filter(name="free").update(per_day=2, api=True, monthly_grids=30)
        Plan.objects.filter(name="api").update(per_minute=5, per_day=500, in_flight=8)
        User.objects.update(plan="free")
        Metering.objects.create(user=program.key.user, cap=70)
        answer = program.get("/api/v1/account")
        said = answer.json()
        assert said["per_day"]["limit"] == 500
        assert '"day";r=500' in answer["RateLimit"]
        assert said["in_flight"] == {"limit": 8, "remaining": 8}
        assert (said["month"]["used"], said["month"]["cap"]) == (0, 70)

    def test_a_month_that_limits_nothing_is_not_told(self, program):
        assert program.get("/api/v1/account").json()["month"] is None


class TestTestKeys:
    def test_pictures_come_at_once_and_cost_nothing(self, practising, alice):
        answer = practising.draw("only a test", count=2)
        said = answer.json()
        assert answer.status_code == 200
        assert (said["status"], said["test"], len(said["images"])) == ("succeeded", True, 2)
        assert not Usage.objects.exists()
        rights = Plan.objects.get(name="api")
        spent = admission.spent_by(
            admission.jobs_of(alice),
            admission.Allowance(rights.in_flight, rights.per_minute, rights.per_day),
            clock.now(),
        )
        assert (spent.in_flight, list(spent.minute), list(spent.day)) == (0, [], [])

    def test_the_same_wish_is_the_same_pixels_and_keys_work(self, practising):
        one = practising.draw("a test", seed=1, headers={"idempotency-key": "k"}).json()
        assert (
            practising.draw("a test", seed=1, headers={"idempotency-key": "k"}).json()["id"]
            == (one["id"])
        )
        two = practising.draw("a test", seed=1).json()
        first, second = (
            practising.get(f"/api/v1/generations/{made['id']}/images/0?format=png").content
            for made in (one, two)
        )
        pixels = [Image.open(io.BytesIO(file)).tobytes() for file in (first, second)]
        assert pixels[0] == pixels[1]

    def test_tests_and_the_rest_are_kept_apart(self, practising, program):
        test, real = practising.draw().json()["id"], program.draw().json()["id"]
        assert practising.get(f"/api/v1/generations/{real}").status_code == 404
        assert program.get(f"/api/v1/generations/{test}").status_code == 404
        listed = [one["id"] for one in program.get("/api/v1/generations").json()["data"]]
        assert listed == [real]

    def test_there_is_an_end_to_how_fast(self, practising, monkeypatch):
        monkeypatch.setattr(admission, "TESTS_PER_MINUTE", 2)
        Plan.objects.update(per_minute=1)
        assert [practising.draw().status_code for _ in range(3)] == [200, 200, 429]

    def test_they_are_erased_after_a_day(self, practising, program):
        practising.draw(count=1)
        program.draw()
        assert practice.erase_old() == 0
        Job.objects.update(created=clock.now() - practice.KEPT - practice.KEPT)
        assert practice.erase_old() == 1
        assert Job.objects.filter(erased__isnull=True).get().test is False


class TestLooking:
    def test_a_finished_grid_has_its_pictures(self, program, monkeypatch):
        job = finished(job_of(program.draw(count=2)), monkeypatch)
        said = program.get(f"/api/v1/generations/{job.pk}").json()
        assert (said["status"], said["progress"], said["place"]) == ("succeeded", 1.0, None)
        assert [image["status"] for image in said["images"]] == ["done", "done"]
        assert said["images"][1]["url"] == f"http://testserver/g/{job.pk}/1.webp"

    def test_a_private_picture_has_an_address_for_a_minute(self, program, client, monkeypatch):
        asked = program.draw(count=1, visibility="private")
        job = finished(job_of(asked), monkeypatch)
        url = program.get(f"/api/v1/generations/{job.pk}").json()["images"][0]["url"]
        picture = client.get(url)
        assert (picture.status_code, picture["Content-Type"]) == (200, "image/webp")
        assert picture["Cache-Control"] == "no-store"
        assert client.get(f"/g/{job.pk}/0.webp").status_code == 404
        monkeypatch.setattr("generation.site.links.LIFETIME", -1)
        assert client.get(url).status_code == 404

    def test_bytes_come_in_any_format(self, program, monkeypatch):
        job = finished(job_of(program.draw(count=1)), monkeypatch)
        for name in ("png", "webp", "jpeg", "avif"):
            answer = program.get(f"/api/v1/generations/{job.pk}/images/0?format={name}")
            assert answer["Content-Type"] == f"image/{name}"
            assert Image.open(io.BytesIO(answer.content)).size == (64, 64)
        assert program.get(f"/api/v1/generations/{job.pk}/images/0?format=gif").status_code == 400
        assert program.get(f"/api/v1/generations/{job.pk}/images/5").status_code == 404

    def test_a_link_is_for_one_picture(self, program, client, monkeypatch):
        job = finished(job_of(program.draw(count=1, visibility="private")), monkeypatch)
        said = program.get(f"/api/v1/generations/{job.pk}/images/0/link?format=png").json()
        assert client.get(said["url"])["Content-Type"] == "image/png"
        assert program.get(f"/api/v1/generations/{job.pk}/images/1/link").status_code == 404

    def test_what_is_not_drawn_yet_has_no_pictures(self, program):
        job = job_of(program.draw())
        answer = program.get(f"/api/v1/generations/{job.pk}/images/0")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_finished")

    def test_a_failure_says_why(self, program, monkeypatch):
        job = finished(job_of(program.draw(count=2)), monkeypatch, blocked=(0, 1))
        said = program.get(f"/api/v1/generations/{job.pk}").json()
        assert said["error"]["code"] == "blocked"

    def test_a_held_back_position_is_drawn_again_free_and_once(self, program, monkeypatch):
        job = finished(job_of(program.draw(count=2)), monkeypatch, blocked=(1,))
        path = f"/api/v1/generations/{job.pk}/images"
        assert program.post(f"{path}/0/redraw").json()["code"] == "nothing_to_redraw"
        answer = program.post(f"{path}/1/redraw")
        assert (answer.status_code, answer.json()["status"]) == (202, "queued")
        said = program.get(f"/api/v1/generations/{job.pk}").json()
        assert [image["status"] for image in said["images"]] == ["done", "drawing"]
        assert len(program.get("/api/v1/generations").json()["data"]) == 1


class TestListing:
    def test_pages_follow_a_cursor_and_hold_each_grid_once(self, program):
        made = [program.draw(f"fox {n}").json()["id"] for n in range(5)]
        seen, cursor = [], ""
        while cursor is not None:
            address = f"/api/v1/generations?limit=2{f'&cursor={cursor}' if cursor else ''}"
            page = program.get(address).json()
            seen += [one["id"] for one in page["data"]]
            cursor = page["next"]
        assert seen == made[::-1]

    def test_filters_narrow_it_down(self, program):
        one = program.draw().json()["id"]
        two = program.draw().json()["id"]
        program.post(f"/api/v1/generations/{one}/cancel")
        for status, ids in (("queued", [two]), ("cancelled", [one]), ("failed", [])):
            page = program.get(f"/api/v1/generations?status={status}").json()
            assert [each["id"] for each in page["data"]] == ids
        assert program.get("/api/v1/generations?checkpoint=other").json()["data"] == []
        assert program.get("/api/v1/generations?checkpoint=%00").status_code == 400
        assert program.get("/api/v1/generations?status=lost").status_code == 400
        assert program.get("/api/v1/generations?limit=1000").status_code == 400

    def test_many_grids_cost_as_few_questions_as_one(self, program, django_assert_max_num_queries):
        for _ in range(6):
            program.draw()
        with django_assert_max_num_queries(14):
            program.get("/api/v1/generations")


class TestEnding:
    def test_cancelling_says_what_became_of_it(self, program):
        job = job_of(program.draw())
        assert program.post(f"/api/v1/generations/{job.pk}/cancel").json()["status"] == "cancelled"
        again = program.post(f"/api/v1/generations/{job.pk}/cancel")
        assert (again.status_code, again.json()["code"]) == (409, "already_ended")

    def test_deleting_erases_it(self, program, monkeypatch):
        job = finished(job_of(program.draw(count=1)), monkeypatch)
        assert program.delete(f"/api/v1/generations/{job.pk}").status_code == 204
        job.refresh_from_db()
        assert job.erased
        assert not job.prompt
        for answer in (
            program.get(f"/api/v1/generations/{job.pk}"),
            program.delete(f"/api/v1/generations/{job.pk}"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (410, "gone")


def test_every_code_has_a_title_and_is_in_the_reference(client):
    told = client.get("/api/docs").content.decode()
    known = (*GenerationError.__subclasses__(), *PromptRefused.__subclasses__())
    for error in (one for one in known if one.__module__ == GenerationError.__module__):
        assert error.code in TITLES
        assert error.code in told


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestWaiting:
    def test_with_prefer_wait_the_answer_comes_with_the_end(self, program, monkeypatch):
        async def waited(job_id, key_id, seconds):
            assert (key_id, seconds) == (program.key.pk, 5)
            await sync_to_async(lambda: services.cancel(Job.objects.get(pk=job_id)))()
            return True

        monkeypatch.setattr("generation.api.generations.ended", waited)
        answer = program.draw(headers={"prefer": "respond-async, wait=5"})
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert answer["Preference-Applied"] == "wait"

    @pytest.mark.parametrize("path", ["/api/v1/generations", "/v1/images/generations"])
    def test_a_key_that_is_revoked_while_it_waits_gets_no_pictures(
        self, program, monkeypatch, path
    ):
        async def until_it_is_reported(*_):
            await sync_to_async(lambda: keys.report(program.text))()
            for nothing in ():
                yield nothing

        monkeypatch.setattr("generation.api.following.followed", until_it_is_reported)
        answer = program.post(path, {"prompt": "a fox"}, prefer="wait=5")
        assert answer.status_code == 401
        assert "revoked" in str(answer.json())

    @override_settings(GATEWAY_LIMIT=1)
    def test_it_waits_no_longer_than_the_gateways_do(self, program):
        answer = program.draw(headers={"prefer": "wait=600"})
        assert (answer.status_code, answer.json()["status"]) == (202, "queued")
