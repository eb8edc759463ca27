"""What the model remembers: lots, caps, holds, people, programs, and each posting's undoing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

MONEY, ITEM = "USD", "ITEM"
UNITS = (MONEY, ITEM)


@dataclass(frozen=True)
class Refused:
    """The answer to something that doesn't fit: the error's name and its figures."""

    name: str
    available: int | None = None
    unit: str = ""
    limit: int | None = None
    items_left: int = 0
    because: str = ""


@dataclass(eq=False)
class Lot:
    """Value granted; ``left`` is neither held nor spent nor gone."""

    member: int
    unit: str
    amount: int
    expires_at: dt.datetime | None
    created_at: dt.datetime
    source: Lot | None = None
    origin: str = "grant"
    cycle: int | None = None
    held: int = 0
    spent: int = 0
    lapsed: int = 0
    withdrawn: int = 0
    moved: int = 0
    pk: int = 0

    @property
    def gone(self) -> int:
        return self.lapsed + self.withdrawn + self.moved

    @property
    def left(self) -> int:
        return self.amount - self.held - self.spent - self.gone

    def has_lapsed(self, at: dt.datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= at

    @property
    def rank(self) -> tuple[bool, dt.datetime, dt.datetime, int]:
        """Place in the order of consumption: expiry (never last), age, id."""
        never = self.expires_at is None
        return never, self.expires_at or self.created_at, self.created_at, self.pk


@dataclass(eq=False)
class Raise:
    """More for a cap, for a while."""

    pk: int
    amount: int
    ends_at: dt.datetime
    is_undone: bool = False

    def counts(self, at: dt.datetime) -> bool:
        return not self.is_undone and self.ends_at > at


@dataclass(eq=False)
class Cap:
    """A ceiling over an account, for one program or (without) for all."""

    pk: int
    account: int
    program: int | None
    unit: str
    base: int = 0
    raises: list[Raise] = field(default_factory=list)
    held: int = 0
    spent: int = 0
    is_open: bool = True

    def raised(self, at: dt.datetime) -> int:
        return sum(extra.amount for extra in self.raises if extra.counts(at))

    def ceiling(self, at: dt.datetime) -> int:
        return self.base + self.raised(at)

    def room(self, at: dt.datetime) -> int:
        """What may still be used; negative: the overhang."""
        return self.ceiling(at) - self.held - self.spent


@dataclass(eq=False)
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

    @property
    def refundable(self) -> int:
        return self.captured - self.refunded


@dataclass(eq=False)
class Hold:
    """A reservation of money and items over lots and caps."""

    pk: UUID
    member: int
    program: int
    account: int
    checkout: str
    order: str
    expires_at: dt.datetime
    created_at: dt.datetime
    lines: list[Line]
    caps: list[Cap]
    cycle: int

    def of(self, unit: str) -> list[Line]:
        return [line for line in self.lines if line.lot.unit == unit]

    def total(self, column: str, unit: str = MONEY) -> int:
        return sum(getattr(line, column) for line in self.of(unit))

    @property
    def remaining(self) -> int:
        return self.total("remaining")

    @property
    def items_remaining(self) -> int:
        return self.total("remaining", ITEM)

    @property
    def remains(self) -> bool:
        return self.remaining > 0 or self.items_remaining > 0

    @property
    def age(self) -> tuple[dt.datetime, UUID]:
        return self.created_at, self.pk


@dataclass(eq=False)
class Rollover:
    """What the end of a period carried into the next cycle, and how much more it may carry."""

    ends_at: dt.datetime
    cycle: int
    carry_limit: int
    carry_until: dt.datetime
    carried: int = 0
    lapsed: int = 0


@dataclass(eq=False)
class Person:
    """A member: where they are, and what they have in each unit that they have a budget in.

    ``renews`` says when their period ends, in each unit; ``allotted`` for which they have had the
    allotment. ``taken`` is what was clawed back in each unit since they left.
    """

    pk: int
    user: int
    program: int
    account: int
    is_active: bool = True
    lots: dict[str, list[Lot]] = field(default_factory=lambda: {MONEY: []})
    renews: dict[str, dt.datetime | None] = field(default_factory=dict)
    allotted: set[dt.datetime] = field(default_factory=set)
    rollovers: dict[tuple[str, dt.datetime | None], Rollover] = field(default_factory=dict)
    taken: dict[str, tuple[int, Move | None]] = field(default_factory=dict)

    @property
    def all_lots(self) -> list[Lot]:
        return [lot for lots in self.lots.values() for lot in lots]

    def is_due(self, at: dt.datetime) -> bool:
        return any(end is not None and end <= at for end in self.renews.values())

    def is_undecided(self, lot: Lot) -> bool:
        """Say whether the end of the lot's period is still to come for them."""
        return lot.origin != "carry" and lot.expires_at == self.renews[lot.unit]


@dataclass(eq=False)
class Program:
    """The rules that an administrator may change, and the open cycle.

    ``numbers`` are those of the cycles that have ended, by their end.
    """

    pk: int
    channel: str
    starts_at: dt.datetime
    ends_at: dt.datetime
    allotment: int
    carry_limit: int
    carry_days: int | None
    number: int = 1
    numbers: dict[dt.datetime, int] = field(default_factory=dict)
    is_open: bool = True
    pays_difference: bool = False
    refund_policy: str = "forfeit"
    grace_days: int = 1
    opens_at: dt.datetime | None = None
    closes_at: dt.datetime | None = None

    def takes_orders(self, at: dt.datetime) -> bool:
        in_window = (self.opens_at is None or self.opens_at <= at) and (
            self.closes_at is None or at < self.closes_at
        )
        return self.is_open and in_window

    def renewal(self, at: dt.datetime) -> dt.datetime | None:
        """Return until when a refund at *at* to a lapsed lot is good; ``None``: it is lost."""
        if self.refund_policy == "grace":
            return at + dt.timedelta(days=self.grace_days)
        if self.refund_policy == "reissue":
            return self.ends_at
        return None


class Undo(Protocol):
    """What undoing a posting takes."""

    def fits(self, at: dt.datetime) -> bool:
        """Say whether nothing that it gave was used since, and there is room."""

    def apply(self) -> None:
        """Do it."""


@dataclass(eq=False)
class Move:
    """One posting of the journal; without an *undo* it can't be reversed."""

    kind: str
    amount: int
    items: int = 0
    unit: str = MONEY
    program: int | None = None
    member: int | None = None
    account: int | None = None
    hold: UUID | None = None
    order: str = ""
    checkout: str = ""
    reverses: int | None = None
    undo: Undo | None = None
    is_reversed: bool = False
