"""The journal's guard and the ledger's functions."""

from django.db import migrations

from saleor_program_budgets.migrations.sql import run_sql


class Migration(migrations.Migration):
    dependencies = [("program_budgets", "0001_initial")]

    operations = [
        run_sql("journal_guard"),
        run_sql("storage"),
        run_sql("views"),
        run_sql("posting"),
        run_sql("caps"),
        run_sql("ceilings"),
        run_sql("hold"),
        run_sql("settle"),
        run_sql("fund"),
        run_sql("renewal"),
        run_sql("reversal"),
        run_sql("batches"),
        run_sql("rebuild"),
    ]
