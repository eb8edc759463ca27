"""A hold and Saleor's transaction name each other; what the ledger posted is reported there.

The hold's key is ``transaction:<token>``; the transaction's psp reference is ``hold-<hold id>``,
and each later event's is ``posting-<posting id>``. A reversed refund is a REFUND_REVERSE under the
reference of the refund, which is how Saleor ties the two together. Reporting compares the two lists
and adds what is missing, so that it can be repeated at any time and is what repairs a crash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction
from saleor.app.models import App
from saleor.order.models import OrderGrantedRefund
from saleor.order.utils import calculate_order_granted_refund_status
from saleor.payment import TransactionAction, TransactionEventType
from saleor.payment.models import TransactionEvent, TransactionItem
from saleor.payment.transaction_item_calculations import recalculate_transaction_amounts
from saleor.payment.utils import (
    get_transaction_item_params,
    process_order_or_checkout_with_transaction,
)
from saleor.plugins.manager import get_plugins_manager

from saleor_program_budgets.interfaces.identity import GATEWAY_ID
from saleor_program_budgets.manifest import manifest
from saleor_program_budgets.models import Hold, Posting
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from saleor.order.models import Order

HOLD_KEY = "transaction:{token}"
SUCCESSES = (
    TransactionEventType.AUTHORIZATION_SUCCESS,
    TransactionEventType.CHARGE_SUCCESS,
    TransactionEventType.CANCEL_SUCCESS,
    TransactionEventType.REFUND_SUCCESS,
    TransactionEventType.REFUND_REVERSE,
)
AUTHORIZED_EVENTS = {
    Posting.Kind.CAPTURE: TransactionEventType.CHARGE_SUCCESS,
    Posting.Kind.RELEASE: TransactionEventType.CANCEL_SUCCESS,
    Posting.Kind.EXPIRE: TransactionEventType.CANCEL_SUCCESS,
    Posting.Kind.REFUND: TransactionEventType.REFUND_SUCCESS,
    Posting.Kind.REVERSAL: TransactionEventType.REFUND_REVERSE,
}
CHARGED_EVENTS = {
    Posting.Kind.RELEASE: TransactionEventType.REFUND_SUCCESS,
    Posting.Kind.EXPIRE: TransactionEventType.REFUND_SUCCESS,
    Posting.Kind.REFUND: TransactionEventType.REFUND_SUCCESS,
    Posting.Kind.REVERSAL: TransactionEventType.REFUND_REVERSE,
}
"""Where the channel charges at once, Saleor counts the hold as charged from the start: its
capture changes nothing there, and what is given back is a refund."""


class Report(NamedTuple):
    """What tells one event of a transaction from another: its reference, twice for a refund."""

    reference: str
    is_reversal: bool


def hold_key(item: TransactionItem) -> str:
    """Return the key under which the ledger holds for the transaction."""
    return HOLD_KEY.format(token=item.token)


def hold_reference(hold_id: UUID) -> str:
    """Return the psp reference of the transaction that the hold belongs to."""
    return f"hold-{hold_id}"


def posting_reference(posting_id: int) -> str:
    """Return the psp reference of the event that reports the posting."""
    return f"posting-{posting_id}"


def report_of(posting_id: int, *, reverses_id: int | None) -> Report:
    """Return by what the event that reports the posting is known."""
    return Report(posting_reference(reverses_id or posting_id), reverses_id is not None)


def reports(events: QuerySet[TransactionEvent]) -> dict[Report, TransactionEvent]:
    """Return *events* by what they are known by, failures and requests left out."""
    successes = events.filter(include_in_calculations=True, type__in=SUCCESSES)
    return {
        Report(event.psp_reference or "", event.type == TransactionEventType.REFUND_REVERSE): event
        for event in successes
    }


def hold_of(item: TransactionItem) -> Hold | None:
    """Return the transaction's hold."""
    return Hold.objects.filter(key=hold_key(item)).first()


