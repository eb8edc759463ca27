"""Saleor's totals as the core's amounts: the check basis of checkouts and orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Sum
from saleor.checkout.fetch import fetch_checkout_info, fetch_checkout_lines
from saleor.core.prices import quantize_price
from saleor.plugins.manager import get_plugins_manager

from saleor_program_budgets import programs
from saleor_program_budgets.interfaces import saleor_versions
from saleor_program_budgets.money import Amount, zero

if TYPE_CHECKING:
    from decimal import Decimal

    from prices import TaxedMoney
    from saleor.checkout.models import Checkout
    from saleor.order.models import Order

    from saleor_program_budgets.models import Program


def due_of_checkout(*, program: Program, checkout: Checkout) -> Amount:
    """Return what the budget must cover of the checkout, from the totals stored on it.

    Gift cards entered as promo codes come off the gross total, and proportionally off the net,
    as Saleor does when it makes the order.
    """
    gross, net = checkout.total_gross_amount, checkout.total_net_amount
    if gross:
        cards = checkout.get_total_gift_cards_balance().amount
        left = max(gross - cards, type(gross)(0))
        net = net * left / gross
        gross = left
    return programs.due_from(
        program=program,
        total=_taxed(net, gross, checkout.currency),
        shipping=_taxed(
            checkout.shipping_price_net_amount,
            checkout.shipping_price_gross_amount,
            checkout.currency,
        ),
    )


def refreshed_due_of_checkout(*, program: Program, checkout: Checkout) -> Amount:
    """Return ``due_of_checkout`` after Saleor has recomputed prices that have expired."""
    manager = get_plugins_manager(allow_replica=False)
    lines, _ = fetch_checkout_lines(checkout)
    checkout_info = fetch_checkout_info(checkout, lines, manager)
    saleor_versions.refresh_totals(manager=manager, checkout_info=checkout_info, lines=lines)
    return due_of_checkout(program=program, checkout=checkout_info.checkout)


def items_of_checkout(*, program: Program, checkout: Checkout, using: str | None = None) -> int:
    """Return how many pieces the checkout is of, where the program counts them: all its lines'."""
    return _pieces(checkout.lines.using(using)) if program.counts_items else 0


def items_of_order(*, program: Program, order: Order) -> int:
    """Return how many pieces the order is of, where the program counts them: all its lines'."""
    return _pieces(order.lines) if program.counts_items else 0


def _pieces(lines: Any) -> int:
    total: int = lines.aggregate(total=Sum("quantity", default=0))["total"]
    return total


def due_of_order(*, program: Program, order: Order) -> Amount:
    """Return what the budget must cover of the order; its total has gift cards taken off."""
    return programs.due_from(
        program=program,
        total=_taxed_money(order.total),
        shipping=_taxed_money(order.shipping_price),
    )


def amount_of(value: Decimal, currency: str) -> Amount:
    """Return a decimal that Saleor computed as an amount, rounded to the currency's unit.

    Saleor keeps three decimal places, and quantizes what it shows; so do we, half up.
    """
    return Amount.from_decimal(quantize_price(value, currency), currency)


def paid_by_others(*, order: Order, gateway_id: str) -> Amount:
    """Return what payments other than the budget have authorized or charged on the order."""
    paid = zero(order.currency)
    for item in order.payment_transactions.exclude(app_identifier=gateway_id):
        paid += amount_of(item.authorized_value + item.charged_value, order.currency)
    return paid


def _taxed_money(money: TaxedMoney) -> programs.Taxed:
    return _taxed(money.net.amount, money.gross.amount, money.currency)


def _taxed(net: Decimal, gross: Decimal, currency: str) -> programs.Taxed:
    return programs.Taxed(net=amount_of(net, currency), gross=amount_of(gross, currency))
