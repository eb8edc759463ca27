"""The ledger as it should be, in plain Python: no database, no locks, no SQL.

Written from the rules, not from the code: an operation looks at lists and adds integers. It
returns what the real one has to answer, refusals as values.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True)
class Refused:
    """The answer to something that doesn't fit: the error's name and its figures."""

    name: str
    available: int | None = None


@dataclass
class Lot:
    """Value granted; ``left`` is neither held nor spent nor removed."""

    pk: int
    amount: int
    expires_at: dt.datetime | None
    created_at: dt.datetime
    held: int = 0
    spent: int = 0
    removed: int = 0

    @property
    def left(self) -> int:
        return self.amount - self.held - self.spent - self.removed

    def has_lapsed(self, at: dt.datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at

    @property
    def rank(self) -> tuple[bool, dt.datetime, dt.datetime, int]:
        """Place in the order of consumption: expiry (never last), age, id."""
        never = self.expires_at is None
        return never, self.expires_at or self.created_at, self.created_at, self.pk


@dataclass
class Cap:
    """A ceiling over an account."""

    pk: int
    ceiling: int = 0
    held: int = 0
    spent: int = 0

    @property
    def available(self) -> int:
        return max(self.ceiling - self.held - self.spent, 0)

    @property
    def overhang(self) -> int:
        return max(self.held + self.spent - self.ceiling, 0)


@dataclass
class Line:
    """What a hold pinned of one lot."""

    lot: Lot
    amount: int
    captured: int = 0
    released: int = 0
    refunded: int = 0

    @property
    def remaining(self) -> int:
        return self.amount - self.captured - self.released


@dataclass
class Hold:
    """A reservation over lots and caps."""

    pk: UUID
    member: int
    account: int
    checkout: str
    expires_at: dt.datetime
    created_at: dt.datetime
    lines: list[Line]
    caps: list[Cap]
    order: str = ""

    def total(self, column: str) -> int:
        return sum(getattr(line, column) for line in self.lines)

    @property
    def remaining(self) -> int:
        return self.total("remaining")

    @property
    def age(self) -> tuple[dt.datetime, UUID]:
        return self.created_at, self.pk


@dataclass
class Person:
    """A member: where they are, and what they have."""

    account: int
    is_active: bool = True
    lots: list[Lot] = field(default_factory=list)


@dataclass
class Model:
    """All there is, and the operations on it."""

    at: dt.datetime
    pays_difference: bool = False
    is_open: bool = True
    parents: dict[int, int | None] = field(default_factory=dict)
    caps: dict[int, list[Cap]] = field(default_factory=dict)
    people: dict[int, Person] = field(default_factory=dict)
    holds: dict[UUID, Hold] = field(default_factory=dict)

    # Before a hold

    def available(self, member: int) -> int:
        lots = self.people[member].lots
        return sum(lot.left for lot in lots if not lot.has_lapsed(self.at))

    def caps_over(self, account: int | None) -> list[Cap]:
        """Return the caps from *account* up, on one account by id."""
        found: list[Cap] = []
        while account is not None:
            found += sorted(self.caps.get(account, []), key=lambda cap: cap.pk)
            account = self.parents[account]
        return found

    def set_cap(self, account: int, pk: int, ceiling: int) -> None:
        """Set a ceiling; a new cap starts from what is in use below its account."""
        caps = self.caps.setdefault(account, [])
        cap = next((cap for cap in caps if cap.pk == pk), None)
        if cap is None:
            caps.append(cap := Cap(pk))
            for hold in self.holds.values():
                spent = hold.total("captured") - hold.total("refunded")
                if self.is_below(hold.account, account) and hold.remaining + spent > 0:
                    hold.caps.append(cap)
                    cap.held += hold.remaining
                    cap.spent += spent
        cap.ceiling = ceiling

    def is_below(self, account: int | None, ancestor: int) -> bool:
        while account is not None and account != ancestor:
            account = self.parents[account]
        return account is not None

    def refusal(self, member: int, amount: int) -> Refused | None:
        """Return why *amount* can't be held, in order of precedence."""
        person = self.people[member]
        if not person.is_active:
            return Refused("MemberInactive")
        if self.available(member) < amount:
            return Refused("BalanceShort", self.available(member))
        for cap in self.caps_over(person.account):
            if cap.ceiling - cap.held - cap.spent < amount:
                return Refused("CapReached", cap.available)
        return None

    # Holding and settling

    def hold(
        self, pk: UUID, member: int, amount: int, *, checkout: str, expires_at: dt.datetime
    ) -> None:
        """Pin *amount* of the member's lots under every cap; it has to fit."""
        person, lines, rest = self.people[member], [], amount
        for lot in sorted(person.lots, key=lambda lot: lot.rank):
            taken = 0 if lot.has_lapsed(self.at) else min(rest, lot.left)
            if taken:
                lot.held += taken
                lines.append(Line(lot, taken))
                rest -= taken
        caps = self.caps_over(person.account)
        for cap in caps:
            cap.held += amount
        self.holds[pk] = Hold(
            pk, member, person.account, checkout, expires_at, self.at, lines, caps
        )

    def capture(self, hold: Hold, amount: int) -> Refused | None:
        if amount > hold.remaining:
            return Refused("NotHeld", hold.remaining)
        for cap in hold.caps:
            cap.held -= amount
            cap.spent += amount
        for line in hold.lines:
            taken = min(amount, line.remaining)
            amount -= taken
            line.captured += taken
            line.lot.held -= taken
            line.lot.spent += taken
        return None

    def release(self, hold: Hold, amount: int | None) -> Refused | None:
        amount = hold.remaining if amount is None else amount
        if amount > hold.remaining or not amount:
            return Refused("NotHeld", hold.remaining)
        for cap in hold.caps:
            cap.held -= amount
        for line in reversed(hold.lines):
            given = min(amount, line.remaining)
            amount -= given
            line.released += given
            line.lot.held -= given
            line.lot.removed += given if line.lot.has_lapsed(self.at) else 0
        return None

    def refund(self, hold: Hold, amount: int | None) -> Refused | None:
        left = hold.total("captured") - hold.total("refunded")
        amount = left if amount is None else amount
        if amount > left or not amount:
            return Refused("NotHeld", left)
        for cap in hold.caps:
            cap.spent -= amount
        for line in reversed(hold.lines):
            given = min(amount, line.captured - line.refunded)
            amount -= given
            line.refunded += given
            line.lot.spent -= given
            line.lot.removed += given if line.lot.has_lapsed(self.at) else 0
        return None

    def is_due(self, hold: Hold) -> bool:
        return hold.expires_at <= self.at and not hold.order and hold.remaining > 0

    # Orders

    def usable(self, member: int, checkout: str) -> list[Hold]:
        """Return the holds that an order from the checkout may rely on."""
        return [
            hold
            for hold in self.by_age(checkout=checkout)
            if hold.member == member and hold.expires_at > self.at
        ]

    def by_age(self, *, checkout: str = "", order: str = "") -> list[Hold]:
        """Return an order's holds, or what a checkout still holds for none."""
        found = [
            hold
            for hold in self.holds.values()
            if hold.order == order and (order or (hold.checkout == checkout and hold.remaining))
        ]
        return sorted(found, key=lambda hold: hold.age)

    def bind(self, member: int, checkout: str, order: str, due: int) -> Refused | None:
        holds = self.usable(member, checkout)
        held = sum(hold.remaining for hold in holds)
        if held < due or not holds:
            if not self.is_open:
                return Refused("ProgramClosed")
            if not self.people[member].is_active:
                return Refused("MemberInactive")
        if held < due and not self.pays_difference:
            return Refused("NotCovered", held)
        for hold in holds:
            hold.order = order
        return None

    def settle(self, order: str, due: int) -> list[int]:
        """Capture *due* over the order's holds and release the rest; returns each step."""
        holds = self.by_age(order=order)
        needed = due - sum(hold.total("captured") for hold in holds)
        steps: list[int] = []
        for hold in holds:
            taken = min(max(needed, 0), hold.remaining)
            rest = hold.remaining - taken
            if taken:
                self.capture(hold, taken)
            if rest:
                self.release(hold, rest)
            steps += [step for step in (taken, rest) if step]
            needed -= taken
        return steps

    def give_back_order(self, order: str) -> list[int]:
        steps: list[int] = []
        for hold in self.by_age(order=order):
            held, spent = hold.remaining, hold.total("captured") - hold.total("refunded")
            if held:
                self.release(hold, held)
            if spent:
                self.refund(hold, spent)
            steps += [step for step in (held, spent) if step]
        return steps

    def give_back_checkout(self, checkout: str, keep: int) -> list[int]:
        holds = self.by_age(checkout=checkout)
        excess = sum(hold.remaining for hold in holds) - keep
        steps: list[int] = []
        for hold in reversed(holds):
            step = min(max(excess, 0), hold.remaining)
            if step:
                self.release(hold, step)
                steps.append(step)
                excess -= step
        return steps
