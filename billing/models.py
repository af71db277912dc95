"""What Stripe says, by our last reading of it, and what is still to be done about it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import Plan, User
from billing.ad_models import AdDay, AdSight, HouseAd

__all__ = [
    "AdDay", "AdSight", "Customer", "Gift", "HouseAd", "Interval", "Kind", "Notice", "Price",
    "StripeEvent", "Subscription",
]  # fmt: skip


class Kind(models.TextChoices):
    """What can be subscribed to. Both at once is possible."""

    PREMIUM = "premium", _("Premium")
    API = "api", _("API by use")


class Interval(models.TextChoices):
    MONTH = "month", _("a month")
    YEAR = "year", _("a year")


class Customer(models.Model):
    """Somebody who pays, or once began to. Stripe's truth about them is read under a lease.

    `sync_wanted` counts the reasons to read, `sync_done` those that a reading has covered.
    """

    user = models.OneToOneField(User, on_delete=models.SET_NULL, null=True, related_name="customer")
    stripe_id = models.CharField(max_length=64, unique=True)
    sync_wanted = models.PositiveBigIntegerField(default=1)
    sync_done = models.PositiveBigIntegerField(default=0)
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    read_at = models.DateTimeField(null=True, help_text="When Stripe was last read.")
    created = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(sync_done__lte=F("sync_wanted")), name="customer_done_was_wanted"
            ),
        )
        indexes = (
            models.Index(
                fields=("id",), condition=Q(sync_wanted__gt=F("sync_done")), name="customer_unread"
            ),
        )

    def __str__(self) -> str:
        return self.stripe_id


class Subscription(models.Model):
    """One subscription as Stripe last described it."""

    class Status(models.TextChoices):
        """Stripe's own words."""

        INCOMPLETE = "incomplete", _("waiting for the first payment")
        INCOMPLETE_EXPIRED = "incomplete_expired", _("never paid")
        TRIALING = "trialing", _("on trial")
        ACTIVE = "active", _("active")
        PAST_DUE = "past_due", _("payment failed")
        UNPAID = "unpaid", _("unpaid")
        PAUSED = "paused", _("paused")
        CANCELED = "canceled", _("ended")

    ENDED = (Status.CANCELED, Status.INCOMPLETE_EXPIRED)
    WAITING = (Status.INCOMPLETE, Status.UNPAID, Status.PAUSED)

    class Frozen(models.TextChoices):
        NO = "", _("no")
        REFUNDED = "refunded", _("refunded in full")
        DISPUTED = "disputed", _("disputed")

    stripe_id = models.CharField(max_length=64, primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="subscriptions")
    kind = models.CharField(max_length=8, choices=Kind)
    interval = models.CharField(max_length=5, choices=Interval)
    item = models.CharField(max_length=64)
    price = models.CharField(max_length=64)
    amount = models.DecimalField(max_digits=14, decimal_places=4, help_text="In the smallest unit.")
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=Status)
    frozen = models.CharField(max_length=8, choices=Frozen, blank=True, default=Frozen.NO)
    period_start = models.DateTimeField()
    period_end = models.DateTimeField()
    ends = models.BooleanField(default=False, help_text="It ends with its period.")
    trial_end = models.DateTimeField(null=True)
    unpaid_since = models.DateTimeField(
        null=True, help_text="While a payment fails: of the oldest invoice that is not paid."
    )
    entitled = models.BooleanField(default=False, help_text="It gives its rights now.")

    class Meta:
        ordering = ("kind", "-period_end")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.get_interval_display()}"

    @property
    def kept_until(self) -> datetime:
        """While a payment fails: the end of the grace."""
        grace = timedelta(days=settings.PAYMENT_GRACE_DAYS)
        return (self.unpaid_since or self.period_start) + grace

    @property
    def lapsed(self) -> bool:
        """Whether it runs, but is neither paid for nor kept on until it is."""
        failing = self.status == self.Status.PAST_DUE and not self.entitled
        return failing or self.status in self.WAITING


class StripeEvent(models.Model):
    """One event that Stripe signed and sent. It is not believed: it says where to look."""

    stripe_id = models.CharField(max_length=64, primary_key=True)
    type = models.CharField(max_length=80)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, null=True)
    charge = models.CharField(
        max_length=64, blank=True, default="",
        help_text="Of a dispute, whose customer is still to be asked for.",
    )  # fmt: skip
    happened = models.DateTimeField()
    received = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-received",)
        indexes = (
            models.Index(fields=("charge",), condition=~Q(charge=""), name="event_of_a_charge"),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.stripe_id}"


class Price(models.Model):
    """What something costs, by Stripe's last word; pages must not wait for Stripe."""

    lookup_key = models.SlugField(primary_key=True)
    stripe_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=8, choices=Kind)
    interval = models.CharField(max_length=5, choices=Interval)
    amount = models.DecimalField(max_digits=14, decimal_places=4, help_text="In the smallest unit.")
    currency = models.CharField(max_length=3)
    read_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.lookup_key


class Gift(models.Model):
    """A plan given to somebody until a day, with the reason on record."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="gifts")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, default=Plan.PREMIUM)
    until = models.DateTimeField()
    reason = models.CharField(max_length=300)
    given_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, editable=False, related_name="given"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ("-until",)

    def __str__(self) -> str:
        return f"{self.plan_id} for {self.user}"


class Notice(models.Model):
    """One mail that somebody is owed, written with what it tells of and sent once."""

    class Kind(models.TextChoices):
        PAYMENT_FAILED = "payment_failed"
        FROZEN = "frozen"
        UNPAID = "unpaid"
        ENDED = "ended"
        TRIAL_ENDS = "trial_ends"
        RENEWS = "renews"
        CAP = "cap"

    key = models.CharField(max_length=120, unique=True, help_text="One mail for each.")
    kind = models.CharField(max_length=16, choices=Kind)
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    about = models.JSONField(default=dict)
    tries = models.PositiveSmallIntegerField(
        default=0, validators=[MinValueValidator(0)], help_text="Given up after twelve."
    )
    created = models.DateTimeField(db_default=Now())
    sent = models.DateTimeField(null=True)

    class Meta:
        ordering = ("created",)
        indexes = (models.Index(fields=("created",), condition=Q(sent=None), name="notice_unsent"),)

    def __str__(self) -> str:
        return self.key
