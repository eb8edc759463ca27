"""The check basis: how much of a total the budget must cover.

The same figure is used at display, hold and completion, from the totals that Saleor computes:
after discounts and gift cards. By default it is the gross total, shipping and tax included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saleor_program_budgets.money import Amount, zero

if TYPE_CHECKING:
    from saleor_program_budgets.models import Program


@dataclass(frozen=True, slots=True)
class Taxed:
    """A sum with and without tax."""

    net: Amount
    gross: Amount


def due_from(*, program: Program, total: Taxed, shipping: Taxed) -> Amount:
    """Return what the budget must cover of *total*, of which *shipping* is a part.

    Never negative: gift cards may have paid for more than what is left out.
    """
    due = total.gross if program.includes_tax else total.net
    if not program.includes_shipping:
        due -= shipping.gross if program.includes_tax else shipping.net
    return max(due, zero(due.currency))
