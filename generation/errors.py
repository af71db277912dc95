"""What can go wrong, with codes that are stable and sentences for the person who reads them."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class GenerationError(Exception):
    """The picture could not be asked for, or not be shown."""

    code = "generation_error"
    status = 400

    def __init__(self, message: str = "", *, retry_after: int | None = None) -> None:
        super().__init__(message or str(self.__doc__))
        self.message = message or str(self.__doc__)
        self.retry_after = retry_after
        """Seconds after which asking again makes sense, where that is known."""


class PromptRefused(GenerationError):
    """This prompt cannot be drawn."""

    code = "prompt_refused"


class PromptBlocked(PromptRefused):
    """This prompt asks for something that is not drawn here."""

    code = "prompt_blocked"

    def __init__(self, message: str, *, category: str) -> None:
        super().__init__(message)
        self.category = category
        """Of the rule that it breaks."""


class RequestRefused(GenerationError):
    """This size, count or checkpoint cannot be drawn."""

    code = "request_refused"


class ProofNeeded(GenerationError):
    """Nothing shows yet that this is no flood of programs."""

    code = "proof_needed"
    status = 403


class LimitReached(GenerationError):
    """An allowance is used up."""

    code = "limit_reached"
    status = 429

    def __init__(
        self, message: str = "", *, retry_after: int | None = None, shared: bool = False
    ) -> None:
        super().__init__(message, retry_after=retry_after)
        self.shared = shared
        """Whether it is that of a network, which all who draw there for free share."""


class PaymentRequired(GenerationError):
    """This month's grids by the API are used up, and nothing pays for more."""

    code = "payment_required"
    status = 402


class CapReached(GenerationError):
    """The monthly cap of paid grids is reached."""

    code = "monthly_cap_reached"
    status = 402


class Busy(GenerationError):
    """Too many people are drawing."""

    code = "busy"
    status = 503


class KeyReused(GenerationError):
    """This idempotency key belongs to another request."""

    code = "idempotency_key_reused"
    status = 409


class OwnerMoved(GenerationError):
    """The visitor's grids have just become another owner's, or the account nobody's."""

    code = "owner_moved"
    status = 409


class NothingToRedraw(GenerationError):
    """There is nothing to draw again at this position."""

    code = "nothing_to_redraw"
    status = 409


class Failure(TextChoices):
    """Why a job failed, or why its last attempt did."""

    CHECKPOINT_BROKEN = (
        "checkpoint_broken",
        _("The model that draws could not be loaded. We have been told; please try again later."),
    )
    OUT_OF_MEMORY = (
        "out_of_memory",
        _("The picture did not fit into the drawing machine's memory. A smaller size may work."),
    )
    HUNG = "hung", _("Drawing stopped making progress and was given up.")
    DRAWING_FAILED = "drawing_failed", _("Something went wrong while drawing.")
    STORAGE_REFUSED = "storage_refused", _("The finished pictures could not be stored.")
    CHECK_UNAVAILABLE = (
        "check_unavailable",
        _("The pictures could not be checked, so they are not shown."),
    )
    LOST = "lost", _("The drawing machine was lost three times while it worked on this.")
    BLOCKED = "blocked", _("Every picture was held back by the check.")
