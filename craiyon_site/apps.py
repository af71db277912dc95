from django.apps import AppConfig


class SiteConfig(AppConfig):
    """What holds the apps together: addresses, health, commands and the look."""

    name = "craiyon_site"
