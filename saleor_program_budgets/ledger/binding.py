"""Tying holds to the order that they pay for.

A binding moves no money. It is written inside the transaction that creates the order, by locking
the holds' own rows and nothing else, so that it stands or falls with the order and keeps no
shared row busy meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, QuerySet

from saleor_program_budgets.models import Hold

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID


def holds_of_checkout(*, checkout_id: str) -> QuerySet[Hold]:
    """Return the checkout's holds that have something left and belong to no order, by age."""
    return Hold.objects.filter(
        checkout_id=checkout_id, order_id="", amount__gt=F("captured") + F("released")
    ).order_by("created_at", "id")


def holds_of_order(*, order_id: str) -> QuerySet[Hold]:
    """Return all holds bound to the order, by age."""
    return Hold.objects.filter(order_id=order_id).order_by("created_at", "id")


def due_holds(*, at: datetime) -> QuerySet[Hold, UUID]:
    """Return the ids of the holds whose time was up at *at*, the longest overdue first."""
    return (
        Hold.objects.filter(
            expires_at__lte=at, order_id="", amount__gt=F("captured") + F("released")
        )
        .order_by("expires_at", "id")
        .values_list("pk", flat=True)
    )


def lock_usable_holds(*, checkout_id: str, member_id: int, at: datetime) -> list[Hold]:
    """Lock and return the member's holds on the checkout that haven't expired at *at*.

    Until the caller's transaction ends they can neither expire nor be given back.
    """
    return list(
        holds_of_checkout(checkout_id=checkout_id)
        .filter(member_id=member_id, expires_at__gt=at)
        .select_for_update(of=("self",))
    )


def bind(*, holds: Iterable[Hold], order_id: str, at: datetime) -> None:
    """Make *holds*, which the caller has locked, the order's; they no longer expire."""
    Hold.objects.filter(pk__in=[hold.pk for hold in holds]).update(
        order_id=order_id, bound_at=at
    )
