"""Shoppers, retries and completions that meet: through the gateway, on connections of their own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.db import transaction
from saleor.account.models import User
from saleor.app.models import App
from saleor.checkout.models import Checkout
from saleor.graphql.tests.fixtures import ApiClient
from saleor.order.models import Order
from saleor.payment.interface import PaymentGatewayData
from saleor.payment.models import TransactionEvent, TransactionItem
from saleor.payment.utils import handle_transaction_initialize_session
from saleor.plugins.manager import get_plugins_manager

from saleor_program_budgets import ledger
from saleor_program_budgets.interfaces.identity import GATEWAY_ID
from saleor_program_budgets.interfaces.totals import refreshed_due_of_checkout
from saleor_program_budgets.models import Cap, Hold, Limit, Refused
from tests.host.support.shop import Shopper, balance_of, figures, order_of
from tests.support.racing import race, slow_motion, unguarded

if TYPE_CHECKING:
    from collections.abc import Callable

    from saleor.channel.models import Channel

    from saleor_program_budgets.models import Member
    from tests.host.support.shop import ProgramStore, Staff

pytestmark = pytest.mark.django_db(transaction=True)

SHOPPERS = 50


def rush(store: ProgramStore, shopper: Shopper) -> list[Callable[[], str]]:
    """Return fifty shoppers' attempts, each to hold 75.00 for a checkout of their own."""
    User.objects.bulk_create(
        User(email=f"shopper{number}@example.com", is_active=True) for number in range(SHOPPERS)
    )
    store.enroll(*User.objects.filter(email__startswith="shopper").order_by("pk"))
    return attempts_of_everybody(store, shopper)


def attempts_of_everybody(store: ProgramStore, shopper: Shopper) -> list[Callable[[], str]]:
    """Return an attempt by each of the fifty, for one more checkout of their own."""
    first = shopper.checkout()
    assert refreshed_due_of_checkout(program=store.program, checkout=first).minor == 7_500
    first.refresh_from_db()
    app = App.objects.get(identifier=GATEWAY_ID)
    users = User.objects.filter(email__startswith="shopper").order_by("pk")
    return [_attempt(_copy(first, user), user, app) for user in users]


def _one_after_the_other(*attempts: Callable[[], str]) -> Callable[[], list[str]]:
    return lambda: [attempt() for attempt in attempts]


def _holding_locked(cap: Cap) -> Callable[[], None]:
    """Keep the cap's row locked for a while, as a purchase does."""

    def hold_locked() -> None:
        with transaction.atomic():
            Limit.objects.select_for_update().get(pk=cap.pk)
            time.sleep(1)

    return hold_locked


def _copy(checkout: Checkout, user: User) -> Checkout:
    lines = list(checkout.lines.all())
    copy = Checkout.objects.get(pk=checkout.pk)
    copy.pk, copy.user, copy.email = uuid4(), user, user.email
    copy._state.adding = True
    copy.save()
    for line in lines:
        line.pk, line.checkout = uuid4(), copy
        line._state.adding = True
        line.save()
    return copy


def _attempt(checkout: Checkout, user: User, app: App) -> Callable[[], str]:
    def attempt() -> str:
        _, event, _ = handle_transaction_initialize_session(
            source_object=checkout,
            payment_gateway_data=PaymentGatewayData(app_identifier=GATEWAY_ID),
            amount=checkout.total_gross_amount,
            action="authorization",
            customer_ip_address=None,
            app=app,
            manager=get_plugins_manager(allow_replica=False, requestor_getter=lambda: user),
            idempotency_key=str(uuid4()),
        )
        return event.type

    return attempt


def test_fifty_shoppers_at_a_departments_last_thousand(
    store: ProgramStore, shopper: Shopper, member: Member
) -> None:
    store.cap(store.organization, 500_000)
    cap = store.cap(store.department, 100_000)

    outcomes = race(*rush(store, shopper))

    # 13 × 75.00 = 975.00; the fourteenth would need 1,050.00.
    cap.refresh_from_db()
    assert outcomes.count("authorization_success") == 13
    assert outcomes.count("authorization_failure") == 37
    assert (cap.held, cap.spent, cap.ceiling) == (97_500, 0, 100_000)
    assert Refused.objects.filter(code="CAP_REACHED", limit_id=cap.pk).count() == 37
    verification = ledger.verify()
    assert verification.differences == ()
    assert verification.overspent == {"USD": 0}


