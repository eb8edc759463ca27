"""The payment gateway: Saleor's transaction requests become holds, captures and refunds.

Every answer is synchronous, and nothing raises: Saleor turns an exception in these hooks into a
transaction without an outcome.
"""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Sum
from django.utils import timezone
from saleor.channel import TransactionFlowStrategy
from saleor.checkout.models import Checkout
from saleor.order import OrderStatus
from saleor.payment.interface import PaymentGatewayData, TransactionSessionResult
from saleor.payment.utils import create_transaction_event_from_request_and_webhook_response
from saleor.permission.enums import CheckoutPermissions, OrderPermissions, PaymentPermissions

from saleor_program_budgets import errors, ledger, programs
from saleor_program_budgets.interfaces import budgets, totals, transactions
from saleor_program_budgets.interfaces.identity import GATEWAY_ID, actor_of
from saleor_program_budgets.models import Hold
from saleor_program_budgets.money import Amount, zero

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from saleor.order.models import Order
    from saleor.payment.interface import TransactionActionData, TransactionSessionData

    from saleor_program_budgets.ledger import Actor, Settlement
    from saleor_program_budgets.programs import Store

logger = logging.getLogger(__name__)

ACTING_FOR_SHOPPERS = (
    CheckoutPermissions.HANDLE_CHECKOUTS,
    PaymentPermissions.HANDLE_PAYMENTS,
    OrderPermissions.MANAGE_ORDERS,
)
"""An app or staff user with one of these may apply a shopper's budget for them."""


def describe(
    *, source: Checkout | Order, requestor: Any, at: datetime | None = None
) -> PaymentGatewayData:
    """Answer ``paymentGatewayInitialize``: what the shopper can apply to this checkout or order.

    All amounts are decimals in major units. Figures are shown to the checkout's own shopper, and
    to apps and staff who act for shoppers; to nobody else.
    """
    at = at or timezone.now()
    store = programs.find_store(channel_id=str(source.channel_id))
    if store is None:
        return _no_config("This channel is not a program store.")
    if not _may_spend_for(source, requestor):
        return _no_config("Sign in as the checkout's own shopper to see the budget.")
    assessment = budgets.assess(
        store=store,
        user_id=source.user_id,
        due=_due(store, source),
        items=_items(store, source),
        checkout_id=_checkout_id(source),
        at=at,
    )
    refusal = assessment.refusal
    return PaymentGatewayData(
        app_identifier=GATEWAY_ID,
        data={
            "program": {"name": store.program.name, "slug": store.program.slug},
            "overagePolicy": store.program.overage_policy.upper(),
            "currency": store.program.currency,
            "due": str(assessment.due.to_decimal()),
            "available": str(assessment.available.to_decimal()),
            "usable": str(assessment.usable.to_decimal()),
            "held": str(assessment.held_here.to_decimal()),
            "applicable": str(assessment.applicable.to_decimal()),
            "shortfall": str(assessment.shortfall.to_decimal()),
            "resetsAt": assessment.resets_at.isoformat() if assessment.resets_at else None,
            "refusal": {"code": refusal.code, "message": refusal.message} if refusal else None,
            **({"items": _counted(assessment)} if store.program.counts_items else {}),
        },
    )


def initialize(
    *, data: TransactionSessionData, requestor: Any, at: datetime | None = None
) -> TransactionSessionResult:
    """Answer ``transactionInitialize``: hold the amount, or say why not.

    Holds what is asked for, at most what the check basis leaves; with ``{"partial": true}`` as
    the gateway's data, as much of it as the budget can carry. For an order that stands already
    the hold is captured at once.
    """
    at = at or timezone.now()
    is_charge = data.action.action_type == TransactionFlowStrategy.CHARGE
    try:
        hold = transactions.hold_of(data.transaction)
        if hold is None:
            hold = _reserve(data, requestor, at)
    except (errors.Refusal, errors.InvalidInput) as error:
        return _result(
            result="CHARGE_FAILURE" if is_charge else "AUTHORIZATION_FAILURE",
            message=str(error),
            actions=[],
            data=_refusal_data(error),
        )
    return _result(
        result="CHARGE_SUCCESS" if is_charge or hold.captured else "AUTHORIZATION_SUCCESS",
        pspReference=transactions.hold_reference(hold.pk),
        amount=str(Amount(hold.amount, hold.unit).to_decimal()),
        actions=["REFUND"] if is_charge else _actions(hold),
        message=f"Held until {hold.expires_at:%Y-%m-%d %H:%M} UTC" if not hold.order_id else "",
        data={"hold": str(hold.pk), "expiresAt": hold.expires_at.isoformat()},
    )


