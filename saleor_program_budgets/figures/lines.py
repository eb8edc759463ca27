"""The figures of one account, or of all: what there is, what happened, how long it lasts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from saleor_program_budgets.figures import pace

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saleor_program_budgets.figures.selection import Selection


@dataclass(frozen=True, slots=True)
class Sums:
    """Figures of some members in one unit, in minor units or pieces; they can be added up.

    ``redeemed_in_cycle`` is net of refunds, ``burned`` likewise and over the pace's window. From
    ``granted`` on it is what happened in the period shown, or in the open cycle.
    """

    remaining: int = 0
    held: int = 0
    members: int = 0
    spenders: int = 0
    overspent: int = 0
    redeemed_in_cycle: int = 0
    burned: int = 0
    granted: int = 0
    redeemed: int = 0
    refunded: int = 0
    lapsed: int = 0
    withdrawn: int = 0
    redemptions: int = 0
    refusals: int = 0
    burn_rate: Fraction = Fraction(0)

    def __add__(self, other: Sums) -> Sums:
        """Add the figures of other members, in the same unit."""
        names = [field.name for field in fields(self)]
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def allocated(self) -> int:
        """What was or can still be used in the open cycle: redeemed, held and remaining."""
        return self.redeemed_in_cycle + self.held + self.remaining


@dataclass(frozen=True, slots=True)
class ShownCap:
    """A cap on an account, and what it covers: of one program, or of all (``None``)."""

    id: int
    program_id: int | None
    unit: str
    ceiling: int
    held: int
    spent: int
    overhang: int
    raised: int
    raise_ends_at: datetime | None
    overspent: int
    allocated: int = 0

    @property
    def available(self) -> int:
        """What may still be held; never below zero."""
        return max(self.ceiling - self.held - self.spent, 0)

    @property
    def coverage_ratio(self) -> float | None:
        """Ceiling ÷ what is allocated below it; below 1 not all of it can be used."""
        return self.ceiling / self.allocated if self.allocated > 0 else None


@dataclass(frozen=True, slots=True)
class Line:
    """An account with all that is below it, or everything shown (``account_id`` is ``None``).

    ``spendable`` is the tightest of what remains to members and what caps still let pass.
    """

    account_id: int | None
    unit: str
    sums: Sums
    caps: tuple[ShownCap, ...]
    spendable: int
    runs_out_at: datetime | None
    runs_out_in_cycle: bool

    @property
    def overspent(self) -> int:
        """What is used beyond ceilings: of members below, and of the caps that stand here."""
        return self.sums.overspent + sum(cap.overspent for cap in self.caps)


type Cells = dict[tuple[int | None, int, str], Sums]
"""By account, program and unit."""


def read_cells(rows: Iterable[tuple[Any, ...]], of: Selection) -> Cells:
    """Return what was read, each with the pace of its program."""
    programs = {program.id: program for program in of.programs}
    cells: Cells = {}
    for account_id, program_id, unit, *figures in rows:
        program = programs[program_id]
        sums = Sums(*figures)
        rate = pace.burn_rate(
            burned=sums.burned, since=program.burns_from(of.at), today=program.today(of.at)
        )
        cells[account_id, program_id, unit] = replace(sums, burn_rate=rate)
    return cells


def line_of(
    account_id: int | None,
    unit: str,
    by_program: dict[int, Sums],
    caps: Iterable[ShownCap],
    *,
    below: int | None = None,
    of: Selection,
) -> Line:
    """Return the line of an account; *below* is what those below it can spend under their caps."""
    total = sum(by_program.values(), start=Sums())
    standing = tuple(
        replace(cap, allocated=_covered(cap, by_program, total)) for cap in caps if cap.unit == unit
    )
    spendable = _spendable(by_program, standing, below)
    runs_out_at = pace.runs_out_at(spendable=spendable, burn_rate=total.burn_rate, at=of.at)
    return Line(
        account_id=account_id,
        unit=unit,
        sums=total,
        caps=standing,
        spendable=spendable,
        runs_out_at=runs_out_at,
        runs_out_in_cycle=runs_out_at is not None
        and of.ends_at is not None
        and runs_out_at < of.ends_at,
    )


def _covered(cap: ShownCap, by_program: dict[int, Sums], total: Sums) -> int:
    if cap.program_id is None:
        return total.allocated
    return by_program.get(cap.program_id, Sums()).allocated


def _spendable(by_program: dict[int, Sums], caps: tuple[ShownCap, ...], below: int | None) -> int:
    tightest: dict[int | None, int] = {}
    for cap in caps:
        tightest[cap.program_id] = min(cap.available, tightest.get(cap.program_id, cap.available))
    under_caps = sum(
        min(sums.remaining, tightest.get(program_id, sums.remaining))
        for program_id, sums in by_program.items()
    )
    bounds = [under_caps, tightest.get(None, under_caps)]
    return max(min(bounds if below is None else [*bounds, below]), 0)


def by_unit(cells: Cells, account_ids: Iterable[int | None]) -> dict[str, dict[int, Sums]]:
    """Return the figures of some accounts together, by unit and program."""
    wanted = set(account_ids)
    found: defaultdict[str, dict[int, Sums]] = defaultdict(dict)
    for (account_id, program_id, unit), sums in cells.items():
        if account_id in wanted:
            so_far = found[unit].get(program_id, Sums())
            found[unit][program_id] = so_far + sums
    return dict(sorted(found.items()))