def test_fifty_shoppers_at_once_under_a_cap_that_splits(
    store: ProgramStore, shopper: Shopper, member: Member
) -> None:
    """Each shopper holds twice: 100 × 75.00 = 7,500.00, of which the department has 6,000.00."""
    organization = store.cap(store.organization, 2_000_000)
    cap = store.cap(store.department, 600_000)
    first, second = rush(store, shopper), attempts_of_everybody(store, shopper)
    jobs = [_one_after_the_other(*pair) for pair in zip(first, second, strict=True)]

    # Whoever finds the cap locked splits it; so that nobody is in luck, it is locked at the start.
    outcomes = race(_holding_locked(cap), *jobs)[1:]

    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    answers = [answer for pair in outcomes for answer in pair]
    assert answers.count("authorization_success") == 80
    assert answers.count("authorization_failure") == 20
    shares = Limit.objects.filter(cap_id=cap.pk)
    assert shares.count() == 16
    assert all(share.held <= share.ceiling for share in shares)
    cap.refresh_from_db()
    organization.refresh_from_db()
    assert (cap.held, cap.spent, cap.ceiling, cap.available) == (600_000, 0, 600_000, 0)
    assert (organization.held, organization.ceiling) == (600_000, 2_000_000)
    assert Refused.objects.filter(code="CAP_REACHED", limit_id=cap.pk).count() == 20
    used = Limit.objects.filter(kind="member").values_list("held", flat=True)
    assert sum(used) == 600_000
    assert sum(hold.remaining for hold in Hold.objects.all()) == 600_000
    verification = ledger.verify()
    assert verification.differences == ()
    assert verification.overspent == {"USD": 0}


def test_control_without_locks_the_same_fifty_overdraw(
    store: ProgramStore, shopper: Shopper, member: Member
) -> None:
    cap = store.cap(store.department, 100_000)
    attempts = rush(store, shopper)

    with unguarded(constraints=False):
        with slow_motion(0.3):
            outcomes = race(*attempts)
        cap.refresh_from_db()
        held = cap.held

    assert outcomes.count("authorization_success") > 13
    assert held > 100_000


def test_completing_twice_at_once_makes_one_order_and_one_capture(
    shopper: Shopper, member: Member
) -> None:
    checkout = shopper.checkout()
    shopper.apply(checkout)

    outcomes = race(*[_completing(shopper, checkout)] * 3)

    orders = {order_of(outcome).pk for outcome in outcomes if not outcome["errors"]}
    assert orders == set(Order.objects.values_list("pk", flat=True))
    assert len(orders) == 1
    assert figures() == [(7_500, 7_500, 0, 0)]
    item = TransactionItem.objects.get()
    assert (item.authorized_value, item.charged_value) == (0, 75)
    assert TransactionEvent.objects.filter(type="charge_success").count() == 1
    assert balance_of(member).spent == 7_500
    assert ledger.verify().is_clean


def test_the_same_initialize_five_times_at_once_holds_once(
    shopper: Shopper, member: Member
) -> None:
    checkout = shopper.checkout()

    def initialize() -> Any:
        return _on_own_connection(shopper).apply(checkout, "75.00", key="once")

    race(*[initialize] * 5)

    assert figures() == [(7_500, 0, 0, 0)]
    assert TransactionItem.objects.count() == 1
    assert TransactionItem.objects.get().authorized_value == 75
    assert TransactionEvent.objects.filter(type="authorization_success").count() == 1


def test_expiry_and_completion_at_once_leave_an_order_with_its_budget_or_neither(
    shopper: Shopper, member: Member
) -> None:
    checkout = shopper.checkout()
    shopper.apply(checkout)
    hold = Hold.objects.get()

    def expire() -> Any:
        return ledger.expire(hold_id=hold.pk, at=hold.expires_at)

    race(_completing(shopper, checkout), expire)

    hold.refresh_from_db()
    if Order.objects.exists():
        assert (hold.captured, hold.released) == (7_500, 0)
    else:
        assert (hold.captured, hold.released) == (0, 7_500)
    assert ledger.verify().is_clean


def test_initialize_overtaken_by_the_order_holds_nothing(
    store: ProgramStore,
    shopper: Shopper,
    member: Member,
    staff: Staff,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The order is placed between the gateway's look at the checkout and its hold."""
    store.change(overage_policy="pay_difference")
    checkout = shopper.checkout()
    staff.pay(checkout, "75.00")
    from saleor_program_budgets import programs

    reserve = programs.reserve

    def reserve_late(**arguments: Any) -> Any:
        assert shopper.complete(checkout)["errors"] == []
        return reserve(**arguments)

    monkeypatch.setattr(programs, "reserve", reserve_late)

    shopper.apply(checkout, "10.00")

    assert figures() == [(1_000, 0, 1_000, 0)]
    assert balance_of(member).available == 30_000
    order = Order.objects.get()
    assert (order.total_authorized_amount, order.total_charged_amount) == (75, 0)


def _completing(shopper: Shopper, checkout: Checkout) -> Callable[[], Any]:
    return lambda: _on_own_connection(shopper).complete(checkout)


def _on_own_connection(shopper: Shopper) -> Shopper:
    channel: Channel = shopper.channel
    return Shopper(ApiClient(user=shopper.client.user), channel, shopper.variant_id)
