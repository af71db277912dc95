"""What the pages show: plain values for the templates, made of rows."""

from dataclasses import dataclass
from typing import Any

from django.contrib.humanize.templatetags.humanize import ordinal
from django.utils.formats import number_format
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import limits
from accounts.entitlements import Entitlements, entitlements_of
from accounts.models import Owner
from generation import catalogue, clock
from generation.models import Job
from generation.queue import admission
from generation.queue.news import News
from generation.queue.workers import Crew
from generation.scheduling import Wait


def said_of(news: News) -> dict[str, Any]:
    """Returns what `generation/news.html` shows: in a page, and in its stream."""
    return {
        "news": news,
        "place": place(news),
        "sentence": sentence(news),
        "percent": round(100 * news.progress),
    }


def place(news: News) -> str:
    """Returns “7th”, or the empty text for who waits no more."""
    # Some languages raise the ending with markup, which an event's text cannot hold.
    return "" if news.place is None else strip_tags(str(ordinal(news.place)))


def sentence(news: News) -> str:
    """Returns what the news come to for the person who waits."""
    match news.status:
        case Job.Status.QUEUED:
            return _why_nobody_draws(news.crew) or _starts(*news.starts_in)
        case Job.Status.RUNNING:
            return _("%(percent)d%% drawn.") % {"percent": round(100 * news.progress)}
    return ""


def _why_nobody_draws(crew: Crew) -> str:
    match crew:
        case Crew.NOBODY:
            return _("No machine is drawing now. It starts once one is back.")
        case Crew.LOADS:
            return _("The model is being loaded. Drawing begins right after.")
    return ""


def _starts(low: float, high: float) -> str:
    if high < 5:
        return _("It starts any moment.")
    if low < 5:
        return _("It starts within %s.") % duration(high)
    if high < 90:
        return _("It starts in %(low)d to %(high)d seconds.") % {
            "low": _fives(low),
            "high": max(_fives(low) + 5, _fives(high)),
        }
    if duration(low) == duration(high):
        return _("It starts in about %s.") % duration(high)
    return _("It starts in %(low)s to %(high)s.") % {"low": duration(low), "high": duration(high)}


def duration(seconds: float) -> str:
    """Returns a rounded duration in words, “40 seconds” or “3 minutes” or “5 hours”."""
    if seconds < 90:
        shown = max(1, round(seconds)) if seconds < 10 else _fives(seconds)
        return ngettext("%d second", "%d seconds", shown) % shown
    if seconds < 90 * 60:
        minutes = round(seconds / 60)
        return ngettext("%d minute", "%d minutes", minutes) % minutes
    hours = round(seconds / 3600)
    return ngettext("%d hour", "%d hours", hours) % hours


def wait_said(wait: Wait) -> str:
    """Returns a range of waiting in words, “2 minutes to 5 minutes”."""
    low, high = duration(wait.low), duration(wait.high)
    if wait.high < 5:
        return _("a moment")
    if wait.low < 5:
        return _("at most %s") % high
    return high if low == high else _("%(low)s to %(high)s") % {"low": low, "high": high}


def _fives(seconds: float) -> int:
    return max(5, 5 * round(seconds / 5))


def took(job: Job) -> str:
    """Returns “6.2 seconds” of drawing, or the empty text before the end."""
    if job.started is None or job.finished is None:
        return ""
    seconds = (job.finished - job.started).total_seconds()
    if seconds < 60:
        return _("%(seconds)s seconds") % {"seconds": number_format(seconds, 1)}
    return duration(seconds)


def reload_after(news: News) -> int:
    """Returns the seconds after which a page without scripts asks again."""
    if news.status == Job.Status.QUEUED:
        return round(min(20, max(3, news.starts_in[0] / 2)))
    return 2


def read_and_not(job: Job) -> tuple[str, str]:
    """Returns the part of the prompt that the checkpoint read, and the rest."""
    if job.prompt_cut_at is None:
        return job.prompt, ""
    return job.prompt[: job.prompt_cut_at], job.prompt[job.prompt_cut_at :]


def checkpoint_title(job: Job) -> str:
    """Returns what people call the job's checkpoint, which may not be on offer any more."""
    checkpoint = catalogue.offered().get(job.checkpoint)
    return checkpoint.title if checkpoint else job.checkpoint


@dataclass(frozen=True)
class RoomShown:
    """A limit as the account page shows it."""

    left: int
    said: str
    more: str


def rooms_of(owner: Owner, rights: Entitlements) -> list[RoomShown]:
    """Returns what each limit of an owner still allows, before they run into one."""
    now = clock.now()
    spent = admission.spent_by(admission.jobs_of(owner), rights.allowance, now)
    return [
        RoomShown(
            room.left,
            _room_said(room),
            _("One more in %s.") % duration(room.more_in) if room.more_in else "",
        )
        for room in limits.room(rights.allowance, spent, now)
    ]


def _room_said(room: limits.Room) -> str:
    match room.limit:
        case limits.Limit.PER_DAY:
            return _("of %(allowed)d grids in 24 hours") % {"allowed": room.allowed}
        case limits.Limit.PER_MINUTE:
            return _("of %(allowed)d grids in a minute") % {"allowed": room.allowed}
        case limits.Limit.IN_FLIGHT:
            return ngettext(
                "of %(allowed)d grid at a time", "of %(allowed)d grids at a time", room.allowed
            ) % {"allowed": room.allowed}


def kept_by(owner: Owner) -> int:
    """Returns how many grids an owner has that are not deleted."""
    return admission.jobs_of(owner).filter(erased__isnull=True, deleted__isnull=True).count()


def shows_watermark(job: Job) -> bool:
    """Whether the grid carries the mark now: its owner's rights say so, not when it was drawn."""
    return job.owner is not None and entitlements_of(job.owner).watermark
