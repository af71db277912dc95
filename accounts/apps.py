from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who asks, and what they may."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
