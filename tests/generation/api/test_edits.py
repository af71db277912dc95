"""What becomes of a picture that somebody sends to be changed."""

import io
from dataclasses import replace
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from accounts.models import Export
from craiyon_site import exports
from generation import catalogue, services
from generation.batching import is_edit
from generation.drawing import delivery
from generation.drawing.pipelines import _drawings
from generation.errors import RequestRefused
from generation.images import uploads
from generation.models import Job, Source
from generation.queue import redraws
from generation.submission import GridRequest
from tests.generation.site.cast import ask, claimed, client_of, finished

pytestmark = pytest.mark.django_db


def a_picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (90, 60), "red").save(file, "PNG")
    return uploads.to_change(file.getvalue(), None, (64, 64))


PICTURE = a_picture()


@pytest.fixture(autouse=True)
def editing(ink, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint that changes pictures, and a check that is asked about them."""
    monkeypatch.setattr("generation.catalogue.offered", lambda: {"ink": replace(ink, edits=True)})


@pytest.fixture
def job(alice) -> Job:
    return ask(alice, "a hat", source=PICTURE, count=2)


def test_the_picture_is_kept_with_the_job_and_shares_no_call_with_new_ones(job, alice):
    assert bytes(job.source.content) == PICTURE
    plain = ask(alice, "a hat", count=2)
    assert is_edit(job.batch_key)
    assert not is_edit(plain.batch_key)
    batch = services.claim("easel", {"ink": 9})
    assert batch is not None
    assert [one.pk for one in batch.jobs] == [job.pk]
    drawings = _drawings(batch.jobs, catalogue.checkpoint_named("ink"))
    assert {drawing.source.size for drawing in drawings} == {(64, 64)}


def test_the_same_words_with_another_picture_are_another_request():
    one, other = GridRequest("a hat", source=PICTURE), GridRequest("a hat", source=b"another")
    assert len({one.hash, other.hash, GridRequest("a hat").hash}) == 3


def test_a_model_that_changes_none_refuses(alice, ink, monkeypatch):
    monkeypatch.setattr("generation.catalogue.offered", lambda: {"ink": ink})
    with pytest.raises(RequestRefused):
        ask(alice, "a hat", source=PICTURE)
    assert not Job.objects.exists()


def test_erasing_the_grid_erases_the_picture(job):
    services.erase(job)
    assert not Source.objects.exists()


def test_what_was_made_of_it_is_checked_though_the_checkpoint_needs_no_check(
    job, settings, monkeypatch
):
    settings.IMAGE_CHECK = f"{__name__}.none_passes"
    ended = finished(job, monkeypatch)
    assert (ended.status, ended.error_code) == ("failed", "blocked")
    look = delivery.preview(job, 0, Image.new("RGB", (8, 8)), catalogue.checkpoint_named("ink"))
    assert look is None


def none_passes(pictures):
    return [False for _ in pictures]


def second_alone_fails(pictures):
    return [position != 1 for position, _ in enumerate(pictures)]


def test_a_position_drawn_again_changes_the_same_picture(job, settings, monkeypatch):
    settings.IMAGE_CHECK = f"{__name__}.second_alone_fails"
    again = redraws.redraw(finished(job, monkeypatch), 1)
    assert is_edit(again.batch_key)
    (drawing,) = _drawings([claimed(again)], catalogue.checkpoint_named("ink"))
    assert drawing.source is not None


def test_drawing_the_grid_again_changes_the_same_picture(job, alice):
    services.cancel(job)
    client_of(alice).post(f"/g/{job.pk}/again")
    again = Job.objects.exclude(pk=job.pk).get()
    assert bytes(again.source.content) == PICTURE


def test_it_is_in_the_export_of_the_account(job, alice, settings, monkeypatch):
    settings.IMAGE_CHECK = f"{__name__}.second_alone_fails"
    finished(job, monkeypatch)
    Export.objects.create(user=alice)
    assert exports.pack_waiting() == 1
    with storages["exports"].open(Export.objects.get().name) as file, ZipFile(file) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("changed.png")]
        assert archive.read(name) == PICTURE


class TestTheForm:
    def post(self, program: Any, **form: Any) -> Any:
        return program.client.post(
            "/v1/images/edits", form, headers={"authorization": f"Bearer {program.text}"}
        )

    def file(self, content: bytes = PICTURE) -> SimpleUploadedFile:
        return SimpleUploadedFile("a.png", content, "image/png")

    def test_without_a_picture_it_is_refused(self, program):
        answer = self.post(program, prompt="a hat")
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "image")
        assert self.post(program, prompt="a hat", image="text").status_code == 400

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("n", "two"),
            ("n", ["1", "2"]),
            ("model", ["ink", "ink"]),
            ("n", "2.5"),
            ("stream", "perhaps"),
            ("size", "big"),
            ("prompt", ""),
        ],
    )
    def test_what_is_no_number_in_a_form_is_none(self, program, field, value):
        answer = self.post(program, **{"image": self.file(), "prompt": "a hat", field: value})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, field)
        assert not Job.objects.exists()

    def test_json_is_not_what_is_expected(self, program):
        assert program.post("/v1/images/edits", {"prompt": "a hat"}).status_code == 415
