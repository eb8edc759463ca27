"""Setting programs up, opening and closing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Cycle, Limit, Program, ProgramChannel
from saleor_program_budgets.money import ITEM
from saleor_program_budgets.programs import calendar, cycles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.money import Amount


LONGEST_GRACE_DAYS = 3_650
LONGEST_CARRY_DAYS = 3_650
MOST_ITEMS = 1_000_000
MOST_DATES = 1_000
MEMBERS_BATCH = 5_000
MOST_REMINDERS = 10
EARLIEST_REMINDER_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an administrator decides about a program; the currency only once."""

    name: str
    overage_policy: Program.OveragePolicy = Program.OveragePolicy.BLOCK
    refund_policy: Program.RefundPolicy = Program.RefundPolicy.FORFEIT
    refund_grace_days: int = 30
    returns_codes: bool = True
    includes_shipping: bool = True
    includes_tax: bool = True
    time_zone: str = "UTC"
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    hold_ttl_minutes: int = 60
    cycle_length: Program.CycleLength = Program.CycleLength.ANNUAL
    cycle_anchor: datetime | None = None
    cycle_dates: Sequence[datetime] = ()
    allotment: Amount
    allotment_items: int = 0
    proration: Program.Proration = Program.Proration.FULL
    carries_forward: bool = False
    carry_limit: Amount | None = None
    carry_days: int | None = None
    reminder_days: Sequence[int] = (30, 7)

    def check(self) -> None:
        """Raise ``InvalidInput`` for the first rule that a value breaks."""
        if not self.name.strip():
            raise InvalidInput("name", "A program needs a name.", code="REQUIRED")
        if self.time_zone not in available_timezones():
            raise InvalidInput("time_zone", f"“{self.time_zone}” is not an IANA time zone.")
        if self.opens_at and self.closes_at and self.opens_at >= self.closes_at:
            raise InvalidInput("closes_at", "A program has to open before it closes.")
        if not 1 <= self.hold_ttl_minutes <= 60 * 24 * 30:
            raise InvalidInput("hold_ttl_minutes", "A hold lasts from 1 minute to 30 days.")
        if not 1 <= self.refund_grace_days <= LONGEST_GRACE_DAYS:
            raise InvalidInput(
                "refund_grace_days", f"A grace period lasts from 1 to {LONGEST_GRACE_DAYS:,} days."
            )
        self._check_cycles()
        self._check_amounts()
        self._check_reminders()

    def _check_cycles(self) -> None:
        if self.cycle_length == Program.CycleLength.CUSTOM:
            dates = list(self.cycle_dates)
            if len(dates) < 2 or dates != sorted(set(dates)):
                raise InvalidInput(
                    "cycle_dates", "Give at least two dates, each after the one before."
                )
            if len(dates) > MOST_DATES:
                raise InvalidInput("cycle_dates", f"Give up to {MOST_DATES:,} dates.")
        elif self.cycle_dates:
            raise InvalidInput("cycle_dates", "Only cycles of custom length have dates.")
        if self.cycle_length == Program.CycleLength.WINDOW and self.closes_at is None:
            raise InvalidInput(
                "closes_at", "A program of one window needs an end.", code="REQUIRED"
            )

    def _check_amounts(self) -> None:
        if self.allotment.minor < 0:
            raise InvalidInput(
                "allotment", "An allotment can't be negative.", code="INVALID_AMOUNT"
            )
        if not 0 <= self.allotment_items <= MOST_ITEMS:
            raise InvalidInput("allotment_items", f"Allot from 0 to {MOST_ITEMS:,} items.")
        check_carry(self.allotment.currency, self.carry_limit, self.carry_days)

    def _check_reminders(self) -> None:
        days = list(self.reminder_days)
        if len(days) > MOST_REMINDERS or len(days) != len(set(days)):
            raise InvalidInput(
                "reminder_days", f"Give up to {MOST_REMINDERS} different numbers of days."
            )
        if not all(1 <= number <= EARLIEST_REMINDER_DAYS for number in days):
            raise InvalidInput(
                "reminder_days",
                f"Members are reminded from 1 to {EARLIEST_REMINDER_DAYS} days before.",
            )


