"""Caps on accounts: set, raised for a while, lowered. Keyed and atomic, as ``ledger.holds`` is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saleor_program_budgets import errors
from saleor_program_budgets.ledger.database import call
from saleor_program_budgets.ledger.requests import by, require_ceiling, require_positive
from saleor_program_budgets.models import Cap, Raise

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.ledger.records import Actor
    from saleor_program_budgets.models import Account, Cycle, Program
    from saleor_program_budgets.money import Amount

CAP_RANK_AT_ROOT = 1_000_000
"""Caps are locked from the leaves up; an account at depth d ranks this much minus d."""


def set_cap(
    *,
    account: Account,
    depth: int,
    program: Program | None,
    cycle: Cycle | None,
    ceiling: Amount,
    reason: str,
    key: str,
    actor: Actor,
    at: datetime,
) -> Cap:
    """Give *account*, which lies *depth* below its root, a cap for a cycle or for all programs.

    A new cap counts what the cycle has used under the account already. A cap that exists gets
    the new ceiling, as by ``set_ceiling``.
    """
    require_ceiling(ceiling)
    answer = call(
        "set_cap",
        {
            "account": account.pk,
            "program": program.pk if program else None,
            "cycle": cycle.pk if cycle else None,
            "unit": ceiling.currency,
            "lock_rank": CAP_RANK_AT_ROOT - depth,
            "ceiling": ceiling.minor,
            "reason": reason,
            **by(key=key, actor=actor, at=at),
        },
    )
    _require_open(answer)
    return Cap.objects.get(pk=answer["limit"])


def set_ceiling(
    *, cap: Cap, ceiling: Amount, reason: str, key: str, actor: Actor, at: datetime
) -> Cap:
    """Raise or lower a cap; what is held and spent stands, an overhang is recorded.

    Temporary raises under way come on top until they end. Raises ``InvalidAmount`` below zero,
    ``CurrencyMismatch`` for another unit than the cap's, and ``InvalidInput`` when it is closed.
    """
    if ceiling.currency != cap.unit:
        raise errors.CurrencyMismatch(expected=cap.unit, got=ceiling.currency)
    require_ceiling(ceiling)
    answer = call(
        "set_ceiling",
        {
            "limit": cap.pk,
            "ceiling": ceiling.minor,
            "reason": reason,
            **by(key=key, actor=actor, at=at),
        },
    )
    _require_open(answer)
    cap.refresh_from_db()
    return cap


def raise_cap(
    *,
    cap: Cap,
    amount: Amount,
    ends_at: datetime,
    reason: str,
    key: str,
    actor: Actor,
    at: datetime,
) -> Raise:
    """Raise a cap by *amount* until *ends_at*, when it ends by itself.

    No purchase from that instant on relies on it, whether or not a job has run. What was used
    above the ceiling by then stands as an overhang. Raises ``InvalidInput`` for an end that has
    passed or a closed cap, ``InvalidAmount`` for nothing, ``CurrencyMismatch`` for another unit.
    """
    if amount.currency != cap.unit:
        raise errors.CurrencyMismatch(expected=cap.unit, got=amount.currency)
    require_positive(amount)
    answer = call(
        "raise_cap",
        {
            "limit": cap.pk,
            "amount": amount.minor,
            "ends_at": ends_at.isoformat(),
            "reason": reason,
            **by(key=key, actor=actor, at=at),
        },
    )
    _require_open(answer)
    if answer["status"] == "over":
        raise errors.InvalidInput("ends_at", "A temporary raise has to end in the future.")
    cap.refresh_from_db()
    return Raise.objects.get(pk=answer["raise"])


def end_due_raises(*, program: Program | None = None, at: datetime) -> int:
    """Record the end of temporary raises that are over at *at*; returns how many were.

    Of all programs, or of one. Purchases don't wait for it: each ends the raises that it meets.
    Safe to repeat.
    """
    due = Raise.objects.filter(ended_at=None, ends_at__lte=at).order_by("ends_at")
    if program is not None:
        due = due.filter(cap__program=program)
    caps = dict.fromkeys(due.values_list("cap_id", flat=True))
    answers = [call("end_due_raises", {"limit": pk, "at": at.isoformat()}) for pk in caps]
    return sum(answer["count"] for answer in answers)


def _require_open(answer: dict[str, Any]) -> None:
    if answer["status"] == "unknown":
        raise errors.NotFound("cap", "There is no such cap.")
    if answer["status"] == "closed":
        raise errors.InvalidInput("cap", "The cap's cycle is closed.")
