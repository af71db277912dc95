"""Prints, as JSON, what became of the accepted jobs. Runs on the site's own settings."""

import json
import os
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "craiyon_site.settings")
django.setup()

from django.db.models import Count, Max  # noqa: E402

from accounts.models import Usage  # noqa: E402
from generation.models import Job, Worker  # noqa: E402


def report(accepted: set[str]) -> dict[str, object]:
    known = {str(pk): status for pk, status in Job.objects.values_list("pk", "status")}
    failures = Job.objects.filter(status="failed").values_list("error_code")
    finished = Job.objects.aggregate(last=Max("finished"))["last"]
    return {
        "accepted": len(accepted),
        "missing": sorted(accepted - known.keys()),
        "never accepted": len(known.keys() - accepted),
        "waiting": sum(status in Job.OPEN for status in known.values()),
        "statuses": dict(Job.objects.values_list("status").annotate(Count("pk"))),
        "failures": dict(failures.annotate(Count("pk"))),
        "drawn more than once": Job.objects.filter(attempts__gt=1).count(),
        "workers": list(Worker.objects.order_by("started").values_list("state", flat=True)),
        "usage rows": Usage.objects.count(),
        "last finished": finished.timestamp() if finished else None,
    }


if __name__ == "__main__":
    print(json.dumps(report(set(Path(sys.argv[1]).read_text().split()))))
