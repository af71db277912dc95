"""The invariants of the tables, each a named check that yields the rows that break it.

Every check reads in one statement, which sees one state of the database, so that an audit may run
beside a busy site. What the constraints of the models say is checked as well: a database restored
or repaired by hand may have lost them.

Whether an owner ever held more than an allowance is not checked: plans change, and yesterday's
numbers are not kept.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.apps import apps
from django.db.models import (
    CheckConstraint,
    Count,
    Exists,
    F,
    ForeignKey,
    Max,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    UniqueConstraint,
)
from django.db.models.functions import Coalesce

from accounts.models import Plan, Usage
from generation import clock, workers
from generation.models import ATTEMPTS, Image, Job, Lane, Rendition, Worker

MISSED = timedelta(minutes=2)
"""A lease that ran out so long ago should have been swept many times."""


@dataclass(frozen=True)
class Check:
    """Something that must hold, and what finds the rows for which it does not."""

    name: str
    says: str
    breaches: Callable[[], Iterable[str]]


# What the models say of single columns


def _constraints(model: type[Model]) -> Iterator[Check]:
    """The constraints of a model, whether or not the database still has them."""
    label = model._meta.label
    for constraint in model._meta.constraints:
        if isinstance(constraint, CheckConstraint):
            broken = partial(_rows, model, ~Q(constraint.condition))
            yield Check(constraint.name, f"the rows of {label} meet the constraint", broken)
        elif isinstance(constraint, UniqueConstraint):
            rows = model._default_manager.filter(constraint.condition or Q())
            doubled = partial(_doubled, rows, constraint.fields)
            yield Check(constraint.name, f"the rows of {label} meet the constraint", doubled)


def _columns(model: type[Model]) -> Iterator[Check]:
    """What single columns of a model promise: to differ, to be a choice, to refer to a row."""
    label = model._meta.label
    for field in model._meta.concrete_fields:
        name = f"{model._meta.model_name}_{field.name}"
        rows = model._default_manager.all()
        if field.unique and not field.primary_key:
            yield Check(
                f"{name}_once",
                f"no two rows of {label} have the same {field.name}",
                partial(_doubled, rows, [field.name]),
            )
        if field.choices:
            known = [value for value, _ in field.flatchoices] + [""] * field.blank
            yield Check(
                f"{name}_is_a_choice",
                f"{field.name} of {label} is one of its choices",
                partial(_rows, model, ~Q(**{f"{field.name}__in": known})),
            )
        if isinstance(field, ForeignKey):
            there = Exists(field.related_model._base_manager.filter(pk=OuterRef(field.attname)))
            yield Check(
                f"{name}_exists",
                f"{field.name} of {label} refers to a row that is there",
                partial(_rows, model, Q(**{f"{field.attname}__isnull": False}) & ~Q(there)),
            )


# What holds between rows


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
            f"{_named(lane)} ({lane}) counts {lane.waiting} jobs, {lane.waiting_cost} pixel-steps, "
            f"tolls of {lane.tolls}; {lane.jobs} jobs, {lane.cost} pixel-steps, {lane.toll} wait"
        )


def every_waiting_job_has_a_lane() -> Iterator[str]:
    """Every waiting job is in a lane, or no claim would ever look for it."""
    yield from _rows(Job, Q(status=Job.Status.QUEUED) & ~Exists(_lane_of_job()))


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
    yield from _rows(Job, Q(status__in=Job.OPEN) & ahead & ~of_user & ~of_visitor)


def cost_is_the_work_asked_for() -> Iterator[str]:
    """A job costs what its pictures take: width × height × steps × count."""
    yield from _rows(Job, ~Q(cost=F("width") * F("height") * F("steps") * F("count")))


def attempts_fit_the_status() -> Iterator[str]:
    """What waits has an attempt left, and what was drawn took one."""
    spent = Q(status=Job.Status.QUEUED, attempts__gte=ATTEMPTS)
    never_tried = Q(status__in=(Job.Status.RUNNING, Job.Status.SUCCEEDED, Job.Status.FAILED))
    yield from _rows(Job, spent | never_tried & Q(attempts=0))


def what_was_tried_has_started() -> Iterator[str]:
    """A job that was drawn or failed has a moment at which it started."""
    drawn = Q(status__in=(Job.Status.SUCCEEDED, Job.Status.FAILED))
    yield from _rows(Job, drawn & Q(started__isnull=True))


def leases_are_swept() -> Iterator[str]:
    """No lease ran out long ago while a worker was there to sweep it."""
    now = clock.now()
    sweeper = Worker.objects.filter(seen_at__gt=now - workers.ALIVE, started__lt=now - MISSED)
    sweeper = sweeper.exclude(state__in=(Worker.State.LOADING, Worker.State.STOPPED))
    expired = Q(status=Job.Status.RUNNING, lease_until__lt=now - MISSED)
    yield from _rows(Job, expired & Exists(sweeper))


def a_delivered_grid_is_whole() -> Iterator[str]:
    """A grid that succeeded has one image at each position, and shows at least one."""
    highest = Coalesce(Max("images__position"), -1)
    grids = _succeeded().annotate(n=Count("images"), highest=highest, shown=_SHOWN)
    for job in grids.exclude(n=F("count"), highest=F("count") - 1, shown__gt=0):
        yield "job {pk} has {n} images up to position {highest} of {count}".format(**job)


def nothing_else_has_pictures() -> Iterator[str]:
    """Only a grid that succeeded has pictures; where all were held back it has the reasons."""
    grid = Q(job__status=Job.Status.SUCCEEDED)
    held_back = Q(job__status=Job.Status.FAILED, verdict=Image.Verdict.BLOCKED)
    yield from _rows(Image, ~(grid | held_back))


def a_master_belongs_to_one_image() -> Iterator[str]:
    """No two images share a master, or deleting one would take the other's."""
    yield from _doubled(Image.objects.exclude(master=""), ["master"])


