"""A process killed with SIGKILL in the middle of a purchase; the next one puts it right."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections
from django.utils import timezone
from django.utils.module_loading import import_string
from saleor.order.models import Order
from saleor.payment.models import TransactionEvent

from saleor_program_budgets import ledger
from saleor_program_budgets.interfaces import reconciliation
from tests.host.support.shop import balance_of, figures

if TYPE_CHECKING:
    from collections.abc import Callable

    from saleor_program_budgets.models import Member
    from tests.host.support.shop import Shopper

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # The child does nothing but run the request on this thread, and dies.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def killed_in(target: str, request: Callable[[], Any]) -> None:
    """Run *request* in a process of its own that is killed when it comes to *target*."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            module, name = target.rsplit(".", 1)
            setattr(import_string(module), name, lambda *_, **__: os.kill(os.getpid(), 9))
            request()
        finally:
            os._exit(1)  # It was to be killed before.
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL


def reconcile() -> tuple[int, int, int]:
    """Run the job as it runs a few minutes later; return what it repaired."""
    repaired = reconciliation.reconcile(at=timezone.now() + timedelta(minutes=5))
    return repaired.settled, repaired.returned, repaired.reported


def test_between_hold_and_order(shopper: Shopper, member: Member) -> None:
    checkout = shopper.checkout()

    killed_in(
        "saleor_program_budgets.interfaces.gateway._result",
        lambda: shopper.apply(checkout, "75.00", key="once"),
    )

    # The hold stands; Saleor never got its answer, so it counts nothing as authorized.
    assert figures() == [(7_500, 0, 0, 0)]
    assert not TransactionEvent.objects.filter(type="authorization_success").exists()
    assert shopper.complete(checkout)["errors"][0]["code"] == "CHECKOUT_NOT_FULLY_PAID"

    shopper.apply(checkout, "75.00", key="once")

    assert shopper.complete(checkout)["errors"] == []
    assert figures() == [(7_500, 7_500, 0, 0)]
    assert ledger.verify().is_clean


def test_while_the_order_is_being_made(shopper: Shopper, member: Member) -> None:
    checkout = shopper.checkout()
    shopper.apply(checkout)

    killed_in(
        "saleor.checkout.complete_checkout._post_create_order_actions",
        lambda: shopper.complete(checkout),
    )

    # The order was rolled back, and with it the binding of the hold.
    assert not Order.objects.exists()
    assert figures() == [(7_500, 0, 0, 0)]
    assert shopper.complete(checkout)["errors"] == []
    assert figures() == [(7_500, 7_500, 0, 0)]


def test_between_order_and_capture(shopper: Shopper, member: Member) -> None:
    checkout = shopper.checkout()
    shopper.apply(checkout)

    killed_in("saleor_program_budgets.interfaces.orders.settle", lambda: shopper.complete(checkout))

    order = Order.objects.get()
    assert figures() == [(7_500, 0, 0, 0)]
    assert reconciliation.expire_holds(at=timezone.now() + timedelta(days=1)) == 0
    assert reconcile() == (1, 0, 0)
    assert reconcile() == (0, 0, 0)
    order.refresh_from_db()
    assert (order.charge_status, balance_of(member).spent) == ("full", 7_500)
    assert ledger.verify().is_clean


def test_between_capture_and_report(shopper: Shopper, member: Member) -> None:
    checkout = shopper.checkout()
    shopper.apply(checkout)

    killed_in(
        "saleor_program_budgets.interfaces.transactions.report",
        lambda: shopper.complete(checkout),
    )

    order = Order.objects.get()
    assert figures() == [(7_500, 7_500, 0, 0)]
    assert order.charge_status == "none"
    assert reconcile() == (0, 0, 1)
    assert reconcile() == (0, 0, 0)
    order.refresh_from_db()
    assert (order.charge_status, balance_of(member).spent) == ("full", 7_500)
