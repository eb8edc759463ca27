"""What is coming for members: when they are renewed, and what lapses or is carried then."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from saleor_program_budgets import periods
from saleor_program_budgets.models import Cycle, Limit, Lot, Program
from saleor_program_budgets.money import ITEM
from saleor_program_budgets.programs import calendar
from saleor_program_budgets.programs.terms import terms_by_member

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger import Terms
    from saleor_program_budgets.models import Member


@dataclass(frozen=True, slots=True)
class Lapse:
    """What ends at an instant if it isn't spent before, in minor units.

    Of ``amount``, ``carried`` goes on until ``carried_until``; the rest is lost.
    """

    at: datetime
    amount: int
    carried: int = 0
    carried_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """When a member is renewed (``None``: no more), with what, and what lapses, by instant."""

    renews_at: datetime | None
    allotment: int
    items: int
    lapses: tuple[Lapse, ...]

    @property
    def carried(self) -> int:
        """What would be carried at the renewal if nothing more were spent."""
        return sum(lapse.carried for lapse in self.lapses)


def outlook(
    *, members: Sequence[Member], at: datetime, using: str | None = None
) -> dict[int, Outlook]:
    """Return what is coming for *members* of any programs, by member id; reads only.

    A few queries, and two more for each program among them. What is held counts as spent.
    """
    ids = [member.pk for member in members]
    by_program: dict[Program, list[Member]] = defaultdict(list)
    for member in members:
        by_program[member.program].append(member)
    cycles = {
        cycle.program_id: cycle
        for cycle in Cycle.objects.using(using).filter(program__in=by_program, closed_at=None)
    }
    renewals = dict(
        Limit.objects.using(using)
        .filter(kind=Limit.Kind.MEMBER, member__in=ids)
        .exclude(unit=ITEM)
        .values_list("member_id", "renews_at")
    )
    lots = _usable_lots(ids, at, using)
    found: dict[int, Outlook] = {}
    for program, theirs in by_program.items():
        terms = terms_by_member(program, [member.pk for member in theirs])
        cycle = cycles.get(program.pk)
        for member in theirs:
            found[member.pk] = _outlook_of(
                member,
                cycle,
                renewals.get(member.pk),
                terms[member.pk],
                lots[member.pk],
            )
    return found


def _usable_lots(
    members: Sequence[int], at: datetime, using: str | None
) -> defaultdict[int | None, list[Lot]]:
    lots: defaultdict[int | None, list[Lot]] = defaultdict(list)
    for lot in (
        Lot.objects.using(using)
        .filter(limit__member__in=members, expires_at__gt=at)
        .exclude(unit=ITEM)
        .select_related("limit")
        .order_by("expires_at", "pk")
    ):
        if lot.available > 0:
            lots[lot.limit.member_id].append(lot)
    return lots


def _outlook_of(
    member: Member,
    cycle: Cycle | None,
    renews_at: datetime | None,
    terms: Terms,
    lots: list[Lot],
) -> Outlook:
    next_end = None
    if cycle is not None and renews_at is not None and member.is_active:
        next_end = _next_end(member, cycle, renews_at)
    goes_on = next_end is not None
    lapses = []
    for instant, ending in groupby(lots, key=lambda lot: lot.expires_at):
        if instant is None:
            continue
        group = list(ending)
        carried = 0
        if goes_on and instant == renews_at:
            free = sum(lot.available for lot in group if lot.origin != Lot.Origin.CARRY)
            carried = free if terms.carry_limit is None else min(free, terms.carry_limit)
        until = next_end
        if terms.carry_days is not None:
            until = periods.days_after(
                instant, days=terms.carry_days, time_zone=member.program.time_zone
            )
        lapses.append(
            Lapse(
                at=instant,
                amount=sum(lot.available for lot in group),
                carried=carried,
                carried_until=until if carried else None,
            )
        )
    return Outlook(
        renews_at=renews_at if goes_on else None,
        allotment=terms.allotment if goes_on else 0,
        items=terms.items if goes_on else 0,
        lapses=tuple(lapses),
    )


def _next_end(member: Member, cycle: Cycle, renews_at: datetime) -> datetime | None:
    """Return when the period after the member's open one ends; ``None`` when there is none."""
    program = member.program
    if program.cycle_length == Program.CycleLength.ANNIVERSARY:
        return calendar.period_of_member(
            program=program, cycle=cycle, member=member, at=renews_at
        ).ends_at
    following = calendar.following_period(program=program, cycle=cycle)
    return following.ends_at if following else None
