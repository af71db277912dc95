"""The rows of what programs leave behind beside their jobs."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from uuid_utils.compat import uuid7

from accounts.models import ApiKey, User


class Call(models.Model):
    """A request of the OpenAI dialect, which its client's retry must find again.

    That client sends no idempotency key; it sends the same body with the same key, and a count of
    its retries. So a call is known by its body, and it is free to be joined while nobody waits.
    """

    job = models.OneToOneField("generation.Job", on_delete=models.CASCADE, related_name="call")
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, db_index=False)
    body_hash = models.CharField(max_length=64)
    waited_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then at most somebody waits; null: nobody does."
    )
    delivered = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (
            models.Index(
                fields=("api_key", "body_hash", "created"),
                condition=Q(delivered__isnull=True),
                name="call_to_join",
            ),
        )

    def __str__(self) -> str:
        return f"call for {self.job_id}"


class Preview(models.Model):
    """A look at a picture that is not done, small, kept while its job is drawn for who watches."""

    job = models.ForeignKey(
        "generation.Job", on_delete=models.CASCADE, related_name="looks", db_index=False
    )
    position = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField(help_text="Of this position's looks, 0 the first.")
    content = models.BinaryField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("job", "position", "number"), name="preview_once"),
        )

    def __str__(self) -> str:
        return f"{self.job_id} at {self.position}, look {self.number}"

    @property
    def place(self) -> tuple[int, int]:
        """Position and number."""
        return self.position, self.number


class Source(models.Model):
    """The picture that a job changes: as it was sent, cut to size, and erased with the job.

    It is in the table, not in a storage: it commits with the job, and nothing else refers to it.
    """

    job = models.OneToOneField("generation.Job", on_delete=models.CASCADE, related_name="source")
    content = models.BinaryField()
    """PNG; what is transparent is to be drawn anew."""

    def __str__(self) -> str:
        return f"what {self.job_id} changes"


class Callback(models.Model):
    """An address of somebody's own that is told what became of their generations."""

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="callbacks")
    url = models.CharField(max_length=1000)
    events = models.JSONField(default=list)
    state = models.CharField(max_length=6, choices=State, default=State.ACTIVE)
    secret = models.CharField(
        max_length=80, help_text="Signs what is sent, so it is kept as it is."
    )
    former_secrets = models.JSONField(default=list, blank=True, help_text="The latest first.")
    former_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then the former secrets sign as well."
    )
    created = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("created", "pk")

    def __str__(self) -> str:
        return self.url

    @property
    def former_signs(self) -> bool:
        """Whether the former secrets sign as well, now."""
        return self.former_until is not None and self.former_until > timezone.now()


class Delivery(models.Model):
    """One thing to tell one callback. The row is the truth; a task only looks for what is due."""

    class State(models.TextChoices):
        DUE = "due", _("on its way")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("given up")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    callback = models.ForeignKey(Callback, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=32)
    generation = models.UUIDField(
        null=True, blank=True, help_text="A job's id: the row may go before."
    )
    state = models.CharField(max_length=9, choices=State, default=State.DUE)
    attempts = models.PositiveSmallIntegerField(default=0)
    due = models.DateTimeField(help_text="When to try next, or when a sender is given up.")
    since = models.DateTimeField(help_text="When this round of attempts began.")
    created = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-created", "-pk")
        indexes = (
            models.Index(fields=("due",), condition=Q(state="due"), name="delivery_due"),
            models.Index(fields=("callback", "created"), name="delivery_by_callback"),
        )

    def __str__(self) -> str:
        return f"{self.event} to {self.callback_id}"


class Attempt(models.Model):
    """One try to deliver, and what came of it."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField(db_default=Now())
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="HTTP's, if any.")
    error = models.CharField(max_length=200, blank=True, default="")
    ms = models.PositiveIntegerField()

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"{self.status or self.error}"
