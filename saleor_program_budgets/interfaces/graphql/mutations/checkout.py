"""Put a budget on a checkout in one step, and take it off."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import graphene
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils import timezone
from saleor.checkout import models as checkout_models
from saleor.graphql.checkout.types import Checkout
from saleor.graphql.core.context import SyncWebhookControlContext
from saleor.graphql.core.scalars import PositiveDecimal
from saleor.graphql.core.types import Money
from saleor.graphql.payment.mutations.transaction.transaction_initialize import (
    TransactionInitialize,
)
from saleor.graphql.payment.types import TransactionItem
from saleor.graphql.utils import get_user_or_app_from_context
from saleor.payment.models import TransactionEvent
from saleor.payment.models import TransactionItem as TransactionItemModel

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.interfaces import gateway, totals
from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY, to_amount, to_money
from saleor_program_budgets.interfaces.graphql.errors import (
    ProgramBudgetError,
    code_of,
    field_error,
    translated,
)
from saleor_program_budgets.interfaces.graphql.mutations.base import BudgetMutation, checked_text
from saleor_program_budgets.interfaces.graphql.shopper import (
    may_see_budget,
    resolve_checkout_budget,
)
from saleor_program_budgets.interfaces.graphql.types.shopper import ProgramBudgetCheckout
from saleor_program_budgets.interfaces.identity import GATEWAY_ID, actor_of
from saleor_program_budgets.models import Program
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from saleor_program_budgets.programs import Store

LONGEST_TRANSACTION_KEY = 512
FIELDS_OF_INITIALIZE = {"id": "checkout_id", "payment_gateway": NON_FIELD_ERRORS}
"""How ``transactionInitialize`` names what is named differently here."""


class _CheckoutMutation(BudgetMutation):
    """What both mutations share: whose checkout, which store, and the answer."""

    class Meta:
        abstract = True

    @classmethod
    def find_checkout(cls, info: Any, checkout_id: str) -> tuple[Any, Store]:
        """Return the requestor's checkout and its store; anybody else's isn't found."""
        checkout = cls.find(
            checkout_models.Checkout.objects.all(), checkout_id, Checkout, field="checkout_id"
        )
        if not may_see_budget(checkout, info.context):
            message = f"Couldn't resolve to a node: {checkout_id}"
            raise field_error("checkout_id", message, "not_found")
        store = programs.find_store(channel_id=str(checkout.channel_id))
        if store is None:
            message = "The checkout's channel is not a program store."
            raise field_error("checkout_id", message, "invalid")
        return checkout, store

    @classmethod
    def answer(cls, info: Any, checkout: Any, **payload: Any) -> Any:
        """Return the payload with the checkout as it is now."""
        # What Saleor's loaders have seen before the write is no longer true.
        info.context.dataloaders.clear()
        checkout.refresh_from_db()
        return cls(checkout=SyncWebhookControlContext(node=checkout), **payload)

    @staticmethod
    def resolve_budget(root: Any, info: Any) -> Any:
        """Assess the checkout after the write, if the client asks for it."""
        return None if root.checkout is None else resolve_checkout_budget(root.checkout, info)


class ProgramBudgetApply(_CheckoutMutation):
    """Apply the shopper's budget."""

    checkout = graphene.Field(Checkout, description="The checkout.")
    transaction = graphene.Field(
        TransactionItem,
        description="The transaction that holds the budget; null when nothing is left to cover.",
    )
    budget = graphene.Field(
        ProgramBudgetCheckout, description="How the checkout stands against the budget now."
    )

    class Arguments:
        checkout_id = graphene.ID(required=True, description="ID of the checkout.")
        amount = PositiveDecimal(
            description=(
                "How much to apply, where the program lets the shopper pay the difference. By "
                "default all that is due, as far as the budget goes."
            )
        )
        idempotency_key = graphene.String(
            description="A repeated call with the same key gets the first outcome."
        )

    class Meta:
        description = (
            "Applies the shopper's budget to the checkout in one step: holds what is due, as one "
            "transaction of the checkout. Under PAY_DIFFERENCE it holds as much of it as the "
            "budget can carry, under BLOCK all or nothing. Calling it again covers what the "
            "checkout has grown by. Only for the checkout's own user, and for apps and staff that "
            "handle checkouts or payments."
        )
        doc_category = DOC_CATEGORY
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, root: Any, info: Any, /, **given: Any) -> Any:
        """Ask Saleor's own transactionInitialize for the hold."""
        checkout, store = cls.find_checkout(info, given["checkout_id"])
        with translated():
            request = _request(
                checkout,
                store,
                amount=given.get("amount"),
                key=given.get("idempotency_key"),
                at=timezone.now(),
            )
        if request is None:
            covering = _latest_transaction(checkout)
            return cls.answer(info, checkout, transaction=covering, errors=[])
        try:
            result = TransactionInitialize.perform_mutation(
                root, info, id=given["checkout_id"], **request
            )
        except ValidationError as error:
            cls.remap_error_fields(error, FIELDS_OF_INITIALIZE)
            raise
        if failure := _failure_of(result):
            return cls.answer(info, checkout, errors=cls.handle_errors(failure).errors)
        return cls.answer(info, checkout, transaction=result.transaction, errors=[])


