"""Reads. None takes a lock, and none grows with history: figures come from lots and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F, Q, Sum

from saleor_program_budgets.models import Limit, Lot

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saleor_program_budgets.models import Cycle


@dataclass(frozen=True, slots=True)
class Balance:
    """A member's figures in minor units; ``granted = available + held + spent + lapsed``."""

    granted: int = 0
    available: int = 0
    held: int = 0
    spent: int = 0
    lapsed: int = 0


def balances(
    *,
    members: Iterable[int],
    cycle: Cycle | None,
    at: datetime,
    using: str | None = None,
) -> dict[int, Balance]:
    """Return each member's balance at *at*, by member id: lots of *cycle* or still usable.

    A lot that has lapsed counts as lapsed from that instant, whether or not a job has recorded
    it. Members without a lot are absent.
    """
    is_usable = Q(expires_at=None) | Q(expires_at__gt=at)
    left = F("amount") - F("held") - F("spent") - F("removed")
    rows = (
        Lot.objects.using(using)
        .filter(is_usable | Q(cycle=cycle), limit__member_id__in=members)
        .values("limit__member_id")
        .annotate(
            total=Sum("amount"),
            usable=Sum(left, filter=is_usable, default=0),
            reserved=Sum("held"),
            used=Sum("spent"),
            taken=Sum("removed") + Sum(left, filter=~is_usable, default=0),
        )
        .order_by()
        .values_list("limit__member_id", "total", "usable", "reserved", "used", "taken")
    )
    return {member_id: Balance(*figures) for member_id, *figures in rows}


def caps_over(*, account_id: int, cycle: Cycle, unit: str, using: str | None = None) -> list[Limit]:
    """Return the caps that a purchase under *account_id* meets, nearest account first."""
    return list(
        Limit.objects.using(using).raw(
            "SELECT budget.* FROM program_budgets_caps(%s, %s, %s, %s) cap"
            " JOIN program_budgets_limit budget ON budget.id = cap.limit_id"
            " ORDER BY cap.distance, budget.id",
            [account_id, cycle.program_id, cycle.pk, unit],
        )
    )
