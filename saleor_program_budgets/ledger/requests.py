"""What every request to the ledger is checked for before the database sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saleor_program_budgets.errors import InvalidAmount
from saleor_program_budgets.money import LARGEST_MINOR, Amount

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.ledger.records import Actor


def by(*, key: str, actor: Actor, at: datetime) -> dict[str, Any]:
    """Return what every keyed request says: under which key, by whose action, and when."""
    return {"key": key, "actor": str(actor), "at": at.isoformat()}


def require_positive(amount: Amount, *, field: str = "amount") -> None:
    """Raise ``InvalidAmount`` unless *amount* is greater than zero and of a sensible size."""
    if not 0 < amount.minor <= LARGEST_MINOR:
        raise InvalidAmount(field, "The amount must be greater than zero.")


def require_something(amount: Amount, items: int) -> None:
    """Raise ``InvalidAmount`` unless one of the two is positive, and neither is negative."""
    if not (0 <= amount.minor <= LARGEST_MINOR and 0 <= items <= LARGEST_MINOR):
        raise InvalidAmount("amount", "The amount must be greater than zero.")
    if not amount and not items:
        raise InvalidAmount("amount", "The amount must be greater than zero.")


def require_ceiling(ceiling: Amount) -> None:
    """Raise ``InvalidAmount`` unless *ceiling* is zero or more and of a sensible size."""
    if not 0 <= ceiling.minor <= LARGEST_MINOR:
        raise InvalidAmount("amount", "A cap can't be negative.")