def charge(*, data: TransactionActionData, requestor: Any) -> None:
    """Answer a charge request: capture for the order that the hold belongs to."""

    def capture(hold: Hold, amount: Amount, actor: Actor, at: datetime) -> Settlement:
        if not hold.order_id:
            raise errors.InvalidInput("id", "A budget is charged when the order is placed.")
        return ledger.capture(
            hold_id=hold.pk,
            amount=amount,
            items=_items_with(amount, hold.remaining, hold.items_remaining),
            order_id=hold.order_id,
            key=_request_key(data),
            actor=actor,
            at=at,
        )

    _answer(data, requestor, "CHARGE", capture)


def refund(*, data: TransactionActionData, requestor: Any) -> None:
    """Answer a refund request: back to the lots that the order was paid from.

    Where the channel charges at once, a checkout's refund gives the hold back.
    """

    def give_back(hold: Hold, amount: Amount, actor: Actor, at: datetime) -> Settlement:
        key, cause = _request_key(data), "refund requested"
        if hold.captured:
            returned = hold.captured - hold.refunded, hold.items_captured - hold.items_refunded
            return programs.refund(
                hold=hold,
                amount=amount,
                items=_items_returned(data, amount, *returned),
                key=key,
                actor=actor,
                at=at,
                cause=cause,
            )
        return ledger.release(
            hold_id=hold.pk,
            amount=amount,
            items=_items_with(amount, hold.remaining, hold.items_remaining),
            key=key,
            actor=actor,
            at=at,
            cause=cause,
        )

    _answer(data, requestor, "REFUND", give_back)


def cancel(*, data: TransactionActionData, requestor: Any) -> None:
    """Answer a cancel request: give back what is left, at most the amount asked for.

    Saleor never repeats a failed release of funds, so this succeeds whenever it can.
    """

    def give_back(hold: Hold, amount: Amount, actor: Actor, at: datetime) -> Settlement:
        left = Amount(hold.remaining, hold.unit)
        amount = min(amount, left) if amount else left
        return ledger.release(
            hold_id=hold.pk,
            amount=amount,
            items=_items_with(amount, hold.remaining, hold.items_remaining),
            key=_request_key(data),
            actor=actor,
            at=at,
            cause="cancel requested",
        )

    _answer(data, requestor, "CANCEL", give_back)


def release_checkout_holds(
    *, checkout: Checkout, actor: Actor, at: datetime, cause: str = "taken off the checkout"
) -> Amount:
    """Give back all that is held for the checkout, tell Saleor, and return the sum."""
    settled = programs.release_checkout(
        checkout_id=str(checkout.pk), keep=None, cause=cause, actor=actor, at=at
    )
    for settlement in settled:
        transactions.report(settlement.hold_id)
    return sum((settlement.amount for settlement in settled), zero(checkout.currency))


