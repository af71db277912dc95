"""What programs leave behind beside their jobs. `generation.models` is where to import it from."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import ApiKey


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
