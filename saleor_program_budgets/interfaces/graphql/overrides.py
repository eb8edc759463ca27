"""Saleor's mutations that make orders without asking any hook, each with a gate in front.

An override is a subclass that calls its parent; in the schema it takes the parent's place.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from promise import Promise
from saleor.channel.models import Channel
from saleor.graphql.core.context import SyncWebhookControlContext
from saleor.graphql.order.bulk_mutations.order_bulk_create import (
    OrderBulkCreate as CoreOrderBulkCreate,
)
from saleor.graphql.order.bulk_mutations.order_bulk_create import (
    OrderBulkCreateResult,
    OrderBulkError,
)
from saleor.graphql.order.mutations.draft_order_complete import (
    DraftOrderComplete as CoreDraftOrderComplete,
)
from saleor.graphql.order.types import Order
from saleor.order import OrderStatus
from saleor.order import models as order_models
from saleor.order.error_codes import OrderBulkCreateErrorCode, OrderErrorCode

from saleor_program_budgets import errors, programs
from saleor_program_budgets.interfaces import gates
from saleor_program_budgets.interfaces.graphql.common import actor_in


class DraftOrderComplete(CoreDraftOrderComplete):
    """Completes a draft only if its customer's budget can be held for it."""

    class Meta:
        name = CoreDraftOrderComplete._meta.name
        description = CoreDraftOrderComplete._meta.description
        doc_category = CoreDraftOrderComplete.doc_category
        permissions = CoreDraftOrderComplete._meta.permissions
        auto_permission_message = False
        auto_webhook_events_message = False
        webhook_events_info = CoreDraftOrderComplete.webhook_events_info
        error_type_class = CoreDraftOrderComplete._meta.error_type_class
        error_type_field = CoreDraftOrderComplete._meta.error_type_field

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
            if order_models.Order.objects.filter(pk=order.pk, status=OrderStatus.DRAFT).exists():
                gates.give_draft_back(order=order, actor=actor, at=timezone.now())
            raise


def _refresh_prices(order: Any, info: Any) -> None:
    """Let Saleor recompute prices that have expired, as it does first when completing."""
    Promise.resolve(Order.resolve_total(SyncWebhookControlContext(node=order), info)).get()
    # What Saleor's loaders have seen is from before.
    info.context.dataloaders.clear()
    order.refresh_from_db()


class OrderBulkCreate(CoreOrderBulkCreate):
    """Creates no orders in program stores: imported orders pass no gate and take no hold."""

    class Meta:
        name = CoreOrderBulkCreate._meta.name
        description = CoreOrderBulkCreate._meta.description
        doc_category = CoreOrderBulkCreate.doc_category
        permissions = CoreOrderBulkCreate._meta.permissions
        auto_permission_message = False
        auto_webhook_events_message = False
        webhook_events_info = CoreOrderBulkCreate.webhook_events_info
        error_type_class = CoreOrderBulkCreate._meta.error_type_class
        error_type_field = CoreOrderBulkCreate._meta.error_type_field
        support_meta_field = CoreOrderBulkCreate._meta.support_meta_field
        support_private_meta_field = CoreOrderBulkCreate._meta.support_private_meta_field

    @classmethod
    def perform_mutation(cls, root: Any, info: Any, /, **data: Any) -> Any:
        """Refuse the whole call if one order is for a program store."""
        slugs = _store_slugs({order["channel"] for order in data["orders"]})
        if not slugs:
            return super().perform_mutation(root, info, **data)
        results = [
            OrderBulkCreateResult(order=None, errors=[_store_error(slug)] if slug in slugs else [])
            for slug in (order["channel"] for order in data["orders"])
        ]
        return CoreOrderBulkCreate(count=0, results=results)


def _store_slugs(slugs: set[str]) -> set[str]:
    """Return those of the channels' slugs that belong to program stores."""
    channels = {
        str(pk): slug
        for pk, slug in Channel.objects.filter(slug__in=slugs).values_list("pk", "slug")
    }
    return {channels[channel_id] for channel_id in programs.find_stores(channel_ids=channels)}


def _store_error(slug: str) -> OrderBulkError:
    return OrderBulkError(
        path="channel",
        message=(
            f"The channel “{slug}” is a program store: its orders are paid from budgets and "
            "can't be imported in bulk. Nothing was created."
        ),
        code=OrderBulkCreateErrorCode.INVALID,
    )
