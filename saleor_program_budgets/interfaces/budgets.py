"""How shoppers' budgets stand now: whose period is over is renewed first.

A job renews everybody within minutes of a period's end. Who looks before it comes is renewed on
the spot, as who buys is, and sees what a purchase would meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from saleor.core.db.connection import allow_writer

from saleor_program_budgets import programs

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.money import Amount
    from saleor_program_budgets.programs import Assessment, Store


def assess(
    *,
    store: Store,
    user_id: int | None,
    due: Amount,
    items: int = 0,
    checkout_id: str,
    at: datetime,
    using: str | None = None,
) -> Assessment:
    """Say what the shopper could apply to the checkout, outside of any transaction.

    *using* names where to read from; after a renewal that is where it was written.
    """
    assessment = programs.assess(
        store=store,
        user_id=user_id,
        due=due,
        items=items,
        checkout_id=checkout_id,
        at=at,
        using=using,
    )
    if not assessment.is_behind or assessment.member is None:
        return assessment
    with allow_writer():
        cycle = programs.up_to_date(assessment.member, at=at)
        renewed = programs.Store(assessment.member.program, cycle)
        return programs.assess(
            store=renewed, user_id=user_id, due=due, items=items, checkout_id=checkout_id, at=at
        )
