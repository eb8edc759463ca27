"""Completing a checkout redeems its code, for its member alone and once, on every path."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from saleor.checkout.models import Checkout
from saleor.checkout.tasks import automatic_checkout_completion_task
from saleor.order.models import Order
from saleor.plugins.models import PluginConfiguration
from saleor.warehouse.models import Stock

from saleor_program_budgets import codes, programs
from saleor_program_budgets.interfaces import gates, vouchers
from saleor_program_budgets.interfaces.identity import PLUGIN_ID
from saleor_program_budgets.models import CodeAttempt, CodeBatch, CodeRedemption, Program
from tests.host.support.codes import (
    INVALID,
    NOT_APPLICABLE,
    ORDER_FROM_CHECKOUT,
    attempts,
    code_of,
    discount,
    enter,
    entered,
    redemptions,
    saleors,
    voucher_in,
)
from tests.host.support.orders import crashed
from tests.host.support.shop import ACTOR, CHECKOUT_COMPLETE, fields, global_id, order_of

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["early", "in the transaction"])
def gate(request, monkeypatch, broker):
    """Return what delivers the records: once as Saleor asks us first, once as it doesn't."""
    if request.param != "early":
        monkeypatch.setattr(gates, "check_checkout", lambda **_: None)
    return broker


def hand_to(checkout, user):
    Checkout.objects.filter(pk=checkout.pk).update(user=user)


def is_counted(checkout):
    checkout.refresh_from_db()
    return checkout.is_voucher_usage_increased


# checkoutComplete with transactions


def test_its_member_redeems_it(shopper, owner, text) -> None:
    checkout = entered(shopper, text)

    order = order_of(shopper.complete(checkout))

    assert (order.total_gross_amount, order.voucher_code) == (55, text)
    assert redemptions() == [(str(order.pk), True)]
    redemption = CodeRedemption.objects.get()
    assert (redemption.code, redemption.user_reference) == (code_of(text), owner.user_reference)
    assert redemption.checkout_id == str(checkout.pk)
    assert (saleors(text), attempts()) == ((False, 0), [])


def test_completing_again_answers_with_the_same_order(shopper, text) -> None:
    checkout = entered(shopper, text)
    first = shopper.complete(checkout)

    again = shopper.complete(checkout)

    assert (again["errors"], again["order"]["id"]) == ([], first["order"]["id"])
    assert redemptions() == [(str(order_of(first).pk), True)]
    assert attempts() == []


def test_a_voucher_for_many_uses_is_still_one_use_of_each_code(
    shopper, owner, open_store, gate
) -> None:
    text = discount(owner, voucher_in(open_store.channel, single_use=False))
    first, second = entered(shopper, text), entered(shopper, text)
    order = order_of(shopper.complete(first))

    refused = shopper.complete(second)
    gate.deliver()

    assert refused["errors"] == NOT_APPLICABLE
    assert redemptions() == [(str(order.pk), True)]
    assert (attempts(), saleors(text)) == ([("completion", "redeemed")], (True, 0))


def test_on_a_checkout_of_another_member_it_is_refused(shopper, thief, text, gate) -> None:
    checkout = entered(shopper, text)
    hand_to(checkout, thief.client.user)

    answer = thief.complete(checkout)
    gate.deliver()

    assert (answer["order"], answer["errors"]) == (None, NOT_APPLICABLE)
    assert not Order.objects.exists()
    assert attempts() == [("completion", "not_yours")]
    attempt = CodeAttempt.objects.get()
    assert (attempt.code, attempt.user_reference) == (code_of(text), str(thief.client.user.pk))
    assert (attempt.actor, attempt.address) == (f"user:{thief.client.user.pk}", "127.0.0.1")
    assert attempt.checkout_id == str(checkout.pk)
    assert (redemptions(), saleors(text), is_counted(checkout)) == ([], (True, 0), False)


def test_its_member_can_use_it_after_a_thief_has_tried(shopper, thief, text, gate) -> None:
    checkout = entered(shopper, text)
    hand_to(checkout, thief.client.user)
    thief.complete(checkout)

    order = order_of(shopper.complete(entered(shopper, text)))

    assert redemptions() == [(str(order.pk), True)]


def test_on_a_checkout_of_nobody_it_is_refused(shopper, owner, api_client, text, gate) -> None:
    """Saleor gives such an order to the customer with its address; anybody can type that."""
    checkout = entered(shopper, text)
    Checkout.objects.filter(pk=checkout.pk).update(user=None, email=owner.user.email)

    answer = shopper.complete(checkout, client=api_client)
    gate.deliver()

    assert answer["errors"] == NOT_APPLICABLE
    assert not Order.objects.exists()
    assert (attempts(), redemptions()) == ([("completion", "anonymous")], [])
    assert saleors(text) == (True, 0)


def revoke(text, store):
    # As where it was revoked in the moment of completing: Saleor has it active still.
    codes.revoke_codes(
        codes=[code_of(text).pk],
        reason="lost",
        withdraw=lambda _: None,
        actor=ACTOR,
        at=timezone.now(),
    )


