"""Numbers and dates as the language of the page writes them."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Visitor
from generation.models import Job
from tests.generation.site.cast import Page, ask, client_of, finished

pytestmark = pytest.mark.django_db

BEGAN = datetime(2026, 11, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "pictures", "day"),
    [
        ("en", "Nine pictures, 6.2 seconds", "Nov. 5, 2026"),
        ("fr", "Neuf images, 6,2 secondes", "5 novembre 2026"),
    ],
)
def test_numbers_and_dates_are_written_as_the_language_does(
    alice: Visitor, monkeypatch: pytest.MonkeyPatch, language: str, pictures: str, day: str
) -> None:
    job = finished(ask(alice), monkeypatch)
    Job.objects.filter(pk=job.pk).update(
        created=BEGAN, started=BEGAN, finished=BEGAN + timedelta(seconds=6.2)
    )
    said = " ".join(Page(client_of(None).get(f"/g/{job.pk}?lang={language}")).text.split())
    assert pictures in said
    assert day in said


@pytest.mark.parametrize(("language", "said"), [("en", "One picture"), ("fr", "Une image")])
def test_one_picture_has_the_gender_of_the_language(
    alice: Visitor, monkeypatch: pytest.MonkeyPatch, language: str, said: str
) -> None:
    job = finished(ask(alice, count=1), monkeypatch)
    html = client_of(None).get(f"/g/{job.pk}?lang={language}").content.decode()
    assert f"<h2>{said}" in html
