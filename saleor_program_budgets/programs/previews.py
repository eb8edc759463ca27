"""Dry runs: what other rules or another cap would mean. They read, and write nothing."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from django.db.models import F, Q, QuerySet, Sum

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Account, Cap, Hold, Lot, Member, MemberGroup
from saleor_program_budgets.money import ITEM, Amount
from saleor_program_budgets.programs import cycles
from saleor_program_budgets.programs.operations import apply_rules, check_update
from saleor_program_budgets.programs.terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from saleor_program_budgets.ledger import Planned
    from saleor_program_budgets.models import Cycle, Program
    from saleor_program_budgets.programs.groups import Overrides
    from saleor_program_budgets.programs.operations import Rules


@dataclass(frozen=True, slots=True)
class Sums:
    """What the end of a cycle does for some members: in minor units of one unit, or in items."""

    members: int = 0
    granted: int = 0
    carried: int = 0
    lapsed: int = 0
    held: int = 0

    def __add__(self, other: Sums) -> Sums:
        """Sum two up."""
        return Sums(
            self.members + other.members,
            self.granted + other.granted,
            self.carried + other.carried,
            self.lapsed + other.lapsed,
            self.held + other.held,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """The sums under the rules of now, and under those proposed.

    Of one account with everything below it, or (``account_id`` ``None``) of the program.
    """

    account_id: int | None
    unit: str
    present: Sums
    proposed: Sums


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is allotted under a cap for the next cycle, beside its ceiling; in minor units.

    A ratio above 1 is more than the cap lets everybody spend together; without a ceiling there is
    none.
    """

    cap_id: int
    account_id: int
    unit: str
    ceiling: int
    present: int
    proposed: int

    @property
    def present_ratio(self) -> Fraction | None:
        """Allotted ÷ cap, under the rules of now."""
        return Fraction(self.present, self.ceiling) if self.ceiling else None

    @property
    def proposed_ratio(self) -> Fraction | None:
        """Allotted ÷ cap, under the rules proposed."""
        return Fraction(self.proposed, self.ceiling) if self.ceiling else None


@dataclass(frozen=True, slots=True)
class RulesPreview:
    """What the end of the open cycle does, by account with everything below it and in total."""

    cycle: Cycle
    totals: list[Change]
    accounts: list[Change]
    coverage: list[Coverage]


@dataclass(frozen=True, slots=True)
class CapPreview:
    """What a cap of ``ceiling`` on an account would mean; amounts in minor units.

    ``available`` is how much could still be bought, ``overhang`` what is used beyond it, and
    ``allotted`` what the ``members`` under it were allotted for the cycle. ``present_ceiling`` is
    that of the cap which stands there now, without temporary raises.
    """

    account_id: int
    unit: str
    present_ceiling: int | None
    ceiling: int
    held: int
    spent: int
    overhang: int
    available: int
    members: int
    allotted: int

    @property
    def ratio(self) -> Fraction | None:
        """Allotted ÷ cap; ``None`` for a cap of nothing."""
        return Fraction(self.allotted, self.ceiling) if self.ceiling else None


def preview_rules(
    *,
    program: Program,
    rules: Rules,
    groups: Mapping[int, Overrides] | None = None,
    at: datetime,
    using: str | None = None,
) -> RulesPreview:
    """Return what *rules* (and other overrides of *groups*, by id) change at the cycle's end.

    Reckoned from what members have now, as if nothing more were bought. Raises ``InvalidInput``
    for rules that the program can't change to, and for a program that has no open cycle.
    """
    cycle = cycles.open_cycle(program=program, using=using)
    if cycle is None:
        raise InvalidInput("program", "The program has no open cycle.")
    check_update(program, rules, is_running=True)
    proposed = copy(program)
    apply_rules(proposed, rules)
    proposed_terms = terms_of(proposed, _proposed_groups(proposed, groups or {}))
    parents = _parents(using)
    present = _rolled_up(cycles.plan(program=program, using=using), parents)
    planned = cycles.plan(program=proposed, terms=proposed_terms, using=using)
    coming = _rolled_up(planned, parents)
    keys = sorted(
        present.keys() | coming.keys(), key=lambda key: (key[0] is not None, key[0] or 0, key[1])
    )
    changes = [
        Change(account_id, unit, present.get(key, Sums()), coming.get(key, Sums()))
        for key in keys
        for account_id, unit in [key]
    ]
    return RulesPreview(
        cycle=cycle,
        totals=[change for change in changes if change.account_id is None],
        accounts=[change for change in changes if change.account_id is not None],
        coverage=[
            Coverage(
                cap_id=cap.pk,
                account_id=cap.account_id,
                unit=cap.unit,
                ceiling=cap.ceiling - cap.raised,
                present=present.get((cap.account_id, cap.unit), Sums()).granted,
                proposed=coming.get((cap.account_id, cap.unit), Sums()).granted,
            )
            for cap in _caps_of(cycle, at, using)
        ],
    )


