"""Programs, the cycles they run in, and who takes part."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from saleor_program_budgets.models.accounts import Account


class Program(models.Model):
    """A set of budget rules for one or more channels; its currency never changes."""

    class Status(models.TextChoices):
        """DRAFT takes no orders yet, OPEN does within its window, CLOSED no longer does."""

        DRAFT = "draft"
        OPEN = "open"
        CLOSED = "closed"

    class OveragePolicy(models.TextChoices):
        """What a purchase above the budget does."""

        BLOCK = "block"
        PAY_DIFFERENCE = "pay_difference"

    class RefundPolicy(models.TextChoices):
        """What a refund to a lot that has lapsed becomes."""

        FORFEIT = "forfeit"
        GRACE = "grace"
        REISSUE = "reissue"

    name = models.CharField(max_length=250)
    slug = models.SlugField(max_length=255, unique=True)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    overage_policy = models.CharField(
        max_length=16, choices=OveragePolicy.choices, default=OveragePolicy.BLOCK
    )
    includes_shipping = models.BooleanField(default=True)
    includes_tax = models.BooleanField(default=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    opens_at = models.DateTimeField(null=True, blank=True)
    closes_at = models.DateTimeField(null=True, blank=True)
    hold_ttl_minutes = models.PositiveIntegerField(default=60)
    allotment_minor = models.BigIntegerField(default=0)
    refund_policy = models.CharField(
        max_length=16, choices=RefundPolicy.choices, default=RefundPolicy.FORFEIT
    )
    refund_grace_days = models.PositiveIntegerField(default=30)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(allotment_minor__gte=0),
                name="program_allotment_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(hold_ttl_minutes__gte=1), name="program_hold_ttl_positive"
            ),
            models.CheckConstraint(
                condition=Q(refund_grace_days__gte=1), name="program_refund_grace_positive"
            ),
            models.CheckConstraint(
                condition=Q(opens_at=None) | Q(closes_at=None) | Q(opens_at__lt=F("closes_at")),
                name="program_opens_before_it_closes",
            ),
        )

    def __str__(self) -> str:
        return self.name


class ProgramChannel(models.Model):
    """The program that a channel is the store of; at most one."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="channels")
    channel_id = models.CharField(max_length=36, unique=True)

    def __str__(self) -> str:
        return self.channel_id


class Cycle(models.Model):
    """One half-open period of a program."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="cycles")
    number = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("program", "number")
        constraints = (
            models.UniqueConstraint(fields=("program", "number"), name="cycle_number_once"),
            models.UniqueConstraint(
                fields=("program",), condition=Q(closed_at=None), name="cycle_one_open"
            ),
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")),
                name="cycle_starts_before_it_ends",
            ),
        )

    def __str__(self) -> str:
        return f"{self.program_id}/{self.number}"


class Member(models.Model):
    """A user enrolled in a program under an account.

    ``user_reference`` keeps the user's id after Saleor has deleted the user, so that entries
    stay attributable.
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="budget_memberships",
    )
    user_reference = models.CharField(max_length=36)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="members")
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField()
    deactivated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("program", "user_reference"), name="member_once_per_program"
            ),
        )

    def __str__(self) -> str:
        return f"{self.program_id}/{self.user_reference}"
