"""Holding, and settling what is held."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from tests.properties.reference.cycles import Cycles
from tests.properties.reference.rows import ITEM, MONEY, UNITS, Cap, Hold, Line, Lot, Move, Refused


@dataclass(eq=False)
class Returned:
    """What a refund gave back to one lot; ``renewal`` is the lot that took over, if one did.

    What came back to somebody who had left was withdrawn.
    """

    line: Line
    amount: int
    was_lapsed: bool
    was_withdrawn: bool
    renewal: Lot | None = None


@dataclass(eq=False)
class UndoRefund:
    """Spend again what was given back, also under the caps that were set since.

    A closed cycle's cap has it again only if it was given back to it.
    """

    hold: Hold
    parts: list[Returned]
    restored: list[Cap]

    def fits(self, at: dt.datetime) -> bool:
        for part in self.parts:
            is_gone = part.was_lapsed or part.was_withdrawn
            source = part.renewal or (None if is_gone else part.line.lot)
            if source is not None and source.left < part.amount:
                return False
        return all(cap.room(at) >= self._under(cap) for cap in self.hold.caps if self._under(cap))

    def apply(self) -> None:
        for cap in self.hold.caps:
            cap.spent += self._under(cap)
        for part in self.parts:
            part.line.refunded -= part.amount
            part.line.lot.spent += part.amount
            if part.renewal is not None:
                part.line.lot.moved -= part.amount
                part.renewal.amount -= part.amount
            elif part.was_lapsed:
                part.line.lot.lapsed -= part.amount
            elif part.was_withdrawn:
                part.line.lot.withdrawn -= part.amount

    def _under(self, cap: Cap) -> int:
        if not cap.is_open and cap not in self.restored:
            return 0
        return sum(part.amount for part in self.parts if part.line.lot.unit == cap.unit)


class Purchases(Cycles):
    """Hold, capture, release, expire, refund."""

    def refusal(self, member: int, amount: int, items: int) -> Refused | None:
        """Return why this can't be held, in order of precedence."""
        person = self.people[member]
        if not person.is_active:
            return Refused("MemberInactive")
        if person.is_due(self.at):
            return Refused("Behind")
        asked = {MONEY: amount, ITEM: items}
        for unit in UNITS:
            available = self.available(member, unit)
            if available < asked[unit]:
                return Refused("BalanceShort", available, unit)
        for cap in self.caps_over(person.account, person.program):
            room = cap.room(self.at)
            if asked[cap.unit] and room < asked[cap.unit]:
                return Refused("CapReached", max(room, 0), cap.unit, cap.pk)
        return None

    def refusal_before_limits(self, member: int) -> Refused | None:
        """Return what the store itself answers, before the ledger is asked."""
        person = self.people[member]
        if not self.programs[person.program].takes_orders(self.at):
            return Refused("ProgramClosed")
        return None if person.is_active else Refused("MemberInactive")

    def hold(
        self,
        pk: UUID,
        member: int,
        amount: int,
        items: int,
        *,
        checkout: str,
        order: str = "",
        expires_at: dt.datetime,
    ) -> Hold:
        """Pin the member's lots under every cap; it has to fit."""
        person = self.people[member]
        asked = {MONEY: amount, ITEM: items}
        chosen = [pin for unit in UNITS for pin in self.choose(member, unit, asked[unit])]
        caps = [cap for cap in self.caps_over(person.account, person.program) if asked[cap.unit]]
        for lot, taken in chosen:
            lot.held += taken
        for cap in caps:
            cap.held += asked[cap.unit]
        lines = [Line(lot, taken) for lot, taken in chosen]
        hold = self.holds[pk] = Hold(
            pk,
            member,
            person.program,
            person.account,
            checkout,
            order,
            expires_at,
            self.at,
            lines,
            caps,
            self.programs[person.program].number,
        )
        self._post(hold, "hold", asked)
        return hold

    def capture(self, hold: Hold, amount: int, items: int, *, order: str) -> Refused | None:
        asked = {MONEY: amount, ITEM: items}
        if refused := self._not_held(hold, asked, "remaining"):
            return refused
        for cap in hold.caps:
            cap.held -= asked[cap.unit]
            cap.spent += asked[cap.unit]
        for unit in UNITS:
            for line, taken in _spread(hold.of(unit), asked[unit], "remaining"):
                line.captured += taken
                line.lot.held -= taken
                line.lot.spent += taken
        self._post(hold, "capture", asked, order=order)
        return None

    def release(
        self, hold: Hold, amount: int | None, items: int | None, *, kind: str = "release"
    ) -> Refused | None:
        asked = self._asked(hold, amount, items, "remaining")
        if refused := self._not_held(hold, asked, "remaining"):
            return refused
        for cap in hold.caps:
            cap.held -= asked[cap.unit]
        for unit in UNITS:
            for line, given in _spread(hold.of(unit)[::-1], asked[unit], "remaining"):
                line.released += given
                line.lot.held -= given
                self._give_back(line.lot, given)
        self._post(hold, kind, asked)
        return None

    def refund(self, hold: Hold, amount: int | None, items: int | None) -> Refused | None:
        """Give back to the lots last consumed; what the program says becomes of lapsed ones."""
        asked = self._asked(hold, amount, items, "refundable")
        if refused := self._not_held(hold, asked, "refundable"):
            return refused
        program, person = self.programs[hold.program], self.people[hold.member]
        if program.refund_policy == "reissue":
            self.turn(program.pk)
        restored = [cap for cap in hold.caps if cap.is_open]
        for cap in restored:
            cap.spent -= asked[cap.unit]
        until = program.renewal(self.at) if person.is_active else None
        cycle = hold.cycle if program.refund_policy == "grace" else program.number
        parts: list[Returned] = []
        for unit in UNITS:
            for line, given in _spread(hold.of(unit)[::-1], asked[unit], "refundable"):
                line.refunded += given
                line.lot.spent -= given
                has_lapsed = line.lot.has_lapsed(self.at)
                part = Returned(line, given, has_lapsed, not has_lapsed and not person.is_active)
                parts.append(part)
                if part.was_lapsed and until is not None:
                    part.renewal = self._renew(line.lot, given, until, cycle)
                elif part.was_lapsed:
                    line.lot.lapsed += given
                elif part.was_withdrawn:
                    line.lot.withdrawn += given
        self._post(hold, "refund", asked, undo=UndoRefund(hold, parts, restored))
        return None

    def is_due(self, hold: Hold) -> bool:
        return hold.expires_at <= self.at and not hold.order and hold.remains

    # Helpers

    def _give_back(self, lot: Lot, amount: int) -> None:
        """Give back what was held of a lot, if it may still be had."""
        person = self.people[lot.member]
        if lot.has_lapsed(self.at) and not (person.is_active and person.is_undecided(lot)):
            self.give_to_lapsed(lot, amount)
        elif not person.is_active:
            lot.withdrawn += amount

    def _renew(self, lot: Lot, amount: int, until: dt.datetime, cycle: int) -> Lot:
        lot.moved += amount
        return self._add(
            Lot(
                lot.member,
                lot.unit,
                amount,
                until,
                self.at,
                source=lot,
                origin="refund",
                cycle=cycle,
            )
        )

    def _asked(
        self, hold: Hold, amount: int | None, items: int | None, column: str
    ) -> dict[str, int]:
        if amount is None and items is None:
            return {unit: hold.total(column, unit) for unit in UNITS}
        return {MONEY: amount or 0, ITEM: items or 0}

    def _not_held(self, hold: Hold, asked: dict[str, int], column: str) -> Refused | None:
        left = {unit: hold.total(column, unit) for unit in UNITS}
        if any(asked.values()) and all(asked[unit] <= left[unit] for unit in UNITS):
            return None
        return Refused("NotHeld", left[MONEY], MONEY, items_left=left[ITEM])

    def _post(
        self,
        hold: Hold,
        kind: str,
        asked: dict[str, int],
        *,
        order: str = "",
        undo: UndoRefund | None = None,
    ) -> None:
        self.moves.append(
            Move(
                kind,
                asked[MONEY],
                asked[ITEM],
                program=hold.program,
                member=hold.member,
                account=hold.account,
                hold=hold.pk,
                order=order or hold.order,
                checkout=hold.checkout,
                undo=undo,
            )
        )


def _spread(lines: list[Line], amount: int, column: str) -> list[tuple[Line, int]]:
    """Divide *amount* over *lines*, each as far as its *column* goes."""
    parts: list[tuple[Line, int]] = []
    for line in lines:
        part = min(amount, getattr(line, column))
        if part:
            parts.append((line, part))
            amount -= part
    return parts