def item_of(hold: Hold) -> TransactionItem | None:
    """Return the hold's transaction; ``None`` when a crash left the hold without one."""
    token = hold.key.removeprefix(HOLD_KEY.format(token=""))
    return TransactionItem.objects.filter(token=token).first() if token != hold.key else None


def actions_of(hold: Hold) -> list[str]:
    """Return what may still be asked of the hold's transaction."""
    actions = []
    if hold.remaining:
        actions += [TransactionAction.CHARGE, TransactionAction.CANCEL]
    if hold.captured > hold.refunded:
        actions.append(TransactionAction.REFUND)
    return actions


def open_for_order(*, order: Order) -> TransactionItem:
    """Return a new, empty transaction of this gateway's on the order."""
    app = App.objects.not_removed().filter(identifier=GATEWAY_ID).first()
    return TransactionItem.objects.create(
        **get_transaction_item_params(
            source_object=order, user=None, app=app, psp_reference=None, name=manifest().name
        )
    )


def report(hold_id: UUID) -> int:
    """Add the events that Saleor's transaction lacks for the hold's postings.

    Returns how many were added. Updates the checkout's or order's payment status, and emits
    Saleor's own events for it, outside of any transaction of ours.
    """
    hold = Hold.objects.get(pk=hold_id)
    item = item_of(hold)
    if item is None:
        return 0
    with transaction.atomic():
        item = TransactionItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
        previous = {
            "previous_authorized_value": item.authorized_value,
            "previous_charged_value": item.charged_value,
            "previous_refunded_value": item.refunded_value,
        }
        missing = _missing_events(item, hold)
        if not missing:
            return 0
        TransactionEvent.objects.bulk_create(missing)
        item.available_actions = actions_of(hold)
        recalculate_transaction_amounts(item, save=False)
        item.save()
    process_order_or_checkout_with_transaction(
        item, get_plugins_manager(allow_replica=False), None, item.app, **previous
    )
    for granted in OrderGrantedRefund.objects.filter(transaction_events__in=missing).distinct():
        calculate_order_granted_refund_status(granted)
    return len(missing)


def _missing_events(item: TransactionItem, hold: Hold) -> list[TransactionEvent]:
    reported = reports(item.events.all())
    opening = reported.get(Report(hold_reference(hold.pk), is_reversal=False))
    missing: list[TransactionEvent] = []
    if opening is None:
        if not hold.order_id:
            return []  # Saleor never heard of the hold, and counts nothing that needs correcting.
        item.psp_reference = hold_reference(hold.pk)
        opening = _event(
            item,
            hold,
            TransactionEventType.AUTHORIZATION_SUCCESS,
            hold_reference(hold.pk),
            hold.amount,
        )
        missing.append(opening)
    is_charged = opening.type == TransactionEventType.CHARGE_SUCCESS
    types = CHARGED_EVENTS if is_charged else AUTHORIZED_EVENTS
    # A posting that moves items only is nothing to Saleor.
    postings = Posting.objects.filter(hold=hold, kind__in=types, amount__gt=0).order_by("pk")
    for posting in postings:
        report = report_of(posting.pk, reverses_id=posting.reverses_id)
        if report not in reported:
            event = _event(
                item,
                hold,
                types[Posting.Kind(posting.kind)],
                report.reference,
                posting.amount,
                posting.cause,
            )
            refunded = reported.get(Report(report.reference, is_reversal=False))
            if report.is_reversal and refunded is not None:
                event.related_granted_refund_id = refunded.related_granted_refund_id
            missing.append(event)
    return missing


def _event(
    item: TransactionItem,
    hold: Hold,
    event_type: str,
    reference: str,
    minor: int,
    message: str = "",
) -> TransactionEvent:
    return TransactionEvent(
        transaction=item,
        type=event_type,
        psp_reference=reference,
        amount_value=Amount(minor, hold.unit).to_decimal(),
        currency=hold.unit,
        message=message,
        app=item.app,
        app_identifier=item.app_identifier,
        include_in_calculations=True,
    )
