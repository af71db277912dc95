from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Money: what Stripe says, what people pay, and the ads that keep the rest free."""

    name = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Registers the checks that name each missing piece."""
        from billing import checks  # noqa: F401, PLC0415
