"""Figures: sums that nobody has to add up, and what keeps them."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from saleor_program_budgets.migrations.sql import run_sql


class Migration(migrations.Migration):
    dependencies = [
        ("program_budgets", "0005_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("granted", models.BigIntegerField(default=0)),
                ("redeemed", models.BigIntegerField(default=0)),
                ("refunded", models.BigIntegerField(default=0)),
                ("lapsed", models.BigIntegerField(default=0)),
                ("withdrawn", models.BigIntegerField(default=0)),
                ("redemptions", models.BigIntegerField(default=0)),
                ("refusals", models.BigIntegerField(default=0)),
                ("program_id", models.BigIntegerField()),
                ("on_date", models.DateField()),
                ("account_id", models.BigIntegerField(null=True)),
                ("unit", models.CharField(max_length=16)),
            ],
        ),
        migrations.CreateModel(
            name="AccountTotal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("remaining", models.BigIntegerField(default=0)),
                ("held", models.BigIntegerField(default=0)),
                ("members", models.BigIntegerField(default=0)),
                ("spenders", models.BigIntegerField(default=0)),
                ("overspent", models.BigIntegerField(default=0)),
                ("program_id", models.BigIntegerField()),
                ("account_id", models.BigIntegerField(null=True)),
                ("unit", models.CharField(max_length=16)),
            ],
        ),
        migrations.CreateModel(
            name="AccountWeek",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("granted", models.BigIntegerField(default=0)),
                ("redeemed", models.BigIntegerField(default=0)),
                ("refunded", models.BigIntegerField(default=0)),
                ("lapsed", models.BigIntegerField(default=0)),
                ("withdrawn", models.BigIntegerField(default=0)),
                ("redemptions", models.BigIntegerField(default=0)),
                ("refusals", models.BigIntegerField(default=0)),
                ("program_id", models.BigIntegerField()),
                ("week_of", models.DateField()),
                ("account_id", models.BigIntegerField(null=True)),
                ("unit", models.CharField(max_length=16)),
            ],
        ),
        migrations.CreateModel(
            name="CycleTotal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("granted", models.BigIntegerField(default=0)),
                ("redeemed", models.BigIntegerField(default=0)),
                ("refunded", models.BigIntegerField(default=0)),
                ("lapsed", models.BigIntegerField(default=0)),
                ("withdrawn", models.BigIntegerField(default=0)),
                ("redemptions", models.BigIntegerField(default=0)),
                ("refusals", models.BigIntegerField(default=0)),
                ("program_id", models.BigIntegerField()),
                ("cycle_id", models.BigIntegerField(null=True)),
                ("account_id", models.BigIntegerField(null=True)),
                ("unit", models.CharField(max_length=16)),
            ],
        ),
        migrations.CreateModel(
            name="DayTotal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("granted", models.BigIntegerField(default=0)),
                ("redeemed", models.BigIntegerField(default=0)),
                ("refunded", models.BigIntegerField(default=0)),
                ("lapsed", models.BigIntegerField(default=0)),
                ("withdrawn", models.BigIntegerField(default=0)),
                ("redemptions", models.BigIntegerField(default=0)),
                ("refusals", models.BigIntegerField(default=0)),
                ("program_id", models.BigIntegerField()),
                ("on_date", models.DateField()),
                ("unit", models.CharField(max_length=16)),
            ],
        ),
        migrations.CreateModel(
            name="FigureChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("remaining", models.BigIntegerField(default=0)),
                ("held", models.BigIntegerField(default=0)),
                ("members", models.BigIntegerField(default=0)),
                ("spenders", models.BigIntegerField(default=0)),
                ("overspent", models.BigIntegerField(default=0)),
                ("granted", models.BigIntegerField(default=0)),
                ("redeemed", models.BigIntegerField(default=0)),
                ("refunded", models.BigIntegerField(default=0)),
                ("lapsed", models.BigIntegerField(default=0)),
                ("withdrawn", models.BigIntegerField(default=0)),
                ("redemptions", models.BigIntegerField(default=0)),
                ("refusals", models.BigIntegerField(default=0)),
                ("program_id", models.BigIntegerField(null=True)),
                ("cycle_id", models.BigIntegerField(null=True)),
                ("account_id", models.BigIntegerField(null=True)),
                ("unit", models.CharField(max_length=16)),
                ("on_date", models.DateField(null=True)),
                (
                    "limits",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="FigureFold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("folded", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Standing",
            fields=[
                ("limit_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("program_id", models.BigIntegerField()),
                ("account_id", models.BigIntegerField()),
                ("used_permille", models.IntegerField()),
            ],
        ),
        migrations.AddField(
            model_name="refused",
            name="account",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="program_budgets.account",
            ),
        ),
        migrations.AddField(
            model_name="refused",
            name="cycle",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="program_budgets.cycle",
            ),
        ),
        migrations.AddConstraint(
            model_name="accountday",
            constraint=models.UniqueConstraint(
                fields=("program_id", "on_date", "account_id", "unit"),
                name="account_day_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="accountday",
            index=models.Index(fields=["account_id", "on_date"], name="account_day_account"),
        ),
        migrations.AddConstraint(
            model_name="accountweek",
            constraint=models.UniqueConstraint(
                fields=("program_id", "week_of", "account_id", "unit"),
                name="account_week_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="accounttotal",
            constraint=models.UniqueConstraint(
                fields=("program_id", "account_id", "unit"),
                name="account_total_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="cycletotal",
            constraint=models.UniqueConstraint(
                fields=("program_id", "cycle_id", "account_id", "unit"),
                name="cycle_total_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="daytotal",
            constraint=models.UniqueConstraint(
                fields=("program_id", "on_date", "unit"), name="day_total_once"
            ),
        ),
        migrations.AddIndex(
            model_name="standing",
            index=models.Index(
                fields=["program_id", "-used_permille", "limit_id"], name="standing_program"
            ),
        ),
        migrations.AddIndex(
            model_name="standing",
            index=models.Index(
                fields=["account_id", "-used_permille", "limit_id"], name="standing_account"
            ),
        ),
        run_sql("figures"),
    ]
