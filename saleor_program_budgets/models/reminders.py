"""Reminders: that a member's credit lapses soon, written down so that each is sent once."""

from __future__ import annotations

from django.db import models

from saleor_program_budgets.models.programs import Member


class Reminder(models.Model):
    """That ``amount`` of a member's budget lapses at ``expires_at``, ``days`` days before it.

    ``carried`` is what goes on into the next period instead, as the rules are now.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="reminders")
    unit = models.CharField(max_length=16)
    expires_at = models.DateTimeField()
    days = models.PositiveSmallIntegerField()
    amount = models.BigIntegerField()
    carried = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("member", "unit", "expires_at", "days"), name="reminder_once"
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, carried__gte=0), name="reminder_of_something"
            ),
        )

    def __str__(self) -> str:
        return f"{self.member_id}/{self.expires_at:%Y-%m-%d}/{self.days}"
