"""Checkouts paid by a legacy payment: charged before the order is made."""

from __future__ import annotations

import pytest
from saleor.checkout.models import Checkout
from saleor.order.models import Order
from saleor.payment.models import Payment
from saleor.warehouse.models import Stock

from saleor_program_budgets.interfaces import gates
from saleor_program_budgets.manifest import manifest
from tests.host.support import legacy
from tests.host.support.codes import (
    NOT_APPLICABLE,
    attempts,
    discount,
    entered,
    redemptions,
    saleors,
    voucher_in,
)
from tests.host.support.legacy import LegacyGateway
from tests.host.support.shop import global_id, order_of

pytestmark = pytest.mark.django_db

COMPLETE = """
mutation ($id: ID!) {
  checkoutComplete(id: $id) {
    order { id } confirmationNeeded errors { field message code }
  }
}
"""


@pytest.fixture(autouse=True)
def legacy_gateway(settings, monkeypatch, open_store, plugin_enabled):
    settings.PLUGINS = [manifest().entry_point.replace(":", "."), legacy.PLUGIN]
    open_store.channel.allow_unpaid_orders = False
    open_store.channel.save()
    monkeypatch.setattr(LegacyGateway, "calls", [])


def paid(shopper, text):
    """Return a checkout with the code, and a payment of all of it."""
    checkout = entered(shopper, text)
    checkout.payments.create(
        gateway=legacy.GATEWAY, is_active=True, total=55, currency="USD", token="token"
    )
    return checkout


def complete(shopper, checkout):
    return shopper.call(COMPLETE, id=global_id(checkout))


def state(text, checkout):
    counted = Checkout.objects.values_list("is_voucher_usage_increased", flat=True)
    return redemptions(), saleors(text), counted.get(pk=checkout.pk)


UNUSED = ([], (True, 0), False)


def test_its_member_redeems_it(shopper, text) -> None:
    answer = complete(shopper, paid(shopper, text))

    order = order_of(answer)
    assert (order.total_gross_amount, order.voucher_code) == (55, text)
    assert (redemptions(), saleors(text)) == ([(str(order.pk), True)], (False, 0))
    assert LegacyGateway.calls == ["process"]


def test_a_stolen_code_is_refused_before_anything_is_charged(shopper, thief, text) -> None:
    checkout = paid(shopper, text)
    Checkout.objects.filter(pk=checkout.pk).update(user=thief.client.user)

    answer = complete(thief, checkout)

    assert answer["errors"] == NOT_APPLICABLE
    assert (attempts(), LegacyGateway.calls) == ([("completion", "not_yours")], [])
    assert (state(text, checkout), Order.objects.count()) == (UNUSED, 0)


def test_what_the_gate_refuses_after_the_charge_is_paid_back(
    shopper, thief, text, monkeypatch, broker
) -> None:
    monkeypatch.setattr(gates, "check_checkout", lambda **_: None)
    checkout = paid(shopper, text)
    Checkout.objects.filter(pk=checkout.pk).update(user=thief.client.user)

    answer = complete(thief, checkout)
    broker.deliver()

    assert answer["errors"] == NOT_APPLICABLE
    assert (attempts(), LegacyGateway.calls) == (
        [("completion", "not_yours")],
        ["process", "refund"],
    )
    payment = Payment.objects.get()
    assert (payment.charge_status, payment.captured_amount) == ("fully-refunded", 0)
    assert (state(text, checkout), Order.objects.count()) == (UNUSED, 0)


def test_declined_payment_leaves_the_code(shopper, text, monkeypatch) -> None:
    checkout = paid(shopper, text)
    with monkeypatch.context() as declining:
        declining.setattr(LegacyGateway, "declines", True)
        answer = complete(shopper, checkout)
    assert [error["code"] for error in answer["errors"]] == ["PAYMENT_ERROR"]
    assert state(text, checkout) == UNUSED

    order = order_of(complete(shopper, checkout))

    assert (redemptions(), saleors(text)) == ([(str(order.pk), True)], (False, 0))


def test_confirmation_comes_in_between(shopper, text, monkeypatch) -> None:
    monkeypatch.setattr(LegacyGateway, "confirms", True)
    checkout = paid(shopper, text)

    first = complete(shopper, checkout)
    between = state(text, checkout)
    second = complete(shopper, checkout)

    assert (first["confirmationNeeded"], first["order"], first["errors"]) == (True, None, [])
    assert between == UNUSED  # Saleor itself counts the code again with the second call
    order = order_of(second)
    assert (order.total_gross_amount, redemptions()) == (55, [(str(order.pk), True)])
    assert (saleors(text), LegacyGateway.calls) == ((False, 0), ["process", "confirm"])


def test_code_used_elsewhere_before_the_confirmation(
    shopper, owner, open_store, monkeypatch
) -> None:
    text = discount(owner, voucher_in(open_store.channel, single_use=False))
    first, second = paid(shopper, text), paid(shopper, text)
    with monkeypatch.context() as confirming:
        confirming.setattr(LegacyGateway, "confirms", True)
        complete(shopper, first)
    order = order_of(complete(shopper, second))

    refused = complete(shopper, first)

    assert refused["errors"] == NOT_APPLICABLE
    assert redemptions() == [(str(order.pk), True)]
    assert attempts() == [("completion", "redeemed")]
    assert "confirm" not in LegacyGateway.calls


def test_short_of_stock_after_the_charge(shopper, text, monkeypatch) -> None:
    checkout = paid(shopper, text)
    process = LegacyGateway.process_payment

    def sell_out(self, *args, **data):
        Stock.objects.update(quantity=0)
        return process(self, *args, **data)

    monkeypatch.setattr(LegacyGateway, "process_payment", sell_out)

    answer = complete(shopper, checkout)

    assert [error["code"] for error in answer["errors"]] == ["INSUFFICIENT_STOCK"]
    assert LegacyGateway.calls == ["process", "refund"]
    assert state(text, checkout) == UNUSED


def test_completing_again_answers_with_the_same_order(shopper, text) -> None:
    checkout = paid(shopper, text)
    first, again = complete(shopper, checkout), complete(shopper, checkout)

    assert (again["errors"], again["order"]) == ([], first["order"])
    assert redemptions() == [(str(order_of(first).pk), True)]
    assert LegacyGateway.calls == ["process"]
