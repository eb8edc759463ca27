"""An order that falls gives its code back, if the program says so; a refund doesn't."""

from __future__ import annotations

import graphene
import pytest
from django.utils import timezone
from saleor.order.models import Order

from saleor_program_budgets import codes
from saleor_program_budgets.interfaces import voucher_usage, vouchers
from saleor_program_budgets.models import CodeRedemption
from tests.host.support.codes import (
    INVALID,
    attempts,
    code_of,
    discount,
    enter,
    entered,
    redemptions,
    saleors,
    voucher_in,
)
from tests.host.support.orders import ORDER_CANCEL
from tests.host.support.shop import ACTOR, global_id, order_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(shopper, text):
    return order_of(shopper.complete(entered(shopper, text)))


def cancel(staff, order, capture):
    with capture(execute=True):
        assert staff.call(ORDER_CANCEL, id=global_id(order))["errors"] == []


def test_cancelled_order_gives_the_code_back(
    staff, shopper, order, text, django_capture_on_commit_callbacks
) -> None:
    cancel(staff, order, django_capture_on_commit_callbacks)

    assert (redemptions(), saleors(text)) == ([(str(order.pk), False)], (True, 0))
    assert CodeRedemption.objects.get().return_cause == "order cancelled"
    second = order_of(shopper.complete(entered(shopper, text)))
    assert redemptions() == [(str(order.pk), False), (str(second.pk), True)]
    assert saleors(text) == (False, 0)


def test_it_stays_redeemed_where_the_program_keeps_codes(
    staff, shopper, open_store, order, text, django_capture_on_commit_callbacks
) -> None:
    open_store.change(returns_codes=False)

    cancel(staff, order, django_capture_on_commit_callbacks)

    assert (redemptions(), saleors(text)) == ([(str(order.pk), True)], (False, 0))
    assert enter(shopper, shopper.checkout(), text)["errors"] == INVALID
    assert attempts() == [("checkout", "redeemed")]


def test_expired_order_gives_the_code_back(order, text) -> None:
    from saleor.plugins.manager import get_plugins_manager

    Order.objects.update(status="expired")
    order.refresh_from_db()
    get_plugins_manager(allow_replica=False).order_expired(order)

    assert (redemptions(), saleors(text)) == ([(str(order.pk), False)], (True, 0))
    assert CodeRedemption.objects.get().return_cause == "order expired"


def test_code_of_a_batch_revoked_meanwhile_comes_back_revoked(
    staff, shopper, order, text, django_capture_on_commit_callbacks
) -> None:
    codes.revoke_batch(
        batch=code_of(text).batch,
        reason="campaign over",
        withdraw=vouchers.withdraw,
        actor=ACTOR,
        at=timezone.now(),
    )

    cancel(staff, order, django_capture_on_commit_callbacks)

    assert (redemptions(), saleors(text)) == ([(str(order.pk), False)], (False, 0))
    assert enter(shopper, shopper.checkout(), text)["errors"] == INVALID
    assert attempts() == [("checkout", "revoked")]


def test_a_failure_there_doesnt_surface(
    staff, order, text, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    def break_down(**_):
        raise SystemError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(codes, "give_back", break_down)
        cancel(staff, order, django_capture_on_commit_callbacks)
    assert redemptions() == [(str(order.pk), True)]

    assert voucher_usage.restore(at=timezone.now()) == 1

    assert (redemptions(), saleors(text)) == ([(str(order.pk), False)], (True, 0))


@pytest.mark.parametrize("amount", ["10.00", None])
def test_refund_keeps_the_code_redeemed(
    amount, shopper, staff, open_store, text, django_capture_on_commit_callbacks
) -> None:
    checkout = entered(shopper, text)
    shopper.apply(checkout)
    with django_capture_on_commit_callbacks(execute=True):
        order = order_of(shopper.complete(checkout))
    item = order.payment_transactions.get()
    assert item.charged_value == 55

    staff.request(graphene.Node.to_global_id("TransactionItem", item.token), "REFUND", amount)

    item.refresh_from_db()
    assert item.refunded_value == (10 if amount else 55)
    assert (redemptions(), saleors(text)) == ([(str(order.pk), True)], (False, 0))


# what the restoring job makes up for


def restore():
    return voucher_usage.restore(at=timezone.now())


def test_used_for_nothing(text) -> None:
    from saleor.discount.models import VoucherCode, VoucherCustomer

    VoucherCode.objects.filter(code=text).update(is_active=False, used=1)
    VoucherCustomer.objects.create(
        voucher_code=VoucherCode.objects.get(code=text), customer_email="a@example.com"
    )

    assert (restore(), saleors(text)) == (1, (True, 0))
    assert not VoucherCustomer.objects.exists()
    assert restore() == 0


def test_redeemed_and_active(order, text) -> None:
    from saleor.discount.models import VoucherCode

    VoucherCode.objects.filter(code=text).update(is_active=True)

    assert (restore(), saleors(text)) == (1, (False, 0))
    assert restore() == 0


def test_a_code_for_many_uses_stays_active_in_saleor(shopper, owner, open_store) -> None:
    text = discount(owner, voucher_in(open_store.channel, single_use=False))
    shopper.complete(entered(shopper, text))

    assert (restore(), saleors(text)) == (0, (True, 0))


def test_deleted_order(order, text) -> None:
    Order.objects.filter(pk=order.pk).delete()

    assert restore() == 1
    assert (redemptions(), saleors(text)) == ([(str(order.pk), False)], (True, 0))


def test_revoked_codes_and_ordinary_vouchers_are_left_alone(open_store, text) -> None:
    from saleor.discount.models import VoucherCode

    ordinary = VoucherCode.objects.create(
        code="SAVE20", voucher=voucher_in(open_store.channel), is_active=False, used=3
    )

    codes.revoke_codes(
        codes=[code_of(text).pk],
        reason="lost",
        withdraw=vouchers.withdraw,
        actor=ACTOR,
        at=timezone.now(),
    )

    assert restore() == 0
    assert (saleors(text), saleors(ordinary.code)) == ((False, 0), (False, 3))


def test_no_more_than_asked_for(owner, voucher, text) -> None:
    from saleor.discount.models import VoucherCode

    discount(owner, voucher)
    VoucherCode.objects.filter(voucher=voucher).update(is_active=False)

    assert voucher_usage.restore(at=timezone.now(), limit=1) == 1
    assert VoucherCode.objects.filter(voucher=voucher, is_active=True).count() == 1


def test_the_task(text) -> None:
    from saleor.discount.models import VoucherCode

    from saleor_program_budgets import tasks

    VoucherCode.objects.filter(code=text).update(is_active=False)

    assert (tasks.restore_codes(), saleors(text)) == (1, (True, 0))
