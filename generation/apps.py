"""The app, as Django knows it."""

from django.apps import AppConfig


class GenerationConfig(AppConfig):
    """Prompts become images."""

    name = "generation"
    default_auto_field = "django.db.models.BigAutoField"
