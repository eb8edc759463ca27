"""What is left of a story: every figure and each posting, by names and times instead of ids."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from saleor_program_budgets.models import Account, Cap, Limit, Lot, Member, Posting, Rollover

if TYPE_CHECKING:
    from collections.abc import Iterable

    from saleor_program_budgets.models import Program


def remains_of(program: Program) -> dict[str, Any]:
    """Return every figure of a program, and each of its postings."""
    people = {
        member.pk: place
        for place, member in enumerate(Member.objects.filter(program=program).order_by("pk"))
    }
    places = {account.pk: account.name for account in Account.objects.all()}
    limits = Limit.objects.filter(member__program=program)
    lots = Lot.objects.filter(limit__member__program=program)
    postings = Posting.objects.filter(program=program)
    return {
        "members": sorted(
            (
                people[limit.member_id],
                limit.unit,
                limit.ceiling,
                limit.held,
                limit.spent,
                str(limit.renews_at),
            )
            for limit in limits
            if limit.member_id
        ),
        "lots": _counted(
            (
                people[lot.limit.member_id],
                lot.unit,
                lot.origin,
                lot.cycle and lot.cycle.number,
                lot.amount,
                lot.held,
                lot.spent,
                lot.lapsed,
                lot.withdrawn,
                lot.moved,
                str(lot.starts_at),
                str(lot.expires_at),
                str(lot.created_at),
            )
            for lot in lots.select_related("limit", "cycle")
            if lot.limit.member_id
        ),
        "rollovers": _counted(
            (
                people[one.limit.member_id],
                one.limit.unit,
                str(one.ends_at),
                one.carry_limit,
                str(one.carry_until),
                one.carried,
                one.lapsed,
                one.cycle and one.cycle.number,
            )
            for one in Rollover.objects.filter(limit__in=limits).select_related("limit", "cycle")
            if one.limit.member_id
        ),
        "caps": _counted(
            (
                places[cap.account_id],
                cap.cycle and cap.cycle.number,
                cap.is_open,
                cap.ceiling,
                cap.held,
                cap.spent,
                cap.overhang,
            )
            for cap in Cap.objects.filter(program=program).select_related("cycle")
        ),
        "cycles": [
            (cycle.number, str(cycle.starts_at), str(cycle.ends_at), str(cycle.closed_at))
            for cycle in program.cycles.order_by("number")
        ],
        "postings": _counted(
            (
                one.kind,
                one.unit,
                one.amount,
                one.items,
                one.cycle and one.cycle.number,
                people.get(one.member_id),
                places.get(one.account_id),
                str(one.at),
            )
            for one in postings.select_related("cycle")
        ),
    }


def _counted(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[Any, ...], int]:
    return dict(Counter(rows))
