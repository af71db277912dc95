from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from generation.catalogue import offered


class SiteConfig(AppConfig):
    """What holds the apps together: addresses, health, commands and the look."""

    name = "craiyon_site"

    def ready(self) -> None:
        checks.register(checkpoints_on_offer)


def checkpoints_on_offer(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[checks.CheckMessage]:
    """Returns an error where CHECKPOINTS names what cannot be offered."""
    try:
        offered()
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="craiyon.E001")]
    return []
