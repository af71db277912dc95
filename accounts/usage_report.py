"""What an account's keys have drawn, day by day: for a chart, a table and a spreadsheet."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import ApiKey, Usage, User

DAYS = 30
CRAYONS = ("red", "yellow", "green", "blue", "violet")
WIDTH, HEIGHT = 720, 160
"""Of the chart, in its own units."""


@dataclass(frozen=True)
class Row:
    """What one key drew on one day, in UTC. No key: drawn on the site, or by a key now gone."""

    day: date
    key: str
    grids: int
    images: int


@dataclass(frozen=True)
class Bar:
    """One key's part of a day in the chart."""

    x: float
    y: float
    width: float
    height: float
    crayon: str
    title: str


@dataclass(frozen=True)
class Chart:
    """Stacked bars, one stack a day."""

    bars: Sequence[Bar]
    keys: Sequence[tuple[str, str]]
    """Each key's name and crayon, as they are stacked from below."""
    most: int
    first: date
    last: date
    width: int = WIDTH
    height: int = HEIGHT


def usage_of(user: User, *, days: int = DAYS, today: date | None = None) -> list[Row]:
    """Returns the user's delivered grids by day and key, the oldest day first."""
    last = today or timezone.now().date()
    since = datetime.combine(last - timedelta(days=days - 1), time(), tzinfo=UTC)
    found = (
        Usage.objects.filter(user=user, created__gte=since)
        .annotate(day=TruncDate("created", tzinfo=UTC))
        .order_by("day", "api_key_id")
        .values("day", "api_key_id")
        .annotate(grids=Count("pk"), drawn=Sum("images"))
    )
    names = _names(user)
    return [
        Row(one["day"], names.get(one["api_key_id"], ""), one["grids"], one["drawn"])
        for one in found
    ]


def chart_of(rows: Iterable[Row], *, days: int = DAYS, today: date | None = None) -> Chart:
    """Returns the chart of usage rows; a day without any is an empty place."""
    rows = list(rows)
    last = today or timezone.now().date()
    first = last - timedelta(days=days - 1)
    totals: dict[date, int] = defaultdict(int)
    for row in rows:
        totals[row.day] += row.grids
    most = max(totals.values(), default=0)
    order = list(dict.fromkeys(row.key for row in rows))
    crayons = {key: CRAYONS[index % len(CRAYONS)] for index, key in enumerate(order)}
    return Chart(
        bars=_bars(rows, crayons, first, days, most),
        keys=[(key or _("on the site"), crayons[key]) for key in order],
        most=most,
        first=first,
        last=last,
    )


def _bars(
    rows: Sequence[Row], crayons: dict[str, str], first: date, days: int, most: int
) -> list[Bar]:
    step = WIDTH / days
    tops: dict[date, float] = defaultdict(lambda: float(HEIGHT))
    bars = []
    for row in sorted(rows, key=lambda row: (row.day, list(crayons).index(row.key))):
        height = HEIGHT * row.grids / most
        tops[row.day] -= height
        bars.append(
            Bar(
                x=round((row.day - first).days * step + step * 0.1, 2),
                y=round(tops[row.day], 2),
                width=round(step * 0.8, 2),
                height=round(height, 2),
                crayon=crayons[row.key],
                title=f"{row.day.isoformat()}: {row.key or _('on the site')}, {row.grids}",
            )
        )
    return bars


def as_csv(rows: Iterable[Row]) -> str:
    """Returns the rows for a spreadsheet; a name that begins like a formula is quoted as text."""
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow(("day", "key", "grids", "images"))
    for row in rows:
        key = f"'{row.key}" if row.key.startswith(("=", "+", "-", "@", "\t", "\r")) else row.key
        lines.writerow((row.day.isoformat(), key, row.grids, row.images))
    return file.getvalue()


def _names(user: User) -> dict[int, str]:
    """Names by key, told apart by their beginnings where two are called the same."""
    keys = list(ApiKey.objects.filter(user=user).values_list("pk", "name", "prefix"))
    names = [name for _pk, name, _prefix in keys]
    return {
        pk: f"{name} ({prefix}…)" if names.count(name) > 1 else name for pk, name, prefix in keys
    }