def _reserve(data: TransactionSessionData, requestor: Any, at: datetime) -> Hold:
    source = data.source_object
    store = programs.find_store(channel_id=str(source.channel_id))
    if store is None:
        raise errors.InvalidInput("id", "This channel is not a program store.")
    if not requestor:
        raise errors.NotAMember(signed_in=False)
    if not _may_spend_for(source, requestor):
        raise errors.InvalidInput(
            "id", "Only the checkout's own shopper can spend their budget.", code="NOT_FOUND"
        )
    is_partial = _is_partial(data.payment_gateway_data.data)
    amount, items = _held_at_most(store, source, data.action.amount, at)
    if is_partial:
        assessment = budgets.assess(
            store=store,
            user_id=source.user_id,
            due=amount,
            checkout_id="",
            at=at,
        )
        usable = min(amount, assessment.usable)
        amount = usable if usable or items else amount
    order_id = "" if isinstance(source, Checkout) else str(source.pk)
    held = programs.reserve(
        store=store,
        user_id=source.user_id,
        amount=amount,
        items=items,
        checkout_id=_checkout_id(source),
        order_id=order_id,
        channel_id=str(source.channel_id),
        key=transactions.hold_key(data.transaction),
        actor=actor_of(requestor),
        at=at,
    )
    if isinstance(source, Checkout) and not Checkout.objects.filter(pk=source.pk).exists():
        ledger.release_unbound(
            hold_id=held.hold_id,
            amount=held.amount,
            items=items,
            key=f"overtaken:{held.hold_id}",
            actor=actor_of(requestor),
            at=at,
            cause="the order was placed meanwhile",
        )
        raise errors.InvalidInput("id", "The order was placed meanwhile; nothing is held for it.")
    if order_id and source.status != OrderStatus.DRAFT:
        ledger.capture(
            hold_id=held.hold_id,
            amount=held.amount,
            items=items,
            order_id=order_id,
            key=f"capture:{held.hold_id}",
            actor=actor_of(requestor),
            at=at,
        )
    return Hold.objects.get(pk=held.hold_id)


def _held_at_most(
    store: Store, source: Checkout | Order, requested: Decimal, at: datetime
) -> tuple[Amount, int]:
    """Return the requested amount, cut to what the check basis leaves, and the pieces with it."""
    amount = Amount.from_decimal(max(requested, Decimal(0)), source.currency)
    if source.currency != store.program.currency:
        raise errors.CurrencyMismatch(expected=store.program.currency, got=source.currency)
    if isinstance(source, Checkout):
        holds = list(ledger.holds_of_checkout(checkout_id=str(source.pk)).filter(expires_at__gt=at))
        covered = sum(hold.remaining for hold in holds)
        counted = sum(hold.items_remaining for hold in holds)
    else:
        if source.status in {OrderStatus.CANCELED, OrderStatus.EXPIRED}:
            raise errors.InvalidInput("id", "This order was cancelled.")
        bound = list(ledger.holds_of_order(order_id=str(source.pk)))
        covered = sum(hold.amount - hold.released - hold.refunded for hold in bound)
        counted = sum(hold.items - hold.items_released - hold.items_refunded for hold in bound)
    rest = max(_due(store, source).minor - covered, 0)
    items = max(_items(store, source) - counted, 0)
    if not items and not amount:
        raise errors.InvalidAmount("amount", "There is nothing left to pay.")
    if not items and not rest:
        raise errors.InvalidInput("amount", "The budget already covers what it may.")
    return Amount(min(amount.minor, rest), source.currency), items


def _answer(
    data: TransactionActionData,
    requestor: Any,
    action: str,
    operation: Callable[[Hold, Amount, Actor, datetime], Settlement],
) -> None:
    """Run *operation* for a request of Saleor's and write its outcome to the transaction."""
    hold = transactions.hold_of(data.transaction)
    response: dict[str, Any]
    try:
        if hold is None:
            raise errors.NotFound("id", "This transaction holds no budget.")
        amount = totals.amount_of(data.action_value, data.transaction.currency)
        settlement = operation(hold, amount, actor_of(requestor), timezone.now())
    except (errors.BudgetError, ValueError) as error:
        response = {"result": f"{action}_FAILURE", "message": str(error)}
        logger.warning("%s of %s refused: %s", action, data.transaction.token, error)
    else:
        hold.refresh_from_db()
        response = {
            "result": f"{action}_SUCCESS",
            "pspReference": transactions.posting_reference(settlement.posting_id),
            "amount": str(settlement.amount.to_decimal()),
            "actions": _actions(hold),
        }
    create_transaction_event_from_request_and_webhook_response(
        data.event, data.transaction_app_owner, response
    )


