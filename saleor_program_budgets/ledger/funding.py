"""Value that enters a member's lots, or is taken back. Keyed and atomic, as ``ledger.holds`` is."""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING, Any

from django.db import connections, router

from saleor_program_budgets import errors
from saleor_program_budgets.ledger.database import call
from saleor_program_budgets.ledger.records import Correction, Granted
from saleor_program_budgets.ledger.requests import by, require_positive
from saleor_program_budgets.models import Limit, Lot
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger.database import Function
    from saleor_program_budgets.ledger.records import Actor
    from saleor_program_budgets.models import Cycle, Member, Program

MEMBER_RANK = 0
LIMITS_AT_ONCE = 5_000

OPEN_LIMITS = """
INSERT INTO program_budgets_limit
    (kind, program_id, member_id, unit, lock_rank, ceiling, held, spent, overhang, is_open,
     share, spread, takes_new, renews_at)
SELECT 'member', %s, budget.member_id, %s, %s, 0, 0, 0, 0, true, 0, 1, true, budget.renews_at
    FROM unnest(%s::bigint[], %s::timestamptz[]) budget (member_id, renews_at)
    ON CONFLICT DO NOTHING
"""


def open_member_limits(
    *,
    program: Program,
    members: Iterable[int],
    unit: str,
    renews_at: Mapping[int, datetime] | None = None,
) -> None:
    """Give each member (by id) of *program* an empty limit in *unit*; who has one keeps it.

    *renews_at* says by member id when the period that they begin in ends.
    """
    ends = renews_at or {}
    with connections[router.db_for_write(Limit)].cursor() as cursor:
        for part in batched(members, LIMITS_AT_ONCE):
            due = [ends.get(member_id) for member_id in part]
            cursor.execute(OPEN_LIMITS, [program.pk, unit, MEMBER_RANK, list(part), due])


def grant(
    *,
    members: Sequence[int],
    amount: Amount,
    origin: Lot.Origin,
    cycle: Cycle | None,
    starts_at: datetime | None = None,
    expires_at: datetime | None,
    reason: str,
    key: str,
    actor: Actor,
    at: datetime,
) -> Granted:
    """Give every member (by id) one new lot of *amount*.

    An allotment is given once per member and *starts_at*, the beginning of the period it is for
    (by default the cycle's), whatever the key. Raises ``InvalidAmount``
    for zero, negative or excessive amounts.
    """
    answer = _grant(
        members,
        amount,
        origin,
        cycle=cycle,
        starts_at=starts_at,
        expires_at=expires_at,
        reason=reason,
        who=by(key=key, actor=actor, at=at),
    )
    total = Amount(answer["total"], amount.currency)
    return Granted(answer["count"], total, "replayed" in answer)


def adjust(
    *,
    member: Member,
    amount: Amount,
    cycle: Cycle | None,
    expires_at: datetime | None,
    reason: str,
    key: str,
    actor: Actor,
    at: datetime,
) -> Correction:
    """Correct a member's budget by *amount*, for a stated *reason*.

    A positive amount is a new lot that lapses at *expires_at*; a negative one is taken from the
    lots that would be consumed next. Raises ``NotAvailable`` when more is to be taken than is
    neither held nor spent, and ``InvalidAmount`` for zero.
    """
    who = by(key=key, actor=actor, at=at)
    if amount.minor < 0:
        less = Amount(-amount.minor, amount.currency)
        require_positive(less)
        return _withdraw(
            "adjustment",
            member,
            less,
            unit=amount.currency,
            cycle=cycle,
            reason=reason,
            who=who,
        )
    answer = _grant(
        [member.pk],
        amount,
        Lot.Origin.ADJUSTMENT,
        cycle=cycle,
        expires_at=expires_at,
        reason=reason,
        who=who,
    )
    return Correction(answer["posting"], amount, "replayed" in answer)


def claw_back(
    *,
    member: Member,
    unit: str,
    cycle: Cycle | None,
    reason: str,
    key: str,
    actor: Actor,
    at: datetime,
) -> Correction:
    """Take back all that a leaver has available in *unit*; what is held or spent stands."""
    who = by(key=key, actor=actor, at=at)
    return _withdraw("clawback", member, None, unit=unit, cycle=cycle, reason=reason, who=who)


def adjustment_request(
    *, member_id: int, amount: Amount, reason: str, key: str
) -> tuple[Function, dict[str, Any]]:
    """Return what ``adjust`` asks, and of which function: a repetition has to ask for the same."""
    said = {"reason": reason, "key": key}
    size = Amount(abs(amount.minor), amount.currency)
    require_positive(size)
    if amount.minor < 0:
        return "withdraw", _withdrawal("adjustment", member_id, size, size.currency) | said
    return "grant", _granting([member_id], size, Lot.Origin.ADJUSTMENT) | said


def adjusted(answer: Mapping[str, Any], *, amount: Amount) -> Correction:
    """Return what the database answered to an adjustment by *amount*; raises as ``adjust`` does."""
    if amount.minor < 0:
        return _withdrawn(answer, Amount(-amount.minor, amount.currency), amount.currency)
    _require_members(answer, amount.currency)
    return Correction(answer["posting"], amount, "replayed" in answer)


def _granting(
    members: Sequence[int], amount: Amount, origin: Lot.Origin, *, begins: datetime | None = None
) -> dict[str, Any]:
    return {
        "members": sorted(set(members)),
        "unit": amount.currency,
        "amount": amount.minor,
        "origin": origin.value,
        "starts_at": begins.isoformat() if begins else None,
    }


def _grant(
    members: Sequence[int],
    amount: Amount,
    origin: Lot.Origin,
    *,
    cycle: Cycle | None,
    starts_at: datetime | None = None,
    expires_at: datetime | None,
    reason: str,
    who: dict[str, Any],
) -> dict[str, Any]:
    require_positive(amount)
    begins = starts_at
    if origin == Lot.Origin.ALLOTMENT and begins is None and cycle is not None:
        begins = cycle.starts_at
    answer = call(
        "grant",
        {
            **_granting(members, amount, origin, begins=begins),
            "cycle": cycle.pk if cycle else None,
            "expires_at": expires_at.isoformat() if expires_at else None,
            "reason": reason,
            **who,
        },
    )
    _require_members(answer, amount.currency)
    return answer


def _require_members(answer: Mapping[str, Any], unit: str) -> None:
    if answer["status"] == "unknown_member":
        raise errors.NotFound("members", f"Not all of them have a budget in {unit}.")


def _withdrawal(kind: str, member_id: int, amount: Amount | None, unit: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "member": member_id,
        "unit": unit,
        "amount": amount.minor if amount else None,
    }


def _withdraw(
    kind: str,
    member: Member,
    amount: Amount | None,
    *,
    unit: str,
    cycle: Cycle | None,
    reason: str,
    who: dict[str, Any],
) -> Correction:
    answer = call(
        "withdraw",
        {
            **_withdrawal(kind, member.pk, amount, unit),
            "cycle": cycle.pk if cycle else None,
            "reason": reason,
            **who,
        },
    )
    return _withdrawn(answer, amount, unit)


def _withdrawn(answer: Mapping[str, Any], amount: Amount | None, unit: str) -> Correction:
    if answer["status"] == "unknown_member":
        raise errors.NotFound("member", f"The member has no budget in {unit}.")
    if answer["status"] == "not_available":
        raise errors.NotAvailable(
            requested=amount or Amount(0, unit), available=Amount(answer["available"], unit)
        )
    taken = Amount(-answer["amount"], unit)
    return Correction(answer["posting"], taken, "replayed" in answer)
