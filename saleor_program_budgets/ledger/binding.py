"""Tying holds to the order that they pay for.

A binding moves no money. It is written inside the transaction that creates the order, by locking
the holds' own rows and nothing else, so that it stands or falls with the order and keeps no
shared row busy meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Max, Q, QuerySet

from saleor_program_budgets.models import Hold, Outcome
from saleor_program_budgets.models.holds import REMAINS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID


def is_answered(*, key: str) -> bool:
    """Say whether *key* has an outcome, so that what has changed since matters no more."""
    return Outcome.objects.filter(key=key).exists()


def hold_under(*, key: str) -> Hold | None:
    """Return the hold that the request under *key* led to, if it led to one."""
    outcome = Outcome.objects.filter(key=key, result__has_key="hold").first()
    if outcome is None:
        return None
    return Hold.objects.select_related("member", "cycle").get(pk=outcome.result["hold"])


def holds_of_checkout(*, checkout_id: str) -> QuerySet[Hold]:
    """Return the checkout's holds that have something left and belong to no order, by age."""
    return Hold.objects.filter(REMAINS, checkout_id=checkout_id, order_id="").order_by(
        "created_at", "id"
    )


def holds_of_order(*, order_id: str) -> QuerySet[Hold]:
    """Return all holds bound to the order, by age."""
    return Hold.objects.filter(order_id=order_id).order_by("created_at", "id")


def with_last_posting(holds: QuerySet[Hold]) -> QuerySet[Hold, Any]:
    """Add to each hold, as ``last_posting``, the id of the posting after which it was read."""
    return holds.annotate(last_posting=Max("postings__id"))


def unsettled_orders(*, bound_before: datetime) -> QuerySet[Hold, str]:
    """Return the ids of orders that have held something since before *bound_before*."""
    return (
        Hold.objects.filter(REMAINS, created_at__lt=bound_before)
        .exclude(order_id="")
        .order_by("created_at")
        .values_list("order_id", flat=True)
    )


def due_holds(*, at: datetime) -> QuerySet[Hold, UUID]:
    """Return the ids of the holds whose time was up at *at*, the longest overdue first."""
    return (
        Hold.objects.filter(REMAINS, expires_at__lte=at, order_id="")
        .order_by("expires_at", "id")
        .values_list("pk", flat=True)
    )


def usable_holds(
    *, checkout_id: str, order_id: str, member_id: int, at: datetime
) -> QuerySet[Hold]:
    """Return the member's holds that an order from this checkout may rely on at *at*.

    Those on the checkout that haven't expired, and those that are the order's already (a draft's
    are from the start).
    """
    on_checkout = ~Q(checkout_id="") & Q(checkout_id=checkout_id, order_id="", expires_at__gt=at)
    return Hold.objects.filter(
        REMAINS,
        on_checkout | ~Q(order_id="") & Q(order_id=order_id),
        member_id=member_id,
    ).order_by("created_at", "id")


def lock(holds: QuerySet[Hold]) -> list[Hold]:
    """Lock and return *holds*: until the caller's transaction ends nobody settles them."""
    return list(holds.select_for_update(of=("self",)))


def bind(*, holds: Iterable[Hold], order_id: str, at: datetime) -> None:
    """Make *holds*, which the caller has locked, the order's; they no longer expire."""
    Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(order_id=order_id, bound_at=at)
