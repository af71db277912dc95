"""What is forgotten, and when. The privacy page shows these figures."""

from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import networks, proofs
from accounts.models import Network, User, Visitor
from accounts.sign_up import UNCONFIRMED_KEPT
from billing import inbox
from craiyon_site import exports, lifecycle
from craiyon_site.sign_in import NO_ADDRESS
from generation.images import files
from generation.models import Job
from generation.queue.deletion import VISITORS_GRIDS_KEPT

MOST_GRIDS = 2000
"""Erased in one run: an hour later the next ones follow."""


def forget(now: datetime | None = None) -> dict[str, int]:
    """Forgets everything whose time has come; returns how much of each. Running twice is harmless.

    Args:
        now: when it is; the tests look at the years ahead.
    """
    moment = now or timezone.now()
    return {
        "addresses_hashed": _hash_addresses(moment),
        "sessions_addresses_forgotten": _forget_sessions_addresses(moment),
        "grids_erased": _erase_visitors_grids(moment),
        "visitors_forgotten": _forget_visitors(moment),
        "sessions_forgotten": _forget_sessions(moment),
        "unconfirmed_forgotten": _forget_unconfirmed(moment),
        "proofs_forgotten": proofs.forget_expired(moment),
        "stripe_events_forgotten": inbox.forget_old(moment),
        "exports_deleted": exports.forget_old(),
        "accounts_erased": _go_on_with_deletions(),
    }


def _hash_addresses(now: datetime) -> int:
    plain = Network.objects.filter(created__lt=now - networks.KEPT).exclude(
        prefix__startswith=networks.HASHED
    )
    hashed = 0
    for network in plain.exclude(prefix=networks.UNKNOWN).iterator():
        _hash_address(network)
        hashed += 1
    return hashed


def _hash_address(network: Network) -> None:
    name = networks.hash_of(network.prefix)
    try:
        with transaction.atomic():
            Network.objects.filter(pk=network.pk).update(prefix=name)
    except IntegrityError:
        # Somebody came back in the moment between a look for the row and its hashing: two rows.
        with transaction.atomic():
            first = Network.objects.select_for_update().get(prefix=name)
            Job.objects.filter(network=network).update(network=first)
            network.delete()


def _forget_sessions_addresses(now: datetime) -> int:
    old = UserSession.objects.filter(created_at__lt=now - networks.KEPT)
    return int(old.exclude(ip=NO_ADDRESS).update(ip=NO_ADDRESS))


def _erase_visitors_grids(now: datetime) -> int:
    old = Job.objects.filter(
        visitor__isnull=False, erased__isnull=True, created__lt=now - VISITORS_GRIDS_KEPT
    )
    jobs = list(old.order_by("created")[:MOST_GRIDS])
    for job in jobs:
        files.forget(job)
    return len(jobs)


def _forget_visitors(now: datetime) -> int:
    idle = Visitor.objects.filter(job__isnull=True, created__lt=now - VISITORS_GRIDS_KEPT)
    try:
        with transaction.atomic():
            return idle.delete()[0]
    except IntegrityError:
        return 0  # one of them came back in this moment and drew: the next time, then


def _forget_sessions(now: datetime) -> int:
    stale, _ = Session.objects.filter(expire_date__lt=now).delete()
    longest = timedelta(seconds=settings.SESSION_COOKIE_AGE)
    over = UserSession.objects.filter(created_at__lt=now - longest)
    over.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return stale


def _forget_unconfirmed(now: datetime) -> int:
    """Forgets the addresses that somebody typed and nobody confirmed: whose they are is unknown."""
    old = User.objects.filter(
        date_joined__lt=now - UNCONFIRMED_KEPT, last_login=None, deleted=None, job=None
    )
    typed = old.filter(emailaddress__isnull=False).exclude(emailaddress__verified=True)
    return typed.exclude(api_keys__isnull=False).delete()[1].get("accounts.User", 0)


def _go_on_with_deletions() -> int:
    """Finishes what a process that ended halfway through a deletion left."""
    left = User.objects.filter(deleted__isnull=False, job__erased__isnull=True, job__isnull=False)
    users = list(left.distinct())
    for user in users:
        lifecycle.erase_deleted(user)
    return len(users)
