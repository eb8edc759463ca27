"""A leak, replayed through the public API: one member's code in another's hands."""

from __future__ import annotations

import pytest
from saleor.checkout.models import Checkout
from saleor.discount.models import VoucherCode
from saleor.graphql.tests.fixtures import ApiClient
from saleor.order.models import Order

from saleor_program_budgets.models import CodeAttempt, CodeLockout
from tests.host.support.codes import (
    INVALID,
    NOT_APPLICABLE,
    ORDER_FROM_CHECKOUT,
    attempts,
    code_of,
    credit,
    discount,
    enter,
    entered,
    redemptions,
    saleors,
    voucher_in,
)
from tests.host.support.shop import Shopper, balance_of, global_id, order_of, usd
from tests.support.racing import race

pytestmark = pytest.mark.django_db(transaction=True)

DETACH = """
mutation ($id: ID!) { checkoutCustomerDetach(id: $id) { errors { field message code } } }
"""
ATTACH = """
mutation ($id: ID!) { checkoutCustomerAttach(id: $id) { errors { field message code } } }
"""
AT_ONCE = 50


def test_zero_redemptions_and_every_attempt_recorded(
    shopper, thief, owner, handling_app, voucher, text, broker
) -> None:
    stolen_credit = credit(owner, usd(2_500))

    # At entry, both kinds of code.
    for code in (text, stolen_credit):
        assert enter(thief, thief.checkout(), code)["errors"] == INVALID

    # After an e-mail change: the thief takes the address that the member had.
    address = owner.user.email
    owner.user.email = "ada@example.com"
    owner.user.save()
    thief.client.user.email = address
    thief.client.user.save()
    # A token names the address, too.
    shopper.client, thief.client = ApiClient(user=owner.user), ApiClient(user=thief.client.user)
    assert enter(thief, thief.checkout(), text)["errors"] == INVALID

    # On a checkout handed over: the member's, with the code on it.
    handed = entered(shopper, text)
    assert shopper.call(DETACH, id=global_id(handed))["errors"] == []
    assert thief.complete(handed)["errors"] == NOT_APPLICABLE  # nobody's yet
    assert thief.call(ATTACH, id=global_id(handed))["errors"] == []
    assert thief.complete(handed)["errors"] == NOT_APPLICABLE

    # Through an app completing it, and completing it as anybody may who knows its id.
    by_app = shopper.call(ORDER_FROM_CHECKOUT, client=handling_app, id=global_id(handed))
    assert by_app["errors"] == NOT_APPLICABLE
    assert thief.complete(handed, client=handling_app)["errors"] == NOT_APPLICABLE
    assert shopper.complete(handed)["errors"] == NOT_APPLICABLE
    broker.deliver()

    assert attempts() == [
        ("checkout", "not_yours"),
        ("checkout", "not_yours"),
        ("checkout", "not_yours"),
        ("completion", "anonymous"),
        ("completion", "not_yours"),
        ("completion", "not_yours"),
        ("completion", "not_yours"),
        ("completion", "not_yours"),
    ]
    assert (redemptions(), Order.objects.count()) == ([], 0)
    assert (saleors(text), balance_of(owner).available) == ((True, 0), 30_000)
    # Whose it is can use it still, on whatever address.
    order = order_of(shopper.complete(entered(shopper, text)))
    assert redemptions() == [(str(order.pk), True)]


def test_fifty_at_once_on_a_stolen_code(shopper, thief, owner, text) -> None:
    checkouts = [thief.checkout() for _ in range(5)]

    def attempt(number):
        def run():
            mine = Shopper(ApiClient(user=thief.client.user), thief.channel, thief.variant_id)
            return enter(mine, checkouts[number % 5], text)["errors"]

        return run

    outcomes = race(*(attempt(number) for number in range(AT_ONCE)))

    assert outcomes == [INVALID] * AT_ONCE
    reasons = [reason for _, reason in attempts()]
    assert len(reasons) == AT_ONCE
    assert set(reasons) <= {"not_yours", "locked_out"}
    assert reasons.count("not_yours") >= 10
    assert set(CodeAttempt.objects.values_list("code", flat=True)) == {code_of(text).pk}
    lockout = CodeLockout.objects.get(subject="user")
    assert lockout.value == str(thief.client.user.pk)
    assert not Checkout.objects.exclude(voucher_code=None).exists()
    assert (redemptions(), saleors(text)) == ([], (True, 0))


def test_fifty_completions_at_once_with_a_stolen_code(
    shopper, thief, owner, open_store, monkeypatch, broker
) -> None:
    """Past the early check, on checkouts that somehow have the code: ten, five times each."""
    from saleor_program_budgets.interfaces import gates

    monkeypatch.setattr(gates, "check_checkout", lambda **_: None)
    text = discount(owner, voucher_in(open_store.channel, single_use=False))
    checkouts = [entered(shopper, text) for _ in range(10)]
    Checkout.objects.update(user=thief.client.user)

    def complete(checkout):
        return lambda: Shopper(
            ApiClient(user=thief.client.user), thief.channel, thief.variant_id
        ).complete(checkout)["errors"]

    outcomes = race(*(complete(checkouts[number % 10]) for number in range(AT_ONCE)))
    broker.deliver()

    assert outcomes == [NOT_APPLICABLE] * AT_ONCE
    assert attempts() == [("completion", "not_yours")] * AT_ONCE
    assert (redemptions(), Order.objects.count()) == ([], 0)
    assert VoucherCode.objects.get(code=text).is_active
