"""Repairing what a crash left between the ledger and Saleor, and expiring holds.

Each job is bounded, may run twice or late, and changes nothing where nothing is amiss.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from saleor.order.models import Order
from saleor.payment import TransactionEventType
from saleor.payment.models import TransactionEvent

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.interfaces import orders, transactions
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import Posting, ProgramChannel

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

BATCH = 500
GRACE = timedelta(minutes=2)
"""How long the request that made an order is left to settle it by itself."""
LOOK_BACK = timedelta(days=1)
ACTOR = Actor.system("reconciliation")


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a run put right: orders settled, orders given back, transactions told."""

    settled: int
    returned: int
    reported: int


def expire_holds(*, at: datetime) -> int:
    """Expire up to 500 holds whose time is up, tell Saleor, and return how many there were."""
    expired = programs.expire_due_holds(at=at, batch=BATCH)
    for settlement in expired:
        transactions.report(settlement.hold_id)
    return len(expired)


def reconcile(*, at: datetime) -> Repaired:
    """Settle orders that a crash left unsettled, and report postings that Saleor lacks."""
    return Repaired(
        settled=_settle_left_over(at), returned=_return_fallen(at), reported=_report_missing(at)
    )


def _settle_left_over(at: datetime) -> int:
    order_ids = ledger.unsettled_orders(bound_before=at - GRACE)[:BATCH]
    return sum(
        orders.settle(order_id=order_id, actor=ACTOR, at=at) > 0
        for order_id in dict.fromkeys(order_ids)
    )


def _return_fallen(at: datetime) -> int:
    """Give back the budget of orders cancelled lately, where the event for it was lost."""
    channels = ProgramChannel.objects.values_list("channel_id", flat=True)
    fallen = (
        Order.objects.filter(
            status__in=orders.FALLEN,
            updated_at__gte=at - LOOK_BACK,
            channel_id__in=[int(channel) for channel in channels],
        )
        .order_by("updated_at")
        .values_list("pk", flat=True)[:BATCH]
    )
    return sum(orders.settle(order_id=str(pk), actor=ACTOR, at=at) > 0 for pk in fallen)


def _report_missing(at: datetime) -> int:
    """Report the holds of recent postings for which Saleor has no event."""
    recent = (
        Posting.objects.filter(
            created_at__gte=at - LOOK_BACK,
            created_at__lt=at - GRACE,
            kind__in=transactions.AUTHORIZED_EVENTS,
            hold__isnull=False,
            amount__gt=0,
        )
        .order_by("pk")
        .values_list("pk", "kind", "hold_id", "reverses_id", named=True)
    )
    reported = 0
    page = list(recent[:BATCH])
    while page:
        reported += sum(transactions.report(hold_id) > 0 for hold_id in _unreported(page))
        page = list(recent.filter(pk__gt=page[-1].pk)[:BATCH])
    return reported


def _unreported(postings: list[Any]) -> list[UUID]:
    """Return the holds of those postings that no event in Saleor stands for, each once."""
    wanted = {
        posting.pk: transactions.report_of(posting.pk, reverses_id=posting.reverses_id)
        for posting in postings
    }
    references = {report.reference for report in wanted.values()}
    known = transactions.reports(TransactionEvent.objects.filter(psp_reference__in=references))
    openings = {transactions.hold_reference(posting.hold_id) for posting in postings}
    charged_at_once = set(
        TransactionEvent.objects.filter(
            psp_reference__in=openings, type=TransactionEventType.CHARGE_SUCCESS
        ).values_list("psp_reference", flat=True)
    )
    return list(
        dict.fromkeys(
            posting.hold_id
            for posting in postings
            if wanted[posting.pk] not in known
            and not (
                posting.kind == Posting.Kind.CAPTURE
                and transactions.hold_reference(posting.hold_id) in charged_at_once
            )
        )
    )
