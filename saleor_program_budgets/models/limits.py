"""Limits, the lots that a member's limit consists of, and the shares that a cap consists of.

All are caches of the journal; the database's constraints are the last guard against overspending.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from saleor_program_budgets.models.accounts import Account
from saleor_program_budgets.models.constraints import none_negative
from saleor_program_budgets.models.programs import Cycle, Member, Program


class Limit(models.Model):
    """Anything a purchase must fit under: ``held + spent <= ceiling`` (+ recorded overhang).

    A cap is one row, or several that share its ceiling, so that purchases at the same time lock
    different rows; ``Cap`` sums them up and is what everyone above the ledger reads. Its first
    share (0) gives the cap its id and says over how many it is ``spread``; a share that no longer
    ``takes_new`` only settles what was held in it.

    ``overhang`` is what was already used above a ceiling when it was lowered; it only shrinks. A
    first share's ceiling is what the others leave of the cap's: with an overhang perhaps less
    than nothing.
    A member's period ends when it ``renews_at``; without one it stands in no period.
    ``lock_rank`` fixes the one order in which limits are locked: members first, then accounts
    from the leaves to the root, so that the row most purchases share is held the shortest.
    """

    class Kind(models.TextChoices):
        """Whose limit it is."""

        MEMBER = "member"
        CAP = "cap"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, null=True)
    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, null=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="limits")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="limits")
    unit = models.CharField(max_length=16)
    ceiling = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    overhang = models.BigIntegerField(default=0)
    is_open = models.BooleanField(default=True)
    lock_rank = models.IntegerField()
    cap = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="shares")
    share = models.PositiveSmallIntegerField(default=0)
    spread = models.PositiveSmallIntegerField(default=1)
    takes_new = models.BooleanField(default=True)
    raise_ends_at = models.DateTimeField(null=True, blank=True)
    renews_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(
                fields=("program", "renews_at", "id"),
                name="limit_renewal",
                condition=Q(kind="member"),
            ),
        )
        constraints = (
            none_negative(
                F("held"),
                F("spent"),
                F("overhang"),
                F("ceiling") + F("overhang") - F("held") - F("spent"),
                name="limit_not_overspent",
            ),
            models.UniqueConstraint(
                fields=("member", "unit"),
                condition=Q(kind="member"),
                name="limit_one_per_member",
            ),
            models.UniqueConstraint(
                fields=("account", "program", "cycle", "unit", "share"),
                condition=Q(kind="cap"),
                nulls_distinct=False,
                name="limit_one_cap_per_account_and_cycle",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Cap(models.Model):
    """A cap on an account, its shares summed up: a view, read only."""

    program = models.ForeignKey(Program, on_delete=models.DO_NOTHING, null=True)
    cycle = models.ForeignKey(Cycle, on_delete=models.DO_NOTHING, null=True)
    account = models.ForeignKey(Account, on_delete=models.DO_NOTHING, related_name="caps")
    unit = models.CharField(max_length=16)
    is_open = models.BooleanField()
    lock_rank = models.IntegerField()
    ceiling = models.BigIntegerField()
    held = models.BigIntegerField()
    spent = models.BigIntegerField()
    overhang = models.BigIntegerField()
    raised = models.BigIntegerField()
    raise_ends_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "program_budgets_cap"

    def __str__(self) -> str:
        return f"cap {self.pk}"

    @property
    def available(self) -> int:
        """Minor units that may still be held; never below zero (an overhang isn't credit)."""
        return max(self.ceiling - self.held - self.spent, 0)


class Raise(models.Model):
    """A temporary raise of a cap: ``amount`` on top of its ceiling, until ``ends_at``."""

    cap = models.ForeignKey(Limit, on_delete=models.PROTECT, related_name="raises")
    amount = models.BigIntegerField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    posting_id = models.BigIntegerField(unique=True)
    reason = models.CharField(max_length=500)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0), name="raise_amount_positive"),
        )
        indexes = (models.Index(fields=("ends_at",), name="raise_due", condition=Q(ended_at=None)),)

    def __str__(self) -> str:
        return f"raise {self.pk}"


class Lot(models.Model):
    """Value granted to a member, with its origin and expiry.

    ``amount = available + held + spent + lapsed + withdrawn + moved``: what has lapsed, was taken
    back, or went on into another lot that names this one as its ``source``. ``unit`` is the
    limit's, so that sums over a cycle read lots alone. An allotment ``starts_at`` the beginning
    of the period it is for. ``has_left`` says whether anything is available.
    """

    class Origin(models.TextChoices):
        """How the value came to the member."""

        ALLOTMENT = "allotment"
        GRANT = "grant"
        ADJUSTMENT = "adjustment"
        REFUND = "refund"
        CARRY = "carry"
        CODE = "code"

    limit = models.ForeignKey(Limit, on_delete=models.PROTECT, related_name="lots")
    unit = models.CharField(max_length=16)
    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, null=True)
    origin = models.CharField(max_length=16, choices=Origin.choices)
    source = models.ForeignKey("self", on_delete=models.PROTECT, null=True, db_index=False)
    amount = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    lapsed = models.BigIntegerField(default=0)
    withdrawn = models.BigIntegerField(default=0)
    moved = models.BigIntegerField(default=0)
    starts_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True)
    has_left = models.GeneratedField(
        expression=Q(  # type: ignore[arg-type]  # Django takes conditions, its stubs don't
            amount__gt=F("held") + F("spent") + F("lapsed") + F("withdrawn") + F("moved")
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        indexes = (
            # What may still lapse, however much has. An index over the figures themselves would
            # have to follow every purchase.
            models.Index(fields=("expires_at",), name="lot_lapsing", condition=Q(has_left=True)),
        )
        constraints = (
            none_negative(
                F("held"),
                F("spent"),
                F("lapsed"),
                F("withdrawn"),
                F("moved"),
                F("amount") - F("held") - F("spent") - F("lapsed") - F("withdrawn") - F("moved"),
                name="lot_not_overspent",
            ),
            models.UniqueConstraint(
                fields=("limit", "starts_at"),
                condition=Q(origin="allotment"),
                nulls_distinct=False,
                name="lot_one_allotment_per_period",
            ),
        )

    def __str__(self) -> str:
        return f"{self.origin} {self.pk}"

    @property
    def removed(self) -> int:
        """Minor units that have left the lot for good."""
        return self.lapsed + self.withdrawn + self.moved

    @property
    def available(self) -> int:
        """Minor units neither held nor spent nor removed, whether or not the lot has lapsed."""
        return self.amount - self.held - self.spent - self.removed


class Rollover(models.Model):
    """What the end of a member's period did: what went on into carried lots, and what lapsed.

    What was held then is decided when it is released: until ``carry_until`` it follows what was
    carried, as far as ``carry_limit`` leaves room. ``cycle`` is the one it was carried into.
    """

    limit = models.ForeignKey(
        Limit, on_delete=models.PROTECT, related_name="rollovers", db_index=False
    )
    ends_at = models.DateTimeField()
    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, null=True)
    carry_limit = models.BigIntegerField()
    carry_until = models.DateTimeField(null=True)
    carried = models.BigIntegerField()
    lapsed = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("limit", "ends_at"), name="rollover_once"),
            none_negative(
                F("carried"), F("lapsed"), F("carry_limit") - F("carried"), name="rollover_within"
            ),
        )

    def __str__(self) -> str:
        return f"{self.limit_id}/{self.ends_at:%Y-%m-%d}"
