"""Grids a month that each plan includes for programs, once billing is on."""

from typing import Any

from django.db import migrations

INCLUDED = {"free": 25, "premium": 250, "api": 100}


def seed(apps: Any, schema_editor: Any) -> None:
    """Only where nobody has changed them."""
    plans = apps.get_model("accounts", "Plan").objects.using(schema_editor.connection.alias)
    for name, grids in INCLUDED.items():
        plans.filter(name=name, monthly_grids__in=(0, 1000)).update(monthly_grids=grids)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_metering")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
