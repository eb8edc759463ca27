"""The gates: no order comes to be in a program's channel unless its budget rules hold.

Nor in any channel with a redemption code that isn't its member's: ``code_gate`` judges that first.

``check_checkout`` refuses early and kindly, before Saleor locks anything. ``guard_order`` is the
gate itself: a receiver inside the transaction that creates the order, which also stands while
the plugin is switched off, when Saleor calls no plugin at all. What passes it has its holds
bound. docs/order-paths.md lists every way an order is made, and the test that proves its gate.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models.signals import pre_save
from django.utils import timezone
from saleor.checkout.models import Checkout
from saleor.order import OrderOrigin, OrderStatus
from saleor.order.models import Order

from saleor_program_budgets import errors, ledger, programs
from saleor_program_budgets.interfaces import code_gate, identity, totals, transactions
from saleor_program_budgets.models import Program
from saleor_program_budgets.money import Amount, zero

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from saleor.checkout.fetch import CheckoutInfo

    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.programs import Store

logger = logging.getLogger(__name__)

ERROR_FIELD = "program_budget"
ERROR_CODE = "graphql_error"
"""The one generic code that every mutation which makes orders has in its enum; what bound is in
``Checkout.programBudget.refusal``."""

MADE_FROM_DRAFTS = {OrderOrigin.DRAFT, OrderOrigin.REISSUE}
GATE = "saleor_program_budgets.guard_order"


_record_refusal: Callable[..., object] | None = None


def install(
    *, record_refusal: Callable[..., object], record_attempt: Callable[..., object]
) -> None:
    """Connect the gate; calling it again changes nothing.

    *record_refusal* takes a refusal's figures and writes them down outside the transaction that
    the refusal rolls back: a task, since the broker's message survives the rollback. So does
    *record_attempt* with a redemption code that was refused.
    """
    global _record_refusal  # noqa: PLW0603 - set once, when the app is ready
    _record_refusal = record_refusal
    code_gate.install(record_attempt=record_attempt)
    pre_save.connect(guard_order, sender=Order, dispatch_uid=GATE)


def check_checkout(*, checkout_info: CheckoutInfo, at: datetime | None = None) -> None:
    """Refuse a checkout that the gate would refuse; called before Saleor makes the order."""
    at = at or timezone.now()
    checkout = checkout_info.checkout
    code_gate.check_checkout(checkout=checkout, at=at)
    store = programs.find_store(channel_id=str(checkout.channel_id))
    if store is None:
        return
    due = totals.due_of_checkout(program=store.program, checkout=checkout)
    try:
        programs.check_covered(
            store=store,
            user_id=checkout.user_id,
            checkout_id=str(checkout.pk),
            due=due,
            items=totals.items_of_checkout(program=store.program, checkout=checkout),
            at=at,
        )
    except errors.Refusal as refusal:
        _record(
            refusal,
            store,
            checkout.user_id,
            channel_id=str(checkout.channel_id),
            checkout_id=str(checkout.pk),
            at=at,
        )
        raise as_validation_error(refusal) from refusal


def guard_order(
    sender: type[Order],
    instance: Order,
    *,
    raw: bool = False,
    update_fields: Collection[str] | None = None,
    **_: Any,
) -> None:
    """Let *instance* become a real order only with its budget; runs in Saleor's transaction."""
    if raw or not _becomes_an_order(instance, update_fields):
        return
    at = timezone.now()
    code_gate.guard(order=instance, at=at)
    store = programs.find_store(channel_id=str(instance.channel_id))
    if store is None:
        return
    try:
        if store.program.status == Program.Status.OPEN and not identity.is_active():
            raise errors.BudgetsSwitchedOff
        programs.bind_to_order(
            store=store,
            user_id=instance.user_id,
            checkout_id=instance.checkout_token,
            order_id=str(instance.pk),
            due=totals.due_of_order(program=store.program, order=instance),
            items=_items_of(instance, store),
            at=at,
        )
    except errors.Refusal as refusal:
        _record(
            refusal,
            store,
            instance.user_id,
            channel_id=str(instance.channel_id),
            checkout_id=instance.checkout_token,
            order_id=str(instance.pk),
            at=at,
        )
        raise as_validation_error(refusal, kind=code_gate.OrderRefused) from refusal


