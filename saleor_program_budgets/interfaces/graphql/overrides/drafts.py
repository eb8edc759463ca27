"""Draft orders: their codes are judged by their customer, and their budget is held for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import graphene
from django.core.exceptions import ValidationError
from django.utils import timezone
from promise import Promise
from saleor.account.models import User
from saleor.graphql.core.context import SyncWebhookControlContext
from saleor.graphql.order.mutations.draft_order_complete import (
    DraftOrderComplete as CoreDraftOrderComplete,
)
from saleor.graphql.order.mutations.draft_order_create import (
    DraftOrderCreate as CoreDraftOrderCreate,
)
from saleor.graphql.order.mutations.draft_order_update import (
    DraftOrderUpdate as CoreDraftOrderUpdate,
)
from saleor.graphql.order.types import Order
from saleor.order import OrderStatus
from saleor.order import models as order_models
from saleor.order.error_codes import OrderErrorCode

from saleor_program_budgets import errors
from saleor_program_budgets.codes import Caller
from saleor_program_budgets.interfaces import code_gate, gates, promo_codes
from saleor_program_budgets.interfaces.graphql.common import actor_in
from saleor_program_budgets.interfaces.graphql.overrides.base import meta_of
from saleor_program_budgets.models import CodeAttempt, CodeBatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from saleor_program_budgets.interfaces.promo_codes import Entered


class DraftOrderCreate(CoreDraftOrderCreate):
    """Takes a redemption code only for the customer whose it is."""

    Meta = meta_of(CoreDraftOrderCreate)

    @classmethod
    def perform_mutation(cls, root: Any, info: Any, /, **data: Any) -> Any:
        """Judge the code by the customer that the draft is made for."""
        given = data["input"]
        _refuse_voucher_of_codes(given)
        create = super().perform_mutation
        if not given.get("voucher_code"):
            return create(root, info, **data)
        entered = _entered(
            info,
            given["voucher_code"],
            user_id=_customer(given),
            channel_id=_key_of(given.get("channel_id")),
        )
        return _with_code(entered, given, lambda: create(root, info, **data))


class DraftOrderUpdate(CoreDraftOrderUpdate):
    """Takes a redemption code only for the customer whose it is."""

    Meta = meta_of(CoreDraftOrderUpdate)

    @classmethod
    def perform_mutation(cls, root: Any, info: Any, /, **data: Any) -> Any:
        """Judge the code by the customer that the draft has, or is given with it."""
        given = data["input"]
        _refuse_voucher_of_codes(given)
        update = super().perform_mutation
        if not given.get("voucher_code"):
            return update(root, info, **data)
        draft = cls.get_instance(info, **data)
        is_named = given.get("user_email") or "user" in given
        entered = _entered(
            info,
            given["voucher_code"],
            user_id=_customer(given) if is_named else draft.user_id,
            channel_id=str(draft.channel_id),
            order_id=str(draft.pk),
        )
        return _with_code(entered, given, lambda: update(root, info, **data))


class DraftOrderComplete(CoreDraftOrderComplete):
    """Completes a draft only if its customer's budget can be held for it."""

    Meta = meta_of(CoreDraftOrderComplete)

    @classmethod
    def perform_mutation(cls, root: Any, info: Any, /, *, id: str) -> Any:
        """Hold first; the order-creating transaction checks again that it is covered."""
        order = cls.get_node_or_error(
            info, id, only_type=Order, qs=order_models.Order.objects.all()
        )
        cls.check_channel_permissions(info, [order.channel_id])
        if not order.is_draft():
            return super().perform_mutation(root, info, id=id)
        actor = actor_in(info.context)
        with code_gate.asked_by(actor=actor, address=None):
            code_gate.check_draft(order=order, at=timezone.now())
            _refresh_prices(order, info)
            try:
                gates.hold_for_draft(order=order, actor=actor, at=timezone.now())
            except (errors.Refusal, errors.InvalidInput) as error:
                raise ValidationError(
                    {"id": ValidationError(error.message, code=OrderErrorCode.INVALID.value)}
                ) from error
            try:
                return super().perform_mutation(root, info, id=id)
            except Exception:
                # Whatever stopped it: a draft that isn't completed keeps nobody's budget.
                drafts = order_models.Order.objects.filter(status=OrderStatus.DRAFT)
                if drafts.filter(pk=order.pk).exists():
                    gates.give_draft_back(order=order, actor=actor, at=timezone.now())
                raise


def _refresh_prices(order: Any, info: Any) -> None:
    """Let Saleor recompute prices that have expired, as it does first when completing."""
    Promise.resolve(Order.resolve_total(SyncWebhookControlContext(node=order), info)).get()
    # What Saleor's loaders have seen is from before.
    info.context.dataloaders.clear()
    order.refresh_from_db()


def _entered(info: Any, typed: str, *, user_id: int | None, **where: str) -> Entered:
    """Judge a code that staff enter; their own address counts for nobody's tries."""
    caller = Caller(
        user_id=user_id, actor=actor_in(info.context), place=CodeAttempt.Place.DRAFT, **where
    )
    return promo_codes.enter(typed=typed, caller=caller, owner_id=user_id, at=timezone.now())


def _with_code(entered: Entered, given: dict[str, Any], run: Callable[[], Any]) -> Any:
    """Have Saleor take the code that was entered, or refuse one that doesn't exist."""
    given["voucher_code"] = entered.for_saleor
    try:
        return run()
    except ValidationError as error:
        if "voucher_code" in getattr(error, "error_dict", {}):
            promo_codes.record(entered)
        raise


def _customer(given: dict[str, Any]) -> int | None:
    """Return the user that the draft is for, as Saleor reads its input: the address wins."""
    if email := given.get("user_email"):
        users = User.objects.filter(email=email, is_active=True)
        return users.values_list("pk", flat=True).first()
    key = _key_of(given.get("user"))
    return int(key) if key.isdecimal() else None


def _key_of(global_id: str | None) -> str:
    """Return the key in a global id; nothing for what isn't one, which Saleor will refuse."""
    try:
        return graphene.Node.from_global_id(global_id or "")[1]
    except ValueError:
        return ""


def _refuse_voucher_of_codes(given: dict[str, Any]) -> None:
    """Refuse a voucher by its id where Saleor would take any one of its members' codes."""
    key = _key_of(given.get("voucher"))
    if key and CodeBatch.objects.filter(voucher_reference=key).exists():
        message = (
            "The codes of this voucher were issued to members. Enter the customer's own code as "
            "the voucher code."
        )
        code = OrderErrorCode.INVALID_VOUCHER.value
        raise ValidationError({"voucher": ValidationError(message, code=code)})
