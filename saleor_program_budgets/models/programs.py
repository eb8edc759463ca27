"""Programs, the cycles they run in, and who takes part."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Deferrable, F, Q

from saleor_program_budgets.models.accounts import Account


def default_reminder_days() -> list[int]:
    """Return how many days before credit lapses members are reminded, unless a program says so."""
    return [30, 7]


class Program(models.Model):
    """A set of budget rules for one or more channels; its currency never changes.

    Cycles are cut from ``cycle_anchor`` on, the instant the first one started; those of CUSTOM
    length between ``cycle_dates``. Of what is left at a cycle's end ``carry_limit_minor``
    (``None``: all) is carried for ``carry_days`` (``None``: until the next cycle ends). Members
    are reminded ``reminder_days`` before credit of theirs lapses. If it ``returns_codes``, the
    discount code of a cancelled order can be used again.
    """

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

    class CycleLength(models.TextChoices):
        """How long a cycle lasts; ANNIVERSARY renews each member a year after they joined."""

        MONTHLY = "monthly"
        QUARTERLY = "quarterly"
        ANNUAL = "annual"
        CUSTOM = "custom"
        WINDOW = "window"
        ANNIVERSARY = "anniversary"

    class Proration(models.TextChoices):
        """What a member who joins in the middle of a cycle is allotted of it."""

        FULL = "full"
        DAILY = "daily"
        MONTHLY = "monthly"
        NEXT_CYCLE = "next_cycle"

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
    cycle_length = models.CharField(
        max_length=16, choices=CycleLength.choices, default=CycleLength.ANNUAL
    )
    cycle_anchor = models.DateTimeField(null=True, blank=True)
    cycle_dates = ArrayField(models.DateTimeField(), default=list, blank=True)
    allotment_minor = models.BigIntegerField(default=0)
    allotment_items = models.BigIntegerField(default=0)
    proration = models.CharField(max_length=16, choices=Proration.choices, default=Proration.FULL)
    carries_forward = models.BooleanField(default=False)
    carry_limit_minor = models.BigIntegerField(null=True, blank=True)
    carry_days = models.PositiveIntegerField(null=True, blank=True)
    refund_policy = models.CharField(
        max_length=16, choices=RefundPolicy.choices, default=RefundPolicy.FORFEIT
    )
    refund_grace_days = models.PositiveIntegerField(default=30)
    returns_codes = models.BooleanField(default=True)
    reminder_days = ArrayField(
        models.PositiveSmallIntegerField(), default=default_reminder_days, blank=True
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.CheckConstraint(
                condition=Q(allotment_minor__gte=0, allotment_items__gte=0),
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

    @property
    def counts_items(self) -> bool:
        """Whether purchases are counted in items beside money: somebody is allotted any."""
        return self.allotment_items > 0


class ProgramChannel(models.Model):
    """The program that a channel is the store of; at most one."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="channels")
    channel_id = models.CharField(max_length=36, unique=True)

    def __str__(self) -> str:
        return self.channel_id


class MemberGroup(models.Model):
    """Members with terms of their own: a part or all of the program's is overridden.

    Of several groups that a member is in, the one with the lowest ``position`` counts, alone.
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="groups")
    name = models.CharField(max_length=250)
    position = models.PositiveIntegerField()
    overrides_allotment = models.BooleanField(default=False)
    allotment_minor = models.BigIntegerField(default=0)
    allotment_items = models.BigIntegerField(default=0)
    overrides_carry = models.BooleanField(default=False)
    carries_forward = models.BooleanField(default=False)
    carry_limit_minor = models.BigIntegerField(null=True, blank=True)
    carry_days = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("program", "position")
        constraints = (
            models.UniqueConstraint(
                fields=("program", "position"),
                name="group_position_once",
                deferrable=Deferrable.DEFERRED,
            ),
            models.UniqueConstraint(fields=("program", "name"), name="group_name_once"),
            models.CheckConstraint(
                condition=Q(allotment_minor__gte=0, allotment_items__gte=0),
                name="group_allotment_not_negative",
            ),
        )

    def __str__(self) -> str:
        return self.name


class Cycle(models.Model):
    """One half-open period of a program.

    ``terms`` are those under which it ended and the next one began, as they were when it was
    closed: a member who is renewed later gets what they would have got at once.
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="cycles")
    number = models.PositiveIntegerField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    terms = models.JSONField(null=True)

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
    stay attributable. Who ``left_with_user`` was deactivated because the user was, and comes back
    with them; likewise who ``left_with_person``, of a roster. ``times_left`` counts deactivations:
    what was taken back at each is known by it.
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
    left_with_user = models.BooleanField(default=False)
    left_with_person = models.BooleanField(default=False)
    times_left = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("program", "user_reference"), name="member_once_per_program"
            ),
        )

    def __str__(self) -> str:
        return f"{self.program_id}/{self.user_reference}"


class GroupMember(models.Model):
    """That a member is in a group."""

    group = models.ForeignKey(MemberGroup, on_delete=models.CASCADE, related_name="enrolled")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="groups")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("member", "group"), name="group_member_once"),
        )

    def __str__(self) -> str:
        return f"{self.group_id}/{self.member_id}"
