"""What holds of pictures and of what is counted for them."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from accounts.models import Usage
from generation.audit.check import doubled, named, of, rows
from generation.models import Image, Job, Rendition
from generation.seeds import LARGEST_SEED, seed_at


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
    yield from rows(Image, ~(grid | held_back))


def a_master_belongs_to_one_image() -> Iterator[str]:
    """No two images share a master, or deleting one would take the other's."""
    yield from doubled(Image.objects.exclude(master=""), ["master"])


def renditions_show_what_may_be_seen() -> Iterator[str]:
    """A rendition is of a grid that succeeded, and of an image of that grid that passed."""
    another = Q(image__isnull=False) & ~Q(image__job=F("job"))
    blocked = Q(image__verdict=Image.Verdict.BLOCKED)
    yield from rows(Rendition, ~Q(job__status=Job.Status.SUCCEEDED) | another | blocked)


def every_delivery_is_counted() -> Iterator[str]:
    """A grid that succeeded has its usage row; a position drawn again has its grid's."""
    counted = Q(status=Job.Status.SUCCEEDED, test=False, redraws__isnull=True)
    yield from rows(Job, counted & ~Exists(_usage_of_job()))


def nothing_else_is_counted() -> Iterator[str]:
    """Usage is of grids that succeeded; of one whose row is gone nothing can be said."""
    counted = Q(status=Job.Status.SUCCEEDED, test=False)
    other = Job.objects.filter(pk=OuterRef("job_id")).exclude(counted)
    yield from rows(Usage, Exists(other))


def usage_counts_what_was_delivered() -> Iterator[str]:
    """Usage counts the images that were not held back, for the account that asked."""
    counted = Subquery(_usage_of_job().values("images"))
    grids = _succeeded().annotate(shown=_SHOWN, counted=counted)
    for job in grids.filter(counted__isnull=False).exclude(shown=F("counted")):
        yield "job {pk} shows {shown} images, {counted} are counted".format(**job)
    anothers = Job.objects.filter(pk=OuterRef("job_id")).exclude(user=OuterRef("user"))
    yield from rows(Usage, Q(user__isnull=False) & Exists(anothers))


def images_have_the_seeds_of_their_places() -> Iterator[str]:
    """An image was drawn with its job's seed at its position, or with that of its redraw."""
    again = Job.objects.filter(
        redraws=OuterRef("job"), redraws_position=OuterRef("position"), seed=OuterRef("seed")
    )
    known = Q(seed__range=(0, LARGEST_SEED), job__seed__range=(0, LARGEST_SEED))
    images = Image.objects.filter(known & ~Exists(again)).order_by("pk")
    for key, position, seed, grids in images.values_list(
        "pk", "position", "seed", "job__seed"
    ).iterator():
        if seed != seed_at(grids, position):
            yield f"image {key} has seed {seed}, and {seed_at(grids, position)} is its place's"


def usage_counts_the_work_that_was_delivered() -> Iterator[str]:
    """Usage counts the pixel-steps of the images that it counts."""
    work = F("width") * F("height") * F("steps")
    of_one = Job.objects.filter(pk=OuterRef("job_id")).annotate(work=work).values("work")
    counted = Usage.objects.annotate(of_one=Subquery(of_one)).filter(of_one__isnull=False)
    for usage in counted.exclude(pixel_steps=F("of_one") * F("images")).order_by("pk"):
        yield f"{named(usage)} counts {usage.pixel_steps} pixel-steps for {usage.images} images"


def _succeeded() -> QuerySet[Job, Any]:
    """Grids to be counted by: a group needs no more columns than these."""
    grids = Job.objects.filter(
        status=Job.Status.SUCCEEDED, erased__isnull=True, redraws__isnull=True
    )
    return grids.order_by("pk").values("pk", "count")


def _usage_of_job() -> QuerySet[Usage]:
    return Usage.objects.filter(job_id=OuterRef("pk"))


_SHOWN = Count("images", filter=~Q(images__verdict=Image.Verdict.BLOCKED))


CHECKS = tuple(
    map(
        of,
        (
            a_delivered_grid_is_whole,
            nothing_else_has_pictures,
            a_master_belongs_to_one_image,
            renditions_show_what_may_be_seen,
            every_delivery_is_counted,
            nothing_else_is_counted,
            usage_counts_what_was_delivered,
            images_have_the_seeds_of_their_places,
            usage_counts_the_work_that_was_delivered,
        ),
    )
)
