"""A callback remembers more than one former secret while they still sign."""

from django.db import migrations, models


def keep(apps, schema_editor):
    callbacks = apps.get_model("generation", "Callback").objects
    for callback in callbacks.exclude(former_secret=""):
        callback.former_secrets = [callback.former_secret]
        callback.save(update_fields=["former_secrets"])


class Migration(migrations.Migration):
    dependencies = [("generation", "0012_sources")]

    operations = [
        migrations.AddField(
            "callback",
            "former_secrets",
            models.JSONField(default=list, blank=True, help_text="The latest first."),
        ),
        migrations.RunPython(keep, migrations.RunPython.noop),
        migrations.RemoveField("callback", "former_secret"),
        migrations.AlterField(
            "callback",
            "former_until",
            models.DateTimeField(
                null=True, blank=True, help_text="Until then the former secrets sign as well."
            ),
        ),
    ]
