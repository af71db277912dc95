"""Who may let programs draw. Visitors have no account to hang a key on."""

from typing import Any

from django.db import migrations

PLANS: dict[str, dict[str, Any]] = {
    "visitor": {"api": False},
    "network": {"api": False},
    "api": {"monthly_grids": 1000},
}


def seed(apps: Any, schema_editor: Any) -> None:
    plans = apps.get_model("accounts", "Plan").objects.using(schema_editor.connection.alias)
    for name, columns in PLANS.items():
        plans.filter(name=name).update(**columns)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_accounts")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
