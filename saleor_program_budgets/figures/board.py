"""A board: one load of figures, each part read once, when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from saleor_program_budgets.figures import queries
from saleor_program_budgets.figures.lines import (
    Line,
    ShownCap,
    Sums,
    by_unit,
    line_of,
    read_cells,
)
from saleor_program_budgets.figures.people import Closest, Redemptions, closest, recent

if TYPE_CHECKING:
    from datetime import date

    from saleor_program_budgets.figures.lines import Cells
    from saleor_program_budgets.figures.selection import Selection, ShownProgram


@dataclass(frozen=True, slots=True)
class Place:
    """An account that is shown: the one asked for, or one directly below it."""

    id: int
    parent_id: int | None
    name: str
    kind: str
    has_children: bool


@dataclass(frozen=True, slots=True)
class Row:
    """An account with its figures, one line for each unit."""

    place: Place
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ProgramRow:
    """A program with its figures as far as they are under the account asked for."""

    program: ShownProgram
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one day, in one unit; days on which nothing happened are left out."""

    on_date: date
    unit: str
    granted: int
    redeemed: int
    refunded: int
    lapsed: int
    withdrawn: int
    redemptions: int
    refusals: int


class Board:
    """Figures of a selection; at most five queries, however much there is.

    Each part is exact as of the moment it is read, and later than ``selection.version``.
    """

    def __init__(self, selection: Selection, *, using: str | None = None) -> None:
        """Read nothing yet."""
        self.selection = selection
        self._using = using

    @cached_property
    def _cells(self) -> Cells:
        chosen = self.selection
        mondays = [program.burns_from_week(chosen.at) for program in chosen.programs]
        weeks = chosen.weeks
        parameters = {
            "programs": chosen.program_ids,
            "cycles": chosen.cycle_ids,
            "burns_from": mondays,
            "earliest": min((monday for monday in mondays if monday is not None), default=None),
            "account": chosen.account_id,
            "of_cycle": int(not chosen.has_period),
            "since": chosen.since,
            "until": chosen.until,
            "first_week": weeks.first,
            "last_week": weeks.last,
            "single_days": list(weeks.single_days),
            "at": chosen.at,
        }
        return read_cells(self._read("cells", parameters), chosen)

    @cached_property
    def _places(self) -> dict[int, tuple[Place, tuple[ShownCap, ...]]]:
        parameters = {
            "account": self.selection.account_id,
            "cycles": self.selection.cycle_ids,
            "at": self.selection.at,
        }
        found: dict[int, tuple[Place, tuple[ShownCap, ...]]] = {}
        for row in self._read("places", parameters):
            place, caps = found.get(row[0], (Place(*row[:5]), ()))
            found[place.id] = (place, caps if row[5] is None else (*caps, ShownCap(*row[5:])))
        return found

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The accounts directly below the one asked for, or the roots, each with all below it."""
        return tuple(
            Row(place, self._lines_of(place.id, caps))
            for place, caps in self._places.values()
            if place.id != self.selection.account_id
        )

    @cached_property
    def place(self) -> Place | None:
        """The account asked for, if it is there."""
        found = self._places.get(self.selection.account_id or 0)
        return found[0] if found else None

    @cached_property
    def totals(self) -> tuple[Line, ...]:
        """Everything shown, one line for each unit."""
        account_id = self.selection.account_id
        caps = self._places[account_id][1] if account_id in self._places else ()
        return tuple(
            line_of(
                account_id,
                unit,
                by_program,
                caps,
                below=self._below(unit),
                of=self.selection,
            )
            for unit, by_program in by_unit(self._cells, self._accounts()).items()
        )

    @cached_property
    def programs(self) -> tuple[ProgramRow, ...]:
        """Each program by itself, without what caps leave of it."""
        units = by_unit(self._cells, self._accounts())
        return tuple(
            ProgramRow(
                program,
                tuple(
                    line_of(None, unit, {program.id: sums[program.id]}, (), of=self.selection)
                    for unit, sums in units.items()
                    if program.id in sums
                ),
            )
            for program in self.selection.programs
        )

    @cached_property
    def days(self) -> tuple[Day, ...]:
        """What happened by day and unit, the earliest first."""
        parameters = {
            "programs": self.selection.program_ids,
            "account": self.selection.account_id,
            "since": self.selection.since,
            "until": self.selection.until,
        }
        return tuple(Day(*row) for row in self._read("days", parameters))

    def recent(self, *, first: int, after: str | None = None) -> Redemptions:
        """Return a page of purchases and refusals, newest first. Raises ``InvalidInput``."""
        return recent(self.selection, first=first, after=after, using=self._using)

    def closest(self, *, first: int) -> tuple[Closest, ...]:
        """Return the members who have used most of what they have."""
        return closest(self.selection, first=first, using=self._using)

    def _lines_of(self, account_id: int, caps: tuple[ShownCap, ...]) -> tuple[Line, ...]:
        units = by_unit(self._cells, [account_id])
        for cap in caps:
            units.setdefault(cap.unit, {})
        return tuple(
            line_of(account_id, unit, by_program, caps, of=self.selection)
            for unit, by_program in units.items()
        )

    def _accounts(self) -> list[int | None]:
        """Return under what figures were read: the rows' accounts, the account itself, none."""
        return [account_id for account_id, _, _ in self._cells]

    def _below(self, unit: str) -> int:
        """Return what the rows let through their caps, and what remains to the account's own."""
        rows = sum(line.spendable for row in self.rows for line in row.lines if line.unit == unit)
        own = by_unit(self._cells, [self.selection.account_id]).get(unit, {})
        return rows + sum((sums.remaining for sums in own.values()), start=0)

    def _read(self, query: queries.Query, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        return queries.rows(query, parameters, using=self._using)


__all__ = ["Board", "Day", "Place", "ProgramRow", "Row", "Sums"]
