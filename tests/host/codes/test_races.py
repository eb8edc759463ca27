"""One code, several checkouts of its own member completed at once: one order has the discount."""

from __future__ import annotations

import pytest
import saleor
from saleor.checkout import complete_checkout as core
from saleor.graphql.tests.fixtures import ApiClient
from saleor.order.models import Order

from saleor_program_budgets import ledger
from saleor_program_budgets.interfaces import code_gate, gates
from saleor_program_budgets.models import Lot
from tests.host.support.codes import (
    NOT_APPLICABLE,
    REDEEM,
    attempts,
    credit,
    discount,
    enter,
    entered,
    redemptions,
    saleors,
    voucher_in,
)
from tests.host.support.shop import Shopper, balance_of, order_of, usd
from tests.support.racing import race

pytestmark = pytest.mark.django_db(transaction=True)

IS_UNLOCKED = saleor.__version__.startswith("3.21.")
"""3.21 doesn't lock the checkout before it counts its voucher as used, whichever voucher that is:
a second completion of the same checkout may get an error of the server's."""


def anew(shopper):
    return Shopper(ApiClient(user=shopper.client.user), shopper.channel, shopper.variant_id)


def completing(shopper, checkout):
    return lambda: anew(shopper).complete(checkout)


@pytest.fixture(params=[True, False], ids=["single use", "many uses"])
def raced_text(request, owner, open_store):
    return discount(owner, voucher_in(open_store.channel, single_use=request.param))


@pytest.mark.parametrize("number", [2, 5])
def test_two_checkouts_completed_at_once_make_one_order_with_the_discount(
    number, shopper, raced_text, broker, monkeypatch
) -> None:
    monkeypatch.setattr(gates, "check_checkout", lambda **_: None)  # so that they meet at the gate
    checkouts = [entered(shopper, raced_text) for _ in range(number)]

    outcomes = race(*(completing(shopper, checkout) for checkout in checkouts))
    broker.deliver()

    completed = [outcome for outcome in outcomes if not outcome["errors"]]
    refused = [outcome for outcome in outcomes if outcome["errors"]]
    assert [outcome["errors"] for outcome in refused] == [NOT_APPLICABLE] * (number - 1)
    order = order_of(completed[0])
    assert list(Order.objects.all()) == [order]
    assert (order.total_gross_amount, order.voucher_code) == (55, raced_text)
    assert redemptions() == [(str(order.pk), True)]
    # Saleor finds some of them too late by itself, and writes nothing down.
    assert set(attempts()) <= {("completion", "redeemed")}


def test_the_same_checkout_completed_three_times_at_once(shopper, raced_text) -> None:
    checkout = entered(shopper, raced_text)

    outcomes = race(*[completing(shopper, checkout)] * 3)

    order = Order.objects.get()
    answers = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    assert len(answers) == 3 or IS_UNLOCKED
    assert {order_of(answer).pk for answer in answers if not answer["errors"]} == {order.pk}
    assert (redemptions(), attempts()) == ([(str(order.pk), True)], [])


@pytest.fixture
def overtaken(monkeypatch, shopper):
    """Return what completes a checkout while another completion is past Saleor's own look."""

    def overtaken(checkout, by):
        increase = core._increase_voucher_code_usage_value
        first = []

        def be_overtaken(checkout_info):
            if not first:
                first.append(checkout_info)
                [outcome] = race(completing(shopper, by))
                assert outcome["errors"] == []
            return increase(checkout_info)

        with monkeypatch.context() as patched:
            patched.setattr(core, "_increase_voucher_code_usage_value", be_overtaken)
            return shopper.complete(checkout)

    return overtaken


def test_overtaken_in_between_it_is_refused(shopper, text, overtaken) -> None:
    checkout, other = entered(shopper, text), entered(shopper, text)

    answer = overtaken(checkout, by=other)

    assert answer["errors"] == NOT_APPLICABLE
    order = Order.objects.get()
    assert (order.checkout_token, order.total_gross_amount) == (str(other.pk), 55)
    assert (redemptions(), saleors(text)) == ([(str(order.pk), True)], (False, 0))


def test_control_without_the_gate_saleor_gives_the_discount_twice(
    shopper, text, overtaken, monkeypatch
) -> None:
    """The second order even has no code on it."""
    monkeypatch.setattr(code_gate, "guard", lambda **_: None)
    checkout, other = entered(shopper, text), entered(shopper, text)

    assert overtaken(checkout, by=other)["errors"] == []

    orders = Order.objects.order_by("number").values_list("total_gross_amount", "voucher_code")
    assert list(orders) == [(55, text), (55, None)]


def test_store_credit_entered_twenty_times_at_once_is_granted_once(shopper, owner) -> None:
    text = credit(owner, usd(2_500))
    checkouts = [shopper.checkout() for _ in range(4)]

    def enter_it(number):
        return lambda: enter(anew(shopper), checkouts[number % 4], text)["errors"]

    def redeem_it():
        return anew(shopper).call(REDEEM, code=text)["errors"]

    outcomes = race(*(enter_it(number) for number in range(10)), *[redeem_it] * 10)

    # Who comes between the redemption and its grant is given the same grant as an answer.
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert [] in outcomes
    assert balance_of(owner).available == 32_500
    assert Lot.objects.filter(origin=Lot.Origin.CODE).count() == 1
    assert redemptions() == [("", True)]
    assert ledger.verify().differences == ()