def preview_cap(
    *,
    account: Account,
    program: Program | None,
    amount: Amount,
    at: datetime,
    using: str | None = None,
) -> CapPreview:
    """Return what a cap of *amount* on *account* would mean for the program, or for all programs.

    Raises ``InvalidInput`` for a negative amount, another currency than the program's, and a
    program that has no open cycle.
    """
    if amount.minor < 0:
        raise InvalidInput("amount", "A cap can't be negative.", code="INVALID_AMOUNT")
    if program is not None and amount.currency not in {program.currency, ITEM}:
        raise InvalidInput("amount", f"This program's currency is {program.currency}.")
    cycle = cycles.open_cycle(program=program, using=using) if program else None
    if program is not None and cycle is None:
        raise InvalidInput("program", "Open the program before setting caps for it.")
    below = Account.objects.using(using).descendants(account, include_self=True).values("pk")
    of_program = Q(program=program) if program else Q()
    held, spent = _used(cycle, below, amount.currency, using)
    members = Member.objects.using(using).filter(of_program, is_active=True, account__in=below)
    present = _present_cap(account, cycle, amount.currency, at=at, using=using)
    return CapPreview(
        account_id=account.pk,
        unit=amount.currency,
        present_ceiling=present.ceiling - present.raised if present else None,
        ceiling=amount.minor,
        held=held,
        spent=spent,
        overhang=max(held + spent - amount.minor, 0),
        available=max(amount.minor - held - spent, 0),
        members=members.filter(limits__unit=amount.currency).count(),
        allotted=_allotted(program, below, amount.currency, using),
    )


def _proposed_groups(program: Program, proposed: Mapping[int, Overrides]) -> list[MemberGroup]:
    """Return the program's groups in order, with the overrides proposed; none is saved."""
    groups = list(program.groups.order_by("position"))
    unknown = proposed.keys() - {group.pk for group in groups}
    if unknown:
        raise InvalidInput("groups", "Not all of these are groups of the program.")
    for group in groups:
        group.program = program
        if group.pk in proposed:
            proposed[group.pk].check(program)
            proposed[group.pk].apply_to(group)
    return groups


def _parents(using: str | None) -> dict[int, int | None]:
    accounts = Account.objects.using(using).without_tree_fields().order_by()
    return dict(accounts.values_list("pk", "parent_id"))


def _rolled_up(
    plans: Iterable[Planned], parents: Mapping[int, int | None]
) -> dict[tuple[int | None, str], Sums]:
    """Return sums by account with all that is below it, and (``None``) in total, by unit."""
    sums: dict[tuple[int | None, str], Sums] = {}
    for plan in plans:
        own = Sums(plan.members, plan.granted, plan.carried, plan.lapsed, plan.held)
        account_id: int | None = plan.account_id
        while account_id is not None:
            key = (account_id, plan.unit)
            sums[key] = sums.get(key, Sums()) + own
            account_id = parents.get(account_id)
        sums[None, plan.unit] = sums.get((None, plan.unit), Sums()) + own
    return sums


def _caps_of(cycle: Cycle, at: datetime, using: str | None) -> list[Cap]:
    """Return the caps that stand in the cycle as they are at *at*, and those over all programs."""
    stands = Cap.objects.using(using).filter(Q(program=None) | Q(cycle=cycle), is_open=True)
    accounts = list(stands.values_list("account_id", flat=True).distinct())
    caps = ledger.caps_on(accounts=accounts, at=at, using=using)
    return [cap for cap in caps if cap.program_id is None or cap.cycle_id == cycle.pk]


def _present_cap(
    account: Account, cycle: Cycle | None, unit: str, *, at: datetime, using: str | None
) -> Cap | None:
    """Return the cap that stands on the account for the cycle, or without one for all programs."""
    cycle_id = cycle.pk if cycle else None
    for cap in ledger.caps_on(accounts=[account.pk], at=at, using=using):
        if cap.cycle_id == cycle_id and cap.unit == unit:
            return cap
    return None


def _used(
    cycle: Cycle | None, accounts: QuerySet[Account], unit: str, using: str | None
) -> tuple[int, int]:
    """Return what is held and spent under the accounts in the open cycle, or in all of them."""
    in_cycle = Q(cycle=cycle) if cycle else Q(cycle__closed_at=None)
    holds = Hold.objects.using(using).filter(in_cycle, account__in=accounts)
    if unit == ITEM:
        held, spent = (
            F("items") - F("items_captured") - F("items_released"),
            (F("items_captured") - F("items_refunded")),
        )
    else:
        holds = holds.filter(unit=unit)
        held, spent = F("amount") - F("captured") - F("released"), F("captured") - F("refunded")
    figures = holds.aggregate(in_hand=Sum(held, default=0), used=Sum(spent, default=0))
    return figures["in_hand"], figures["used"]


def _allotted(
    program: Program | None, accounts: QuerySet[Account], unit: str, using: str | None
) -> int:
    """Return what the members under the accounts were allotted for the open cycle."""
    lots = Lot.objects.using(using).filter(
        Q(cycle__program=program) if program else Q(),
        origin=Lot.Origin.ALLOTMENT,
        unit=unit,
        cycle__closed_at=None,
        limit__member__account__in=accounts,
    )
    total: int = lots.aggregate(total=Sum("amount", default=0))["total"]
    return total
