"""Redemption codes: batches, codes, what became of them, and who tried them in vain."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from saleor_program_budgets.migrations.sql import run_sql


class Migration(migrations.Migration):
    dependencies = [
        ("program_budgets", "0003_seals"),
    ]

    operations = [
        migrations.CreateModel(
            name="CodeBatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=250)),
                (
                    "kind",
                    models.CharField(
                        choices=[("discount", "Discount"), ("store_credit", "Store Credit")],
                        max_length=16,
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("program", "Program"),
                            ("account", "Account"),
                            ("group", "Group"),
                            ("list", "List"),
                            ("reissue", "Reissue"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "delivery",
                    models.CharField(
                        choices=[("download", "Download"), ("email", "Email")], max_length=16
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("generating", "Generating"),
                            ("ready", "Ready"),
                            ("delivered", "Delivered"),
                            ("revoked", "Revoked"),
                        ],
                        default="generating",
                        max_length=16,
                    ),
                ),
                ("prefix", models.CharField(blank=True, max_length=20)),
                ("pattern", models.CharField(max_length=64)),
                ("has_name", models.BooleanField(default=False)),
                ("amount_minor", models.BigIntegerField(blank=True, null=True)),
                ("credit_days", models.PositiveIntegerField(blank=True, null=True)),
                ("credit_expires_at", models.DateTimeField(blank=True, null=True)),
                ("voucher_reference", models.CharField(blank=True, max_length=36)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                (
                    "recipients",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), blank=True, default=list, size=None
                    ),
                ),
                ("total", models.PositiveIntegerField(default=0)),
                ("secret", models.BinaryField(null=True)),
                ("made", models.PositiveIntegerField(default=0)),
                ("made_at", models.DateTimeField(blank=True, null=True)),
                ("sent", models.PositiveIntegerField(default=0)),
                ("rejected", models.JSONField(default=list)),
                ("rejected_count", models.PositiveIntegerField(default=0)),
                ("error", models.CharField(blank=True, max_length=500)),
                ("created_by", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("delivered_by", models.CharField(blank=True, max_length=64)),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_by", models.CharField(blank=True, max_length=64)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("revoke_reason", models.CharField(blank=True, max_length=500)),
                ("leak_noticed_at", models.DateTimeField(blank=True, null=True)),
                ("leak_dismissed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="program_budgets.account",
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="program_budgets.membergroup",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="code_batches",
                        to="program_budgets.program",
                    ),
                ),
                (
                    "replaces",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="program_budgets.codebatch",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="CodeLockout",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "subject",
                    models.CharField(
                        choices=[
                            ("user", "User"),
                            ("address", "Address"),
                            ("checkout", "Checkout"),
                        ],
                        max_length=16,
                    ),
                ),
                ("value", models.CharField(max_length=64)),
                ("tries", models.PositiveIntegerField()),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("released_at", models.DateTimeField(blank=True, null=True)),
                ("released_by", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "ordering": ("-id",),
                "indexes": [
                    models.Index(
                        fields=["subject", "value", "ends_at"], name="code_lockout_subject"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RedemptionCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("text", models.CharField(blank=True, max_length=255)),
                ("name", models.CharField(blank=True, max_length=10)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("send_failed_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_by", models.CharField(blank=True, max_length=64)),
                ("revoke_reason", models.CharField(blank=True, max_length=500)),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="codes",
                        to="program_budgets.codebatch",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redemption_codes",
                        to="program_budgets.member",
                    ),
                ),
            ],
            options={
                "ordering": ("batch_id", "number"),
            },
        ),
        migrations.CreateModel(
            name="CodeRedemption",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("user_reference", models.CharField(max_length=36)),
                ("order_id", models.CharField(blank=True, max_length=36)),
                ("checkout_id", models.CharField(blank=True, max_length=36)),
                ("posting_id", models.BigIntegerField(blank=True, null=True)),
                ("redeemed_at", models.DateTimeField()),
                ("returned_at", models.DateTimeField(blank=True, null=True)),
                ("return_cause", models.CharField(blank=True, max_length=100)),
                (
                    "code",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redemptions",
                        to="program_budgets.redemptioncode",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="CodeAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.BinaryField(max_length=32)),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("unknown", "Unknown"),
                            ("locked_out", "Locked Out"),
                            ("not_yours", "Not Yours"),
                            ("anonymous", "Anonymous"),
                            ("wrong_store", "Wrong Store"),
                            ("program_closed", "Program Closed"),
                            ("inactive_member", "Inactive Member"),
                            ("revoked", "Revoked"),
                            ("expired", "Expired"),
                            ("redeemed", "Redeemed"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "place",
                    models.CharField(
                        choices=[
                            ("checkout", "Checkout"),
                            ("completion", "Completion"),
                            ("account", "Account"),
                            ("draft", "Draft"),
                            ("bulk", "Bulk"),
                        ],
                        max_length=16,
                    ),
                ),
                ("user_reference", models.CharField(blank=True, max_length=36)),
                ("actor", models.CharField(blank=True, max_length=64)),
                ("address", models.GenericIPAddressField(null=True)),
                ("channel_id", models.CharField(blank=True, max_length=36)),
                ("checkout_id", models.CharField(blank=True, max_length=36)),
                ("order_id", models.CharField(blank=True, max_length=36)),
                ("tried_at", models.DateTimeField()),
                (
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="attempts",
                        to="program_budgets.codebatch",
                    ),
                ),
                (
                    "code",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="attempts",
                        to="program_budgets.redemptioncode",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.AddIndex(
            model_name="codebatch",
            index=models.Index(fields=["program", "id"], name="code_batch_program"),
        ),
        migrations.AddConstraint(
            model_name="codebatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("amount_minor", None),
                        ("kind", "discount"),
                        models.Q(("voucher_reference", ""), _negated=True),
                    ),
                    models.Q(
                        ("amount_minor__gt", 0), ("kind", "store_credit"), ("voucher_reference", "")
                    ),
                    _connector="OR",
                ),
                name="code_batch_worth_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="codebatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("credit_days", None), ("credit_expires_at", None), _connector="OR"
                ),
                name="code_batch_credit_lapses_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="codebatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ("generating", "ready")), ("secret", None), _connector="OR"
                ),
                name="code_batch_forgets_its_secret",
            ),
        ),
        migrations.AddIndex(
            model_name="redemptioncode",
            index=models.Index(
                condition=models.Q(("text", ""), _negated=True), fields=["text"], name="code_text"
            ),
        ),
        migrations.AddConstraint(
            model_name="redemptioncode",
            constraint=models.UniqueConstraint(fields=("batch", "number"), name="code_once"),
        ),
        migrations.AddIndex(
            model_name="coderedemption",
            index=models.Index(
                condition=models.Q(("order_id", ""), _negated=True),
                fields=["order_id"],
                name="code_redemption_order",
            ),
        ),
        migrations.AddIndex(
            model_name="coderedemption",
            index=models.Index(
                condition=models.Q(("order_id", ""), ("posting_id", None), ("returned_at", None)),
                fields=["id"],
                name="code_credit_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="coderedemption",
            constraint=models.UniqueConstraint(
                condition=models.Q(("returned_at", None)),
                fields=("code",),
                name="code_redeemed_once",
            ),
        ),
        migrations.AddIndex(
            model_name="codeattempt",
            index=models.Index(
                condition=models.Q(("batch__isnull", False)),
                fields=["batch", "tried_at"],
                name="code_attempt_batch",
            ),
        ),
        migrations.AddIndex(
            model_name="codeattempt",
            index=models.Index(fields=["tried_at"], name="code_attempt_time"),
        ),
        run_sql("codes"),
    ]
