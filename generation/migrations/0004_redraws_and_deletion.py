"""A position drawn again alone, and a deletion that can be undone."""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

arrows = import_module("generation.migrations.0002_arrows")


class Migration(migrations.Migration):

    dependencies = [
        
        ('generation', '0003_api_keys'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='job',
            name='deleted',
            field=models.DateTimeField(blank=True, help_text='By its owner, who may undo that for a few minutes.', null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='redraws',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='redrawn', to='generation.job'),
        ),
        migrations.AddField(
            model_name='job',
            name='redraws_position',
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name='job',
            name='erased',
            field=models.DateTimeField(blank=True, help_text='Nothing of it is left.', null=True),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('started__isnull', False), ('tier', 2)), fields=['created'], name='job_free_started'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('deleted__isnull', False), ('erased__isnull', True)), fields=['deleted'], name='job_deleted'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('redraws__isnull', True), ('redraws_position__isnull', True)), models.Q(('count', 1), ('redraws__isnull', False), ('redraws_position__isnull', False)), _connector='OR'), name='job_redraws_one_position'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('status', 'cancelled'), _negated=True), models.Q(models.Q(('status', 'failed'), _negated=True), ('error_code', 'blocked'), _connector='OR')), fields=('redraws', 'redraws_position'), name='job_redraws_a_position_once'),
        ),
        migrations.RunPython(arrows.restore, migrations.RunPython.noop),
    ]
