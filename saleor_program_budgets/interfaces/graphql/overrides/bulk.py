"""Orders imported in bulk: they pass no gate, so none is made that would need one."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from saleor.channel.models import Channel
from saleor.graphql.order.bulk_mutations.order_bulk_create import (
    OrderBulkCreate as CoreOrderBulkCreate,
)
from saleor.graphql.order.bulk_mutations.order_bulk_create import (
    OrderBulkCreateResult,
    OrderBulkError,
)
from saleor.order.error_codes import OrderBulkCreateErrorCode

from saleor_program_budgets import codes, programs
from saleor_program_budgets.codes import Caller
from saleor_program_budgets.interfaces import promo_codes
from saleor_program_budgets.interfaces.graphql.common import actor_in
from saleor_program_budgets.interfaces.graphql.overrides.base import meta_of
from saleor_program_budgets.models import CodeAttempt, RedemptionCode


class OrderBulkCreate(CoreOrderBulkCreate):
    """Creates no orders in program stores, and none with a redemption code.

    Imported orders pass no gate: they take no hold and redeem nothing.
    """

    Meta = meta_of(CoreOrderBulkCreate)

    @classmethod
    def perform_mutation(cls, root: Any, info: Any, /, **data: Any) -> Any:
        """Refuse the whole call if one order needs a gate."""
        orders = data["orders"]
        slugs = _store_slugs({order["channel"] for order in orders})
        texts = _texts_of_members(order.get("voucher_code") for order in orders)
        if not slugs and not texts:
            return super().perform_mutation(root, info, **data)
        _record(texts, info)
        results = [
            OrderBulkCreateResult(order=None, errors=_errors(order, slugs, texts))
            for order in orders
        ]
        return CoreOrderBulkCreate(count=0, results=results)


def _store_slugs(slugs: set[str]) -> set[str]:
    """Return those of the channels' slugs that belong to program stores."""
    channels = {
        str(pk): slug
        for pk, slug in Channel.objects.filter(slug__in=slugs).values_list("pk", "slug")
    }
    return {channels[channel_id] for channel_id in programs.find_stores(channel_ids=channels)}


def _texts_of_members(given: Any) -> set[str]:
    """Return those of the voucher codes that are redemption codes; Saleor takes no other form."""
    texts = {text for text in given if text and promo_codes.can_be_a_code(text)}
    if not texts:
        return set()
    return set(RedemptionCode.objects.filter(text__in=texts).values_list("text", flat=True))


def _record(texts: set[str], info: Any) -> None:
    """Write the tries down: whoever an import says it is for, no member has entered their code."""
    for text in sorted(texts):
        codes.record_refused(
            text=text,
            found=codes.find(text=text, channel_id=""),
            reason=CodeAttempt.Reason.ANONYMOUS,
            caller=Caller(
                user_id=None,
                actor=actor_in(info.context),
                channel_id="",
                place=CodeAttempt.Place.BULK,
            ),
            at=timezone.now(),
        )


def _errors(order: Any, slugs: set[str], texts: set[str]) -> list[OrderBulkError]:
    errors = []
    if order["channel"] in slugs:
        errors.append(_store_error(order["channel"]))
    if order.get("voucher_code") in texts:
        errors.append(_code_error(order["voucher_code"]))
    return errors


def _store_error(slug: str) -> OrderBulkError:
    return OrderBulkError(
        path="channel",
        message=(
            f"The channel “{slug}” is a program store: its orders are paid from budgets and "
            "can't be imported in bulk. Nothing was created."
        ),
        code=OrderBulkCreateErrorCode.INVALID,
    )


def _code_error(text: str) -> OrderBulkError:
    return OrderBulkError(
        path="voucher_code",
        message=(
            f"“{text}” was issued to a member, who alone redeems it: it can't be imported with an "
            "order. Nothing was created."
        ),
        code=OrderBulkCreateErrorCode.INVALID,
    )
