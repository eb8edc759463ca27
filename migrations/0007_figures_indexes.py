"""Indexes by which the latest redemptions and refusals are found."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("program_budgets", "0006_figures")]

    operations = [
        AddIndexConcurrently(
            model_name="hold",
            index=models.Index(fields=["program", "created_at"], name="hold_program"),
        ),
        AddIndexConcurrently(
            model_name="hold",
            index=models.Index(fields=["account", "created_at"], name="hold_account"),
        ),
        AddIndexConcurrently(
            model_name="refused",
            index=models.Index(fields=["account", "at"], name="refused_account"),
        ),
    ]
