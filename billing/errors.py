"""What can go wrong with money, with sentences for the person who reads them."""

from django.utils.translation import gettext_lazy as _


class BillingError(Exception):
    """It could not be done."""

    code = "billing_error"
    status = 400
    said = _("That could not be done.")

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or str(type(self).__doc__))

    @property
    def message(self) -> str:
        """What the person is told; never what Stripe answered, which is for the log."""
        return str(self.said)


class BillingOff(BillingError):
    """No key of Stripe's is set."""

    code = "billing_off"
    status = 503
    said = _("Billing is off on this site: nothing can be bought here.")


class StripeAway(BillingError):
    """Stripe does not answer, or not now."""

    code = "stripe_away"
    status = 503
    said = _("Our payment service does not answer. Nothing was charged; please try again shortly.")


class StripeRefused(BillingError):
    """Stripe did not do what it was asked."""

    code = "stripe_refused"
    status = 502
    said = _("Our payment service refused that. Nothing was charged; we have been told.")


class PaymentRefused(StripeRefused):
    """The bank did not pay, and what was to be paid for was not done either."""

    code = "payment_refused"
    status = 402
    said = _(
        "Your payment was refused, so nothing was changed and nothing was charged. You can put in "
        "another card under “Card and invoices”, or agree to the payment there if your bank asks."
    )


class Unconfirmed(StripeAway):
    """Stripe was asked, and did not answer: it may have been done."""

    code = "unconfirmed"
    said = _(
        "Our payment service did not answer in time, so this may have gone through or not. Please "
        "look here again shortly, before you try once more: this page will show it."
    )


class Forged(BillingError):
    """This was not signed by Stripe, or too long ago."""

    code = "forged"


class NothingToChange(BillingError):
    """There is no subscription that this could change."""

    code = "nothing_to_change"
    status = 409
    said = _("There is no subscription to change. What you have is shown below.")


class AlreadySubscribed(BillingError):
    """A second subscription of the same kind would be paid twice."""

    code = "already_subscribed"
    status = 409
    said = _("You have this subscription already; it is shown below.")
