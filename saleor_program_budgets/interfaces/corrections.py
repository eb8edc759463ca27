"""Corrections that concern Saleor as well as the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saleor.order.models import Order

from saleor_program_budgets import errors, ledger, programs
from saleor_program_budgets.interfaces import orders, transactions
from saleor_program_budgets.models import Posting

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor, Correction


def reverse(*, posting: Posting, reason: str, key: str, actor: Actor, at: datetime) -> Correction:
    """Undo *posting* as ``ledger.reverse`` does, and report a reversed refund to Saleor.

    Also raises ``NotReversible`` for the refund of an order that was cancelled or deleted: its
    budget would be given back again at once.
    """
    if posting.kind == Posting.Kind.REFUND and _has_fallen(posting.order_id):
        raise errors.NotReversible("The order was cancelled, so its budget stays given back.")
    if posting.member is not None:
        # What comes back belongs to the period of now, whether or not a job has come by.
        programs.up_to_date(posting.member, at=at)
    correction = ledger.reverse(posting_id=posting.pk, reason=reason, key=key, actor=actor, at=at)
    if posting.hold_id is not None:
        transactions.report(posting.hold_id)
    return correction


def _has_fallen(order_id: str) -> bool:
    order = Order.objects.filter(pk=order_id).only("status").first() if order_id else None
    return order is None or order.status in orders.FALLEN
