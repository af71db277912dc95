"""The Celery application: doorbells for the drawing workers, and the chores."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from kombu.transport import TRANSPORT_ALIASES

TRANSPORT_ALIASES["filesystem"] = "craiyon_site.folder_broker:Transport"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "craiyon_site.settings")

app = Celery("craiyon")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("generation.drawing.drawing_step:Drawing")


@setup_logging.connect
def leave_logging_to_django(**_: Any) -> None:
    """Celery asks here first, and then keeps its own handlers and levels to itself."""
