"""The queue and what comes out of it. Only services.py writes a job's status."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from accounts.models import ApiKey, Network, Owner, Plan, User, Visitor
from generation.errors import Failure
from generation.programs.models import Attempt, Call, Callback, Delivery, Preview, Source
from generation.safety.models import PromptRule, Report

__all__ = [
    "ATTEMPTS", "Attempt", "Call", "Callback", "Delivery", "Image", "Job", "Lane", "Pace",
    "Preview", "PromptRule", "Rendition", "Report", "Source",
    "Worker",
]  # fmt: skip

ATTEMPTS = 3
"""A job that was tried so often and not finished has failed."""


class Job(models.Model):
    """One accepted prompt: a row of the queue first, a grid of pictures later."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("drawing")
        SUCCEEDED = "succeeded", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    TERMINAL = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)
    OPEN = (Status.QUEUED, Status.RUNNING)

    class Visibility(models.TextChoices):
        PRIVATE = "private", _("private")
        UNLISTED = "unlisted", _("unlisted")
        PUBLIC = "public", _("public")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    """Version 7: ordered by time, so that equal tags are served first come, first served."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True)
    visitor = models.ForeignKey(Visitor, on_delete=models.PROTECT, null=True, blank=True)
    network = models.ForeignKey(Network, on_delete=models.SET_NULL, null=True, blank=True)
    api_key = models.ForeignKey(
        ApiKey, on_delete=models.SET_NULL, null=True, blank=True, db_index=False
    )
    test = models.BooleanField(
        default=False, help_text="Asked for with a test key: marked, never queued, never counted."
    )
    idempotency_key = models.CharField(max_length=255, blank=True, default="")
    request_hash = models.CharField(max_length=64, blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")

    redraws = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="redrawn"
    )
    """The grid of which this job draws one position again; its picture goes there."""
    redraws_position = models.PositiveSmallIntegerField(null=True, blank=True)

    prompt = models.TextField()
    negative_prompt = models.TextField(blank=True, default="")
    style = models.SlugField(blank=True, default="")
    checkpoint = models.SlugField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    count = models.PositiveSmallIntegerField()
    steps = models.PositiveSmallIntegerField()
    guidance = models.FloatField()
    seed = models.BigIntegerField()
    format = models.CharField(max_length=8, default="webp")
    visibility = models.CharField(max_length=8, choices=Visibility, default=Visibility.UNLISTED)
    previews = models.PositiveSmallIntegerField(default=0, help_text="Looks at each unfinished.")

    status = models.CharField(max_length=9, choices=Status, default=Status.QUEUED)
    tier = models.PositiveSmallIntegerField(choices=Plan.Tier)
    cost = models.BigIntegerField(help_text="Pixel-steps.")
    batch_key = models.CharField(max_length=48)
    start_tag = models.BigIntegerField()
    finish_tag = models.BigIntegerField()
    toll = models.BigIntegerField(help_text="By how much its claim moves its lane's turn on.")
    quoted_low = models.FloatField(help_text="Seconds to the start, promised at submit.")
    quoted_high = models.FloatField()

    attempts = models.PositiveSmallIntegerField(default=0)
    """With `worker` the fencing token: who does not hold the latest may not touch the row."""
    worker = models.CharField(max_length=64, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    progress = models.FloatField(default=0)
    error_code = models.CharField(max_length=32, choices=Failure, blank=True, default="")
    prompt_cut_at = models.PositiveIntegerField(
        null=True, blank=True, help_text="Characters that the checkpoint read; null: all."
    )

    revision = models.CharField(
        max_length=12, blank=True, default="", help_text="Of the checkpoint that drew it."
    )

    created = models.DateTimeField()
    started = models.DateTimeField(null=True, blank=True, help_text="First claim.")
    finished = models.DateTimeField(null=True, blank=True)
    deleted = models.DateTimeField(
        null=True, blank=True, help_text="By its owner, who may undo that for a few minutes."
    )
    erased = models.DateTimeField(null=True, blank=True, help_text="Nothing of it is left.")

    hidden = models.DateTimeField(
        null=True, blank=True, help_text="By an admin, from everybody but the staff."
    )

    KEPT = Q(deleted__isnull=True, erased__isnull=True, hidden__isnull=True)
    """What is there for anybody at all: what was neither deleted nor taken down."""
    LISTED = KEPT & Q(redraws__isnull=True, test=False)
    """What lists of grids show: not what was deleted or hidden, nor a position drawn again, nor
    tests."""

    class Meta:
        ordering = ("-created",)
        indexes = (
            models.Index(
                fields=("checkpoint", "tier", "start_tag", "id"),
                condition=Q(status="queued"),
                name="job_lane",
            ),
            models.Index(
                fields=("checkpoint", "tier", "batch_key", "start_tag", "id"),
                condition=Q(status="queued"),
                name="job_batch",
            ),
            models.Index(fields=("lease_until",), condition=Q(status="running"), name="job_lease"),
            models.Index(
                fields=("visitor", "created"),
                condition=Q(visitor__isnull=False),
                name="job_visitor_created",
            ),
            models.Index(
                fields=("user", "created"),
                condition=Q(user__isnull=False),
                name="job_user_created",
            ),
            models.Index(fields=("network", "created"), name="job_network_created"),
            models.Index(
                fields=("api_key", "created"),
                condition=Q(api_key__isnull=False),
                name="job_api_key_created",
            ),
            models.Index(
                fields=("created",),
                condition=Q(tier=2, started__isnull=False),
                name="job_free_started",
            ),
            models.Index(
                fields=("deleted",),
                condition=Q(deleted__isnull=False, erased__isnull=True),
                name="job_deleted",
            ),
            models.Index(
                fields=("visitor",),
                condition=Q(status__in=("queued", "running")),
                name="job_visitor_open",
            ),
            models.Index(
                fields=("user",),
                condition=Q(status__in=("queued", "running")),
                name="job_user_open",
            ),
            models.Index(
                fields=("network",),
                condition=Q(status__in=("queued", "running")),
                name="job_network_open",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=("queued", "running", "succeeded", "failed", "cancelled")),
                name="job_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=True) | Q(visitor__isnull=True),
                name="job_has_one_owner",
            ),
            models.CheckConstraint(
                condition=(
                    Q(status="running", lease_until__isnull=False, started__isnull=False)
                    & ~Q(worker="")
                )
                | (~Q(status="running") & Q(lease_until__isnull=True, worker="")),
                name="job_lease_while_running",
            ),
            models.CheckConstraint(
                condition=Q(status__in=("queued", "running"), finished__isnull=True)
                | Q(status__in=("succeeded", "failed", "cancelled"), finished__isnull=False),
                name="job_finished_when_terminal",
            ),
            models.CheckConstraint(
                condition=(Q(status="failed") & ~Q(error_code=""))
                | (Q(status="succeeded", error_code=""))
                | Q(status__in=("queued", "running", "cancelled")),
                name="job_failure_has_a_code",
            ),
            models.CheckConstraint(
                condition=Q(count__gte=1, count__lte=10), name="job_count_in_range"
            ),
            models.CheckConstraint(
                condition=Q(progress__gte=0, progress__lte=1), name="job_progress_is_a_share"
            ),
            models.CheckConstraint(
                condition=Q(finish_tag__gt=F("start_tag")), name="job_tags_in_order"
            ),
            models.CheckConstraint(
                condition=Q(attempts__lte=ATTEMPTS), name="job_attempts_in_range"
            ),
            models.CheckConstraint(
                condition=Q(redraws__isnull=True, redraws_position__isnull=True)
                | Q(redraws__isnull=False, redraws_position__isnull=False, count=1),
                name="job_redraws_one_position",
            ),
            models.UniqueConstraint(
                fields=("redraws", "redraws_position"),
                condition=~Q(status="cancelled") & (~Q(status="failed") | Q(error_code="blocked")),
                name="job_redraws_a_position_once",
            ),
            models.UniqueConstraint(
                fields=("visitor", "idempotency_key"),
                condition=~Q(idempotency_key=""),
                name="job_once_a_visitors_key",
            ),
            models.UniqueConstraint(
                fields=("user", "idempotency_key"),
                condition=~Q(idempotency_key=""),
                name="job_once_a_users_key",
            ),
        )

    def __str__(self) -> str:
        return f"{self.id} ({self.status})"

    @property
    def owner(self) -> Owner | None:
        return self.user or self.visitor


class Lane(models.Model):
    """What waits for one checkpoint in one tier: sums kept in step with the jobs' status."""

    checkpoint = models.SlugField(max_length=64)
    tier = models.PositiveSmallIntegerField(choices=Plan.Tier)
    virtual_time = models.BigIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    waiting_cost = models.BigIntegerField(default=0)
    tolls = models.BigIntegerField(default=0, help_text="Of the waiting jobs, together.")
    turn_start = models.BigIntegerField(default=0)
    turn_finish = models.BigIntegerField(default=0)
    arrivals = models.FloatField(default=0, help_text="Pixel-steps a second, at arrived_at.")
    arrived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("checkpoint", "tier")
        constraints = (
            models.UniqueConstraint(fields=("checkpoint", "tier"), name="lane_is_one_row"),
            models.CheckConstraint(
                condition=Q(waiting__gte=0, waiting_cost__gte=0, tolls__gte=0),
                name="lane_sums_are_positive",
            ),
        )

    def __str__(self) -> str:
        return f"{self.checkpoint}, tier {self.tier}"


