"""The ledger as it should be, in plain Python: no database, no locks, no shares, no SQL.

Written from the rules, not from the code: an operation looks at lists and adds integers. It
returns what the real one has to answer, refusals as values.
"""

from __future__ import annotations

from tests.properties.reference.orders import Orders
from tests.properties.reference.rows import ITEM, MONEY, Move, Refused
from tests.properties.reference.value import UndoRaise, Value


class Model(Value, Orders):
    """All operations, and the journal that they leave."""

    def reverse(self, posting: int) -> Refused | Move:
        """Undo a posting by its mirror image; returns the posting that does."""
        move = self.journal[posting]
        if move.undo is None:
            return Refused("NotReversible", because="kind")
        if move.is_reversed or (
            # The end of a raise, whether or not it was recorded, is its reversal.
            isinstance(move.undo, UndoRaise) and move.undo.extra.ends_at <= self.at
        ):
            return Refused("NotReversible", because="reversed")
        if self._is_of_a_period_that_is_over(move):
            return Refused("Behind")
        if not move.undo.fits(self.at):
            return Refused("NotReversible", because="used")
        return self.undo(posting)

    def _is_of_a_period_that_is_over(self, move: Move) -> bool:
        """Say whether a budget that the posting has lines in is due to be renewed."""
        if move.member is None:
            return False
        renews = self.people[move.member].renews
        figures = ((move.unit, move.amount), (ITEM, move.items))
        ends = [renews[unit] for unit, figure in figures if figure]
        return any(end is not None and end <= self.at for end in ends)

    def usable_for(self, member: int, rest: int) -> tuple[int, Refused | None]:
        """Return what fits under the balance and all caps, and what binds if *rest* doesn't."""
        person = self.people[member]
        usable = self.available(member)
        short = Refused("BalanceShort", usable, MONEY) if usable < rest else None
        for cap in self.caps_over(person.account, person.program):
            if cap.unit == MONEY:
                room = max(cap.room(self.at), 0)
                usable = min(usable, room)
                if short is None and room < rest:
                    short = Refused("CapReached", room, MONEY, cap.pk)
        return usable, short

    def balance(self, member: int, unit: str) -> tuple[int, int, int, int, int, int]:
        """Return granted, available, held, spent, lapsed and withdrawn.

        Of the lots of the open cycle and of those that can still be used. What went on into
        another lot was granted once.
        """
        person = self.people[member]
        number = self.programs[person.program].number
        lots = [
            lot
            for lot in person.lots.get(unit, [])
            if lot.cycle == number or not lot.has_lapsed(self.at)
        ]
        available = self.available(member, unit)
        return (
            sum(lot.amount - lot.moved for lot in lots),
            available,
            sum(lot.held for lot in lots),
            sum(lot.spent for lot in lots),
            sum(lot.left + lot.lapsed for lot in lots) - available,
            sum(lot.withdrawn for lot in lots),
        )
