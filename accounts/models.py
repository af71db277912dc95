"""Who asks for pictures, and what their plan allows."""

import uuid

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

A_GRID = (MinValueValidator(1), MaxValueValidator(10))
"""As many images as a grid has places for."""


class Plan(models.Model):
    """The limits and rights of a kind of owner. Admins edit the rows."""

    VISITOR = "visitor"
    FREE = "free"
    PREMIUM = "premium"
    API = "api"
    NETWORK = "network"
    """The bucket shared by everybody behind one address."""

    NAMED = (VISITOR, FREE, PREMIUM, API, NETWORK)
    """The plans that the code refers to: they are always there."""

    class Tier(models.IntegerChoices):
        PAID = 1
        FREE = 2

    name = models.SlugField(primary_key=True)
    in_flight = models.PositiveIntegerField(help_text="Grids waiting or being drawn at once.")
    per_minute = models.PositiveIntegerField(help_text="Grids asked for in any 60 seconds.")
    per_day = models.PositiveIntegerField(help_text="Grids delivered in any 24 hours.")
    largest_side = models.PositiveIntegerField(default=512, help_text="Pixels.")
    images_per_grid = models.PositiveSmallIntegerField(default=9, validators=A_GRID)
    tier = models.PositiveSmallIntegerField(choices=Tier, default=Tier.FREE)
    weight = models.PositiveIntegerField(
        default=1,
        validators=[MinValueValidator(1)],
        help_text="Share of the lane, against other owners in the same lane.",
    )
    watermark = models.BooleanField(default=True)
    ads = models.BooleanField(default=True)
    private = models.BooleanField(default=False, help_text="May keep grids private.")
    api = models.BooleanField(default=True, help_text="May let programs draw, by API keys.")
    monthly_grids = models.PositiveIntegerField(
        default=0, help_text="Grids a month that programs draw before they are metered."
    )

    class Meta:
        ordering = ("per_day", "name")
        constraints = (
            models.CheckConstraint(condition=models.Q(tier__in=(1, 2)), name="plan_tier_is_known"),
            models.CheckConstraint(
                condition=models.Q(weight__gte=1), name="plan_weight_is_positive"
            ),
        )

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """Somebody with an account."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, default=Plan.FREE)
    language = models.CharField(
        max_length=8,
        choices=settings.LANGUAGES,
        blank=True,
        default="",
        help_text="Of pages and mails; empty: as the browser asks.",
    )
    deleted = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Since when the row is nobody's, kept for what money refers to.",
    )


class Override(models.Model):
    """What one account may do otherwise than its plan says. A null column is as the plan has it."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="override")
    in_flight = models.PositiveIntegerField(null=True, blank=True)
    per_minute = models.PositiveIntegerField(null=True, blank=True)
    per_day = models.PositiveIntegerField(null=True, blank=True)
    largest_side = models.PositiveIntegerField(null=True, blank=True)
    images_per_grid = models.PositiveSmallIntegerField(null=True, blank=True, validators=A_GRID)
    tier = models.PositiveSmallIntegerField(choices=Plan.Tier, null=True, blank=True)
    weight = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    watermark = models.BooleanField(null=True, blank=True)
    ads = models.BooleanField(null=True, blank=True)
    private = models.BooleanField(null=True, blank=True)
    api = models.BooleanField(null=True, blank=True)
    monthly_grids = models.PositiveIntegerField(null=True, blank=True)
    reason = models.CharField(max_length=200)
    until = models.DateTimeField(null=True, blank=True, help_text="Empty: without an end.")
    created = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(tier__isnull=True) | models.Q(tier__in=(1, 2)),
                name="override_tier_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(weight__isnull=True) | models.Q(weight__gte=1),
                name="override_weight_is_positive",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.reason}"


class Visitor(models.Model):
    """Somebody without an account, known by a signed cookie that holds this id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created = models.DateTimeField(db_default=Now())
    claimed = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Since when the grids are another owner's: who has the cookie is a newcomer.",
    )

    def __str__(self) -> str:
        return f"visitor {self.id}"


class ClaimCode(models.Model):
    """A code that carries a visitor's grids to another device, once. Only its hash is kept."""

    visitor = models.ForeignKey(Visitor, on_delete=models.CASCADE)
    hash = models.CharField(max_length=64, unique=True)
    expires = models.DateTimeField(help_text="Earlier than it was told, where it was replaced.")
    used = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(fields=("visitor", "created"), name="claimcode_by_visitor"),)

    def __str__(self) -> str:
        return f"code of {self.visitor}"


