"""Making an order of a checkout: what Saleor leaves behind where that fails is taken back."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import graphene
from saleor.checkout.models import Checkout
from saleor.graphql.checkout.mutations import CheckoutComplete as CoreCheckoutComplete
from saleor.graphql.checkout.mutations import (
    OrderCreateFromCheckout as CoreOrderCreateFromCheckout,
)
from saleor.payment import gateway
from saleor.plugins.manager import get_plugins_manager

from saleor_program_budgets.interfaces import code_gate, promo_codes, voucher_usage
from saleor_program_budgets.interfaces.graphql.common import actor_in
from saleor_program_budgets.interfaces.graphql.overrides.base import meta_of

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)


class CheckoutComplete(CoreCheckoutComplete):
    """Completes a checkout; where that fails, its redemption code can be used again."""

    Meta = meta_of(CoreCheckoutComplete)

    @classmethod
    def perform_mutation(cls, root: Any, info: Any, /, **data: Any) -> Any:
        """Tell the gates who asks, and clean up after them and after Saleor."""
        global_id = data.get("id") or data.get("checkout_id")
        with _completing(info, global_id, token=data.get("token"), charges=True):
            return super().perform_mutation(root, info, **data)


class OrderCreateFromCheckout(CoreOrderCreateFromCheckout):
    """Makes an order of a checkout; where that fails, its redemption code can be used again."""

    Meta = meta_of(CoreOrderCreateFromCheckout)

    @classmethod
    def perform_mutation(cls, root: Any, info: Any, /, **data: Any) -> Any:
        """Tell the gates who asks, and clean up after them and after Saleor."""
        with _completing(info, data["id"]):
            return super().perform_mutation(root, info, **data)


@contextmanager
def _completing(
    info: Any, global_id: str | None, *, token: Any = None, charges: bool = False
) -> Iterator[None]:
    """Let gates know who asks; after a failure, whatever it was, undo what Saleor doesn't.

    *charges* says of a mutation that it takes legacy payments before it makes the order.
    """
    actor, address = actor_in(info.context), promo_codes.address_of(info.context)
    try:
        with code_gate.asked_by(actor=actor, address=address):
            yield
    except Exception as error:
        checkout_id = str(token) if token else _key_of(global_id)
        if checkout_id:
            is_charged = charges and isinstance(error, code_gate.OrderRefused)
            _clean_up(checkout_id, is_charged=is_charged)
        raise


def _key_of(global_id: str | None) -> str:
    """Return the checkout's key; nothing for what isn't the id of one."""
    try:
        type_name, key = graphene.Node.from_global_id(global_id or "")
        return str(UUID(key)) if type_name == "Checkout" else ""
    except ValueError:
        return ""


def _clean_up(checkout_id: str, *, is_charged: bool) -> None:
    """Release the code, and the payment of an order that a gate refused after it was charged.

    The shopper is told the first error in any case; the restoring job makes up for the code.
    """
    try:
        voucher_usage.release(checkout_id=checkout_id)
        if is_charged:
            _pay_back(checkout_id)
    except Exception:
        logger.exception("Checkout %s failed, and what it used could not be released", checkout_id)


def _pay_back(checkout_id: str) -> None:
    """Refund or void a legacy payment, as Saleor does itself where the order is short of stock."""
    checkout = Checkout.objects.select_related("channel").filter(pk=checkout_id).first()
    payment = checkout.get_last_active_payment() if checkout else None
    if payment is not None:
        manager = get_plugins_manager(allow_replica=False)
        gateway.payment_refund_or_void(payment, manager, channel_slug=checkout.channel.slug)
