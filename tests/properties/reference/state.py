"""All there is, and what can be read off it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from tests.properties.reference.rows import ITEM, MONEY, Cap, Hold, Lot, Move, Person, Program


@dataclass
class State:
    """The model's rows. ``moves`` and ``new_lots`` wait for the ids that the database gave them."""

    at: dt.datetime
    programs: dict[int, Program] = field(default_factory=dict)
    parents: dict[int, int | None] = field(default_factory=dict)
    people: dict[int, Person] = field(default_factory=dict)
    caps: list[Cap] = field(default_factory=list)
    holds: dict[UUID, Hold] = field(default_factory=dict)
    journal: dict[int, Move] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    new_lots: list[Lot] = field(default_factory=list)
    tree_has_moved: bool = False

    def available(self, member: int, unit: str = MONEY) -> int:
        lots = self.people[member].lots.get(unit, [])
        return sum(lot.left for lot in lots if not lot.has_lapsed(self.at))

    def lots(self) -> Iterator[Lot]:
        """Yield everybody's."""
        for person in self.people.values():
            yield from person.all_lots

    def choose(self, member: int, unit: str, amount: int) -> list[tuple[Lot, int]]:
        """Return the lots that *amount*, which has to fit, is taken from, in order."""
        chosen: list[tuple[Lot, int]] = []
        for lot in sorted(self.people[member].lots.get(unit, []), key=lambda lot: lot.rank):
            taken = 0 if lot.has_lapsed(self.at) else min(amount, lot.left)
            if taken:
                chosen.append((lot, taken))
                amount -= taken
        return chosen

    def caps_over(self, account: int | None, program: int) -> list[Cap]:
        """Return the caps that a purchase meets: nearest account first, there money first."""
        found: list[Cap] = []
        while account is not None:
            here = [
                cap
                for cap in self.caps
                if cap.is_open and cap.account == account and cap.program in (None, program)
            ]
            found += sorted(here, key=lambda cap: (cap.unit == ITEM, cap.pk))
            account = self.parents[account]
        return found

    def is_below(self, account: int | None, ancestor: int) -> bool:
        while account is not None and account != ancestor:
            account = self.parents[account]
        return account is not None

    def counted(self, account: int, program: int | None) -> list[Hold]:
        """Return the holds of open cycles taken below *account*: the program's or any."""
        return [
            hold
            for hold in self.holds.values()
            if program in (None, hold.program)
            and hold.cycle == self.programs[hold.program].number
            and self.is_below(hold.account, account)
        ]

    def instants(self) -> Iterator[dt.datetime]:
        """Yield every instant at which something ends by itself."""
        yield from (
            lot.expires_at
            for person in self.people.values()
            for lot in person.all_lots
            if lot.expires_at is not None
        )
        yield from (hold.expires_at for hold in self.holds.values())
        yield from (extra.ends_at for cap in self.caps for extra in cap.raises)
        for program in self.programs.values():
            yield from filter(None, (program.opens_at, program.closes_at))

    def post_for(self, person: Person, kind: str, amount: int, **more: object) -> None:
        """Put down a posting about a member."""
        self.moves.append(
            Move(
                kind,
                amount,
                program=person.program,
                member=person.pk,
                account=person.account,
                **more,  # type: ignore[arg-type]
            )
        )
