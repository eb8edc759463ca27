"""The journal's seals, and the functions that write and check them."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from saleor_program_budgets.migrations.sql import run_sql


class Migration(migrations.Migration):
    dependencies = [
        ("program_budgets", "0002_ledger"),
    ]

    operations = [
        migrations.CreateModel(
            name="Seal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField()),
                (
                    "posting_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("last_posting_id", models.BigIntegerField(unique=True)),
                (
                    "digests",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BinaryField(), size=None
                    ),
                ),
                ("previous", models.BinaryField()),
                ("digest", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seals",
                        to="program_budgets.program",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="seal_number_counts_from_one"
                    ),
                    models.UniqueConstraint(
                        fields=("program", "number"), name="seal_number_once", nulls_distinct=False
                    ),
                ],
            },
        ),
        run_sql("seals"),
    ]
