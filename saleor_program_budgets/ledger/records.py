"""What operations take and give back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.models import Cycle
    from saleor_program_budgets.money import Amount


@dataclass(frozen=True, slots=True)
class Actor:
    """By whose action a posting came about: ``user:12``, ``app:7``, ``system:expiry``."""

    kind: str
    reference: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.reference}"

    @classmethod
    def system(cls, job: str) -> Actor:
        """Return the actor for a job of this package."""
        return cls("system", job)


@dataclass(frozen=True, slots=True)
class Held:
    """A hold that passed; ``available`` is what the member has left beside it."""

    hold_id: UUID
    posting_id: int
    amount: Amount
    available: Amount
    is_replay: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """A capture, release, expiry or refund, and the hold's totals after it."""

    hold_id: UUID
    posting_id: int
    amount: Amount
    captured: Amount
    released: Amount
    refunded: Amount
    remaining: Amount
    items: int
    items_captured: int
    items_released: int
    items_refunded: int
    items_remaining: int
    is_replay: bool


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a refund to a lapsed lot becomes: a new lot of this cycle, until this expiry."""

    cycle: Cycle
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Granted:
    """How many members received a lot, and the sum."""

    count: int
    total: Amount
    is_replay: bool


@dataclass(frozen=True, slots=True)
class Correction:
    """A posting made by hand: an adjustment, clawback or reversal.

    ``posting_id`` is ``None`` for a clawback that found nothing to take.
    """

    posting_id: int | None
    amount: Amount
    is_replay: bool


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many rows of each kind contradicted the journal, and were computed anew."""

    lots: int
    caps: int
    members: int
    pins: int
    holds: int