def hold_for_draft(*, order: Order, actor: Actor, at: datetime) -> None:
    """Hold what a staff member's draft needs, before it is completed.

    Under BLOCK nobody else can pay for the order, so its member's budget is taken for it. Under
    PAY_DIFFERENCE the shopper decides, before or after; pieces are taken in any case. Raises the
    refusal, which is recorded.
    """
    store = programs.find_store(channel_id=str(order.channel_id))
    if store is None:
        return
    due = zero(order.currency)
    if store.program.overage_policy == Program.OveragePolicy.BLOCK:
        due = totals.due_of_order(program=store.program, order=order)
    holds = list(ledger.holds_of_order(order_id=str(order.pk)))
    missing = Amount(max(due.minor - sum(hold.remaining for hold in holds), 0), due.currency)
    pieces = totals.items_of_order(program=store.program, order=order)
    missing_pieces = max(pieces - sum(hold.items_remaining for hold in holds), 0)
    if not missing and not missing_pieces:
        return
    item = transactions.open_for_order(order=order)
    reserved = programs.reserve(
        store=store,
        user_id=order.user_id,
        amount=missing,
        items=missing_pieces,
        order_id=str(order.pk),
        channel_id=str(order.channel_id),
        key=transactions.hold_key(item),
        actor=actor,
        at=at,
    )
    transactions.report(reserved.hold_id)


def give_draft_back(*, order: Order, actor: Actor, at: datetime) -> None:
    """Give back what is held for an order that stayed a draft."""
    settled = programs.return_order(
        order_id=str(order.pk), cause="the draft was not completed", actor=actor, at=at
    )
    for settlement in settled:
        transactions.report(settlement.hold_id)


def as_validation_error(
    refusal: errors.Refusal, *, kind: type[ValidationError] = ValidationError
) -> ValidationError:
    """Return the refusal as the error that all of Saleor's order mutations can show."""
    return kind({ERROR_FIELD: ValidationError(refusal.message, code=ERROR_CODE)})


def _items_of(order: Order, store: Store) -> int:
    """Return how many pieces the order in the making is of; a checkout's order has no lines yet."""
    if not store.program.counts_items:
        return 0
    if order._state.adding:  # noqa: SLF001 - Django's documented way to tell
        checkout = Checkout.objects.filter(pk=order.checkout_token or None).first()
        if checkout is None:
            return 0
        return totals.items_of_checkout(program=store.program, checkout=checkout)
    return totals.items_of_order(program=store.program, order=order)


def _becomes_an_order(order: Order, update_fields: Collection[str] | None) -> bool:
    """Say whether this save turns nothing, or a draft, into an order."""
    if order.status in {OrderStatus.DRAFT, OrderStatus.CANCELED, OrderStatus.EXPIRED}:
        return False
    if order._state.adding:  # noqa: SLF001 - Django's documented way to tell
        return True
    if order.origin not in MADE_FROM_DRAFTS:
        return False
    if update_fields is not None and "status" not in update_fields:
        return False
    return Order.objects.filter(pk=order.pk, status=OrderStatus.DRAFT).exists()


def _record(
    refusal: errors.Refusal,
    store: Store,
    user_id: int | None,
    *,
    channel_id: str,
    checkout_id: str,
    order_id: str = "",
    at: datetime,
) -> None:
    """Have the refusal written down where the rollback that follows can't take it back.

    The shopper is told in any case: a broker that can't be reached is logged, and no more.
    """
    if _record_refusal is None:
        raise errors.LedgerInvariant("the gate was not installed")
    try:
        _record_refusal(
            code=refusal.code,
            program_id=store.program.pk,
            user_id=user_id,
            requested=_minor(refusal.requested),
            available=_minor(refusal.available),
            unit=refusal.requested.currency if refusal.requested else "",
            channel_id=channel_id,
            checkout_id=checkout_id,
            order_id=order_id,
            at=at.isoformat(),
        )
    except Exception:
        logger.exception("A refusal (%s) could not be recorded", refusal.code)


def _minor(amount: Amount | None) -> int | None:
    return None if amount is None else amount.minor