def check_carry(currency: str, limit: Amount | None, days: int | None) -> None:
    """Raise ``InvalidInput`` for a carry limit or window that makes no sense."""
    if limit is not None and limit.currency != currency:
        raise InvalidInput("carry_limit", f"This program's currency is {currency}.")
    if limit is not None and limit.minor <= 0:
        raise InvalidInput(
            "carry_limit",
            "What is carried at most has to be greater than zero.",
            code="INVALID_AMOUNT",
        )
    if days is not None and not 1 <= days <= LONGEST_CARRY_DAYS:
        raise InvalidInput(
            "carry_days", f"What is carried lasts from 1 to {LONGEST_CARRY_DAYS:,} days."
        )


def create_program(*, slug: str, rules: Rules, channel_ids: Sequence[str], at: datetime) -> Program:
    """Add a draft program in the currency of its allotment.

    Raises ``InvalidInput`` for a slug in use, a rule that is broken, or a channel that another
    program has already.
    """
    rules.check()
    with transaction.atomic():
        if Program.objects.filter(slug=slug).exists():
            raise InvalidInput("slug", f"The slug “{slug}” is already in use.", code="UNIQUE")
        program = Program(slug=slug, currency=rules.allotment.currency, created_at=at)
        apply_rules(program, rules)
        program.save()
        set_channels(program=program, channel_ids=channel_ids)
    return program


def update_program(*, program: Program, rules: Rules, at: datetime) -> Program:
    """Change a program's rules; what was granted and spent stands.

    They count from the end of the open cycle on: what is over by *at* ends under the old ones.
    Raises ``InvalidInput`` for a change that would move the end of an open cycle.
    """
    check_update(program, rules, is_running=False)  # before a cycle is turned
    cycle = cycles.turn_due(program=program, at=at)
    check_update(program, rules, is_running=cycle is not None)
    if cycle is not None and program.cycle_length == Program.CycleLength.ANNIVERSARY:
        cycles.renew_due(program=program, at=at)
    apply_rules(program, rules)
    program.save()
    return program


def check_update(program: Program, rules: Rules, *, is_running: bool) -> None:
    """Raise ``InvalidInput`` for rules that the program can't change to, with a cycle open."""
    rules.check()
    if rules.allotment.currency != program.currency:
        raise InvalidInput("allotment", f"This program's currency is {program.currency}.")
    if is_running:
        _require_same_cycle(program, rules)


def _require_same_cycle(program: Program, rules: Rules) -> None:
    """Members have lots that end with the open cycle: its end stands."""
    lengths = {str(program.cycle_length), str(rules.cycle_length)}
    if len(lengths) == 2 and Program.CycleLength.ANNIVERSARY in lengths:
        raise InvalidInput(
            "cycle_length", "Anniversaries can't be switched on or off while a cycle is open."
        )
    is_anniversary = program.cycle_length == Program.CycleLength.ANNIVERSARY
    if is_anniversary and rules.time_zone != program.time_zone:
        # Members' years end by the clocks they began by; others would cut them an hour apart.
        raise InvalidInput(
            "time_zone", "Anniversaries can't move to other clocks while a cycle is open."
        )
    if len(lengths) == 2 and rules.cycle_length == Program.CycleLength.WINDOW:
        raise InvalidInput(
            "cycle_length", "A program can't become one of one window while a cycle is open."
        )
    if bool(program.allotment_items) != bool(rules.allotment_items):
        raise InvalidInput(
            "allotment_items",
            "Counting in items can't be switched on or off while a cycle is open.",
        )
    if program.cycle_length == Program.CycleLength.WINDOW and rules.closes_at != program.closes_at:
        raise InvalidInput("closes_at", "The end of an open window can't be moved.")


