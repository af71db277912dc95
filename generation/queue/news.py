"""What somebody who waits wants to know of a job, asked for many jobs at once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from generation.models import Job, Worker
from generation.queue.workers import ALIVE, Crew

# One statement whatever the number of jobs. The places of a lane are numbered once for everybody in
# it, from the partial index of waiting rows and only where somebody watched waits. A worker's lists
# are JSON, which the databases read each in its own way; as text they are the same to all.
_NEWS = """
WITH watched AS (
    SELECT id, status, progress, checkpoint, tier, created, deleted, erased, quoted_low, quoted_high
    FROM generation_job WHERE id IN ({ids})
),
lane AS (
    SELECT id, row_number() OVER (PARTITION BY checkpoint, tier ORDER BY start_tag, id) AS place
    FROM generation_job
    WHERE status = 'queued'
    AND (checkpoint, tier) IN (SELECT checkpoint, tier FROM watched WHERE status = 'queued')
),
crew AS (
    SELECT checkpoint, MAX(CASE WHEN kind = '' OR state = 'loading' THEN {loads} ELSE {draws} END)
        AS crew
    FROM (SELECT DISTINCT checkpoint FROM watched) AS served
    JOIN generation_worker ON seen_at > %s AND state IN ('loading', 'ready', 'drawing')
        AND CAST(checkpoints AS TEXT) LIKE '%%"' || checkpoint || '"%%'
        AND CAST(broken AS TEXT) NOT LIKE '%%"' || checkpoint || '":%%'
    GROUP BY checkpoint
)
SELECT watched.*, lane.place, crew.crew FROM watched
LEFT JOIN lane ON lane.id = watched.id
LEFT JOIN crew ON crew.checkpoint = watched.checkpoint
"""


@dataclass(frozen=True)
class News:
    """Where a job stands."""

    status: str
    progress: float = 0.0
    place: int | None = None
    """1 is the head of the lane; None once it waits no more."""
    crew: Crew = Crew.DRAWS
    starts_in: tuple[float, float] = field(default=(0.0, 0.0), compare=False)
    """Seconds: what is left of the range that was quoted. It shrinks by itself and is no news."""

    def later(self, seconds: float) -> "News":
        """Returns the same news so many seconds later: what was promised has come nearer."""
        low, high = self.starts_in
        return replace(self, starts_in=(max(0.0, low - seconds), max(0.0, high - seconds)))

    @property
    def ended(self) -> bool:
        return self.status not in Job.OPEN


GONE = News("gone")
"""The row is there no more, or holds nothing any more."""


def news_of(jobs: Collection[UUID]) -> Mapping[UUID, News]:
    """Returns where the jobs stand; those of which nothing is left are GONE."""
    found = dict.fromkeys(jobs, GONE)
    if not jobs:
        return found
    key = Job._meta.get_field("id")
    ids = [key.get_db_prep_value(pk, connection) for pk in jobs]
    seen = Worker._meta.get_field("seen_at").get_db_prep_value(timezone.now() - ALIVE, connection)
    # Only as many placeholders as there are ids go into the text.
    query = _NEWS.format(ids=", ".join(["%s"] * len(ids)), loads=Crew.LOADS, draws=Crew.DRAWS)
    rows: Any = Job.objects.raw(query, [*ids, seen])
    for row in rows:
        if row.deleted is None and row.erased is None:
            found[row.pk] = news_from(row, row.place, Crew(row.crew or Crew.NOBODY))
    return found


def news_from(job: Any, place: int | None, crew: Crew = Crew.DRAWS) -> News:
    """Returns the news that a row holds, of which place and workers are known."""
    waited = (timezone.now() - job.created).total_seconds()
    left = (max(0.0, job.quoted_low - waited), max(0.0, job.quoted_high - waited))
    return News(job.status, round(job.progress, 3), place, crew, left)
