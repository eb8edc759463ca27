"""The journal: what happened, appended and never edited (a trigger refuses both).

Written by every purchase, it has no foreign key constraints: each would look up, and lock, a row
that others want too. ``verify`` looks for ids that name nothing.
"""

from __future__ import annotations

from typing import Any

from django.db import models

from saleor_program_budgets.models.accounts import Account
from saleor_program_budgets.models.holds import Hold
from saleor_program_budgets.models.limits import Limit, Lot
from saleor_program_budgets.models.programs import Cycle, Member, Program


def _named(model: type[models.Model] | str, **options: Any) -> Any:
    """Return a field that names a row by its id without a constraint on it."""
    return models.ForeignKey(
        model,
        on_delete=models.PROTECT,
        null=True,
        db_constraint=False,
        **{"db_index": False, **options},
    )


class Posting(models.Model):
    """One atomic movement of ``amount`` (and of ``items`` beside it); its entries net to zero."""

    class Kind(models.TextChoices):
        """What moved value."""

        GRANT = "grant"
        ROLLOVER = "rollover"
        LAPSE = "lapse"
        ADJUSTMENT = "adjustment"
        CLAWBACK = "clawback"
        CEILING = "ceiling"
        SHARE = "share"
        HOLD = "hold"
        CAPTURE = "capture"
        RELEASE = "release"
        EXPIRE = "expire"
        REFUND = "refund"
        REVERSAL = "reversal"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    program = _named(Program)
    cycle = _named(Cycle)
    member = _named(Member)
    account = _named(Account)
    hold = _named(Hold, related_name="postings", db_index=True)
    reverses = _named("self", related_name="reversals")
    unit = models.CharField(max_length=16)
    amount = models.BigIntegerField()
    items = models.BigIntegerField(default=0)
    checkout_id = models.CharField(max_length=36, blank=True)
    order_id = models.CharField(max_length=36, blank=True)
    actor = models.CharField(max_length=64)
    cause = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("reverses",),
                condition=models.Q(reverses__isnull=False),
                name="posting_reversed_once",
            ),
        )
        indexes = (
            models.Index(fields=("program", "id"), name="posting_program"),
            models.Index(fields=("member", "id"), name="posting_member"),
            models.Index(
                fields=("order_id",),
                name="posting_order",
                condition=~models.Q(order_id=""),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Entry(models.Model):
    """One signed line of a posting: a bucket of a lot, or of a cap, before and after."""

    class Bucket(models.TextChoices):
        """Where value is. FUNDING is outside: what a lot or cap was given, negated."""

        FUNDING = "funding"
        AVAILABLE = "available"
        HELD = "held"
        SPENT = "spent"
        LAPSED = "lapsed"
        WITHDRAWN = "withdrawn"
        MOVED = "moved"

    posting = models.ForeignKey(
        Posting, on_delete=models.PROTECT, db_constraint=False, related_name="entries"
    )
    limit = models.ForeignKey(Limit, on_delete=models.PROTECT, db_constraint=False, db_index=False)
    lot = models.ForeignKey(
        Lot, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False
    )
    bucket = models.CharField(max_length=9, choices=Bucket.choices)
    amount = models.BigIntegerField()
    balance_before = models.BigIntegerField()
    balance_after = models.BigIntegerField()

    class Meta:
        indexes = (models.Index(fields=("limit", "id"), name="entry_limit"),)

    def __str__(self) -> str:
        return f"{self.bucket} {self.amount:+}"


class Refused(models.Model):
    """A purchase that didn't fit, with the limit that bound; changes no balance.

    ``account`` is the one that the member was under, and ``cycle`` the one that was open then.
    """

    code = models.CharField(max_length=32)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, null=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True)
    limit = models.ForeignKey(Limit, on_delete=models.PROTECT, null=True)
    account = _named(Account)
    cycle = _named(Cycle)
    user_reference = models.CharField(max_length=36, blank=True)
    channel_id = models.CharField(max_length=36, blank=True)
    checkout_id = models.CharField(max_length=36, blank=True)
    order_id = models.CharField(max_length=36, blank=True)
    unit = models.CharField(max_length=16, blank=True)
    requested = models.BigIntegerField(null=True)
    available = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "refused purchases"
        indexes = (
            models.Index(fields=("program", "at"), name="refused_program"),
            models.Index(fields=("account", "at"), name="refused_account"),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.pk}"


class Outcome(models.Model):
    """What a keyed request led to, so that a retry gets the same answer."""

    key = models.CharField(max_length=255, primary_key=True)
    fingerprint = models.BinaryField(max_length=32)
    result = models.JSONField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
