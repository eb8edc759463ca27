"""Adjustments of many members at once: looked at first, applied line by line, undone."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from saleor_program_budgets.models.accounts import Account
from saleor_program_budgets.models.programs import Member, Program


class Adjustment(models.Model):
    """A batch of corrections with one reason; a draft posts nothing.

    ``rejected`` names the first lines of a list that can't be applied, ``rejected_count`` says
    how many there are.
    """

    class Status(models.TextChoices):
        """How far the batch has come. What is under way goes on when it is asked for again."""

        DRAFT = "draft"
        APPLYING = "applying"
        APPLIED = "applied"
        UNDOING = "undoing"
        UNDONE = "undone"

    class Source(models.TextChoices):
        """Whom it is for."""

        MEMBER = "member"
        ACCOUNT = "account"
        LIST = "list"

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="adjustments")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    source = models.CharField(max_length=16, choices=Source.choices)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, related_name="+")
    unit = models.CharField(max_length=16)
    reason = models.CharField(max_length=500)
    rejected = models.JSONField(default=list)
    rejected_count = models.PositiveIntegerField(default=0)
    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    applied_by = models.CharField(max_length=64, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=64, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undo_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("program", "id"), name="adjustment_program"),)

    def __str__(self) -> str:
        return f"adjustment {self.pk}"


class AdjustmentLine(models.Model):
    """One member's correction: what it is to be, what they had then, and what became of it.

    ``number`` is the line of the list it came from. ``error`` says why it failed, or why it
    could not be undone.
    """

    class Status(models.TextChoices):
        """What became of the line."""

        DRAFT = "draft"
        POSTED = "posted"
        FAILED = "failed"
        UNDONE = "undone"
        KEPT = "kept"

    adjustment = models.ForeignKey(
        Adjustment, on_delete=models.CASCADE, related_name="lines", db_index=False
    )
    number = models.PositiveIntegerField()
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="adjustment_lines")
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=500)
    expires_at = models.DateTimeField(null=True, blank=True)
    balance_before = models.BigIntegerField()
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    posting_id = models.BigIntegerField(null=True, blank=True)
    reversal_id = models.BigIntegerField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ("adjustment", "number")
        constraints = (
            models.UniqueConstraint(fields=("adjustment", "number"), name="adjustment_line_once"),
            models.CheckConstraint(condition=~Q(amount=0), name="adjustment_line_of_something"),
        )
        indexes = (
            models.Index(fields=("adjustment", "status", "number"), name="adjustment_line_status"),
        )

    def __str__(self) -> str:
        return f"{self.adjustment_id}/{self.number}"

    @property
    def balance_after(self) -> int:
        """What the member has available after it, in minor units, as it was looked at."""
        return self.balance_before + self.amount
