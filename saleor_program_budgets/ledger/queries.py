"""Reads. None takes a lock, and none grows with history: figures come from lots and limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q, Sum

from saleor_program_budgets.models import Cap, Limit, Lot
from saleor_program_budgets.money import ITEM

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saleor_program_budgets.models import Cycle


@dataclass(frozen=True, slots=True)
class Balance:
    """A member's figures; ``granted = available + held + spent + lapsed + withdrawn``.

    In minor units, or in pieces. What a refund moved from a lapsed lot to a new one was granted
    once.
    """

    granted: int = 0
    available: int = 0
    held: int = 0
    spent: int = 0
    lapsed: int = 0
    withdrawn: int = 0


def balances(
    *,
    members: Iterable[int],
    cycle: Cycle | None,
    at: datetime,
    in_items: bool = False,
    using: str | None = None,
) -> dict[int, Balance]:
    """Return each member's balance at *at*, by member id: lots of *cycle* or still usable.

    The balance is in money; *in_items* asks for the kit budget beside it.

    A lot that has lapsed counts as lapsed from that instant, whether or not a job has recorded
    it. Members without a lot are absent.
    """
    is_usable = Q(expires_at=None) | Q(expires_at__gt=at)
    rows = (
        Lot.objects.using(using)
        .filter(
            is_usable | Q(cycle=cycle),
            Q(unit=ITEM) if in_items else ~Q(unit=ITEM),
            limit__member_id__in=members,
        )
        .values("limit__member_id")
        .annotate(**_sums(at))
        .order_by()
        .values_list("limit__member_id", *_sums(at))
    )
    return {member_id: Balance(*figures) for member_id, *figures in rows}


def cycle_figures(
    *, cycle: Cycle, at: datetime, in_items: bool = False, using: str | None = None
) -> Balance:
    """Return what all members together were granted for *cycle*, and what became of it by *at*.

    One query over the cycle's lots; it never reads the journal.
    """
    units = Q(unit=ITEM) if in_items else ~Q(unit=ITEM)
    figures = Lot.objects.using(using).filter(units, cycle=cycle).aggregate(**_sums(at))
    return Balance(*figures.values())


def limits_on(*, account_id: int, using: str | None = None) -> list[int]:
    """Return the ids of the rows that all caps on an account consist of.

    What is asked about an account's entries names them: a planner who sees the ids knows whether
    they are in most entries or in few, and one who sees a join doesn't (docs/benchmarks.md).
    """
    limits = Limit.objects.using(using).filter(account_id=account_id)
    return list(limits.order_by("pk").values_list("pk", flat=True))


def _sums(at: datetime) -> dict[str, Any]:
    """Return the sums that a balance consists of, in its order."""
    is_usable = Q(expires_at=None) | Q(expires_at__gt=at)
    left = F("amount") - F("held") - F("spent") - F("lapsed") - F("withdrawn") - F("moved")
    return {
        "total": Sum(F("amount") - F("moved"), default=0),
        "usable": Sum(left, filter=is_usable, default=0),
        "reserved": Sum("held", default=0),
        "used": Sum("spent", default=0),
        "gone": Sum("lapsed", default=0) + Sum(left, filter=~is_usable, default=0),
        "taken": Sum("withdrawn", default=0),
    }


def caps_over(
    *, account_id: int, cycle: Cycle, unit: str, at: datetime, using: str | None = None
) -> list[Cap]:
    """Return the caps that a purchase under *account_id* meets at *at*, nearest account first.

    A temporary raise that is over counts no more, whether or not a job has recorded its end.
    """
    return list(
        Cap.objects.using(using).raw(
            "SELECT cap.* FROM program_budgets_caps(%s, %s, %s, %s) met"
            " JOIN program_budgets_caps_at(%s) cap ON cap.id = met.cap_id"
            " ORDER BY met.distance, cap.id",
            [account_id, cycle.program_id, cycle.pk, [unit], at],
        )
    )


def caps_on(*, accounts: Iterable[int], at: datetime, using: str | None = None) -> list[Cap]:
    """Return the open caps on these accounts (ids) as they stand at *at*, in one query."""
    return list(
        Cap.objects.using(using).raw(
            "SELECT * FROM program_budgets_caps_at(%s)"
            " WHERE account_id = ANY(%s) AND is_open ORDER BY id",
            [at, list(accounts)],
        )
    )
