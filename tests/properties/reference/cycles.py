"""Cycles that end: what is carried, what lapses, and the next one's allotment."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tests.properties.reference.rows import MONEY, Cap, Hold, Lot, Move, Person, Rollover
from tests.properties.reference.state import State


@dataclass(eq=False)
class UndoGrant:
    """Take a lot's value out again."""

    lot: Lot
    amount: int

    def fits(self, at: dt.datetime) -> bool:
        return self.lot.left >= self.amount

    def apply(self) -> None:
        self.lot.amount -= self.amount


@dataclass(eq=False)
class UndoCeiling:
    """Change a cap back, never below zero."""

    cap: Cap
    delta: int

    def fits(self, at: dt.datetime) -> bool:
        return self.cap.base >= self.delta

    def apply(self) -> None:
        self.cap.base -= self.delta


class Cycles(State):
    """Turning cycles, and renewing those who are in them."""

    def is_behind(self) -> bool:
        """Say whether somebody or something is due that nobody has seen to yet."""
        return any(program.ends_at <= self.at for program in self.programs.values()) or any(
            person.is_due(self.at) for person in self.people.values()
        )

    @property
    def has_turned(self) -> bool:
        """Say whether a cycle has ended."""
        return any(program.number > 1 for program in self.programs.values())

    def turn(self, program: int) -> None:
        """Let the cycles that are over end, and those that follow begin with the same caps."""
        row = self.programs[program]
        while row.ends_at <= self.at:
            row.numbers[row.ends_at] = row.number
            row.number += 1
            row.starts_at, row.ends_at = row.ends_at, month_after(row.ends_at)
            for cap in [cap for cap in self.caps if cap.program == program and cap.is_open]:
                cap.is_open = False
                again = Cap(0, cap.account, program, cap.unit, cap.base)
                self.caps.append(again)
                self.moves.append(
                    Move(
                        "ceiling",
                        cap.base,
                        unit=cap.unit,
                        program=program,
                        account=cap.account,
                        undo=UndoCeiling(again, cap.base),
                    )
                )

    def catch_up(self, member: int) -> Counter[str]:
        """Bring one member up to now; returns what it came to."""
        person = self.people[member]
        self.turn(person.program)
        renewed: Counter[str] = Counter()
        while person.is_due(self.at):
            boundary = min(filter(None, person.renews.values()))
            for unit in [unit for unit, end in person.renews.items() if end == boundary]:
                self._renew_limit(person, unit, boundary, renewed)
        return renewed

    def catch_up_holders(self, holds: Iterable[Hold]) -> None:
        for member in {hold.member for hold in holds}:
            if self.people[member].is_due(self.at):
                self.catch_up(member)

    def renew_all(self, program: int) -> Counter[str]:
        """Do what the job does for a program; returns what the renewals came to."""
        self.turn(program)
        renewed: Counter[str] = Counter()
        for person in self.people.values():
            if person.program == program:
                renewed += self.catch_up(person.pk)
        self.place(program)
        return renewed

    def place(self, program: int) -> None:
        """Let whoever stands in no period begin with the open cycle."""
        for person in self.people.values():
            if person.program == program:
                end = self.programs[program].ends_at
                person.renews = {unit: old or end for unit, old in person.renews.items()}

    def allot(self, person: Person) -> None:
        """Give the open cycle's allotment to who hasn't had it."""
        program = self.programs[person.program]
        self._allot(person, program.starts_at, program.ends_at, program.number, self.at)

    def lapse(self) -> int:
        """Record what has lapsed by itself; returns of how many budgets."""
        found = set()
        for person in self.people.values():
            for lot in person.all_lots:
                if lot.left and lot.has_lapsed(self.at) and not person.is_undecided(lot):
                    lot.lapsed += lot.left
                    found.add((person.pk, lot.unit))
        return len(found)

    def give_to_lapsed(self, lot: Lot, amount: int) -> None:
        """Let what is released to a lapsed lot follow what was carried, as far as there is room."""
        person = self.people[lot.member]
        rollover = person.rollovers.get((lot.unit, lot.expires_at))
        if (
            person.is_active
            and lot.origin != "carry"
            and rollover is not None
            and rollover.carry_until > self.at
        ):
            more = min(amount, rollover.carry_limit - rollover.carried)
            if more:
                rollover.carried += more
                lot.moved += more
                amount -= more
                self._carried_lot(lot, rollover).amount += more
        lot.lapsed += amount

    def _carried_lot(self, lot: Lot, rollover: Rollover) -> Lot:
        lots = self.people[lot.member].lots[lot.unit]
        for other in lots:
            if other.source is lot and other.origin == "carry":
                return other
        return self._add(
            Lot(
                lot.member,
                lot.unit,
                0,
                rollover.carry_until,
                rollover.ends_at,
                source=lot,
                origin="carry",
                cycle=rollover.cycle,
            )
        )

    def _renew_limit(
        self, person: Person, unit: str, boundary: dt.datetime, renewed: Counter[str]
    ) -> None:
        program = self.programs[person.program]
        number = program.numbers[boundary] + 1
        end = month_after(boundary)
        limit = program.carry_limit if person.is_active and unit == MONEY else 0
        days = program.carry_days
        rollover = Rollover(
            boundary, number, limit, boundary + dt.timedelta(days=days) if days else end
        )
        ending = [
            lot
            for lot in person.lots[unit]
            if lot.expires_at == boundary and lot.origin != "carry" and lot.left
        ]
        for lot in sorted(ending, key=lambda lot: lot.created_at):
            rest = lot.left
            carried = min(rest, limit - rollover.carried)
            if carried:
                self._carried_lot(lot, rollover).amount += carried
                lot.moved += carried
                rollover.carried += carried
            lot.lapsed += rest - carried
            rollover.lapsed += rest - carried
        if limit or rollover.lapsed:
            person.rollovers[unit, boundary] = rollover
        if rollover.carried + rollover.lapsed:
            self.post_for(person, "rollover", rollover.carried + rollover.lapsed, unit=unit)
        if unit == MONEY and person.is_active:
            renewed["granted"] += self._allot(person, boundary, end, number, boundary)
        person.renews[unit] = end
        renewed["limits"] += 1
        renewed["carried"] += rollover.carried
        renewed["lapsed" if unit == MONEY else "lapsed_items"] += rollover.lapsed

    def _allot(
        self,
        person: Person,
        starts_at: dt.datetime,
        ends_at: dt.datetime,
        number: int,
        at: dt.datetime,
    ) -> int:
        if starts_at in person.allotted:
            return 0
        amount = self.programs[person.program].allotment
        person.allotted.add(starts_at)
        lot = self._add(
            Lot(person.pk, MONEY, amount, ends_at, at, origin="allotment", cycle=number)
        )
        self.post_for(person, "grant", amount, undo=UndoGrant(lot, amount))
        return amount

    def _add(self, lot: Lot) -> Lot:
        self.people[lot.member].lots[lot.unit].append(lot)
        self.new_lots.append(lot)
        return lot


def month_after(instant: dt.datetime) -> dt.datetime:
    """Return the same day of the next month; the programs' cycles begin on a 5th."""
    years, month = divmod(instant.month, 12)
    return instant.replace(year=instant.year + years, month=month + 1)
