"""Keeping Saleor's own note of a discount code, used or not, in line with its redemption.

Saleor switches a single-use code off, and counts up one of a limited voucher, in a transaction of
its own before the order is made. If the order then fails, the code stays used; drafts that are
deleted switch it on again, whoever redeemed it meanwhile. None of this lets a code be redeemed
twice, or by somebody else: the gate decides that. But a code that came to nothing has to be usable
again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, UUIDField
from django.db.models.functions import Cast
from saleor.checkout.models import Checkout
from saleor.discount.models import VoucherCode, VoucherCustomer
from saleor.order import OrderStatus
from saleor.order.models import Order

from saleor_program_budgets import codes
from saleor_program_budgets.models import CodeBatch, CodeRedemption, RedemptionCode

if TYPE_CHECKING:
    from datetime import datetime

logger = logging.getLogger(__name__)

LIMIT = 500
FALLEN = (OrderStatus.CANCELED, OrderStatus.EXPIRED)


def settle(*, text: str) -> bool:
    """Make Saleor's code used or unused as its redemption says; returns whether that changed it.

    A revoked code stays as it is. Of a voucher that isn't single-use Saleor leaves a used code
    switched on, and so does this.
    """
    with transaction.atomic():
        # The order of locks is everybody's: ours first, Saleor's then.
        code = RedemptionCode.objects.select_for_update().filter(text=text).first()
        if code is None or code.revoked_at is not None:
            return False
        saleors = VoucherCode.objects.filter(code=text)
        if code.redemptions.filter(returned_at=None).exists():
            active = saleors.filter(is_active=True, voucher__single_use=True)
            return active.update(is_active=False) > 0
        customers, _ = VoucherCustomer.objects.filter(voucher_code__code=text).delete()
        used = saleors.filter(Q(is_active=False) | Q(used__gt=0))
        return used.update(is_active=True, used=0) > 0 or customers > 0


def release(*, checkout_id: str) -> None:
    """Take back that Saleor counted a code of ours as used for a checkout that didn't complete.

    Ordinary vouchers are left to Saleor.
    """
    with transaction.atomic():
        checkout = (
            Checkout.objects.select_for_update(of=("self",))
            .filter(pk=checkout_id)
            .exclude(voucher_code=None)
            .only("voucher_code", "is_voucher_usage_increased")
            .first()
        )
        if checkout is None or not RedemptionCode.objects.filter(text=checkout.voucher_code):
            return
        if checkout.is_voucher_usage_increased:
            checkout.is_voucher_usage_increased = False
            checkout.save(update_fields=["is_voucher_usage_increased"])
        settle(text=checkout.voucher_code)


def give_back(*, order_id: str, cause: str, at: datetime) -> int:
    """Make the codes of an order that fell usable again, where their program returns codes."""
    returned = codes.give_back(order_id=order_id, cause=cause, at=at)
    for code in returned:
        settle(text=code.text)
    return len(returned)


def restore(*, at: datetime, limit: int = LIMIT) -> int:
    """Make up for what crashes and missed events left behind; returns how many codes that were.

    Codes of orders that fell are given back, and Saleor's note is brought in line: up to *limit*
    codes of each kind.
    """
    fallen = _of_fallen_orders()[:limit]
    given_back = sum(
        give_back(order_id=order_id, cause="order cancelled", at=at) for order_id in fallen
    )
    texts = [*_used_for_nothing()[:limit], *_redeemed_yet_active()[:limit]]
    return given_back + sum(settle(text=text) for text in texts)


def _of_fallen_orders() -> QuerySet[CodeRedemption, str]:
    """Return the orders with standing redemptions that were cancelled, expired or deleted."""
    standing_orders = Order.objects.filter(pk=OuterRef("order_key")).exclude(status__in=FALLEN)
    return (
        CodeRedemption.objects.filter(
            returned_at=None,
            code__batch__kind=CodeBatch.Kind.DISCOUNT,
            code__batch__program__returns_codes=True,
        )
        .exclude(order_id="")
        .annotate(order_key=Cast("order_id", UUIDField()))
        .filter(~Exists(standing_orders))
        .order_by("pk")
        .values_list("order_id", flat=True)
    )


def _used_for_nothing() -> QuerySet[VoucherCode, str]:
    """Return the codes that Saleor counts as used, and that nobody has redeemed."""
    used = VoucherCode.objects.filter(Q(is_active=False) | Q(used__gt=0))
    return _texts(used, _ours().filter(~Exists(_standing())))


def _redeemed_yet_active() -> QuerySet[VoucherCode, str]:
    """Return the redeemed codes of single-use vouchers that Saleor would take again."""
    active = VoucherCode.objects.filter(is_active=True, voucher__single_use=True)
    return _texts(active, _ours().filter(Exists(_standing())))


def _texts(saleors: QuerySet[VoucherCode], ours: QuerySet[RedemptionCode]) -> QuerySet:
    return saleors.filter(Exists(ours)).order_by("code").values_list("code", flat=True)


def _ours() -> QuerySet[RedemptionCode]:
    return RedemptionCode.objects.filter(text=OuterRef("code"), revoked_at=None).order_by()


def _standing() -> QuerySet[CodeRedemption]:
    return CodeRedemption.objects.filter(code=OuterRef("pk"), returned_at=None).order_by()
