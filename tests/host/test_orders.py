"""What happens to the budget of an order that is cancelled, refunded or paid later."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import graphene
import pytest
from django.utils import timezone
from saleor.order.models import Order
from saleor.payment.models import TransactionItem

from saleor_program_budgets import ledger
from saleor_program_budgets.interfaces import (
    corrections,
    orders,
    reconciliation,
    transactions,
)
from saleor_program_budgets.models import Hold, Lot, Posting
from tests.host.support.orders import ORDER_CANCEL, amounts, crashed, reconcile
from tests.host.support.shop import ACTOR, balance_of, figures, global_id

if TYPE_CHECKING:
    from saleor_program_budgets.models import Member
    from tests.host.support.shop import ProgramStore, Shopper, Staff

pytestmark = pytest.mark.django_db


def test_cancelled_order_gives_its_budget_back_once(
    shopper: Shopper, member: Member, staff: Staff
) -> None:
    order = shopper.order()

    cancelled = staff.call(ORDER_CANCEL, id=global_id(order))
    orders.settle(order_id=str(order.pk), actor=ACTOR, at=timezone.now())
    orders.settle(order_id=str(order.pk), actor=ACTOR, at=timezone.now())

    assert cancelled["errors"] == []
    assert figures() == [(7_500, 7_500, 0, 7_500)]
    assert balance_of(member).available == 30_000
    assert amounts(order.payment_transactions.get()) == {"refunded": 75}
    assert ledger.verify().is_clean


def test_cancelling_after_a_partial_refund_returns_the_rest(
    shopper: Shopper, member: Member, staff: Staff
) -> None:
    order = shopper.order()
    item = order.payment_transactions.get()
    staff.request(graphene.Node.to_global_id("TransactionItem", item.token), "REFUND", "25.00")

    staff.call(ORDER_CANCEL, id=global_id(order))

    assert figures() == [(7_500, 7_500, 0, 7_500)]
    assert [
        int(amount)
        for amount in item.events.filter(type="refund_success")
        .order_by("pk")
        .values_list("amount_value", flat=True)
    ] == [25, 50]
    assert amounts(item) == {"refunded": 75}


def test_order_refunded_by_granted_refund_ends_in_success(
    shopper: Shopper, member: Member, staff: Staff
) -> None:
    order = shopper.order()
    item_id = graphene.Node.to_global_id("TransactionItem", order.payment_transactions.get().token)

    granted = staff.call(GRANT_REFUND, id=global_id(order), amount="20.00", transaction=item_id)
    assert granted["errors"] == []
    answer = staff.call(REQUEST_GRANTED, id=item_id, granted=granted["grantedRefund"]["id"])

    assert answer["errors"] == []
    assert order.granted_refunds.get().status == "success"
    assert balance_of(member).available == 24_500


def test_member_pays_a_standing_order_later(
    store: ProgramStore, shopper: Shopper, member: Member, staff: Staff
) -> None:
    store.change(overage_policy="pay_difference")
    checkout = shopper.checkout()
    staff.pay(checkout, "75.00")
    shopper.complete(checkout)
    order = Order.objects.get()
    order.payment_transactions.all().delete()

    answer = shopper.apply(order, "75.00")
    again = shopper.apply(order, "1.00")

    assert answer["transactionEvent"]["type"] == "CHARGE_SUCCESS"
    assert again["transactionEvent"]["message"] == "The budget already covers what it may."
    order.refresh_from_db()
    assert order.charge_status == "full"
    assert figures() == [(7_500, 7_500, 0, 0)]


def test_expired_hold_lowers_the_checkouts_authorize_status(
    shopper: Shopper, member: Member
) -> None:
    checkout = shopper.checkout()
    shopper.apply(checkout)
    later = Hold.objects.get().expires_at

    early = reconciliation.expire_holds(at=later - timedelta(microseconds=1))
    due = reconciliation.expire_holds(at=later)
    again = reconciliation.expire_holds(at=later)

    assert (early, due, again) == (0, 1, 0)
    checkout.refresh_from_db()
    assert checkout.authorize_status == "none"
    assert amounts(TransactionItem.objects.get()) == {"canceled": 75}
    assert balance_of(member).available == 30_000


def test_expired_hold_of_a_channel_that_charges_at_once_is_refunded_in_saleor(
    store: ProgramStore, shopper: Shopper, member: Member
) -> None:
    store.channel.default_transaction_flow_strategy = "charge"
    store.channel.save()
    shopper.apply(shopper.checkout())

    reconciliation.expire_holds(at=timezone.now() + timedelta(hours=2))

    assert amounts(TransactionItem.objects.get()) == {"refunded": 75}
    assert balance_of(member).available == 30_000


def test_hold_outlives_its_deleted_checkout_and_expires(shopper: Shopper, member: Member) -> None:
    checkout = shopper.checkout()
    shopper.apply(checkout)
    checkout.delete()

    assert reconciliation.expire_holds(at=timezone.now() + timedelta(hours=2)) == 1
    assert balance_of(member).available == 30_000


# What becomes of a refund when the budget it came from has lapsed


def refund_after_lapse(order: Order, staff: Staff, amount: str) -> None:
    """Let the order's lots lapse, then ask for a refund as staff do."""
    Lot.objects.update(expires_at=timezone.now())
    item = order.payment_transactions.get()
    staff.request(graphene.Node.to_global_id("TransactionItem", item.token), "REFUND", amount)


