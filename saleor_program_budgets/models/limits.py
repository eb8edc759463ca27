"""Limits, and the lots that a member's limit consists of.

Both are caches of the journal with the same three numbers; the database's constraints are the
last guard against overspending.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from saleor_program_budgets.models.accounts import Account
from saleor_program_budgets.models.programs import Cycle, Member, Program


class Limit(models.Model):
    """Anything a purchase must fit under: ``held + spent <= ceiling`` (+ recorded overhang).

    ``overhang`` is what was already used above a ceiling when it was lowered; it only shrinks.
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
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="caps")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="limits")
    unit = models.CharField(max_length=16)
    ceiling = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    overhang = models.BigIntegerField(default=0)
    is_open = models.BooleanField(default=True)
    lock_rank = models.IntegerField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(ceiling__gte=0) & Q(held__gte=0) & Q(spent__gte=0) & Q(overhang__gte=0),
                name="limit_nothing_negative",
            ),
            models.CheckConstraint(
                condition=Q(ceiling__gte=F("held") + F("spent") - F("overhang")),
                name="limit_not_overspent",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind="member",
                    member__isnull=False,
                    account=None,
                    program__isnull=False,
                )
                | Q(kind="cap", account__isnull=False, member=None),
                name="limit_has_its_owner",
            ),
            models.UniqueConstraint(
                fields=("member", "unit"),
                condition=Q(kind="member"),
                name="limit_one_per_member",
            ),
            models.UniqueConstraint(
                fields=("account", "program", "cycle", "unit"),
                condition=Q(kind="cap"),
                nulls_distinct=False,
                name="limit_one_cap_per_account_and_cycle",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def available(self) -> int:
        """Minor units that may still be held; never below zero (an overhang isn't credit)."""
        return max(self.ceiling - self.held - self.spent, 0)


class Lot(models.Model):
    """Value granted to a member, with its origin and expiry.

    ``amount = available + held + spent + removed``; ``removed`` has lapsed or been taken back.
    """

    class Origin(models.TextChoices):
        """How the value came to the member."""

        ALLOTMENT = "allotment"
        GRANT = "grant"

    limit = models.ForeignKey(Limit, on_delete=models.PROTECT, related_name="lots")
    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, null=True)
    origin = models.CharField(max_length=16, choices=Origin.choices)
    amount = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    removed = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(held__gte=0) & Q(spent__gte=0) & Q(removed__gte=0),
                name="lot_nothing_negative",
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=F("held") + F("spent") + F("removed")),
                name="lot_not_overspent",
            ),
            models.UniqueConstraint(
                fields=("limit", "cycle"),
                condition=Q(origin="allotment"),
                name="lot_one_allotment_per_cycle",
            ),
        )

    def __str__(self) -> str:
        return f"{self.origin} {self.pk}"

    @property
    def available(self) -> int:
        """Minor units neither held nor spent nor removed, whether or not the lot has lapsed."""
        return self.amount - self.held - self.spent - self.removed
