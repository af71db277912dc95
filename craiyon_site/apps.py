from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from generation.catalogue import offered


class SiteConfig(AppConfig):
    """What holds the apps together: addresses, health, commands and the look."""

    name = "craiyon_site"

    def ready(self) -> None:
        checks.register(checkpoints_on_offer)
        checks.register(checkpoints_that_may_be_sold)


def checkpoints_on_offer(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[checks.CheckMessage]:
    """Returns an error where CHECKPOINTS names what cannot be offered."""
    try:
        offered()
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="craiyon.E001")]
    return []


def checkpoints_that_may_be_sold(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> list[checks.CheckMessage]:
    """Returns an error for each checkpoint whose licence forbids what is sold here."""
    if not settings.STRIPE_SECRET_KEY:
        return []
    try:
        unsold = [one.name for one in offered().values() if not one.commercial_ok]
    except ImproperlyConfigured:
        return []
    return [
        checks.Error(
            f"{name} may not be used commercially, but billing is on.",
            hint="Take it out of CHECKPOINTS, or STRIPE_SECRET_KEY away.",
            id="craiyon.E002",
        )
        for name in unsold
    ]
