"""Setting programs up, opening and closing them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction

from saleor_program_budgets import ledger, periods
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Cycle, Lot, Program, ProgramChannel
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor


LONGEST_GRACE_DAYS = 3_650


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an administrator decides about a program; the currency only once."""

    name: str
    overage_policy: Program.OveragePolicy = Program.OveragePolicy.BLOCK
    refund_policy: Program.RefundPolicy = Program.RefundPolicy.FORFEIT
    refund_grace_days: int = 30
    includes_shipping: bool = True
    includes_tax: bool = True
    time_zone: str = "UTC"
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    hold_ttl_minutes: int = 60
    allotment: Amount

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
        if self.allotment.minor < 0:
            raise InvalidInput(
                "allotment", "An allotment can't be negative.", code="INVALID_AMOUNT"
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
        _apply(program, rules)
        set_channels(program=program, channel_ids=channel_ids)
    return program


def update_program(*, program: Program, rules: Rules) -> Program:
    """Change a program's rules; what was granted and spent stands.

    A new allotment is granted from the next cycle on.
    """
    rules.check()
    if rules.allotment.currency != program.currency:
        raise InvalidInput("allotment", f"This program's currency is {program.currency}.")
    _apply(program, rules)
    return program


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

    Repeating it changes nothing: each member is granted an allotment once per cycle.
    """
    with transaction.atomic():
        locked = Program.objects.select_for_update().get(pk=program.pk)
        cycle = locked.cycles.filter(closed_at=None).first()
        if cycle is None:
            year = periods.year_from(at, time_zone=locked.time_zone)
            cycle = Cycle.objects.create(
                program=locked,
                number=locked.cycles.count() + 1,
                starts_at=year.starts_at,
                ends_at=year.ends_at,
            )
        locked.status = Program.Status.OPEN
        locked.save(update_fields=["status"])
    program.status = locked.status
    members = locked.members.filter(is_active=True).values_list("pk", flat=True)
    grant_allotment(program=locked, cycle=cycle, members=list(members), actor=actor, at=at)
    return cycle


def close_program(*, program: Program) -> Program:
    """Take no more orders; holds of orders already placed are honoured.

    The stores stay shut until the program is opened again, or their channels are taken off it.
    """
    program.status = Program.Status.CLOSED
    program.save(update_fields=["status"])
    return program


def grant_allotment(
    *,
    program: Program,
    cycle: Cycle,
    members: Sequence[int],
    actor: Actor,
    at: datetime,
) -> None:
    """Give *members* (ids) the cycle's allotment; who has it already is left out."""
    allotment = Amount(program.allotment_minor, program.currency)
    if not allotment or not members:
        return
    who = hashlib.sha256(json.dumps(sorted(members)).encode()).hexdigest()
    ledger.grant(
        members=members,
        amount=allotment,
        origin=Lot.Origin.ALLOTMENT,
        cycle=cycle,
        expires_at=cycle.ends_at,
        reason=f"allotment of cycle {cycle.number}",
        key=f"allotment:{cycle.pk}:{at.isoformat()}:{who}",
        actor=actor,
        at=at,
    )


def _apply(program: Program, rules: Rules) -> None:
    program.name = rules.name.strip()
    program.overage_policy = rules.overage_policy
    program.refund_policy = rules.refund_policy
    program.refund_grace_days = rules.refund_grace_days
    program.includes_shipping = rules.includes_shipping
    program.includes_tax = rules.includes_tax
    program.time_zone = rules.time_zone
    program.opens_at = rules.opens_at
    program.closes_at = rules.closes_at
    program.hold_ttl_minutes = rules.hold_ttl_minutes
    program.allotment_minor = rules.allotment.minor
    program.save()
