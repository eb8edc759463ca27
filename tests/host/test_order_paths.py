"""Every way ``checkoutComplete`` makes an order is gated; see docs/order-paths.md."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from freezegun import freeze_time
from saleor.checkout.models import Checkout
from saleor.order.models import Order

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Cap, Hold, Refused
from tests.host.support.shop import (
    ACTOR,
    REFUSED,
    balance_of,
    fields,
    figures,
    global_id,
    order_of,
    usd,
)

if TYPE_CHECKING:
    from saleor.graphql.tests.fixtures import ApiClient

    from saleor_program_budgets.models import Member
    from tests.host.support.shop import ProgramStore, Shopper, Staff

pytestmark = pytest.mark.django_db

USABLE = """
query ($id: ID!) {
  checkout(id: $id) { programBudget { applicable { amount } refusal { code } } }
}
"""


# checkoutComplete with transactions


def test_covered_checkout_becomes_an_order_and_is_captured(
    shopper: Shopper, member: Member
) -> None:
    order = shopper.order(quantity=2)  # 2 × 65.00 + 10.00 = 140.00

    hold = Hold.objects.get()
    assert (hold.order_id, hold.captured) == (str(order.pk), 14_000)
    assert order.charge_status == "full"
    assert balance_of(member).spent == 14_000
    item = order.payment_transactions.get()
    assert (item.authorized_value, item.charged_value) == (0, 140)
    assert item.available_actions == ["refund"]


def test_uncovered_checkout_is_refused_with_the_shortfall(
    store: ProgramStore, shopper: Shopper, member: Member
) -> None:
    store.channel.allow_unpaid_orders = True  # core would make the order without any payment
    store.channel.save()
    checkout = shopper.checkout()
    shopper.apply(checkout, "50.00")

    answer = shopper.complete(checkout)

    assert fields(answer) == REFUSED
    assert answer["errors"][0]["message"] == (
        "Your budget covers 50.00 USD of 75.00 USD: 25.00 USD is missing. "
        "Apply your budget again, or change the order."
    )
    assert not Order.objects.exists()
    assert balance_of(member).held == 5_000
    assert list(Refused.objects.values_list("code", "requested", "available")) == [
        ("NOT_COVERED", 7_500, 5_000)
    ]


def test_refusal_reaches_the_shopper_when_the_broker_is_gone(
    shopper: Shopper, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(**_: Any) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr("saleor_program_budgets.interfaces.gates._record_refusal", unreachable)
    checkout = shopper.checkout()
    shopper.apply(checkout)
    Hold.objects.update(expires_at=timezone.now())

    assert fields(shopper.complete(checkout)) == REFUSED


def test_shopper_goes_on_when_the_broker_is_gone(
    shopper: Shopper,
    member: Member,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    def unreachable(_: str) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr("saleor_program_budgets.tasks.trim_checkout.delay", unreachable)
    checkout = shopper.checkout(quantity=2)
    shopper.apply(checkout)
    with django_capture_on_commit_callbacks(execute=True):
        shopper.set_quantity(checkout, 1)

    assert shopper.complete(checkout)["errors"] == []
    assert figures() == [(14_000, 7_500, 6_500, 0)]


def test_other_payment_does_not_open_a_blocked_program(
    store: ProgramStore, shopper: Shopper, member: Member, staff: Staff
) -> None:
    checkout = shopper.checkout()
    staff.pay(checkout, "75.00")

    answer = shopper.complete(checkout)

    assert fields(answer) == REFUSED
    assert not Order.objects.exists()


def test_difference_is_paid_by_another_method(
    store: ProgramStore, shopper: Shopper, member: Member, staff: Staff
) -> None:
    store.change(overage_policy="pay_difference")
    checkout = shopper.checkout(quantity=5)  # 335.00
    shopper.apply(checkout, "300.00")
    staff.pay(checkout, "35.00")

    order = order_of(shopper.complete(checkout))

    assert order.authorize_status == "full"
    assert figures() == [(30_000, 30_000, 0, 0)]
    assert balance_of(member).available == 0


def test_order_without_budget_passes_where_the_difference_may_be_paid(
    store: ProgramStore, shopper: Shopper, member: Member, staff: Staff
) -> None:
    store.change(overage_policy="pay_difference")
    checkout = shopper.checkout()
    staff.pay(checkout, "75.00")

    assert shopper.complete(checkout)["errors"] == []
    assert balance_of(member).available == 30_000


def test_total_that_rose_after_the_hold_is_refused(
    store: ProgramStore, shopper: Shopper, member: Member, staff: Staff
) -> None:
    checkout = shopper.checkout()
    shopper.apply(checkout)
    shopper.set_quantity(checkout, 2)
    staff.pay(checkout, "65.00")  # so that core's own check passes

    answer = shopper.complete(checkout)

    assert fields(answer) == REFUSED
    assert "75.00 USD of 140.00 USD: 65.00 USD is missing" in answer["errors"][0]["message"]


def test_total_that_fell_after_the_hold_gives_the_rest_back(
    shopper: Shopper, member: Member, django_capture_on_commit_callbacks: Any
) -> None:
    checkout = shopper.checkout(quantity=2)
    shopper.apply(checkout)
    with django_capture_on_commit_callbacks(execute=True):
        shopper.set_quantity(checkout, 1)

    held = balance_of(member).held
    order = order_of(shopper.complete(checkout))

    assert held == 7_500
    assert balance_of(member).spent == 7_500
    item = order.payment_transactions.get()
    assert (item.authorized_value, item.charged_value, item.canceled_value) == (0, 75, 65)


def test_hold_larger_than_the_order_is_captured_in_part(
    shopper: Shopper, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job that trims holds may come too late; settling the order doesn't depend on it."""
    monkeypatch.setattr("saleor_program_budgets.tasks.trim_checkout.delay", lambda _: None)
    checkout = shopper.checkout(quantity=2)
    shopper.apply(checkout)
    shopper.set_quantity(checkout, 1)

    order = order_of(shopper.complete(checkout))

    assert figures() == [(14_000, 7_500, 6_500, 0)]
    assert balance_of(member).available == 22_500
    assert order.payment_transactions.get().charged_value == 75