def test_refund_of_lapsed_budget_is_forfeited(
    shopper: Shopper, member: Member, staff: Staff
) -> None:
    order = shopper.order()

    refund_after_lapse(order, staff, "25.00")

    assert figures() == [(7_500, 7_500, 0, 2_500)]
    assert amounts(order.payment_transactions.get()) == {"charged": 50, "refunded": 25}
    # 300.00 granted, of which 50.00 are spent.
    assert (balance_of(member).available, balance_of(member).lapsed) == (0, 25_000)
    assert Lot.objects.count() == 1


def test_refund_of_lapsed_budget_can_be_spent_in_the_days_of_grace(
    store: ProgramStore, shopper: Shopper, member: Member, staff: Staff
) -> None:
    store.change(refund_policy="grace", refund_grace_days=14)
    order = shopper.order()

    refund_after_lapse(order, staff, "75.00")

    lapsed, renewed = Lot.objects.order_by("pk")
    refund = Posting.objects.get(kind="refund")
    assert (lapsed.moved, renewed.amount, renewed.source) == (7_500, 7_500, lapsed)
    assert (renewed.origin, renewed.cycle) == ("refund", lapsed.cycle)
    assert renewed.expires_at == refund.at + timedelta(days=14)
    assert balance_of(member).available == 7_500
    assert figures() == [(7_500, 7_500, 0, 7_500)]
    assert amounts(order.payment_transactions.get()) == {"refunded": 75}
    assert shopper.order().charge_status == "full"  # with what was given back
    assert ledger.verify().is_clean


def test_refund_of_lapsed_budget_is_reissued_into_the_open_cycle(
    store: ProgramStore, shopper: Shopper, member: Member, staff: Staff
) -> None:
    store.change(refund_policy="reissue")
    order = shopper.order()

    refund_after_lapse(order, staff, "25.00")

    cycle = store.program.cycles.get()
    renewed = Lot.objects.get(origin="refund")
    assert (renewed.amount, renewed.cycle, renewed.expires_at) == (2_500, cycle, cycle.ends_at)
    assert balance_of(member).available == 2_500
    assert amounts(order.payment_transactions.get()) == {"charged": 50, "refunded": 25}
    assert ledger.verify().is_clean


def test_renewed_refund_is_reversed_as_any_other(
    store: ProgramStore, shopper: Shopper, member: Member, staff: Staff
) -> None:
    store.change(refund_policy="reissue")
    order = shopper.order()
    refund_after_lapse(order, staff, "25.00")

    reverse_refund()

    assert figures() == [(7_500, 7_500, 0, 0)]
    assert balance_of(member).available == 0
    assert amounts(order.payment_transactions.get()) == {"charged": 75}
    assert ledger.verify().is_clean


# A refund that is reversed


def reverse_refund(*, key: str = "reverse") -> None:
    """Undo the latest refund, as staff do in GraphQL."""
    corrections.reverse(
        posting=Posting.objects.filter(kind="refund").latest("pk"),
        reason="nothing came back",
        key=key,
        actor=ACTOR,
        at=timezone.now(),
    )


def refund_events(item: TransactionItem) -> list[tuple[str, int, str]]:
    """Return type, amount and reference of the transaction's refunds and their reversals."""
    events = item.events.filter(type__in=("refund_success", "refund_reverse")).order_by("pk")
    return [(event.type, int(event.amount_value), event.psp_reference) for event in events]