def expire(text, store):
    CodeBatch.objects.update(expires_at=timezone.now())


def deactivate(text, store):
    member = code_of(text).member
    programs.deactivate_member(member=member, reason="left", actor=ACTOR, at=timezone.now())


def close(text, store):
    store.change(closes_at=timezone.now() - timedelta(seconds=1))


def take_channel_off(text, store):
    programs.set_channels(program=store.program, channel_ids=[])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (revoke, "revoked"),
        (expire, "expired"),
        (deactivate, "inactive_member"),
        (close, "program_closed"),
        (take_channel_off, "wrong_store"),
    ],
)
def test_what_changed_since_it_was_entered(change, reason, shopper, open_store, text, gate) -> None:
    checkout = entered(shopper, text)
    change(text, open_store)

    answer = shopper.complete(checkout)
    gate.deliver()

    assert answer["errors"] == NOT_APPLICABLE
    assert not Order.objects.exists()
    assert (attempts(), redemptions()) == ([("completion", reason)], [])
    assert is_counted(checkout) is False


def test_withdrawn_code_is_refused_by_saleor_already(shopper, text) -> None:
    checkout = entered(shopper, text)
    codes.revoke_codes(
        codes=[code_of(text).pk],
        reason="lost",
        withdraw=vouchers.withdraw,
        actor=ACTOR,
        at=timezone.now(),
    )

    assert shopper.complete(checkout)["errors"] == NOT_APPLICABLE
    assert (redemptions(), saleors(text)) == ([], (False, 0))


def test_switched_off_the_gate_stands(shopper, thief, open_store, text, broker) -> None:
    checkout = entered(shopper, text)
    hand_to(checkout, thief.client.user)
    PluginConfiguration.objects.create(identifier=PLUGIN_ID, active=False, configuration=[])

    answer = thief.complete(checkout)
    broker.deliver()

    assert answer["errors"] == NOT_APPLICABLE
    assert attempts() == [("completion", "not_yours")]


def test_refusal_reaches_the_shopper_when_the_broker_is_gone(
    shopper, thief, text, monkeypatch
) -> None:
    def unreachable(_):
        raise ConnectionError("no broker")

    monkeypatch.setattr(gates, "check_checkout", lambda **_: None)
    target = "saleor_program_budgets.interfaces.code_gate._record_attempt"
    monkeypatch.setattr(target, unreachable)
    checkout = entered(shopper, text)
    hand_to(checkout, thief.client.user)

    assert thief.complete(checkout)["errors"] == NOT_APPLICABLE


# what fails gives the code back


def test_short_of_stock_the_code_can_be_used_again(shopper, text) -> None:
    checkout = entered(shopper, text)
    Stock.objects.update(quantity=0)

    refused = shopper.complete(checkout)

    assert [error["code"] for error in refused["errors"]] == ["INSUFFICIENT_STOCK"]
    assert (redemptions(), saleors(text), is_counted(checkout)) == ([], (True, 0), False)
    Stock.objects.update(quantity=100)
    order = order_of(shopper.complete(checkout))
    assert (order.total_gross_amount, redemptions()) == (55, [(str(order.pk), True)])
    assert saleors(text) == (False, 0)


def test_control_saleor_itself_keeps_the_code_used(shopper, text, monkeypatch) -> None:
    target = "saleor_program_budgets.interfaces.voucher_usage.release"
    monkeypatch.setattr(target, lambda **_: None)
    checkout = entered(shopper, text)
    Stock.objects.update(quantity=0)
    shopper.complete(checkout)

    assert (saleors(text), is_counted(checkout)) == ((False, 0), True)


def test_whatever_breaks_the_code_can_be_used_again(shopper, text, monkeypatch) -> None:
    checkout = entered(shopper, text)
    with monkeypatch.context() as broken:
        crashed(broken, "saleor.checkout.complete_checkout._create_order_discount")
        response = shopper.client.post_graphql(CHECKOUT_COMPLETE, {"id": global_id(checkout)})
    assert response.json()["data"]["checkoutComplete"] is None

    assert (redemptions(), saleors(text), is_counted(checkout)) == ([], (True, 0), False)
    assert shopper.complete(checkout)["errors"] == []


def test_budget_that_is_short_leaves_the_code(shopper, open_store, owner, text) -> None:
    open_store.change(overage_policy="block")
    checkout = entered(shopper, text)

    refused = shopper.complete(checkout)

    assert fields(refused) == [("programBudget", "GRAPHQL_ERROR")]
    assert (redemptions(), saleors(text)) == ([], (True, 0))
    shopper.apply(checkout)
    assert shopper.complete(checkout)["errors"] == []
    assert len(redemptions()) == 1


def test_ordinary_voucher_is_left_to_saleor_where_an_order_fails(
    shopper, owner, open_store
) -> None:
    from saleor.discount.models import VoucherCode

    VoucherCode.objects.create(code="SAVE20", voucher=voucher_in(open_store.channel))
    checkout = entered(shopper, "SAVE20")
    Stock.objects.update(quantity=0)
    shopper.complete(checkout)

    assert (saleors("SAVE20"), is_counted(checkout)) == ((False, 0), True)


