"""Reads. None takes a lock, and none grows with history: figures come from lots and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F, Q, Sum

from saleor_program_budgets.models import Cap, Lot

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
    left = F("amount") - F("held") - F("spent") - F("lapsed") - F("withdrawn") - F("moved")
    rows = (
        Lot.objects.using(using)
        .filter(is_usable | Q(cycle=cycle), limit__member_id__in=members)
        .values("limit__member_id")
        .annotate(
            total=Sum("amount"),
            usable=Sum(left, filter=is_usable, default=0),
            reserved=Sum("held"),
            used=Sum("spent"),
            taken=Sum(F("lapsed") + F("withdrawn") + F("moved"))
            + Sum(left, filter=~is_usable, default=0),
        )
        .order_by()
        .values_list("limit__member_id", "total", "usable", "reserved", "used", "taken")
    )
    return {member_id: Balance(*figures) for member_id, *figures in rows}


def caps_over(
    *, account_id: int, cycle: Cycle, unit: str, at: datetime, using: str | None = None
) -> list[Cap]:
    """Return the caps that a purchase under *account_id* meets at *at*, nearest account first.

    A temporary raise that is over counts no more, whether or not a job has recorded its end.
    """
    return list(
        Cap.objects.using(using).raw(
            "SELECT cap.id, cap.program_id, cap.cycle_id, cap.account_id, cap.unit, cap.is_open,"
            " cap.lock_rank, cap.ceiling - coalesce(ended.amount, 0) AS ceiling, cap.held,"
            " cap.spent, cap.overhang, cap.raised - coalesce(ended.amount, 0) AS raised,"
            " cap.raise_ends_at"
            " FROM program_budgets_caps(%s, %s, %s, %s) met"
            " JOIN program_budgets_cap cap ON cap.id = met.cap_id"
            " LEFT JOIN LATERAL (SELECT sum(amount)::bigint AS amount FROM program_budgets_raise"
            "  WHERE cap_id = cap.id AND ended_at IS NULL AND ends_at <= %s) ended ON true"
            " ORDER BY met.distance, cap.id",
            [account_id, cycle.program_id, cycle.pk, [unit], at],
        )
    )
