"""Grids that a benchmark looks at, drawn by the worker of its own site."""

from tests.running_site import RunningSite

_DRAWS = """
import sys, time, django; django.setup()
from generation.models import Job
from generation.submission import GridRequest, submit
for n in range(int(sys.argv[1])):
    job = submit(GridRequest("a red fox under a full moon", visibility="public"), owner=None)
    while job.status in Job.OPEN:
        time.sleep(0.1)
        job.refresh_from_db()
    assert job.status == "succeeded", job.error_code
    print(job.pk, (job.finished - job.started).total_seconds())
"""


def drawn(site: RunningSite, grids: int) -> list[tuple[str, float]]:
    """Draws public grids one after the other; returns each one's id and seconds."""
    lines = site.run("-c", _DRAWS, str(grids)).splitlines()
    return [(line.split()[0], float(line.split()[1])) for line in lines]
