"""Which ad is shown to whom, and the counting of what was seen and followed.

What is known of a browser is how often it saw an ad today, in a cookie of ours, and only where
that browser does not ask to be left alone.
"""

import random
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.entitlements import entitlements_of
from accounts.models import User
from billing.models import AdDay, AdSight, HouseAd

KEPT = 20.0
"""Seconds that a process keeps the list of ads: pages ask for it all the time."""

GOOD_FOR = 24 * 3600
"""Seconds for which a showing can be counted."""

COOKIE, SALT = "ads", "billing.ads"


@dataclass(frozen=True)
class Shown:
    """An ad in its place, with the address by which it is counted."""

    ad: HouseAd
    token: str


@dataclass
class Running:
    """The ads that run, as of a moment ago."""

    ads: list[HouseAd] = field(default_factory=list)
    read: float = -KEPT

    def now(self) -> list[HouseAd]:
        """Returns the ads that run, without their pictures' bytes."""
        if time.monotonic() - self.read >= KEPT:
            self.ads = list(HouseAd.objects.filter(active=True).defer("picture"))
            self.read = time.monotonic()
        moment = timezone.now()
        return [
            ad for ad in self.ads if ad.starts <= moment and (ad.ends is None or ad.ends > moment)
        ]


running = Running()


def may_see(request: HttpRequest) -> bool:
    """Returns whether whoever looks has ads at all: subscribers have none."""
    if not hasattr(request, "sees_ads"):
        # All visitors have the same rights: which one looks need not be asked for.
        user = request.user if isinstance(request.user, User) else None
        request.sees_ads = entitlements_of(user).ads  # type: ignore[attr-defined]
    return bool(request.sees_ads)  # type: ignore[attr-defined]


def left_alone(request: HttpRequest) -> bool:
    """Returns whether a browser asks not to be followed (Global Privacy Control, Do Not Track)."""
    return request.headers.get("Sec-GPC") == "1" or request.headers.get("DNT") == "1"


def on(page: str) -> list[HouseAd]:
    """Returns the ads that run on a page, “home” or “grid”."""
    return [ad for ad in running.now() if getattr(ad, f"on_{page}")]


def chosen(request: HttpRequest, page: str, chance: random.Random | None = None) -> Shown | None:
    """Returns an ad for a page, by weight; None for subscribers, or when there is none left."""
    if not may_see(request):
        return None
    seen = {} if left_alone(request) else _seen_by(request)
    ad = _by_weight(on(page), seen, left_alone(request), chance or random.SystemRandom())
    return None if ad is None else Shown(ad, _token(ad))


def _by_weight(
    ads: Sequence[HouseAd], seen: Mapping[str, int], alone: bool, chance: random.Random
) -> HouseAd | None:
    """An ad with a cap needs a count, which is not kept of those who ask to be left alone."""
    open_ = [
        ad for ad in ads if not ad.per_day or (not alone and seen.get(str(ad.pk), 0) < ad.per_day)
    ]
    return chance.choices(open_, [ad.weight for ad in open_])[0] if open_ else None


def see(token: str) -> HouseAd:
    """Counts a showing, once for each token; returns the ad with its picture.

    Raises:
        signing.BadSignature: the token is not ours, or too old.
        HouseAd.DoesNotExist: the ad is gone.
    """
    number, ad_id = _read(token)
    ad = HouseAd.objects.get(pk=ad_id)
    with transaction.atomic():
        _, new = AdSight.objects.get_or_create(pk=number, defaults={"ad": ad})
        if new:
            day, _ = AdDay.objects.get_or_create(ad=ad, day=timezone.now().date())
            AdDay.objects.filter(pk=day.pk).update(views=F("views") + 1)
    return ad


def follow(token: str) -> str:
    """Counts a click, once for each showing; returns where it leads.

    A click is a view as well: who clicked has seen it, whatever became of the picture.

    Raises:
        signing.BadSignature, HouseAd.DoesNotExist: as `see`.
    """
    ad = see(token)
    number, _ = _read(token)
    with transaction.atomic():
        mine = AdSight.objects.filter(pk=number, followed=None)
        if mine.update(followed=timezone.now()):
            seen = AdSight.objects.values_list("seen", flat=True).get(pk=number)
            AdDay.objects.filter(ad=ad, day=seen.date()).update(clicks=F("clicks") + 1)
    return ad.target


def remember(request: HttpRequest, response: HttpResponseBase, ad: HouseAd) -> None:
    """Counts, in the browser's own cookie, that it saw an ad with a cap today."""
    if not ad.per_day or left_alone(request):
        return
    seen = dict(_seen_by(request))
    seen[str(ad.pk)] = seen.get(str(ad.pk), 0) + 1
    today = timezone.now().date().isoformat()
    response.set_signed_cookie(
        COOKIE,
        signing.dumps({today: seen}),
        salt=SALT,
        max_age=GOOD_FOR,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )


def forget_old() -> int:
    """Deletes the showings that can be counted no more; the days' sums stay."""
    old = timezone.now() - timedelta(seconds=2 * GOOD_FOR)
    deleted, _ = AdSight.objects.filter(seen__lt=old).delete()
    return deleted


def _seen_by(request: HttpRequest) -> Mapping[str, int]:
    said = request.get_signed_cookie(COOKIE, "", salt=SALT, max_age=GOOD_FOR)
    try:
        days = signing.loads(said or "")
    except signing.BadSignature:
        return {}
    found = days.get(timezone.now().date().isoformat(), {})
    return found if isinstance(found, dict) else {}


def _token(ad: HouseAd) -> str:
    return signing.dumps([uuid.uuid4().hex, ad.pk], salt=SALT)


def _read(token: str) -> tuple[uuid.UUID, int]:
    number, ad_id = signing.loads(token, salt=SALT, max_age=GOOD_FOR)
    return uuid.UUID(number), int(ad_id)
