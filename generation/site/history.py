"""What somebody has drawn: newest first, by words, a leaf at a time, and thrown away together."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Owner
from generation import clock
from generation.models import Job
from generation.queue import deletion
from generation.queue.admission import jobs_of

LEAF = 24
"""Grids on one leaf of the history."""

MOST_AT_ONCE = 200
"""Grids deleted, or brought back, by one press."""

MOST_WORDS = 8
LONGEST_SEARCH = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Leaf:
    """Some of an owner's grids, and where the next older ones begin."""

    jobs: list[Job]
    older: str
    """For `before`; the empty text where there are none."""


def leaf_of(owner: Owner, *, words: str = "", before: str = "") -> Leaf:
    """Returns the newest grids of an owner that hold all of the words, older than a mark.

    The mark names the last grid of the leaf before, not a number of rows: a leaf costs the same
    however long the history, and new grids do not move the others along.
    """
    jobs = jobs_of(owner).filter(Job.LISTED)
    for word in words_in(words):
        # By a pattern, since SQLite's LIKE knows capitals of the English letters alone.
        jobs = jobs.filter(prompt__iregex=re.escape(word))
    jobs = _older_than(before, jobs).order_by("-created", "-pk")
    found = list(jobs.prefetch_related("images")[: LEAF + 1])
    older = _mark(found[LEAF - 1]) if len(found) > LEAF else ""
    return Leaf(found[:LEAF], older)


def words_in(search: str) -> list[str]:
    """Returns the words that are looked for, as a database takes them."""
    return search[:LONGEST_SEARCH].replace("\0", " ").split()[:MOST_WORDS]


def delete(owner: Owner, ids: Collection[UUID]) -> int:
    """Deletes those of the owner's grids, which can be undone for a while; returns how many."""
    jobs = list(jobs_of(owner).filter(Job.KEPT, pk__in=_first(ids)))
    for job in jobs:
        deletion.delete(job)
    return len(jobs)


def deleted_by(owner: Owner) -> list[Job]:
    """Returns the owner's grids whose deletion can still be undone, the latest deletion first."""
    since = clock.now() - deletion.GRACE
    gone = jobs_of(owner).filter(deleted__gt=since, erased__isnull=True)
    return list(gone.order_by("-deleted", "-pk")[:MOST_AT_ONCE])


def bring_back(owner: Owner, ids: Collection[UUID]) -> int:
    """Undoes the deletion of those of the owner's grids for which it is not too late."""
    jobs = jobs_of(owner).filter(deleted__isnull=False, pk__in=_first(ids))
    return sum(deletion.undo(job) for job in jobs)


def _first(ids: Collection[UUID]) -> list[UUID]:
    return list(dict.fromkeys(ids))[:MOST_AT_ONCE]


def _mark(job: Job) -> str:
    return f"{(job.created - _EPOCH) // timedelta(microseconds=1)}-{job.pk.hex}"


def _older_than(mark: str, jobs: QuerySet[Job]) -> QuerySet[Job]:
    """A mark that is not one of ours means the beginning."""
    moment, _, pk = mark.partition("-")
    try:
        created, last = _EPOCH + timedelta(microseconds=int(moment)), UUID(hex=pk)
    except (ValueError, OverflowError):
        return jobs
    # The first condition is part of the second; the index needs to be told.
    return jobs.filter(created__lte=created).filter(
        Q(created__lt=created) | Q(created=created, pk__lt=last)
    )