def renditions_show_what_may_be_seen() -> Iterator[str]:
    """A rendition is of a grid that succeeded, and of an image of that grid that passed."""
    another = Q(image__isnull=False) & ~Q(image__job=F("job"))
    blocked = Q(image__verdict=Image.Verdict.BLOCKED)
    yield from _rows(Rendition, ~Q(job__status=Job.Status.SUCCEEDED) | another | blocked)


def every_delivery_is_counted() -> Iterator[str]:
    """A grid that succeeded has its usage row; a position drawn again has its grid's."""
    counted = Q(status=Job.Status.SUCCEEDED, test=False, redraws__isnull=True)
    yield from _rows(Job, counted & ~Exists(_usage_of_job()))


def nothing_else_is_counted() -> Iterator[str]:
    """Usage is of grids that succeeded; of one whose row is gone nothing can be said."""
    counted = Q(status=Job.Status.SUCCEEDED, test=False)
    other = Job.objects.filter(pk=OuterRef("job_id")).exclude(counted)
    yield from _rows(Usage, Exists(other))


def usage_counts_what_was_delivered() -> Iterator[str]:
    """Usage counts the images that were not held back, for the account that asked."""
    counted = Subquery(_usage_of_job().values("images"))
    grids = _succeeded().annotate(shown=_SHOWN, counted=counted)
    for job in grids.filter(counted__isnull=False).exclude(shown=F("counted")):
        yield "job {pk} shows {shown} images, {counted} are counted".format(**job)
    anothers = Job.objects.filter(pk=OuterRef("job_id")).exclude(user=OuterRef("user"))
    yield from _rows(Usage, Q(user__isnull=False) & Exists(anothers))


def erased_jobs_hold_nothing() -> Iterator[str]:
    """Of an erased grid nothing is left but the bare row."""
    texts = ("prompt", "negative_prompt", "style", "idempotency_key", "request_hash", "request_id")
    bare = Q(status__in=Job.TERMINAL, seed=0, **dict.fromkeys(texts, ""))
    of_job = {"job": OuterRef("pk")}
    held = Exists(Image.objects.filter(**of_job)) | Exists(Rendition.objects.filter(**of_job))
    yield from _rows(Job, Q(erased__isnull=False) & (~bare | held))


def the_named_plans_are_there() -> Iterator[str]:
    """The plans that the code refers to exist, or nobody could ask for anything."""
    there = set(Plan.objects.values_list("name", flat=True))
    yield from (f"plan {name} is missing" for name in Plan.NAMED if name not in there)


def _of(function: Callable[[], Iterable[str]]) -> Check:
    sentence, _, _ = (function.__doc__ or "").partition("\n")
    return Check(function.__name__, sentence[:1].lower() + sentence[1:].rstrip("."), function)


def _rows(model: type[Model], broken: Any) -> Iterator[str]:
    """The rows of a model that a condition says are broken."""
    yield from map(_named, model._default_manager.filter(broken).order_by("pk").iterator())


def _doubled(rows: QuerySet[Any], fields: Iterable[str]) -> Iterator[str]:
    """The values that several rows share in columns that must differ; null differs from null."""
    names = list(fields)
    rows = rows.filter(**{f"{name}__isnull": False for name in names})
    shared = rows.order_by().values(*names).annotate(n=Count("pk")).filter(n__gt=1)
    for values in shared:
        said = ", ".join(f"{name} {values[name]}" for name in names)
        yield f"{values['n']} rows of {rows.model._meta.model_name} have {said}"


def _named(row: Model) -> str:
    return f"{row._meta.model_name} {row.pk}"


def _succeeded() -> QuerySet[Job, Any]:
    """Grids to be counted by: a group needs no more columns than these."""
    grids = Job.objects.filter(
        status=Job.Status.SUCCEEDED, erased__isnull=True, redraws__isnull=True
    )
    return grids.order_by("pk").values("pk", "count")


def _waiting_in_lane() -> QuerySet[Job]:
    return Job.objects.filter(
        status=Job.Status.QUEUED, checkpoint=OuterRef("checkpoint"), tier=OuterRef("tier")
    )


def _lane_of_job() -> QuerySet[Lane]:
    return Lane.objects.filter(checkpoint=OuterRef("checkpoint"), tier=OuterRef("tier"))


def _usage_of_job() -> QuerySet[Usage]:
    return Usage.objects.filter(job_id=OuterRef("pk"))


_SHOWN = Count("images", filter=~Q(images__verdict=Image.Verdict.BLOCKED))

MODELS = [
    model for app in ("accounts", "generation") for model in apps.get_app_config(app).get_models()
]

CHECKS: tuple[Check, ...] = (
    *(check for model in MODELS for check in (*_constraints(model), *_columns(model))),
    *map(
        _of,
        (
            lane_sums_are_those_of_the_waiting_jobs,
            every_waiting_job_has_a_lane,
            places_are_within_reach,
            cost_is_the_work_asked_for,
            attempts_fit_the_status,
            what_was_tried_has_started,
            leases_are_swept,
            a_delivered_grid_is_whole,
            nothing_else_has_pictures,
            a_master_belongs_to_one_image,
            renditions_show_what_may_be_seen,
            every_delivery_is_counted,
            nothing_else_is_counted,
            usage_counts_what_was_delivered,
            erased_jobs_hold_nothing,
            the_named_plans_are_there,
        ),
    ),
)
"""All that the database alone can tell. The files have theirs in stored_files.py."""
