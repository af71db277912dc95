"""What a test key gets: a grid at once, of pictures that say TEST, for nothing."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter

from accounts.entitlements import entitlements_of, narrowed
from accounts.models import ApiKey, User
from generation import clock, services, submission
from generation.drawing import delivery
from generation.drawing.delivery import Drawn
from generation.images import files
from generation.images.files import Written
from generation.images.fonts import DISPLAY, TEXT, Lettering, draw_line, set_paragraph, width
from generation.images.sketchbook import CRAYONS, INK, PAPER
from generation.models import Image, Job, Preview
from generation.queue import admission
from generation.seeds import seed_at
from generation.submission import GridRequest

log = structlog.get_logger(__name__)

MARK = "TEST"
KEPT = timedelta(days=1)


def draw(request: GridRequest, *, api_key: ApiKey, idempotency_key: str = "") -> Job:
    """Returns a finished job with marked pictures, or what the same key was given before.

    Raises:
        PromptRefused, RequestRefused, KeyReused: as with a live key.
        LimitReached: too many test grids within a minute.
        StorageRefused: the storage did not take the pictures.
    """
    owner = api_key.user
    rights = narrowed(entitlements_of(owner), api_key)
    job = submission.asked_for(
        request, owner, rights, api_key=api_key, idempotency_key=idempotency_key
    )
    now = clock.now()
    if earlier := _refused_or_earlier(owner, job, request, now):
        return earlier
    written = Written()
    job.started = job.created = now
    drawn = Drawn(job, _pictures(job), seconds=0.0, revision="test", prompt_cut_at=None)
    images, rows = delivery.stored(drawn, [Image.Verdict.UNCHECKED] * job.count, written)
    try:
        with transaction.atomic():
            submission.lock(None, owner)
            earlier = _refused_or_earlier(owner, job, request, now)
            if earlier is None:
                services.finish_at_once(job, images, rows, now=now)
    except BaseException:
        written.delete()
        raise
    if earlier is not None:
        written.delete()
        return earlier
    log.info("job.practised", job=str(job.pk))
    return job


def quote(request: GridRequest, *, api_key: ApiKey) -> Job:
    """Returns the job as `draw` would draw it now, for nothing and at once; nothing is written.

    Raises:
        PromptRefused, RequestRefused: as `draw` would.
    """
    rights = narrowed(entitlements_of(api_key.user), api_key)
    job = submission.asked_for(request, api_key.user, rights, api_key=api_key)
    job.quoted_low = job.quoted_high = 0.0
    return job


def looks_at(job: Job) -> Iterator[Preview]:
    """Yields the looks that a test key's job asked for: ever less blurred, as if it were drawn."""
    for number in range(job.previews):
        for position in range(job.count):
            done = picture(job.prompt, seed_at(job.seed, position), (job.width, job.height))
            blur = ImageFilter.GaussianBlur(min(done.size) / 8 / 2**number)
            small = files.small(job, position, done.filter(blur), "test")
            yield Preview(job=job, position=position, number=number, content=small)


def erase_old(*, most: int = 200) -> int:
    """Erases test grids of yesterday and before: nobody keeps them. Returns how many."""
    old = Job.objects.filter(test=True, erased__isnull=True, created__lt=clock.now() - KEPT)
    jobs = list(old.order_by("created")[:most])
    for job in jobs:
        files.forget(job)
    return len(jobs)


def _refused_or_earlier(owner: User, job: Job, request: GridRequest, now: datetime) -> Job | None:
    """Looked at before anything is drawn, and once more when nobody else can change the answer."""
    if earlier := submission.accepted_earlier(owner, job.idempotency_key, request):
        return earlier
    admission.refuse_too_many_tests(owner, entitlements_of(owner), now)
    return None


def _pictures(job: Job) -> Sequence[Pillow.Image]:
    return [
        picture(job.prompt, seed_at(job.seed, position), (job.width, job.height))
        for position in range(job.count)
    ]


def picture(prompt: str, seed: int, size: tuple[int, int]) -> Pillow.Image:
    """Returns a placeholder: two crayon shapes, the prompt, and TEST across; same in, same out."""
    dice = hashlib.sha256(f"{seed} {prompt}".encode()).digest()
    paper = Pillow.new("RGB", size, PAPER)
    canvas = ImageDraw.Draw(paper)
    across, down = size
    for index in range(2):
        x, y, radius, colour = dice[4 * index : 4 * index + 4]
        reach = min(size) * (0.12 + radius / 1024)
        middle = (across * x / 255, down * (0.15 + 0.5 * y / 255))
        box = [middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach]
        shape = canvas.ellipse if index else canvas.rectangle
        shape(box, fill=CRAYONS[colour % len(CRAYONS)])
    _write_mark(canvas, size)
    _write_prompt(canvas, prompt, size)
    return paper


def _write_mark(canvas: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    letters = Lettering(DISPLAY, round(min(size) * 0.3), INK)
    left = (size[0] - width(MARK, letters)) / 2
    draw_line(canvas, (round(left), round(size[1] * 0.6)), MARK, letters)


def _write_prompt(canvas: ImageDraw.ImageDraw, prompt: str, size: tuple[int, int]) -> None:
    letters = Lettering(TEXT, max(10, round(min(size) * 0.06)), INK)
    margin = round(size[0] * 0.06)
    paragraph = set_paragraph(prompt, letters, size[0] - 2 * margin, 3)
    for index, line in enumerate(paragraph.lines):
        left = size[0] - margin - width(line, letters) if paragraph.rtl else margin
        at = (round(left), round(size[1] * 0.74 + index * letters.size * 1.2))
        draw_line(canvas, at, line, letters, rtl=paragraph.rtl)