def _actions(hold: Hold) -> list[str]:
    """Return what may be asked next, spelled as Saleor wants it in answers."""
    return [action.upper() for action in transactions.actions_of(hold)]


def _items_with(amount: Amount, left: int, items_left: int) -> int:
    """Return how many items go with *amount*: Saleor's requests name money alone.

    All of them with all of the money, else none.
    """
    return items_left if amount.minor == left else 0


def _items_returned(data: TransactionActionData, amount: Amount, left: int, items_left: int) -> int:
    """Return how many items a refund gives back.

    All with the last of the money; before, those that a granted refund names.
    """
    if data.granted_refund is not None and amount.minor != left:
        returned = data.granted_refund.lines.aggregate(total=Sum("quantity", default=0))["total"]
        return min(int(returned), items_left)
    return _items_with(amount, left, items_left)


def _request_key(data: TransactionActionData) -> str:
    return f"request:{data.event.pk}"


def _due(store: Store, source: Checkout | Order) -> Amount:
    if isinstance(source, Checkout):
        return totals.due_of_checkout(program=store.program, checkout=source)
    due = totals.due_of_order(program=store.program, order=source)
    left = totals.amount_of(source.total_gross_amount, source.currency) - totals.paid_by_others(
        order=source, gateway_id=GATEWAY_ID
    )
    return max(min(due, left), zero(source.currency))


def _items(store: Store, source: Checkout | Order) -> int:
    if isinstance(source, Checkout):
        return totals.items_of_checkout(program=store.program, checkout=source)
    return totals.items_of_order(program=store.program, order=source)


def _counted(assessment: programs.Assessment) -> dict[str, int]:
    """Return how the checkout stands in pieces."""
    return {
        "due": assessment.items,
        "available": assessment.items_available,
        "held": assessment.items_held_here,
    }


def _may_spend_for(source: Checkout | Order, requestor: Any) -> bool:
    """Say whether *requestor* may use the budget of the source's shopper.

    Saleor itself lets anybody call transactionInitialize on anybody's checkout.
    """
    if not requestor or source.user_id is None:
        return False
    if not hasattr(requestor, "identifier") and requestor.pk == source.user_id:
        return True
    return any(requestor.has_perm(permission) for permission in ACTING_FOR_SHOPPERS)


def _is_partial(gateway_data: Any) -> bool:
    if gateway_data is None:
        return False
    if not isinstance(gateway_data, dict) or set(gateway_data) - {"partial"}:
        raise errors.InvalidInput("data", 'The gateway takes no data but {"partial": true}.')
    if not isinstance(gateway_data.get("partial", False), bool):
        raise errors.InvalidInput("data", '"partial" is true or false.')
    return gateway_data.get("partial", False)


def _refusal_data(error: errors.Refusal | errors.InvalidInput) -> dict[str, Any]:
    """Return what the client gets beside the message: the code, and a refusal's amounts."""
    data: dict[str, Any] = {"code": error.code, "message": error.message}
    if isinstance(error, errors.Refusal):
        data["unit"] = error.requested.currency if error.requested is not None else None
        for name in ("requested", "available", "shortfall"):
            amount = getattr(error, name)
            data[name] = str(amount.to_decimal()) if amount is not None else None
        data["resetsAt"] = error.resets_at.isoformat() if error.resets_at else None
    return data


def _result(**response: Any) -> TransactionSessionResult:
    return TransactionSessionResult(app_identifier=GATEWAY_ID, response=response)


def _no_config(reason: str) -> PaymentGatewayData:
    return PaymentGatewayData(app_identifier=GATEWAY_ID, error=reason)


def _checkout_id(source: Checkout | Order) -> str:
    return str(source.pk) if isinstance(source, Checkout) else ""
