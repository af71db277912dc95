"""The first limits. Admins change them; a network's bucket is about thirty visitors wide."""

from typing import Any

from django.db import migrations

PAID, FREE = 1, 2
PLANS: dict[str, dict[str, Any]] = {
    "visitor": {"in_flight": 1, "per_minute": 2, "per_day": 10, "largest_side": 256, "tier": FREE},
    "free": {"in_flight": 1, "per_minute": 4, "per_day": 25, "largest_side": 256, "tier": FREE},
    "premium": {
        "in_flight": 4,
        "per_minute": 20,
        "per_day": 500,
        "largest_side": 2048,
        "tier": PAID,
        "watermark": False,
        "ads": False,
        "private": True,
    },
    "api": {
        "in_flight": 8,
        "per_minute": 60,
        "per_day": 500,
        "largest_side": 2048,
        "images_per_grid": 10,
        "tier": PAID,
        "watermark": False,
        "ads": False,
        "private": True,
    },
    "network": {"in_flight": 30, "per_minute": 60, "per_day": 300, "tier": FREE},
}


def seed(apps: Any, schema_editor: Any) -> None:
    plans = apps.get_model("accounts", "Plan").objects.using(schema_editor.connection.alias)
    for name, columns in PLANS.items():
        plans.get_or_create(name=name, defaults=columns)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop, elidable=False)]
