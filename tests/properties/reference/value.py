"""Value that enters a member's lots, or is taken back; ceilings; and the undoing of both."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from tests.properties.reference.rows import ITEM, MONEY, Cap, Lot, Move, Person, Raise, Refused
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
class UndoWithdrawal:
    """Give back what was taken from each lot."""

    taken: list[tuple[Lot, int]]

    def fits(self, at: dt.datetime) -> bool:
        return True

    def apply(self) -> None:
        for lot, amount in self.taken:
            lot.withdrawn -= amount


@dataclass(eq=False)
class UndoCeiling:
    """Change a cap back, never below zero."""

    cap: Cap
    delta: int

    def fits(self, at: dt.datetime) -> bool:
        return self.cap.base >= self.delta

    def apply(self) -> None:
        self.cap.base -= self.delta


@dataclass(eq=False)
class UndoRaise:
    """End a raise that isn't over."""

    extra: Raise

    def fits(self, at: dt.datetime) -> bool:
        return self.extra.counts(at)

    def apply(self) -> None:
        self.extra.is_undone = True


class Value(State):
    """Grants, adjustments, clawbacks, caps and their raises."""

    def enroll(self, pk: int, *, user: int, program: int, account: int, allotment: int) -> None:
        self.people[pk] = Person(pk, user, program, account)
        self.grant(pk, MONEY, allotment, self.programs[program].ends_at)

    def open_items(self, member: int) -> None:
        self.people[member].lots.setdefault(ITEM, [])

    def grant(
        self,
        member: int,
        unit: str,
        amount: int,
        expires_at: dt.datetime | None,
        *,
        kind: str = "grant",
    ) -> Refused | None:
        person = self.people[member]
        if unit not in person.lots:
            return Refused("NotFound")
        lot = Lot(member, unit, amount, expires_at, self.at)
        person.lots[unit].append(lot)
        self.new_lots.append(lot)
        self.post_for(person, kind, amount, unit=unit, undo=UndoGrant(lot, amount))
        return None

    def withdraw(self, member: int, unit: str, amount: int | None, *, kind: str) -> Refused | int:
        """Take *amount*, or all there is, from what would be consumed next; returns how much."""
        person = self.people[member]
        if unit not in person.lots:
            return Refused("NotFound")
        available = self.available(member, unit)
        amount = available if amount is None else amount
        if amount > available:
            return Refused("NotAvailable", available, unit)
        if amount:
            taken = self.choose(member, unit, amount)
            for lot, part in taken:
                lot.withdrawn += part
            self.post_for(person, kind, amount, unit=unit, undo=UndoWithdrawal(taken))
        return amount

    # Caps

    def find_cap(self, account: int, program: int | None, unit: str) -> Cap | None:
        for cap in self.caps:
            if (cap.account, cap.program, cap.unit) == (account, program, unit):
                return cap
        return None

    def set_cap(self, pk: int, account: int, program: int | None, unit: str, ceiling: int) -> None:
        """Set a ceiling; a new cap starts from what is in use below its account."""
        cap = self.find_cap(account, program, unit)
        if cap is not None:
            if ceiling != cap.base:
                self._change(cap, ceiling - cap.base)
            return
        cap = Cap(pk, account, program, unit)
        self.caps.append(cap)
        for hold in self.counted(account, program):
            if hold.total("amount", unit) > hold.total("released", unit):
                hold.caps.append(cap)
                cap.held += hold.total("remaining", unit)
                cap.spent += hold.total("refundable", unit)
        used = cap.held + cap.spent
        self._change(cap, max(ceiling, used))
        if used > ceiling:
            self._change(cap, ceiling - used)

    def raise_cap(self, cap: Cap, pk: int, amount: int, ends_at: dt.datetime) -> None:
        extra = Raise(pk, amount, ends_at)
        cap.raises.append(extra)
        self._post_ceiling(cap, amount, UndoRaise(extra))

    def _change(self, cap: Cap, delta: int) -> None:
        cap.base += delta
        self._post_ceiling(cap, abs(delta), UndoCeiling(cap, delta))

    def _post_ceiling(self, cap: Cap, amount: int, undo: UndoCeiling | UndoRaise) -> None:
        self.moves.append(
            Move(
                "ceiling",
                amount,
                unit=cap.unit,
                program=cap.program,
                account=cap.account,
                undo=undo,
            )
        )