# orderCreateFromCheckout


def test_app_makes_the_members_order(shopper, handling_app, text) -> None:
    checkout = entered(shopper, text)

    made = shopper.call(ORDER_FROM_CHECKOUT, client=handling_app, id=global_id(checkout))

    assert made["errors"] == []
    order = order_of(made)
    assert (order.total_gross_amount, redemptions()) == (55, [(str(order.pk), True)])


def test_app_cant_make_it_somebody_elses(shopper, thief, handling_app, text, gate) -> None:
    checkout = entered(shopper, text)
    hand_to(checkout, thief.client.user)

    refused = shopper.call(ORDER_FROM_CHECKOUT, client=handling_app, id=global_id(checkout))
    gate.deliver()

    assert refused["errors"] == NOT_APPLICABLE
    assert not Order.objects.exists()
    assert (attempts(), redemptions()) == ([("completion", "not_yours")], [])
    attempt = CodeAttempt.objects.get()
    assert attempt.actor == f"app:{handling_app.app.pk}"
    assert attempt.user_reference == str(thief.client.user.pk)
    assert (saleors(text), is_counted(checkout)) == ((True, 0), False)


def test_a_checkout_that_is_kept_gives_one_order_with_the_code(
    shopper, owner, open_store, handling_app, gate
) -> None:
    text = discount(owner, voucher_in(open_store.channel, single_use=False))
    checkout = entered(shopper, text)
    variables = {"client": handling_app, "id": global_id(checkout), "keep": False}
    order = order_of(shopper.call(ORDER_FROM_CHECKOUT, **variables))

    again = shopper.call(ORDER_FROM_CHECKOUT, **variables)
    gate.deliver()

    assert again["errors"] == NOT_APPLICABLE
    assert (redemptions(), attempts()) == (
        [(str(order.pk), True)],
        [("completion", "redeemed")],
    )


def test_app_short_of_stock_the_code_can_be_used_again(shopper, handling_app, text) -> None:
    checkout = entered(shopper, text)
    Stock.objects.update(quantity=0)

    refused = shopper.call(ORDER_FROM_CHECKOUT, client=handling_app, id=global_id(checkout))

    assert [error["code"] for error in refused["errors"]] == ["INSUFFICIENT_STOCK"]
    assert (redemptions(), saleors(text), is_counted(checkout)) == ([], (True, 0), False)


# automatic completion


def test_automatic_completion_redeems_the_members_and_refuses_others(
    shopper, thief, owner, voucher, text, gate, django_capture_on_commit_callbacks
) -> None:
    second = discount(owner, voucher)
    mine, stolen = entered(shopper, text), entered(shopper, second)
    hand_to(stolen, thief.client.user)

    for checkout in (mine, stolen):
        with django_capture_on_commit_callbacks(execute=True):
            automatic_checkout_completion_task(checkout.pk, None, None)
    gate.deliver()

    order = Order.objects.get()
    assert (order.checkout_token, order.voucher_code) == (str(mine.pk), text)
    assert redemptions() == [(str(order.pk), True)]
    assert attempts() == [("completion", "not_yours")]
    attempt = CodeAttempt.objects.get()
    assert (attempt.actor, attempt.address) == (f"user:{thief.client.user.pk}", None)


# a channel without a program


def test_a_stolen_code_passes_in_no_channel(shopper, thief, open_store, text, gate) -> None:
    checkout = entered(shopper, text)
    hand_to(checkout, thief.client.user)
    programs.set_channels(program=open_store.program, channel_ids=[])

    answer = thief.complete(checkout)
    gate.deliver()

    assert answer["errors"] == NOT_APPLICABLE
    assert (attempts(), redemptions()) == ([("completion", "not_yours")], [])


def test_orders_without_a_code_read_one_row_more(shopper, open_store, monkeypatch) -> None:
    """Whether the checkout has a code: where a race made Saleor forget it, the order doesn't."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from saleor_program_budgets.interfaces import code_gate

    programs.set_channels(program=open_store.program, channel_ids=[])
    shopper.complete(shopper.checkout())
    first, second = shopper.checkout(), shopper.checkout()
    with CaptureQueriesContext(connection) as with_gate:
        shopper.complete(first)
    monkeypatch.setattr(code_gate, "guard", lambda **_: None)
    with CaptureQueriesContext(connection) as without:
        shopper.complete(second)

    assert len(with_gate) == len(without) + 1


def test_closed_program_refuses_the_code_before_the_budget(shopper, open_store, text, gate) -> None:
    checkout = entered(shopper, text)
    open_store.change(status=Program.Status.CLOSED)

    answer = shopper.complete(checkout)
    gate.deliver()

    assert answer["errors"] == NOT_APPLICABLE
    assert attempts() == [("completion", "program_closed")]


def test_entered_again_by_another_it_stays_where_it_is(shopper, thief, text) -> None:
    checkout = entered(shopper, text)

    assert enter(thief, checkout, text)["errors"] == INVALID
    checkout.refresh_from_db()
    assert checkout.voucher_code == text
