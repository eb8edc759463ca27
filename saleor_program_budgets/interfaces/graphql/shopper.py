"""The shopper's fields: ``User.programBudgets`` and ``Checkout.programBudget``."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from prices import TaxedMoney
from promise import Promise
from saleor.core.db.connection import allow_writer_in_context
from saleor.graphql.account.utils import check_is_owner_or_has_one_of_perms
from saleor.graphql.checkout.dataloaders import TransactionItemsByCheckoutIDLoader
from saleor.graphql.checkout.types import Checkout
from saleor.graphql.core.context import get_database_connection_name
from saleor.graphql.utils import get_user_or_app_from_context

from saleor_program_budgets import programs
from saleor_program_budgets.interfaces import budgets, totals
from saleor_program_budgets.interfaces.gateway import ACTING_FOR_SHOPPERS
from saleor_program_budgets.interfaces.graphql.common import READ_FIGURES, to_money
from saleor_program_budgets.interfaces.graphql.loaders import (
    MembershipsByUserIdLoader,
    StoreByChannelIdLoader,
)
from saleor_program_budgets.interfaces.graphql.types.shopper import (
    ProgramBudgetCheckout,
    ProgramBudgetCheckoutItems,
    refusal_type,
)
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from saleor.graphql.core.context import SaleorContext


def resolve_program_budgets(root: Any, info: Any) -> Any:
    """Return the user's memberships; for the user, and for staff that may read figures."""
    requestor = get_user_or_app_from_context(info.context)
    check_is_owner_or_has_one_of_perms(requestor, root, *READ_FIGURES)
    return MembershipsByUserIdLoader(info.context).load(root.pk)


def resolve_checkout_budget(root: Any, info: Any) -> Any:
    """Return how the checkout stands; ``None`` for other people's and outside program stores."""
    if not may_see_budget(root.node, info.context):
        return None

    def with_store(store: programs.Store | None) -> Any:
        return None if store is None else checkout_budget(root, info, store)

    return StoreByChannelIdLoader(info.context).load(root.node.channel_id).then(with_store)


def may_see_budget(checkout: Any, context: SaleorContext) -> bool:
    """Say whether the requestor is the checkout's shopper, or may act for shoppers.

    The gateway's own rule. A checkout without a user shows nobody's figures, to anyone.
    """
    requestor = get_user_or_app_from_context(context)
    if checkout.user_id is None or (context.user and context.user.pk == checkout.user_id):
        return True
    return bool(requestor) and any(
        requestor.has_perm(permission) for permission in ACTING_FOR_SHOPPERS
    )


def checkout_budget(root: Any, info: Any, store: programs.Store) -> Promise[Any]:
    """Assess the checkout under *root*, a wrapped checkout as Saleor's own resolvers take it."""
    checkout = root.node
    prices = Promise.all(
        [
            Checkout.resolve_total_price(root, info),
            Checkout.resolve_shipping_price(root, info),
            TransactionItemsByCheckoutIDLoader(info.context).load(checkout.pk),
        ]
    )

    def with_prices(found: Any) -> ProgramBudgetCheckout:
        total, shipping, transactions = found
        using = get_database_connection_name(info.context)
        with allow_writer_in_context(info.context):
            assessment = budgets.assess(
                store=store,
                user_id=checkout.user_id,
                due=due_of(store, total, shipping),
                items=totals.items_of_checkout(
                    program=store.program, checkout=checkout, using=using
                ),
                checkout_id=str(checkout.pk),
                at=timezone.now(),
                using=using,
            )
        return budget_type(assessment, left_to_pay(total, transactions))

    return prices.then(with_prices)


def due_of(store: programs.Store, total: TaxedMoney, shipping: TaxedMoney) -> Amount:
    """Return what the budget must cover of Saleor's totals, under the program's check basis."""
    return programs.due_from(program=store.program, total=_taxed(total), shipping=_taxed(shipping))


def left_to_pay(total: TaxedMoney, transactions: Iterable[Any]) -> Amount:
    """Return what no payment has authorized or charged yet, as transactionInitialize counts it."""
    left = total.gross.amount
    for item in transactions:
        left -= max(item.authorized_value, item.charged_value)
        left -= item.authorize_pending_value + item.charge_pending_value
    return totals.amount_of(max(left, Decimal(0)), total.currency)


def budget_type(assessment: programs.Assessment, to_pay: Amount) -> ProgramBudgetCheckout:
    """Return *assessment* as the GraphQL type shows it."""
    due = assessment.due
    return ProgramBudgetCheckout(
        program=assessment.store.program,
        overage_policy=assessment.store.program.overage_policy,
        due=to_money(due),
        available=to_money(assessment.available),
        held_on_this_checkout=to_money(assessment.held_here),
        applicable=to_money(assessment.applicable),
        covered=to_money(due - assessment.shortfall),
        shortfall=to_money(assessment.shortfall),
        remaining_to_pay=to_money(to_pay),
        items=_items_type(assessment),
        refusal=refusal_type(assessment.refusal),
        resets_at=assessment.resets_at,
    )


def _items_type(assessment: programs.Assessment) -> ProgramBudgetCheckoutItems | None:
    if not assessment.store.program.counts_items:
        return None
    missing = assessment.items - assessment.items_held_here - assessment.items_available
    return ProgramBudgetCheckoutItems(
        due=assessment.items,
        available=assessment.items_available,
        held_on_this_checkout=assessment.items_held_here,
        shortfall=max(missing, 0),
    )


def _taxed(money: TaxedMoney) -> programs.Taxed:
    return programs.Taxed(
        net=totals.amount_of(money.net.amount, money.currency),
        gross=totals.amount_of(money.gross.amount, money.currency),
    )
