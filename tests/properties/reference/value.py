"""Value that enters a member's lots, or is taken back; ceilings; and the undoing of both."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from tests.properties.reference.cycles import Cycles, UndoCeiling, UndoGrant
from tests.properties.reference.rows import ITEM, MONEY, Cap, Lot, Move, Person, Raise, Refused


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
class UndoRaise:
    """End a raise that isn't over."""

    extra: Raise

    def fits(self, at: dt.datetime) -> bool:
        return self.extra.counts(at)

    def apply(self) -> None:
        self.extra.is_undone = True


class Value(Cycles):
    """Grants, adjustments, clawbacks, caps and their raises; joining and leaving."""

    def enroll(self, pk: int, *, user: int, program: int, account: int) -> None:
        self.turn(program)
        person = self.people[pk] = Person(pk, user, program, account)
        person.renews[MONEY] = self.programs[program].ends_at
        self.allot(person)

    def open_items(self, member: int) -> None:
        person = self.people[member]
        person.lots.setdefault(ITEM, [])
        person.renews.setdefault(ITEM, None)

    def deactivate(self, member: int) -> list[int]:
        """Let somebody leave; returns what was taken back in each unit, now or before."""
        self.catch_up(member)
        person = self.people[member]
        if person.is_active:
            person.is_active = False
            person.taken = {}
        return self._take_back(person)

    def reactivate(self, member: int) -> None:
        """Let somebody come back to what they left."""
        self.catch_up(member)
        person = self.people[member]
        if not person.is_active:
            self._take_back(person)
            for _, move in person.taken.values():
                if move is not None and not move.is_reversed:
                    self.undo(next(pk for pk, known in self.journal.items() if known is move))
            person.is_active = True
        self.allot(person)

    def _take_back(self, person: Person) -> list[int]:
        for unit in sorted(person.lots):
            if unit not in person.taken:
                amount = self.withdraw(person.pk, unit, None, kind="clawback")
                assert isinstance(amount, int)
                person.taken[unit] = amount, self.moves[-1] if amount else None
        return [person.taken[unit][0] for unit in sorted(person.lots)]

    def undo(self, posting: int) -> Move:
        """Post the mirror image of a posting that can be reversed."""
        move = self.journal[posting]
        assert move.undo is not None
        move.undo.apply()
        move.is_reversed = True
        mirror = Move(
            "reversal",
            move.amount,
            move.items,
            unit=move.unit,
            program=move.program,
            member=move.member,
            account=move.account,
            hold=move.hold,
            order=move.order,
            checkout=move.checkout,
            reverses=posting,
        )
        self.moves.append(mirror)
        return mirror

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
        number = self.programs[person.program].number
        lot = self._add(Lot(member, unit, amount, expires_at, self.at, cycle=number))
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
            if cap.is_open and (cap.account, cap.program, cap.unit) == (account, program, unit):
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
