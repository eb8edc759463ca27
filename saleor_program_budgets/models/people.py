"""People: who they are to the organization that sends them, and how that came to be known.

A roster holds the people of one account and everything below it. A person is a user of the shop
as that organization knows them; a member is a person, or any other user, in one program. The same
user may be in two rosters, and neither sees what the other says of them.
"""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from saleor_program_budgets.models.accounts import Account
from saleor_program_budgets.models.programs import Program

PRESENT = Q(removed_at=None)


class Roster(models.Model):
    """The people of *account* and all below it; they take part in the roster's programs.

    Rosters don't overlap: none stands above or below another's account. ``mapping`` is which
    column meant what in the last file, by the column's normalised name. A whole file that would
    let more than ``largest_leave_percent`` of the people leave is refused. Who is created is
    invited to set a password at ``invitation_url``, unless that is empty.
    """

    class PlacedBy(models.TextChoices):
        """By what an identity system says where somebody belongs."""

        DEPARTMENT = "department"
        GROUP = "group"

    name = models.CharField(max_length=250)
    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="roster")
    programs: models.ManyToManyField[Program, RosterProgram] = models.ManyToManyField(
        Program, through="RosterProgram", related_name="rosters"
    )
    placed_by = models.CharField(
        max_length=16, choices=PlacedBy.choices, default=PlacedBy.DEPARTMENT
    )
    invitation_url = models.CharField(max_length=1000, blank=True)
    largest_leave_percent = models.PositiveSmallIntegerField(default=10)
    mapping = models.JSONField(default=dict)
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(largest_leave_percent__lte=100), name="roster_share_within_all"
            ),
        )

    def __str__(self) -> str:
        return self.name


class RosterProgram(models.Model):
    """That a roster's people take part in a program."""

    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="enrolling")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="enrolling")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("roster", "program"), name="roster_program_once"),
        )

    def __str__(self) -> str:
        return f"{self.roster_id}/{self.program_id}"


class Person(models.Model):
    """A user of the shop as a roster's organization knows them.

    ``key`` names them to identity systems. ``user_reference`` keeps the user's id after the shop
    has deleted the user. Only a user that the roster made (``owns_user``) takes name and address
    from it. ``attributes`` are what an identity system has said beside the columns, as it said it.
    ``version`` counts changes. As long as ``is_settled`` is false, their memberships may not
    follow yet from where they belong and whether they are active. (No index has it, so that
    settling by the thousand touches none.)
    """

    roster = models.ForeignKey(
        Roster, on_delete=models.PROTECT, related_name="people", db_index=False
    )
    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="roster_people"
    )
    user_reference = models.CharField(max_length=36)
    owns_user = models.BooleanField(default=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="people")
    external_id = models.CharField(max_length=255, blank=True)
    user_name = models.CharField(max_length=255)
    email = models.EmailField()
    first_name = models.CharField(max_length=256, blank=True)
    last_name = models.CharField(max_length=256, blank=True)
    department = models.CharField(max_length=250, blank=True)
    title = models.CharField(max_length=250, blank=True)
    employee_number = models.CharField(max_length=250, blank=True)
    cost_center = models.CharField(max_length=250, blank=True)
    manager = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="reports",
        db_index=False,
    )
    attributes = models.JSONField(default=dict)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    is_settled = models.BooleanField(default=False)
    is_invited = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=("roster", "id"), name="person_roster", condition=PRESENT),
            models.Index(fields=("id",), name="person_uninvited", condition=Q(is_invited=False)),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("user_reference", "roster"),
                name="person_once_per_roster",
                condition=PRESENT,
            ),
            models.UniqueConstraint(
                fields=("external_id", "roster"),
                name="person_external_id_once",
                condition=PRESENT & ~Q(external_id=""),
            ),
            models.UniqueConstraint(
                Lower("email"), F("roster"), name="person_email_once", condition=PRESENT
            ),
            models.UniqueConstraint(
                Lower("user_name"), F("roster"), name="person_user_name_once", condition=PRESENT
            ),
        )

    def __str__(self) -> str:
        return str(self.key)


class Source(models.TextChoices):
    """Through what a change in people came."""

    FILE = "file"
    SCIM = "scim"
    API = "api"
    STAFF = "staff"
    SCHEDULE = "schedule"
    SYSTEM = "system"


