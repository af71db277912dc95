"""The queue and the pictures in the admin: to look at, since only the services write them."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.admin import ReadOnly
from generation import services
from generation.models import Image, Job, Lane, Pace, Rendition, Worker
from generation.queue import deletion, paces
from generation.safety import admin as safety_admin

__all__ = ["safety_admin"]

LONGEST_EXCERPT = 60
"""Characters of a prompt in a list."""


@admin.register(Job)
class JobAdmin(ReadOnly):
    list_display = (
        "id", "excerpt", "status", "lane", "wait", "owner", "attempts", "error_code", "created",
    )  # fmt: skip
    list_filter = ("status", "tier", "checkpoint", "error_code", "created")
    list_select_related = ("user", "visitor")
    search_fields = (
        "id", "prompt", "worker", "request_id", "user__username", "user__email", "visitor__id",
        "network__prefix",
    )  # fmt: skip
    ordering = ("-created",)
    actions = ("cancel", "take_away", "bring_back")

    @admin.display(description="prompt", ordering="prompt")
    def excerpt(self, job: Job) -> str:
        """The beginning of the prompt."""
        if len(job.prompt) <= LONGEST_EXCERPT:
            return job.prompt
        return f"{job.prompt[:LONGEST_EXCERPT]}…"

    @admin.display(ordering="checkpoint")
    def lane(self, job: Job) -> str:
        """The lane that the job waits or waited in."""
        return f"{job.checkpoint}, {job.get_tier_display()}"

    @admin.display(description="wait in s (promised)")
    def wait(self, job: Job) -> str:
        """From submit to the first claim, beside what was promised."""
        waited = "…"
        if started := job.started or job.finished:
            waited = f"{(started - job.created).total_seconds():.1f}"
        return f"{waited} ({job.quoted_low:.0f} to {job.quoted_high:.0f})"

    @admin.action(description="Cancel what waits or is being drawn", permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Cancels the chosen jobs that have not ended."""
        cancelled = sum(services.cancel(job) for job in queryset)
        ended = queryset.count() - cancelled
        said = ngettext("%d job was cancelled.", "%d jobs were cancelled.", cancelled) % cancelled
        if ended:
            said += " " + _("%d had already ended.") % ended
        self.message_user(request, said, messages.SUCCESS if cancelled else messages.WARNING)

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Whoever may change jobs may cancel them; nobody may write their columns."""
        return request.user.has_perm("generation.change_job")

    @admin.action(description="Delete grids, an operator's own too", permissions=["erase"])
    def take_away(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Deletes the chosen grids as their owners would: gone at once, for good a little later."""
        jobs = list(queryset.filter(deleted__isnull=True, erased__isnull=True))
        for job in jobs:
            deletion.delete(job)
        said = ngettext("%d grid was deleted.", "%d grids were deleted.", len(jobs)) % len(jobs)
        if jobs:
            minutes = deletion.GRACE.seconds // 60
            said += " " + _("For %d minutes it can be brought back.") % minutes
        self.message_user(request, said, messages.SUCCESS if jobs else messages.WARNING)

    @admin.action(description="Bring back what was just deleted", permissions=["erase"])
    def bring_back(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Undoes the deletion of the chosen grids, where that is not too late."""
        back = sum(deletion.undo(job) for job in queryset)
        said = ngettext("%d grid was brought back.", "%d grids were brought back.", back) % back
        self.message_user(request, said, messages.SUCCESS if back else messages.WARNING)

    def has_erase_permission(self, request: HttpRequest) -> bool:
        """Whoever may delete jobs may delete what they hold; the bare row still counts."""
        return request.user.has_perm("generation.delete_job")


@admin.register(Lane)
class LaneAdmin(ReadOnly):
    list_display = ("checkpoint", "tier", "waiting", "waiting_cost", "virtual_time", "arrived_at")
    list_filter = ("tier",)
    search_fields = ("checkpoint",)


@admin.register(Image)
class ImageAdmin(ReadOnly):
    list_display = ("job_id", "position", "verdict", "seed", "master")
    list_filter = ("verdict",)
    search_fields = ("id", "job__id", "master", "master_sha256")
    ordering = ("-job_id", "position")


@admin.register(Rendition)
class RenditionAdmin(ReadOnly):
    list_display = ("name", "kind", "format", "watermarked", "width", "height", "bytes", "created")
    list_filter = ("kind", "format", "watermarked")
    search_fields = ("name", "sha256", "job__id")
    ordering = ("-id",)


@admin.register(Worker)
class WorkerAdmin(ReadOnly):
    list_display = (
        "id", "state", "kind", "checkpoints", "broken", "host", "pid", "started", "seen_at",
    )  # fmt: skip
    list_filter = ("state", "kind")
    search_fields = ("id", "host", "kind")
    ordering = ("-seen_at",)


@admin.register(Pace)
class PaceAdmin(ReadOnly):
    list_display = (
        "checkpoint", "worker_kind", "width", "height", "steps", "one_image", "nine_images",
    )  # fmt: skip
    list_filter = ("checkpoint", "worker_kind")
    search_fields = ("checkpoint", "worker_kind")
    ordering = ("checkpoint", "worker_kind", "width")

    @admin.display(description="1 image")
    def one_image(self, pace: Pace) -> str:
        """How long a call for one image takes."""
        return _seconds(pace, 1)

    @admin.display(description="9 images")
    def nine_images(self, pace: Pace) -> str:
        """How long a call for a grid takes."""
        return _seconds(pace, 9)


def _seconds(pace: Pace, images: int) -> str:
    seconds = paces.of(pace).seconds_for(images)
    return "not known yet" if seconds is None else f"{seconds:.2f} s"