class Image(models.Model):
    """One position of a grid: a picture, or the reason why there is none."""

    class Verdict(models.TextChoices):
        PASSED = "passed", _("passed")
        UNCHECKED = "unchecked", _("needs no check")
        BLOCKED = "blocked", _("held back")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="images")
    position = models.PositiveSmallIntegerField()
    seed = models.BigIntegerField()
    verdict = models.CharField(max_length=9, choices=Verdict)
    master = models.CharField(
        max_length=200, blank=True, help_text="Name in the masters storage; never public."
    )
    master_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("job", "position")
        constraints = (
            models.UniqueConstraint(fields=("job", "position"), name="image_once_a_position"),
            models.CheckConstraint(condition=Q(position__lte=9), name="image_position_in_range"),
            models.CheckConstraint(
                condition=(Q(verdict="blocked", master="", master_sha256=""))
                | (Q(verdict__in=("passed", "unchecked")) & ~Q(master="") & ~Q(master_sha256="")),
                name="image_is_a_picture_or_a_reason",
            ),
        )

    def __str__(self) -> str:
        return f"{self.job_id} at {self.position}"


class Rendition(models.Model):
    """An image as delivered, or a whole grid as one picture. Made once, never overwritten."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="renditions")
    image = models.ForeignKey(
        Image, on_delete=models.CASCADE, related_name="renditions", null=True, blank=True
    )
    kind = models.CharField(max_length=8)
    format = models.CharField(max_length=8)
    watermarked = models.BooleanField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    name = models.CharField(max_length=200, unique=True, help_text="In the public storage.")
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("image", "kind", "format", "watermarked"),
                condition=Q(image__isnull=False),
                name="rendition_of_an_image_once",
            ),
            models.UniqueConstraint(
                fields=("job", "kind", "format", "watermarked"),
                condition=Q(image__isnull=True),
                name="rendition_of_a_grid_once",
            ),
        )

    def __str__(self) -> str:
        return self.name


class Worker(models.Model):
    """A process that draws, or drew."""

    class State(models.TextChoices):
        LOADING = "loading"
        READY = "ready"
        DRAWING = "drawing"
        PAUSED = "paused"
        BROKEN = "broken"
        STOPPED = "stopped"

    id = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=64, help_text="The device it draws on.")
    host = models.CharField(max_length=128)
    pid = models.PositiveIntegerField()
    checkpoints = models.JSONField(default=list)
    broken = models.JSONField(
        default=dict, help_text="Why, by checkpoint that could not be loaded; it is tried again."
    )
    state = models.CharField(max_length=8, choices=State, default=State.LOADING)
    started = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("started",)

    def __str__(self) -> str:
        return self.id


class Pace(models.Model):
    """What scheduling.Pace has learned about one kind of call on one kind of worker."""

    worker_kind = models.CharField(max_length=64)
    checkpoint = models.SlugField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    steps = models.PositiveSmallIntegerField()
    weight = models.FloatField(default=0)
    images = models.FloatField(default=0)
    seconds = models.FloatField(default=0)
    images_squared = models.FloatField(default=0)
    images_seconds = models.FloatField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("worker_kind", "checkpoint", "width", "height", "steps"),
                name="pace_is_one_row",
            ),
        )

    def __str__(self) -> str:
        return f"{self.checkpoint} {self.width}x{self.height} on {self.worker_kind}"
