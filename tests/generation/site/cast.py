"""Who looks at the pages, and what they have drawn."""

from collections.abc import Collection
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from PIL import Image as Pictures

from accounts import visitors
from accounts.models import Owner, User, Visitor
from generation import catalogue, services
from generation.drawing import delivery
from generation.models import Image, Job, Worker
from generation.submission import GridRequest, submit


def client_of(owner: Owner | None) -> Client:
    """A browser that is signed in, or holds a visitor's cookie, or has never been here."""
    browser = Client()
    if isinstance(owner, User):
        browser.force_login(owner)
    if isinstance(owner, Visitor):
        response = HttpResponse()
        visitors.remember(response, owner)
        browser.cookies = response.cookies
    return browser


def ask(owner: Owner | None, prompt: str = "a red fox", **request: Any) -> Job:
    """A job as `submit` accepts it."""
    return submit(GridRequest(prompt=prompt, **request), owner=owner)


def claimed(job: Job, progress: float = 0.0) -> Job:
    """The job as its worker holds it; nothing else may wait."""
    with transaction.atomic():  # whoever watches meets no moment in between
        batch = services.claim("easel", {job.checkpoint: job.count})
        assert batch is not None
        held = batch.jobs[0]
        assert held.pk == job.pk
        services.renew("easel", {(held.pk, held.attempts): progress})
    return held


def easel(state: str = "ready", kind: str = "paint", **columns: Any) -> Worker:
    """A live worker as the site sees it."""
    now = timezone.now()
    said = {"host": "here", "pid": 1, "checkpoints": ["ink"], "started": now, "seen_at": now}
    return Worker.objects.create(id="easel", state=state, kind=kind, **said | columns)


def finished(
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
    *,
    blocked: Collection[int] = (),
    cut_at: int | None = None,
) -> Job:
    """The job with pictures, delivered as its worker would; each is of one colour."""
    # A worker's thread looks after its connection; here it is the one that holds the test's rows.
    monkeypatch.setattr("generation.drawing.delivery.close_old_connections", lambda: None)
    held = claimed(job)
    pictures = [Pictures.new("RGB", (job.width, job.height), (30 * n, 90, 200 - 20 * n))
                for n in range(job.count)]  # fmt: skip
    if blocked:
        found = [
            Image.Verdict.BLOCKED if position in blocked else Image.Verdict.PASSED
            for position in range(job.count)
        ]
        monkeypatch.setattr("generation.safety.checks.verdicts", lambda *_, **__: found)
    drawn = delivery.Drawn(
        job=held, pictures=pictures, seconds=2.0, prompt_cut_at=cut_at, revision="0123456789ab"
    )
    assert delivery.deliver(drawn, catalogue.checkpoint_named(job.checkpoint))
    return Job.objects.get(pk=job.pk)


class Page(HTMLParser):
    """What a page holds: each element by its tag with its attributes, and all of its text."""

    def __init__(self, response: Any) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(response.content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        """The attributes of each element of a tag that has these ones (`_` stands for `-`)."""
        wanted = {name.strip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            have for kind, have in self.elements if kind == tag and wanted.items() <= have.items()
        ]

    def one(self, tag: str, **attributes: str) -> dict[str, str]:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} {tag} {attributes}"
        return found[0]

    @property
    def status(self) -> str:
        return self.one("div", id="job")["data-status"]

    @property
    def frames(self) -> list[dict[str, str]]:
        """The nine places of a grid."""
        return self.all("div", role="gridcell")


def key_on(page: Page) -> str:
    """The one-time key of the form on the first page."""
    return page.all("input", name="key")[0]["value"]


def job_behind(address: str) -> Job:
    """The job whose page it is."""
    return Job.objects.get(pk=UUID(address.rsplit("/", 1)[1]))
