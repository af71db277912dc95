from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

arrows = import_module('generation.migrations.0002_arrows')


class Migration(migrations.Migration):

    dependencies = [
        ('generation', '0010_broken_checkpoints'),
    ]

    operations = [
        migrations.AddField(
            model_name='job',
            name='previews',
            field=models.PositiveSmallIntegerField(default=0, help_text='Looks at each unfinished.'),
        ),
        migrations.CreateModel(
            name='Preview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('number', models.PositiveSmallIntegerField(help_text="Of this position's looks, 0 the first.")),
                ('content', models.BinaryField()),
                ('job', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='looks', to='generation.job')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('job', 'position', 'number'), name='preview_once')],
            },
        ),
        migrations.RunPython(arrows.restore, migrations.RunPython.noop),
    ]