def test_lines_changed_while_completing_are_refused(
    shopper: Shopper, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The early check has passed, then a line is added: the gate inside the lock still stands."""
    checkout = shopper.checkout()
    shopper.apply(checkout)
    from saleor_program_budgets.interfaces import gates

    early = gates.check_checkout

    def check_then_change(**arguments: Any) -> None:
        early(**arguments)
        Checkout.objects.get().lines.update(quantity=3)
        Checkout.objects.update(price_expiration=timezone.now() - timedelta(days=1))

    monkeypatch.setattr(gates, "check_checkout", check_then_change)

    answer = shopper.complete(checkout)

    assert fields(answer) == REFUSED
    assert not Order.objects.exists()
    assert figures() == [(7_500, 0, 0, 0)]


def test_expired_hold_is_no_cover(shopper: Shopper, member: Member) -> None:
    checkout = shopper.checkout()
    shopper.apply(checkout)
    Hold.objects.update(expires_at=timezone.now())

    assert fields(shopper.complete(checkout)) == REFUSED


def raise_department(store: ProgramStore, minor: int, ends_at: datetime) -> None:
    """Raise the department's cap until *ends_at*."""
    programs.raise_cap(
        cap=Cap.objects.get(account=store.department),
        amount=usd(minor),
        ends_at=ends_at,
        reason="trade fair",
        key=f"raise:{ends_at}",
        actor=ACTOR,
        at=timezone.now(),
    )


def test_temporary_raise_lets_a_checkout_through_until_its_instant(
    store: ProgramStore, shopper: Shopper, member: Member
) -> None:
    store.cap(store.department, 10_000)
    shopper.order()  # 75.00 of 100.00
    first, last, late = (shopper.checkout() for _ in range(3))
    refused = shopper.apply(first)
    ends_at = timezone.now() + timedelta(minutes=2)
    raise_department(store, 15_000, ends_at)

    applied = shopper.apply(first)
    with freeze_time(ends_at - timedelta(microseconds=1)):
        at_the_last_moment = shopper.apply(last)
    with freeze_time(ends_at):
        too_late = shopper.apply(late)

    assert refused["data"]["code"] == "CAP_REACHED"
    assert applied["transactionEvent"]["type"] == "AUTHORIZATION_SUCCESS"
    assert at_the_last_moment["transactionEvent"]["type"] == "AUTHORIZATION_SUCCESS"
    assert (too_late["data"]["code"], too_late["data"]["shortfall"]) == ("CAP_REACHED", "75.00")
    # What was used above the ceiling stands, and is honoured: 225.00 of 100.00.
    cap = Cap.objects.get()
    assert (cap.ceiling, cap.raised, cap.overhang, cap.available) == (10_000, 0, 12_500, 0)
    assert shopper.complete(first)["errors"] == []
    assert shopper.complete(last)["errors"] == []
    assert fields(shopper.complete(late)) == [("id", "CHECKOUT_NOT_FULLY_PAID")]
    assert (Order.objects.count(), Cap.objects.get().spent) == (3, 22_500)
    assert ledger.verify().is_clean


def test_raise_that_is_over_is_not_offered_to_the_shopper(
    store: ProgramStore, shopper: Shopper, member: Member
) -> None:
    store.cap(store.department, 5_000)
    ends_at = timezone.now() + timedelta(minutes=2)
    raise_department(store, 5_000, ends_at)
    checkout = shopper.checkout()

    with freeze_time(ends_at - timedelta(microseconds=1)):
        before = shopper.call(USABLE, id=global_id(checkout))
    with freeze_time(ends_at):
        after = shopper.call(USABLE, id=global_id(checkout))

    assert before["programBudget"] == {"applicable": {"amount": 75.0}, "refusal": None}
    assert after["programBudget"] == {
        "applicable": {"amount": 50.0},
        "refusal": {"code": "CAP_REACHED"},
    }


def test_hold_taken_before_closing_completes(
    store: ProgramStore, shopper: Shopper, member: Member
) -> None:
    checkout = shopper.checkout()
    shopper.apply(checkout)
    store.change(closes_at=timezone.now() - timedelta(seconds=1))

    assert shopper.complete(checkout)["errors"] == []
    assert balance_of(member).spent == 7_500


def test_checkout_of_somebody_who_is_no_member_is_refused(
    store: ProgramStore, shopper: Shopper, staff: Staff
) -> None:
    checkout = shopper.checkout()
    staff.pay(checkout, "75.00")

    answer = shopper.complete(checkout)

    assert fields(answer) == REFUSED
    assert "not enrolled" in answer["errors"][0]["message"]


def test_anonymous_checkout_is_refused(
    store: ProgramStore, shopper: Shopper, api_client: ApiClient, staff: Staff
) -> None:
    shopper.client = api_client
    checkout = shopper.checkout()
    staff.pay(checkout, "75.00")

    answer = shopper.complete(checkout)

    assert fields(answer) == REFUSED
    assert answer["errors"][0]["message"] == "Sign in to use your budget in this store."


def test_checkout_handed_to_another_shopper_does_not_bring_the_budget(
    store: ProgramStore,
    shopper: Shopper,
    member: Member,
    user2_api_client: ApiClient,
) -> None:
    store.enroll(user2_api_client.user)
    checkout = shopper.checkout()
    shopper.apply(checkout)
    Checkout.objects.update(user=user2_api_client.user)

    assert fields(shopper.complete(checkout, client=user2_api_client)) == REFUSED
    assert figures() == [(7_500, 0, 0, 0)]


# checkoutComplete with a zero total


def test_zero_total_needs_a_member_but_no_budget(
    store: ProgramStore, shopper: Shopper, member: Member
) -> None:
    _make_free(store, shopper)

    assert shopper.complete(shopper.checkout())["errors"] == []
    assert balance_of(member).available == 30_000


def test_zero_total_of_somebody_who_is_no_member_is_refused(
    store: ProgramStore, shopper: Shopper
) -> None:
    _make_free(store, shopper)

    assert fields(shopper.complete(shopper.checkout())) == REFUSED


# checkoutComplete with a legacy payment


def test_legacy_payment_does_not_open_a_blocked_program(shopper: Shopper, member: Member) -> None:
    """Refused before any gateway is asked to charge, so none has to be installed here."""
    checkout = shopper.checkout()
    checkout.payments.create(
        gateway="mirumee.payments.dummy",
        is_active=True,
        total=75,
        currency="USD",
        token="not-charged",
    )

    answer = shopper.complete(checkout)

    assert fields(answer) == REFUSED
    assert not Order.objects.exists()


def _make_free(store: ProgramStore, shopper: Shopper) -> None:
    from saleor.product.models import ProductVariantChannelListing
    from saleor.shipping.models import ShippingMethodChannelListing

    ProductVariantChannelListing.objects.update(price_amount=0, discounted_price_amount=0)
    ShippingMethodChannelListing.objects.update(price_amount=0)
