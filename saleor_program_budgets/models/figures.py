"""Figures: sums over limits, members and the journal, so that nobody has to add them up.

All are caches. Triggers append what changes as ``FigureChange``, in the transaction that changes
it; ``figures.fold`` adds appended rows to the totals. What is true at any instant is the totals
and the changes together. Nothing here has foreign keys: each would lock a row that others want.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


def _key() -> models.BigIntegerField[int, int]:
    return models.BigIntegerField()


def _unit() -> models.CharField[str, str]:
    return models.CharField(max_length=16)


class Stock(models.Model):
    """What there is now, in minor units, or in pieces.

    ``remaining`` and all that counts members goes by the account they are under, and moves with
    them; ``held`` by the account it was held under, and stays. ``members`` are the active ones,
    ``spenders`` all who have spent anything. ``overspent`` is what is used beyond ceilings.
    """

    remaining = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    members = models.BigIntegerField(default=0)
    spenders = models.BigIntegerField(default=0)
    overspent = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class Flows(models.Model):
    """What happened, by the account that it happened under; in minor units, or in pieces.

    ``refunded`` is net of refunds that were reversed. ``redemptions`` counts captures.
    """

    granted = models.BigIntegerField(default=0)
    redeemed = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    lapsed = models.BigIntegerField(default=0)
    withdrawn = models.BigIntegerField(default=0)
    redemptions = models.BigIntegerField(default=0)
    refusals = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class FigureChange(Stock, Flows):
    """What one statement changed, of one account and day; appended, and gone once it is folded.

    ``limits`` are the members' limits that it touched. A row of zeros says that something else
    that is shown has changed.
    """

    program_id = models.BigIntegerField(null=True)
    cycle_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField(null=True)
    unit = _unit()
    on_date = models.DateField(null=True)
    limits = ArrayField(models.BigIntegerField(), default=list)

    def __str__(self) -> str:
        return f"change {self.pk}"


class AccountTotal(Stock):
    """The stock of one program under one account (``None``: under none)."""

    program_id = _key()
    account_id = models.BigIntegerField(null=True)
    unit = _unit()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("program_id", "account_id", "unit"),
                nulls_distinct=False,
                name="account_total_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.program_id}/{self.account_id} {self.unit}"


class CycleTotal(Flows):
    """What happened in one cycle under one account (``None``: under none)."""

    program_id = _key()
    cycle_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField(null=True)
    unit = _unit()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("program_id", "cycle_id", "account_id", "unit"),
                nulls_distinct=False,
                name="cycle_total_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.program_id}/{self.cycle_id}/{self.account_id} {self.unit}"


class DayTotal(Flows):
    """What happened in a program on one day of its time zone."""

    program_id = _key()
    on_date = models.DateField()
    unit = _unit()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("program_id", "on_date", "unit"), name="day_total_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.program_id}/{self.on_date} {self.unit}"


class AccountDay(Flows):
    """What happened under one account (``None``: under none) on one day of the program's zone."""

    program_id = _key()
    on_date = models.DateField()
    account_id = models.BigIntegerField(null=True)
    unit = _unit()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("program_id", "on_date", "account_id", "unit"),
                nulls_distinct=False,
                name="account_day_once",
            ),
        )
        indexes = (models.Index(fields=("account_id", "on_date"), name="account_day_account"),)

    def __str__(self) -> str:
        return f"{self.program_id}/{self.on_date}/{self.account_id} {self.unit}"


class AccountWeek(Flows):
    """The seven ``AccountDay`` from a Monday on: a year of days is too many to add up."""

    program_id = _key()
    week_of = models.DateField()
    account_id = models.BigIntegerField(null=True)
    unit = _unit()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("program_id", "week_of", "account_id", "unit"),
                nulls_distinct=False,
                name="account_week_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.program_id}/{self.week_of}/{self.account_id} {self.unit}"


class Standing(models.Model):
    """How much of what they have an active member has used, in thousandths: who is close to it."""

    limit_id = models.BigIntegerField(primary_key=True)
    program_id = _key()
    account_id = _key()
    used_permille = models.IntegerField()

    class Meta:
        indexes = (
            models.Index(
                fields=("program_id", "-used_permille", "limit_id"), name="standing_program"
            ),
            models.Index(
                fields=("account_id", "-used_permille", "limit_id"), name="standing_account"
            ),
        )

    def __str__(self) -> str:
        return f"{self.limit_id}: {self.used_permille}‰"


class FigureFold(models.Model):
    """How many changes have ever been folded; one row. With those that wait, it only grows."""

    folded = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.folded)