class ProgramBudgetRemove(_CheckoutMutation):
    """Take the budget off a checkout."""

    checkout = graphene.Field(Checkout, description="The checkout.")
    budget = graphene.Field(
        ProgramBudgetCheckout, description="How the checkout stands against the budget now."
    )
    released = graphene.Field(Money, description="What was given back.")

    class Arguments:
        checkout_id = graphene.ID(required=True, description="ID of the checkout.")

    class Meta:
        description = (
            "Takes the budget off the checkout: gives all of its holds back. Repeating it changes "
            "nothing. Only for the checkout's own user, and for apps and staff that handle "
            "checkouts or payments."
        )
        doc_category = DOC_CATEGORY
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, checkout_id: str) -> Any:
        """Release, and report to Saleor's transactions."""
        checkout, _ = cls.find_checkout(info, checkout_id)
        requestor = get_user_or_app_from_context(info.context)
        with translated():
            released = gateway.release_checkout_holds(
                checkout=checkout, actor=actor_of(requestor), at=timezone.now()
            )
        return cls.answer(info, checkout, released=to_money(released), errors=[])


def _request(
    checkout: Any, store: Store, *, amount: Decimal | None, key: str | None, at: datetime
) -> dict[str, Any] | None:
    """Return what to ask of transactionInitialize; ``None`` when nothing is left to cover.

    Without a key of the client's, one is made from the state of the checkout: a double click
    asks twice for the same hold.
    """
    if key is not None:
        key = checked_text(key, field="idempotency_key", longest=LONGEST_TRANSACTION_KEY)
        if first := _first_request(checkout, key, amount):
            requested = first.amount_value
            return _initialize(requested, key, is_partial=_is_partial(store, amount))
    due = totals.refreshed_due_of_checkout(program=store.program, checkout=checkout)
    holds = list(ledger.holds_of_checkout(checkout_id=str(checkout.pk)).filter(expires_at__gt=at))
    held = sum(hold.remaining for hold in holds)
    rest = Amount(max(due.minor - held, 0), due.currency)
    pieces = totals.items_of_checkout(program=store.program, checkout=checkout)
    pieces -= sum(hold.items_remaining for hold in holds)
    asked = rest if amount is None else _checked(amount, rest, store)
    if not rest and pieces <= 0:
        return None
    count = checkout.payment_transactions.count()
    key = key or f"program-budget:{checkout.pk}:{count}:{asked.minor}"
    if pieces > 0:
        key = f"{key}:{pieces}"
    return _initialize(asked.to_decimal(), key, is_partial=_is_partial(store, amount))


def _first_request(checkout: Any, key: str, amount: Decimal | None) -> TransactionEvent | None:
    """Return the request that *key* was first used for on this checkout, to repeat it."""
    requests = TransactionEvent.objects.filter(
        idempotency_key=key,
        transaction__idempotency_key=key,
        transaction__checkout_id=checkout.pk,
    )
    first: TransactionEvent | None = requests.order_by("pk").first()
    if first is not None and amount not in {None, first.amount_value}:
        message = "This idempotency key was already used for a different amount."
        raise field_error("idempotency_key", message, "key_conflict")
    return first


def _checked(amount: Decimal, rest: Amount, store: Store) -> Amount:
    """Return the amount the client names; raises unless the program takes it."""
    asked = to_amount(amount, rest.currency)
    if not asked:
        raise field_error("amount", "The amount must be greater than zero.", "invalid_amount")
    if rest < asked:
        raise field_error("amount", f"Only {rest} is left to be covered.", "invalid_amount")
    if store.program.overage_policy == Program.OveragePolicy.BLOCK and asked < rest:
        message = "In this program the budget has to cover the whole order; leave the amount out."
        raise field_error("amount", message, "invalid_amount")
    return asked


def _is_partial(store: Store, amount: Decimal | None) -> bool:
    """Say whether less than what is asked for is welcome."""
    return amount is None and store.program.overage_policy == Program.OveragePolicy.PAY_DIFFERENCE


def _initialize(amount: Decimal, key: str, *, is_partial: bool) -> dict[str, Any]:
    """Return the arguments of transactionInitialize beside the checkout."""
    return {
        "amount": amount,
        "idempotency_key": key,
        "payment_gateway": {"id": GATEWAY_ID, "data": {"partial": True} if is_partial else None},
    }


def _latest_transaction(checkout: Any) -> TransactionItemModel | None:
    """Return the newest transaction that holds budget for the checkout."""
    budgets = checkout.payment_transactions.filter(app_identifier=GATEWAY_ID)
    found: TransactionItemModel | None = budgets.order_by("-pk").first()
    return found


def _failure_of(result: Any) -> ValidationError | None:
    """Return the gateway's refusal as an error, from the data it gives the client."""
    event = result.transaction_event
    if not event.type.endswith("_failure"):
        return None
    data = result.data or {}
    message = str(data.get("message") or event.message)
    amounts = {
        name: to_money(to_amount(Decimal(data[name]), data.get("unit") or event.currency))
        for name in ("requested", "available", "shortfall")
        if data.get(name) is not None
    }
    resets_at = data.get("resetsAt")
    return ValidationError(
        message.replace("%", "%%"),
        code=code_of(str(data["code"])) if "code" in data else "payment_failed",
        params={**amounts, "resets_at": resets_at and datetime.fromisoformat(resets_at)},
    )