def set_channels(*, program: Program, channel_ids: Sequence[str]) -> None:
    """Make exactly these channels the program's stores."""
    with transaction.atomic():
        taken = (
            ProgramChannel.objects.select_for_update()
            .filter(channel_id__in=channel_ids)
            .exclude(program=program)
            .select_related("program")
            .first()
        )
        if taken is not None:
            raise InvalidInput(
                "channels",
                f"A channel already belongs to the program “{taken.program.name}”.",
            )
        program.channels.exclude(channel_id__in=channel_ids).delete()
        known = set(program.channels.values_list("channel_id", flat=True))
        try:
            ProgramChannel.objects.bulk_create(
                ProgramChannel(program=program, channel_id=channel_id)
                for channel_id in dict.fromkeys(channel_ids)
                if channel_id not in known
            )
        except IntegrityError as error:
            raise InvalidInput(
                "channels", "A channel was just taken by another program."
            ) from error


def open_program(*, program: Program, actor: Actor, at: datetime) -> Cycle:
    """Open a draft or closed program: its first cycle starts, and members get their allotment.

    One that was closed goes on where it was: what was due meanwhile happens as of then. One whose
    first date lies ahead takes orders from then on. Repeating it changes nothing: each member is
    granted an allotment once per period. Raises ``InvalidInput`` where the rules leave no cycle
    to open.
    """
    if program.closes_at is not None and program.closes_at <= at:
        raise InvalidInput("closes_at", "The program's window is over.")
    cycles.renew_due(program=program, at=at)
    _complete_limits(program)
    with transaction.atomic():
        locked = Program.objects.select_for_update().get(pk=program.pk)
        cycle = cycles.open_cycle(program=locked)
        if cycle is None:
            period = calendar.first_period(program=locked, at=at)
            last = locked.cycles.order_by("number").last()
            cycle = Cycle.objects.create(
                program=locked,
                number=last.number + 1 if last else 1,
                starts_at=period.starts_at,
                ends_at=period.ends_at,
            )
            if period.starts_at > at:
                locked.opens_at = period.starts_at
                if locked.closes_at is not None and locked.closes_at <= period.starts_at:
                    raise InvalidInput("closes_at", "The program closes before its first date.")
        locked.status = Program.Status.OPEN
        locked.cycle_anchor = locked.cycle_anchor or cycle.starts_at
        locked.save(update_fields=["status", "cycle_anchor", "opens_at"])
    program.status, program.opens_at = locked.status, locked.opens_at
    program.cycle_anchor = locked.cycle_anchor
    cycles.place(program=locked, cycle=cycle, actor=actor, at=at)
    return cycle


def _complete_limits(program: Program) -> None:
    """Give members who were enrolled before the program counted items a budget in them."""
    if not program.counts_items:
        return
    has_one = Limit.objects.filter(member=OuterRef("pk"), unit=ITEM, kind=Limit.Kind.MEMBER)
    lacking = program.members.filter(~Exists(has_one)).order_by("pk")
    while members := list(lacking.values_list("pk", flat=True)[:MEMBERS_BATCH]):
        ledger.open_member_limits(program=program, members=members, unit=ITEM)


def close_program(*, program: Program) -> Program:
    """Take no more orders; holds of orders already placed are honoured.

    The stores stay shut until the program is opened again, or their channels are taken off it.
    """
    program.status = Program.Status.CLOSED
    program.save(update_fields=["status"])
    return program


def apply_rules(program: Program, rules: Rules) -> None:
    """Write *rules* into *program*, which isn't saved."""
    program.name = rules.name.strip()
    program.overage_policy = rules.overage_policy
    program.refund_policy = rules.refund_policy
    program.refund_grace_days = rules.refund_grace_days
    program.returns_codes = rules.returns_codes
    program.includes_shipping = rules.includes_shipping
    program.includes_tax = rules.includes_tax
    program.time_zone = rules.time_zone
    program.opens_at = rules.opens_at
    program.closes_at = rules.closes_at
    program.hold_ttl_minutes = rules.hold_ttl_minutes
    program.cycle_length = rules.cycle_length
    program.cycle_anchor = rules.cycle_anchor or program.cycle_anchor
    program.cycle_dates = list(rules.cycle_dates)
    program.allotment_minor = rules.allotment.minor
    program.allotment_items = rules.allotment_items
    program.proration = rules.proration
    program.carries_forward = rules.carries_forward
    program.carry_limit_minor = rules.carry_limit.minor if rules.carry_limit else None
    program.carry_days = rules.carry_days
    program.reminder_days = sorted(rules.reminder_days, reverse=True)
