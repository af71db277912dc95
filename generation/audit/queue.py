"""What holds of jobs, lanes and workers."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.models import Plan
from generation import clock
from generation.audit.check import named, of, rows
from generation.batching import EDIT, batch_key, is_edit
from generation.models import (
    ATTEMPTS,
    Image,
    Job,
    Lane,
    Pace,
    Preview,
    Rendition,
    Source,
    Worker,
)
from generation.queue import workers
from generation.seeds import LARGEST_SEED

MISSED = timedelta(minutes=2)
"""A lease that ran out so long ago should have been swept many times."""


def lane_sums_are_those_of_the_waiting_jobs() -> Iterator[str]:
    """A lane's sums are those of its waiting jobs."""
    waiting = _waiting_in_lane().order_by().values("checkpoint")
    lanes = Lane.objects.annotate(
        jobs=Coalesce(Subquery(waiting.annotate(n=Count("pk")).values("n")), 0),
        cost=Coalesce(Subquery(waiting.annotate(n=Sum("cost")).values("n")), 0),
        toll=Coalesce(Subquery(waiting.annotate(n=Sum("toll")).values("n")), 0),
    )
    for lane in lanes.exclude(waiting=F("jobs"), waiting_cost=F("cost"), tolls=F("toll")):
        yield (
            f"{named(lane)} ({lane}) counts {lane.waiting} jobs, {lane.waiting_cost} pixel-steps, "
            f"tolls of {lane.tolls}; {lane.jobs} jobs, {lane.cost} pixel-steps, {lane.toll} wait"
        )


def every_waiting_job_has_a_lane() -> Iterator[str]:
    """Every waiting job is in a lane, or no claim would ever look for it."""
    yield from rows(Job, Q(status=Job.Status.QUEUED) & ~Exists(_lane_of_job()))


def places_are_within_reach() -> Iterator[str]:
    """An open job starts at its lane's virtual time or earlier, or where its owner's last one ends.

    Virtual time that went back would let newcomers overtake everybody who waits.
    """
    ahead = Exists(_lane_of_job().filter(virtual_time__lt=OuterRef("start_tag")))
    in_lane = Job.objects.filter(checkpoint=OuterRef("checkpoint"), tier=OuterRef("tier"))
    earlier = in_lane.filter(finish_tag=OuterRef("start_tag"))
    # Two questions, each of which has an index; with one SQLite would read the lane for every row.
    of_user = Exists(earlier.filter(user=OuterRef("user")))
    of_visitor = Exists(earlier.filter(visitor=OuterRef("visitor")))
    yield from rows(Job, Q(status__in=Job.OPEN) & ahead & ~of_user & ~of_visitor)


def cost_is_the_work_asked_for() -> Iterator[str]:
    """A job costs what its pictures take: width × height × steps × count."""
    yield from rows(Job, ~Q(cost=F("width") * F("height") * F("steps") * F("count")))


def attempts_fit_the_status() -> Iterator[str]:
    """What waits has an attempt left, and what was drawn took one."""
    spent = Q(status=Job.Status.QUEUED, attempts__gte=ATTEMPTS)
    never_tried = Q(status__in=(Job.Status.RUNNING, Job.Status.SUCCEEDED, Job.Status.FAILED))
    yield from rows(Job, spent | never_tried & Q(attempts=0))


def what_was_tried_has_started() -> Iterator[str]:
    """A job that was drawn or failed has a moment at which it started."""
    drawn = Q(status__in=(Job.Status.SUCCEEDED, Job.Status.FAILED))
    yield from rows(Job, drawn & Q(started__isnull=True))


def leases_are_swept() -> Iterator[str]:
    """No lease ran out long ago while a worker was there to sweep it."""
    now = clock.now()
    sweeper = Worker.objects.filter(seen_at__gt=now - workers.ALIVE, started__lt=now - MISSED)
    sweeper = sweeper.exclude(state__in=(Worker.State.LOADING, Worker.State.STOPPED))
    expired = Q(status=Job.Status.RUNNING, lease_until__lt=now - MISSED)
    yield from rows(Job, expired & Exists(sweeper))


