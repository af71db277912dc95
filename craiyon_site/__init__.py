"""The site: settings, addresses, health, and the flows that touch several apps."""

from craiyon_site.celery import app as celery_app

__all__ = ["celery_app"]