class WrongCode(models.Model):
    """One try with a code that opened nothing: a network has only so many."""

    network = models.ForeignKey("Network", on_delete=models.CASCADE)
    created = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return f"wrong code from {self.network}"


class Network(models.Model):
    """One IPv4 address or one IPv6 /64: a second and wider bucket, never an owner."""

    prefix = models.CharField(
        max_length=43, unique=True, help_text="After a week a keyed hash takes its place."
    )
    created = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.prefix


class ApiKey(models.Model):
    """A secret by which a program asks in the name of an account. Only its hash is kept."""

    class Scope(models.TextChoices):
        DRAW = "draw", _("draw, cancel and delete grids")
        READ = "read", _("look at grids, models and the account")
        CALLBACKS = "callbacks", _("manage callbacks")

    class Ended(models.TextChoices):
        BY_OWNER = "owner", _("revoked")
        REPORTED = "reported", _("reported as leaked")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=60, help_text="What its owner calls it.")
    live = models.BooleanField(help_text="A test key gets marked pictures at once, for nothing.")
    prefix = models.CharField(max_length=16, help_text="The beginning, to recognise it by.")
    sha256 = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    per_day = models.PositiveIntegerField(null=True, blank=True, help_text="Grids in 24 hours.")
    largest_side = models.PositiveIntegerField(null=True, blank=True, help_text="Pixels.")
    expires = models.DateTimeField(null=True, blank=True)
    used = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    ended = models.CharField(max_length=8, choices=Ended, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-created", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ended="", ended_at__isnull=True)
                | (~models.Q(ended="") & models.Q(ended_at__isnull=False)),
                name="apikey_ends_at_a_moment",
            ),
        )

    def __str__(self) -> str:
        return f"{self.prefix}…"


class Usage(models.Model):
    """One delivered job. Written in the transaction that finishes it, so never twice or without it.

    It holds the job's id and no foreign key: money outlives pictures.
    """

    class Bill(models.TextChoices):
        """Whether it is paid for, and how far it has come on its way to Stripe."""

        NONE = "", _("included")
        DUE = "due", _("to be sent")
        SENT = "sent", _("sent")
        LOST = "lost", _("not billed: too late to be sent")

    job_id = models.UUIDField(unique=True)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    api_key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, blank=True)
    plan = models.SlugField(blank=True, default="", help_text="The owner's, at delivery.")
    bill = models.CharField(max_length=4, choices=Bill, blank=True, default=Bill.NONE)
    meter_tried = models.DateTimeField(null=True, help_text="When it was first sent to Stripe.")
    images = models.PositiveSmallIntegerField(help_text="Delivered, not asked for.")
    pixel_steps = models.PositiveBigIntegerField(help_text="Width x height x steps x images.")
    seconds = models.FloatField(help_text="This job's share of its batch's time on the device.")
    created = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (
            models.Index(fields=("user", "created"), name="usage_by_user"),
            models.Index(
                fields=("created",), condition=models.Q(bill="due"), name="usage_to_be_sent"
            ),
        )

    def __str__(self) -> str:
        return f"usage of {self.job_id}"


class Metering(models.Model):
    """Somebody whose programs' grids are paid for, beyond what a month includes, up to a cap."""

    user = models.OneToOneField(User, on_delete=models.CASCADE)
    on = models.BooleanField(default=True)
    cap = models.PositiveIntegerField(default=500, help_text="Paid grids a month, at most.")

    def __str__(self) -> str:
        return f"metering of {self.user}"


class SpentProof(models.Model):
    """A challenge that was solved, kept until it expires so that it serves one purpose once."""

    challenge = models.CharField(max_length=64, unique=True)
    purpose = models.CharField(max_length=64, help_text="A hash of what it was solved for.")
    expires = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.challenge


class Export(models.Model):
    """Everything of an account as one file, packed by a chore and kept for a day."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        PACKING = "packing", _("being packed")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    grids = models.PositiveIntegerField(default=0)
    packed = models.PositiveIntegerField(default=0, help_text="Of those grids.")
    name = models.CharField(max_length=200, blank=True, help_text="In the exports storage.")
    bytes = models.PositiveBigIntegerField(default=0)
    created = models.DateTimeField(db_default=Now())
    moved = models.DateTimeField(null=True, help_text="When the packing last got on.")

    class Meta:
        ordering = ("-created",)
        constraints = (
            models.UniqueConstraint(
                fields=("user",),
                condition=models.Q(status__in=("waiting", "packing")),
                name="export_one_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"export {self.pk} ({self.status})"


Owner = User | Visitor