def test_reversed_refund_reaches_saleors_transaction(
    shopper: Shopper, member: Member, staff: Staff
) -> None:
    order = shopper.order()
    item = order.payment_transactions.get()
    item_id = graphene.Node.to_global_id("TransactionItem", item.token)
    staff.request(item_id, "REFUND", "25.00")
    staff.request(item_id, "REFUND", "10.00")
    first, second = Posting.objects.filter(kind="refund").order_by("pk")

    reverse_refund()
    again = transactions.report(Hold.objects.get().pk)

    assert again == 0
    assert refund_events(item) == [
        ("refund_success", 25, transactions.posting_reference(first.pk)),
        ("refund_success", 10, transactions.posting_reference(second.pk)),
        ("refund_reverse", 10, transactions.posting_reference(second.pk)),
    ]
    assert amounts(item) == {"charged": 50, "refunded": 25}
    order.refresh_from_db()
    assert (order.charge_status, order.total_charged_amount) == ("partial", 50)
    # What was reversed may be refunded again.
    staff.request(item_id, "REFUND", "50.00")
    assert amounts(item) == {"refunded": 75}
    assert figures() == [(7_500, 7_500, 0, 7_500)]
    assert ledger.verify().is_clean


def test_reversed_refund_of_a_channel_that_charges_at_once(
    store: ProgramStore, shopper: Shopper, member: Member, staff: Staff
) -> None:
    store.channel.default_transaction_flow_strategy = "charge"
    store.channel.save()
    checkout = shopper.checkout()
    shopper.apply(checkout)
    shopper.complete(checkout)
    item = TransactionItem.objects.get()
    staff.request(graphene.Node.to_global_id("TransactionItem", item.token), "REFUND", "25.00")
    assert amounts(item) == {"charged": 50, "refunded": 25}

    reverse_refund()

    assert amounts(item) == {"charged": 75}
    assert reconcile() == (0, 0, 0)


def test_reversed_refund_takes_the_granted_refund_back(
    shopper: Shopper, member: Member, staff: Staff
) -> None:
    order = shopper.order()
    item_id = graphene.Node.to_global_id("TransactionItem", order.payment_transactions.get().token)
    granted = staff.call(GRANT_REFUND, id=global_id(order), amount="20.00", transaction=item_id)
    staff.call(REQUEST_GRANTED, id=item_id, granted=granted["grantedRefund"]["id"])
    assert order.granted_refunds.get().status == "success"

    reverse_refund()

    assert order.granted_refunds.get().status == "none"


def test_crash_between_reversal_and_report_is_repaired(
    shopper: Shopper, member: Member, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = shopper.order()
    item = order.payment_transactions.get()
    staff.request(graphene.Node.to_global_id("TransactionItem", item.token), "REFUND", "25.00")
    with monkeypatch.context() as patch:
        crashed(patch, "saleor_program_budgets.interfaces.transactions.report")
        with pytest.raises(SystemError):
            reverse_refund()
    assert amounts(item) == {"charged": 50, "refunded": 25}

    assert reconcile() == (0, 0, 1)
    assert reconcile() == (0, 0, 0)

    assert amounts(item) == {"charged": 75}


def test_order_is_cancelled_after_its_refund_was_reversed(
    shopper: Shopper, member: Member, staff: Staff
) -> None:
    order = shopper.order()
    staff.call(ORDER_CANCEL, id=global_id(order))
    ledger.reverse(
        posting_id=Posting.objects.get(kind="refund").pk,
        reason="by mistake",
        key="reverse",
        actor=ACTOR,
        at=timezone.now(),
    )
    assert balance_of(member).spent == 7_500

    assert reconcile() == (0, 1, 0)
    assert reconcile() == (0, 0, 0)

    assert figures() == [(7_500, 7_500, 0, 7_500)]
    assert balance_of(member).available == 30_000
    item = order.payment_transactions.get()
    assert [event[:2] for event in refund_events(item)] == [
        ("refund_success", 75),
        ("refund_reverse", 75),
        ("refund_success", 75),
    ]
    assert amounts(item) == {"refunded": 75}


GRANT_REFUND = """
mutation ($id: ID!, $amount: Decimal!, $transaction: ID!) {
  orderGrantRefundCreate(id: $id, input: {amount: $amount, transactionId: $transaction}) {
    grantedRefund { id }
    errors { field message code }
  }
}
"""
REQUEST_GRANTED = """
mutation ($id: ID!, $granted: ID!) {
  transactionRequestRefundForGrantedRefund(id: $id, grantedRefundId: $granted) {
    errors { field message code }
  }
}
"""
