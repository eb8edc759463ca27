"""The promo-code box: redemption codes are taken there as vouchers and gift cards are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from saleor.core.utils.promo_code import InvalidPromoCode
from saleor.graphql.checkout.mutations import CheckoutAddPromoCode as CoreCheckoutAddPromoCode
from saleor.graphql.checkout.mutations import (
    CheckoutRemovePromoCode as CoreCheckoutRemovePromoCode,
)
from saleor.graphql.checkout.mutations.utils import get_checkout
from saleor.graphql.core.context import SyncWebhookControlContext

from saleor_program_budgets import codes
from saleor_program_budgets.codes import Caller
from saleor_program_budgets.interfaces import promo_codes, voucher_usage
from saleor_program_budgets.interfaces.graphql.common import actor_in
from saleor_program_budgets.interfaces.graphql.overrides.base import meta_of
from saleor_program_budgets.models import CodeAttempt

if TYPE_CHECKING:
    from saleor.checkout.models import Checkout

    from saleor_program_budgets.interfaces.promo_codes import Entered

READ = "program_budgets_checkout"


class _ReadsItsCheckoutOnce:
    """Gives Saleor's mutation the checkout that was read for ours, in place of reading it again."""

    @classmethod
    def read_checkout(cls, info: Any, **which: Any) -> Checkout:
        """Return the mutation's checkout; raises what Saleor raises where there is none."""
        checkout = get_checkout(cls, info, **which)
        setattr(info.context, READ, (which.get("id") or which.get("checkout_id"), checkout))
        return checkout

    @classmethod
    def get_node_or_error(cls, info: Any, node_id: Any, **options: Any) -> Any:
        """Return the checkout just read, once; whatever else is asked for is read."""
        read = getattr(info.context, READ, None)
        setattr(info.context, READ, None)
        if read is not None and read[0] == node_id:
            return read[1]
        return super().get_node_or_error(info, node_id, **options)


class CheckoutAddPromoCode(_ReadsItsCheckoutOnce, CoreCheckoutAddPromoCode):
    """Takes redemption codes from their members; for all others they don't exist."""

    Meta = meta_of(CoreCheckoutAddPromoCode)

    @classmethod
    def perform_mutation(cls, root: Any, info: Any, /, *, promo_code: str, **which: Any) -> Any:
        """Redeem store credit; ask Saleor about everything else, and for what it isn't to take."""
        checkout = cls.read_checkout(info, **which)
        entered = _entered(checkout, info, promo_code)
        if found := entered.credit:
            try:
                codes.redeem_credit(found=found, caller=entered.caller, at=entered.at)
            except codes.CodeRefused as refused:
                entered = entered.refused(refused.reason)
            else:
                return cls.answer(info, checkout)
        ask = partial(super().perform_mutation, root, info, promo_code=entered.for_saleor, **which)
        try:
            return ask()
        except InvalidPromoCode:
            if entered.is_fine and voucher_usage.settle(text=entered.for_saleor):
                # It was counted as used for an order that never was.
                return ask()
            promo_codes.record(entered)
            raise

    @classmethod
    def answer(cls, info: Any, checkout: Checkout) -> Any:
        """Return the checkout, whose shopper has more budget now."""
        # What Saleor's loaders have seen before the grant is no longer true.
        info.context.dataloaders.clear()
        return CoreCheckoutAddPromoCode(checkout=SyncWebhookControlContext(node=checkout))


class CheckoutRemovePromoCode(_ReadsItsCheckoutOnce, CoreCheckoutRemovePromoCode):
    """Removes a redemption code from a checkout that has it; on others it doesn't exist.

    Saleor tells codes that exist from those that don't here, and takes any code of a voucher off
    for any other: with a list of stolen codes one could see which of them are real.
    """

    Meta = meta_of(CoreCheckoutRemovePromoCode)

    @classmethod
    def perform_mutation(
        cls, root: Any, info: Any, /, promo_code: str | None = None, **which: Any
    ) -> Any:
        """Ask Saleor for the checkout's own code, or for one that nobody has."""
        if promo_code and not which.get("promo_code_id"):
            by_key = {name: which.get(name) for name in ("id", "checkout_id", "token")}
            checkout = cls.read_checkout(info, **by_key)
            promo_code = _attached(checkout, promo_code)
        return super().perform_mutation(root, info, promo_code=promo_code, **which)


def _entered(checkout: Checkout, info: Any, typed: str) -> Entered:
    """Judge what was typed: an app acts for the checkout's user, anybody else for themselves."""
    context = info.context
    user_id = checkout.user_id if context.app else context.user and context.user.pk
    caller = Caller(
        user_id=user_id,
        actor=actor_in(context),
        channel_id=str(checkout.channel_id),
        place=CodeAttempt.Place.CHECKOUT,
        address=promo_codes.address_of(context),
        checkout_id=str(checkout.pk),
    )
    return promo_codes.enter(
        typed=typed, caller=caller, owner_id=checkout.user_id, at=timezone.now()
    )


def _attached(checkout: Checkout, typed: str) -> str:
    """Return what Saleor is to take off for what was typed."""
    found = codes.find(text=typed, channel_id=str(checkout.channel_id))
    if found is None:
        return typed if promo_codes.can_be_a_code(typed) else promo_codes.unknown_code()
    if checkout.voucher_code and found.code.text == checkout.voucher_code:
        return checkout.voucher_code
    return promo_codes.unknown_code()
