"""People: rosters, persons, files of them, what was planned and what was changed."""

import uuid

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

from saleor_program_budgets.migrations.sql import run_sql


class Migration(migrations.Migration):
    dependencies = [
        ("program_budgets", "0004_codes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PeopleChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("created", "Created"),
                            ("updated", "Updated"),
                            ("moved", "Moved"),
                            ("left", "Left"),
                            ("returned", "Returned"),
                            ("removed", "Removed"),
                            ("planned", "Planned"),
                            ("cancelled", "Cancelled"),
                            ("enrolled", "Enrolled"),
                        ],
                        max_length=16,
                    ),
                ),
                ("roster_id", models.BigIntegerField(null=True)),
                ("person_id", models.BigIntegerField(null=True)),
                ("program_id", models.BigIntegerField(null=True)),
                ("member_id", models.BigIntegerField(null=True)),
                ("user_reference", models.CharField(max_length=36)),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("file", "File"),
                            ("scim", "Scim"),
                            ("api", "Api"),
                            ("staff", "Staff"),
                            ("schedule", "Schedule"),
                            ("system", "System"),
                        ],
                        max_length=16,
                    ),
                ),
                ("source_reference", models.CharField(blank=True, max_length=64)),
                ("line", models.PositiveIntegerField(null=True)),
                ("actor", models.CharField(max_length=64)),
                ("effective_at", models.DateTimeField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ("-id",),
                "indexes": [
                    models.Index(fields=["roster_id", "id"], name="people_change_roster"),
                    models.Index(fields=["person_id", "id"], name="people_change_person"),
                    models.Index(fields=["user_reference", "id"], name="people_change_user"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Roster",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=250)),
                (
                    "placed_by",
                    models.CharField(
                        choices=[("department", "Department"), ("group", "Group")],
                        default="department",
                        max_length=16,
                    ),
                ),
                ("invitation_url", models.CharField(blank=True, max_length=1000)),
                ("largest_leave_percent", models.PositiveSmallIntegerField(default=10)),
                ("mapping", models.JSONField(default=dict)),
                ("created_by", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="roster",
                        to="program_budgets.account",
                    ),
                ),
            ],
            options={
                "ordering": ("name", "id"),
            },
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("user_reference", models.CharField(max_length=36)),
                ("owns_user", models.BooleanField(default=False)),
                ("external_id", models.CharField(blank=True, max_length=255)),
                ("user_name", models.CharField(max_length=255)),
                ("email", models.EmailField(max_length=254)),
                ("first_name", models.CharField(blank=True, max_length=256)),
                ("last_name", models.CharField(blank=True, max_length=256)),
                ("department", models.CharField(blank=True, max_length=250)),
                ("title", models.CharField(blank=True, max_length=250)),
                ("employee_number", models.CharField(blank=True, max_length=250)),
                ("cost_center", models.CharField(blank=True, max_length=250)),
                ("attributes", models.JSONField(default=dict)),
                ("is_active", models.BooleanField(default=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("is_settled", models.BooleanField(default=False)),
                ("is_invited", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="people",
                        to="program_budgets.account",
                    ),
                ),
                (
                    "manager",
                    models.ForeignKey(
                        db_index=False,
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="reports",
                        to="program_budgets.person",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="roster_people",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "roster",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="people",
                        to="program_budgets.roster",
                    ),
                ),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="RosterImport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("applying", "Applying"),
                            ("applied", "Applied"),
                            ("stale", "Stale"),
                        ],
                        default="draft",
                        max_length=16,
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[("partial", "Partial"), ("full", "Full")],
                        default="partial",
                        max_length=16,
                    ),
                ),
                ("file_name", models.CharField(blank=True, max_length=255)),
                ("file_kind", models.CharField(max_length=8)),
                ("encoding", models.CharField(blank=True, max_length=32)),
                ("mapping", models.JSONField(default=dict)),
                ("creates_departments", models.BooleanField(default=False)),
                ("departments", models.JSONField(default=list)),
                ("counts", models.JSONField(default=dict)),
                ("rejected", models.JSONField(default=list)),
                ("rejected_count", models.PositiveIntegerField(default=0)),
                ("rejected_fields", models.JSONField(default=dict)),
                ("basis", models.CharField(max_length=64)),
                ("created_by", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("applied_by", models.CharField(blank=True, max_length=64)),
                ("applied_at", models.DateTimeField(blank=True, null=True)),
                (
                    "roster",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="imports",
                        to="program_budgets.roster",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="ImportLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("create", "Create"),
                            ("leave", "Leave"),
                            ("return", "Return"),
                            ("move", "Move"),
                            ("update", "Update"),
                            ("unchanged", "Unchanged"),
                        ],
                        max_length=16,
                    ),
                ),
                ("person_version", models.PositiveIntegerField(null=True)),
                ("user_id", models.BigIntegerField(null=True)),
                ("values", models.JSONField(default=dict)),
                ("before", models.JSONField(default=dict)),
                ("effective_at", models.DateTimeField(null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("applied", "Applied"), ("failed", "Failed")],
                        default="draft",
                        max_length=16,
                    ),
                ),
                ("error", models.CharField(blank=True, max_length=500)),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="program_budgets.person",
                    ),
                ),
                (
                    "roster_import",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="program_budgets.rosterimport",
                    ),
                ),
            ],
            options={
                "ordering": ("number",),
            },
        ),
        migrations.CreateModel(
            name="RosterProgram",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="enrolling",
                        to="program_budgets.program",
                    ),
                ),
                (
                    "roster",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="enrolling",
                        to="program_budgets.roster",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="roster",
            name="programs",
            field=models.ManyToManyField(
                related_name="rosters",
                through="program_budgets.RosterProgram",
                to="program_budgets.program",
            ),
        ),
        migrations.CreateModel(
            name="RosterToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=250)),
                ("hint", models.CharField(max_length=16)),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("created_by", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_by", models.CharField(blank=True, max_length=64)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "replaced_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="program_budgets.rostertoken",
                    ),
                ),
                (
                    "roster",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to="program_budgets.roster",
                    ),
                ),
            ],
            options={
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="PlannedChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("move", "Move"), ("leave", "Leave"), ("return", "Return")],
                        max_length=16,
                    ),
                ),
                ("effective_at", models.DateTimeField()),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("file", "File"),
                            ("scim", "Scim"),
                            ("api", "Api"),
                            ("staff", "Staff"),
                            ("schedule", "Schedule"),
                            ("system", "System"),
                        ],
                        max_length=16,
                    ),
                ),
                ("source_reference", models.CharField(blank=True, max_length=64)),
                ("line", models.PositiveIntegerField(null=True)),
                ("actor", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField()),
                ("applied_at", models.DateTimeField(blank=True, null=True)),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
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
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="planned",
                        to="program_budgets.person",
                    ),
                ),
            ],
            options={
                "ordering": ("effective_at", "id"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("applied_at", None), ("cancelled_at", None)),
                        fields=["effective_at"],
                        name="planned_change_pending",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("account__isnull", False), ("kind", "move")),
                            models.Q(("account", None), ("kind__in", ("leave", "return"))),
                            _connector="OR",
                        ),
                        name="planned_move_has_account",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(
                condition=models.Q(("removed_at", None)),
                fields=["roster", "id"],
                name="person_roster",
            ),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(
                condition=models.Q(("is_invited", False)), fields=["id"], name="person_uninvited"
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at", None)),
                fields=("user_reference", "roster"),
                name="person_once_per_roster",
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("removed_at", None), models.Q(("external_id", ""), _negated=True)
                ),
                fields=("external_id", "roster"),
                name="person_external_id_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("email"),
                models.F("roster"),
                condition=models.Q(("removed_at", None)),
                name="person_email_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("user_name"),
                models.F("roster"),
                condition=models.Q(("removed_at", None)),
                name="person_user_name_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="importline",
            constraint=models.UniqueConstraint(
                fields=("roster_import", "number"), name="import_line_number_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterprogram",
            constraint=models.UniqueConstraint(
                fields=("roster", "program"), name="roster_program_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="roster",
            constraint=models.CheckConstraint(
                condition=models.Q(("largest_leave_percent__lte", 100)),
                name="roster_share_within_all",
            ),
        ),
        run_sql("people"),
    ]
