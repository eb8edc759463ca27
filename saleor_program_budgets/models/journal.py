"""The journal: what happened, appended and never edited (a trigger refuses both)."""

from __future__ import annotations

from django.db import models

from saleor_program_budgets.models.accounts import Account
from saleor_program_budgets.models.holds import Hold
from saleor_program_budgets.models.limits import Limit, Lot
from saleor_program_budgets.models.programs import Cycle, Member, Program


class Posting(models.Model):
    """One atomic movement of ``amount``; its entries net to zero."""

    class Kind(models.TextChoices):
        """What moved value."""

        GRANT = "grant"
        CEILING = "ceiling"
        HOLD = "hold"
        CAPTURE = "capture"
        RELEASE = "release"
        EXPIRE = "expire"
        REFUND = "refund"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, null=True)
    cycle = models.ForeignKey(Cycle, on_delete=models.PROTECT, null=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True)
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="postings")
    unit = models.CharField(max_length=16)
    amount = models.BigIntegerField()
    checkout_id = models.CharField(max_length=36, blank=True)
    order_id = models.CharField(max_length=36, blank=True)
    actor = models.CharField(max_length=64)
    cause = models.CharField(max_length=500, blank=True)
    at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("program", "id"), name="posting_program"),
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

    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="entries")
    limit = models.ForeignKey(Limit, on_delete=models.PROTECT)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, null=True)
    bucket = models.CharField(max_length=9, choices=Bucket.choices)
    amount = models.BigIntegerField()
    balance_before = models.BigIntegerField()
    balance_after = models.BigIntegerField()

    class Meta:
        indexes = (models.Index(fields=("limit", "id"), name="entry_limit"),)

    def __str__(self) -> str:
        return f"{self.bucket} {self.amount:+}"


class Refused(models.Model):
    """A purchase that didn't fit, with the limit that bound; changes no balance."""

    code = models.CharField(max_length=32)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, null=True)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True)
    limit = models.ForeignKey(Limit, on_delete=models.PROTECT, null=True)
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
        indexes = (models.Index(fields=("program", "at"), name="refused_program"),)

    def __str__(self) -> str:
        return f"{self.code} {self.pk}"


class Outcome(models.Model):
    """What a keyed request led to, so that a retry gets the same answer."""

    key = models.CharField(max_length=255, unique=True)
    fingerprint = models.CharField(max_length=64)
    result = models.JSONField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