class PlannedChange(models.Model):
    """What is to happen to a person at an instant that lies ahead, or lay ahead once.

    It is pending as long as it is neither applied nor cancelled.
    """

    class Kind(models.TextChoices):
        """MOVE to ``account``, LEAVE or RETURN."""

        MOVE = "move"
        LEAVE = "leave"
        RETURN = "return"

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="planned")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    effective_at = models.DateTimeField()
    source = models.CharField(max_length=16, choices=Source.choices)
    source_reference = models.CharField(max_length=64, blank=True)
    line = models.PositiveIntegerField(null=True)
    actor = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("effective_at", "id")
        indexes = (
            models.Index(
                fields=("effective_at",),
                name="planned_change_pending",
                condition=Q(applied_at=None, cancelled_at=None),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(kind="move", account__isnull=False)
                | Q(kind__in=("leave", "return"), account=None),
                name="planned_move_has_account",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.person_id}"


class PeopleChange(models.Model):
    """One change of one person or member: what, from what to what, when, by whom and by what way.

    Never changed or deleted. Ids are kept without foreign keys, as in the journal. The change
    counts from ``effective_at`` on, and was made ``at``; *line* is that of the file.
    """

    class Kind(models.TextChoices):
        """What changed."""

        CREATED = "created"
        UPDATED = "updated"
        MOVED = "moved"
        LEFT = "left"
        RETURNED = "returned"
        REMOVED = "removed"
        PLANNED = "planned"
        CANCELLED = "cancelled"
        ENROLLED = "enrolled"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    roster_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    program_id = models.BigIntegerField(null=True)
    member_id = models.BigIntegerField(null=True)
    user_reference = models.CharField(max_length=36)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    source = models.CharField(max_length=16, choices=Source.choices)
    source_reference = models.CharField(max_length=64, blank=True)
    line = models.PositiveIntegerField(null=True)
    actor = models.CharField(max_length=64)
    effective_at = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("roster_id", "id"), name="people_change_roster"),
            models.Index(fields=("person_id", "id"), name="people_change_person"),
            models.Index(fields=("user_reference", "id"), name="people_change_user"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.user_reference}"


class RosterToken(models.Model):
    """What an identity system shows to change a roster's people; kept as a digest.

    ``hint`` is its visible beginning, by which staff tell tokens apart. It works until
    ``expires_at`` or ``revoked_at``.
    """

    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=250)
    hint = models.CharField(max_length=16)
    digest = models.BinaryField(max_length=32, unique=True)
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=64, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    replaced_by = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.name} {self.hint}"


class RosterImport(models.Model):
    """A file of people: looked at first, applied as it was looked at, or refused as stale.

    ``departments`` are those that the file names: the account each stands for, or none yet.
    ``counts`` say how many lines do what. ``rejected`` names the first lines that can't be used,
    ``rejected_count`` says how many there are, ``rejected_fields`` how many for which field.
    ``basis`` is what the preview stands on beside the people: accounts and programs.
    """

    class Status(models.TextChoices):
        """How far the file has come. What is APPLYING goes on when it is asked for again."""

        DRAFT = "draft"
        APPLYING = "applying"
        APPLIED = "applied"
        STALE = "stale"

    class Mode(models.TextChoices):
        """Whether who isn't in the file stays (PARTIAL) or leaves (FULL)."""

        PARTIAL = "partial"
        FULL = "full"

    roster = models.ForeignKey(Roster, on_delete=models.PROTECT, related_name="imports")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    mode = models.CharField(max_length=16, choices=Mode.choices, default=Mode.PARTIAL)
    file_name = models.CharField(max_length=255, blank=True)
    file_kind = models.CharField(max_length=8)
    encoding = models.CharField(max_length=32, blank=True)
    mapping = models.JSONField(default=dict)
    creates_departments = models.BooleanField(default=False)
    departments = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    rejected = models.JSONField(default=list)
    rejected_count = models.PositiveIntegerField(default=0)
    rejected_fields = models.JSONField(default=dict)
    basis = models.CharField(max_length=64)
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    applied_by = models.CharField(max_length=64, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"import {self.pk}"


class ImportLine(models.Model):
    """What one line of a file does: to whom, as they were then, and what became of it.

    ``values`` are those that change, or all of somebody new; ``before`` what they were. In a whole
    file those who leave since they aren't in it have the numbers after its last line.
    """

    class Action(models.TextChoices):
        """The most that the line does; a move or a return may change other values too."""

        CREATE = "create"
        LEAVE = "leave"
        RETURN = "return"
        MOVE = "move"
        UPDATE = "update"
        UNCHANGED = "unchanged"

    class Status(models.TextChoices):
        """What became of the line."""

        DRAFT = "draft"
        APPLIED = "applied"
        FAILED = "failed"

    roster_import = models.ForeignKey(
        RosterImport, on_delete=models.CASCADE, related_name="lines", db_index=False
    )
    number = models.PositiveIntegerField()
    action = models.CharField(max_length=16, choices=Action.choices)
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    person_version = models.PositiveIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    values = models.JSONField(default=dict)
    before = models.JSONField(default=dict)
    effective_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(
                fields=("roster_import", "number"), name="import_line_number_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.roster_import_id}/{self.number}"