def erased_jobs_hold_nothing() -> Iterator[str]:
    """Of an erased grid nothing is left but the bare row."""
    texts = ("prompt", "negative_prompt", "style", "idempotency_key", "request_hash", "request_id")
    bare = Q(status__in=Job.TERMINAL, seed=0, **dict.fromkeys(texts, ""))
    of_job = {"job": OuterRef("pk")}
    held = Q()
    for model in (Image, Rendition, Source):
        held |= Q(Exists(model._default_manager.filter(**of_job)))
    yield from rows(Job, Q(erased__isnull=False) & (~bare | held))


def what_changes_a_picture_has_it() -> Iterator[str]:
    """A job has a picture to change if it changes one, and no other job has."""
    changes = Q(batch_key__endswith=EDIT, erased__isnull=True, redraws__isnull=True, test=False)
    yield from rows(Job, changes & Q(source__isnull=True))
    yield from rows(Source, ~Q(job__batch_key__endswith=EDIT))


def looks_are_of_what_is_drawn() -> Iterator[str]:
    """A look at an unfinished picture is kept while its job is drawn, and no longer."""
    yield from rows(Preview, ~Q(job__status=Job.Status.RUNNING))


def nothing_ends_before_it_began() -> Iterator[str]:
    """A job is asked for first, then started, then finished, by the one clock of the database."""
    early = Q(finished__lt=F("created")) | Q(started__lt=F("created"))
    yield from rows(Job, early | Q(finished__lt=F("started")))


def what_succeeded_is_done() -> Iterator[str]:
    """The progress of a job that succeeded is that of the whole."""
    yield from rows(Job, Q(status=Job.Status.SUCCEEDED) & ~Q(progress=1))


def batch_keys_say_what_a_call_takes() -> Iterator[str]:
    """Jobs of one batch key are of one size, one number of steps and one guidance, and change a
    picture all or none."""
    scalars = ("width", "height", "steps", "guidance")
    kinds = Job.objects.order_by().values_list("batch_key", *scalars).distinct()
    for key, *values in kinds:
        if key != batch_key(*values, edit=is_edit(key)):
            same = Q(batch_key=key, **dict(zip(scalars, values, strict=True)))
            yield from rows(Job, same)


def work_is_not_negative() -> Iterator[str]:
    """A job costs something, moves its lane's turn on or leaves it, and was quoted a range."""
    quoted = Q(quoted_low__gte=0, quoted_high__gte=F("quoted_low"))
    yield from rows(Job, Q(cost__lte=0) | Q(toll__lt=0) | ~quoted)


def sizes_are_of_something() -> Iterator[str]:
    """What is drawn, or was, has pixels and steps."""
    for model in (Job, Rendition, Pace):
        empty = Q(width__lt=1) | Q(height__lt=1)
        yield from rows(model, empty if model is Rendition else empty | Q(steps__lt=1))


def seeds_are_in_range() -> Iterator[str]:
    """A seed is one that every device draws alike."""
    for model in (Job, Image):
        yield from rows(model, Q(seed__lt=0) | Q(seed__gt=LARGEST_SEED))


def the_named_plans_are_there() -> Iterator[str]:
    """The plans that the code refers to exist, or nobody could ask for anything."""
    there = set(Plan.objects.values_list("name", flat=True))
    yield from (f"plan {name} is missing" for name in Plan.NAMED if name not in there)


def _waiting_in_lane() -> QuerySet[Job]:
    return Job.objects.filter(
        status=Job.Status.QUEUED, checkpoint=OuterRef("checkpoint"), tier=OuterRef("tier")
    )


def _lane_of_job() -> QuerySet[Lane]:
    return Lane.objects.filter(checkpoint=OuterRef("checkpoint"), tier=OuterRef("tier"))


CHECKS = tuple(
    map(
        of,
        (
            lane_sums_are_those_of_the_waiting_jobs,
            every_waiting_job_has_a_lane,
            places_are_within_reach,
            cost_is_the_work_asked_for,
            attempts_fit_the_status,
            what_was_tried_has_started,
            leases_are_swept,
            erased_jobs_hold_nothing,
            nothing_ends_before_it_began,
            what_succeeded_is_done,
            batch_keys_say_what_a_call_takes,
            what_changes_a_picture_has_it,
            looks_are_of_what_is_drawn,
            work_is_not_negative,
            sizes_are_of_something,
            seeds_are_in_range,
            the_named_plans_are_there,
        ),
    )
)
