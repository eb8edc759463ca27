"""After an order stands: its holds are captured; when it falls, its budget goes back.

Everything here runs after Saleor's transaction has committed, may be repeated, and takes its
decision from what the order and the ledger say now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from saleor.order import OrderStatus
from saleor.order.models import Order

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.interfaces import totals, transactions
from saleor_program_budgets.interfaces.identity import GATEWAY_ID
from saleor_program_budgets.models import Program
from saleor_program_budgets.money import Amount, zero

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.models import Hold

FALLEN = {OrderStatus.CANCELED, OrderStatus.EXPIRED}


def settle(*, order_id: str, actor: Actor, at: datetime) -> int:
    """Bring the order's holds in line with the order; returns how many postings that took.

    A standing order: captured up to what the budget has to pay of it, the rest released. A
    cancelled, expired or deleted one: everything given back. A draft: left as it is. Saleor's
    transactions are told in any case, so that a report that was lost is made up for.
    """
    holds = list(ledger.holds_of_order(order_id=order_id))
    if not holds:
        return 0
    order = Order.objects.filter(pk=order_id).first()
    if order is None or order.status in FALLEN:
        settled = programs.return_order(
            order_id=order_id, cause="order cancelled", actor=actor, at=at
        )
    elif order.status == OrderStatus.DRAFT:
        return 0
    else:
        settled = programs.settle_order(
            order_id=order_id,
            due=_budget_share(order, holds),
            items=_pieces(order, holds),
            actor=actor,
            at=at,
        )
    for hold in holds:
        transactions.report(hold.pk)
    return len(settled)


def _pieces(order: Order, holds: list[Hold]) -> int:
    """Return how many pieces the order is of; what was held for it stays so if that was stopped."""
    program = Program.objects.get(pk=holds[0].program_id)
    if not program.counts_items:
        return sum(hold.items for hold in holds)
    return totals.items_of_order(program=program, order=order)


def _budget_share(order: Order, holds: list[Hold]) -> Amount:
    """Return what the budget pays of the order: its basis, less what others pay already."""
    program = Program.objects.get(pk=holds[0].program_id)
    due = totals.due_of_order(program=program, order=order)
    total = totals.amount_of(order.total_gross_amount, order.currency)
    left = total - totals.paid_by_others(order=order, gateway_id=GATEWAY_ID)
    return max(min(due, left), zero(order.currency))
