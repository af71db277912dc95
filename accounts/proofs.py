"""Proof of work: a sum that costs a browser a moment, and a flood of programs a machine.

It is asked of whoever is not known yet: who makes an account, and who draws without a cookie. A
browser that runs no scripts waits instead. Each answer serves one purpose, so that a double click
passes and a second visitor on the same answer does not.
"""

import hashlib
import json
import math
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from altcha import Payload, create_challenge, verify_solution
from django.conf import settings
from django.core import signing
from django.utils.crypto import salted_hmac

from accounts.models import SpentProof

GOOD_FOR = timedelta(hours=1)
"""How long a page may lie open before it is sent."""

WAIT = 10
"""Seconds that a browser without scripts waits between the page and its sending."""

LONGEST_PROOF = 4096

_STAMP_SALT = "accounts.proofs.stamp"
_CHALLENGE_SALT = "accounts.proofs.challenge"


class Unproven(Exception):
    """No proof came, or one that was used up."""

    def __init__(self, wait: int) -> None:
        super().__init__(str(self.__doc__))
        self.wait = wait
        """Seconds after which the same page may be sent without one."""


@dataclass(frozen=True)
class Task:
    """What a page carries: a challenge to solve, and the moment from which it may wait instead."""

    challenge: str
    stamp: str


def wanted() -> bool:
    """Whether the site asks for proofs."""
    return settings.PROOF_OF_WORK > 0


def new_task(stamp: str = "") -> Task | None:
    """Returns the task for a page; None where the site asks for none.

    Args:
        stamp: of the page that is shown again: its wait goes on.
    """
    if not wanted():
        return None
    challenge = create_challenge(
        "PBKDF2/SHA-256",
        settings.PROOF_OF_WORK,
        expires_at=int(time.time()) + int(GOOD_FOR.total_seconds()),
        hmac_secret=_secret(),
    )
    return Task(json.dumps(challenge.to_dict()), stamp if _stamped(stamp) else _new_stamp())


def refuse_unproven(proof: str, stamp: str, purpose: str) -> None:
    """Passes what was worked for, or waited for, and is now used up for this purpose.

    Raises:
        Unproven: neither is true yet.
    """
    if not wanted():
        return
    if (solved := _solved(proof)) and _spend(solved, purpose):
        return
    if (stamped := _stamped(stamp)) is None:
        raise Unproven(WAIT)
    name, at = stamped
    if (rest := at + WAIT - time.time()) > 0:
        raise Unproven(math.ceil(rest))
    if not _spend(name, purpose):
        raise Unproven(WAIT)


def forget_expired(now: datetime) -> int:
    """Deletes the used answers that no page holds any more; returns how many."""
    return SpentProof.objects.filter(expires__lt=now).delete()[0]


def _solved(proof: str) -> str:
    """The name of the challenge that a proof solves, or the empty text."""
    if not proof or len(proof) > LONGEST_PROOF:
        return ""
    if not verify_solution(proof, _secret()).verified:
        return ""
    return Payload.from_base64(proof).challenge.parameters.nonce


def _spend(name: str, purpose: str) -> bool:
    """Whether this answer is used for the first time, or for the same purpose once more."""
    digest = hashlib.sha256(purpose.encode()).hexdigest()
    # Twice as long as a page is good for: an answer is forgotten only when its page is too old.
    expires = datetime.now(UTC) + 2 * GOOD_FOR
    spent, _ = SpentProof.objects.get_or_create(
        challenge=name, defaults={"purpose": digest, "expires": expires}
    )
    return spent.purpose == digest


def _new_stamp() -> str:
    return signing.dumps([secrets.token_hex(16), int(time.time())], salt=_STAMP_SALT)


def _stamped(stamp: str) -> tuple[str, int] | None:
    """Name and moment in a stamp of ours that is not too old."""
    try:
        name, at = signing.loads(stamp, salt=_STAMP_SALT, max_age=GOOD_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return name, at


def _secret() -> bytes:
    return salted_hmac(_CHALLENGE_SALT, "altcha", algorithm="sha256").digest()
