"""Makes a Celery worker on drawing queues a drawing worker."""

import logging
import os
from typing import Any

from celery import bootsteps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from generation.catalogue import offered
from generation.tasks import doorbell

QUEUE = "draw."


class Drawing(bootsteps.StartStopStep):
    """Starts and stops a `Drawer` with a worker whose queues are `draw.CHECKPOINT`.

    It does not wait for the broker: with the broker gone, drawing starts and goes on.
    """

    requires = ("celery.worker.components:Pool",)

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self.drawer: Any = None

    def start(self, worker: Any) -> None:
        names = [
            queue.removeprefix(QUEUE)
            for queue in worker.app.amqp.queues.consume_from
            if queue.startswith(QUEUE)
        ]
        if not names:
            return
        known = offered()
        if unknown := [name for name in names if name not in known]:
            raise ImproperlyConfigured(
                f"DRAWS names {', '.join(unknown)}, which CHECKPOINTS does not offer; "
                f"it offers {', '.join(known)}."
            )
        # By name: the module imports torch, and the web process imports this one.
        drawer_class = import_string("generation.worker.Drawer")
        self.drawer = drawer_class({name: known[name] for name in names})
        self.drawer.start()
        doorbell.answer = self.drawer.drain

    def stop(self, worker: Any) -> None:
        """Ends the process itself where a thread is still in a device's code.

        All is released and logged by then. Celery would wait for that thread, and Python aborts
        when it exits over the head of one ("terminate called without an active exception").
        """
        if self.drawer is not None and not self.drawer.stop(settings.STOP_GRACE):
            logging.shutdown()
            os._exit(0)
