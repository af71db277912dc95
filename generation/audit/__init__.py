"""The invariants of the tables, each a named check that yields the rows that break it.

Every check reads in one statement, which sees one state of the database, so that an audit may run
beside a busy site. What the constraints of the models say is checked as well: a database restored
or repaired by hand may have lost them, and whether it still has them is checked at the end.

Whether an owner ever held more than an allowance is not checked: plans change, and yesterday's
numbers are not kept.
"""

from django.apps import apps

from generation.audit import columns, deliveries, queue, schema
from generation.audit.check import Check

__all__ = ["CHECKS", "MODELS", "Check"]

MODELS = [
    model for app in ("accounts", "generation") for model in apps.get_app_config(app).get_models()
]

CHECKS: tuple[Check, ...] = (
    *(
        check
        for model in MODELS
        for check in (*columns.constraints(model), *columns.columns(model))
    ),
    *queue.CHECKS,
    *deliveries.CHECKS,
    *schema.checks(MODELS),
)
"""All that the database alone can tell. The files have theirs in stored_files.py."""
