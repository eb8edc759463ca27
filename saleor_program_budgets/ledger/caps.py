"""Caps on accounts: set, raised for a while, lowered. Keyed and atomic, as ``ledger.holds`` is."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    return Cap.objects.get(pk=answer["limit"])


def set_ceiling(
    *, cap: Cap, ceiling: Amount, reason: str, key: str, actor: Actor, at: datetime
) -> Cap:
    """Raise or lower a cap; what is held and spent stands, an overhang is recorded.

    Temporary raises under way come on top until they end. Raises ``InvalidAmount`` below zero,
    and ``CurrencyMismatch`` for another unit than the cap's.
    """
    if ceiling.currency != cap.unit:
        raise errors.CurrencyMismatch(expected=cap.unit, got=ceiling.currency)
    require_ceiling(ceiling)
    call(
        "set_ceiling",
        {
            "limit": cap.pk,
            "ceiling": ceiling.minor,
            "reason": reason,
            **by(key=key, actor=actor, at=at),
        },
    )
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
    passed, ``InvalidAmount`` for nothing, and ``CurrencyMismatch`` for another unit.
    """
    if amount.currency != cap.unit:
        raise errors.CurrencyMismatch(expected=cap.unit, got=amount.currency)
    require_positive(amount)
    if ends_at <= at:
        raise errors.InvalidInput("ends_at", "A temporary raise has to end in the future.")
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
    cap.refresh_from_db()
    return Raise.objects.get(pk=answer["raise"])


def end_due_raises(*, at: datetime) -> int:
    """Record the end of all temporary raises that are over at *at*; returns how many were.

    Purchases don't wait for it: each ends the raises that it meets. Safe to repeat.
    """
    due = Raise.objects.filter(ended_at=None, ends_at__lte=at).order_by("ends_at")
    caps = dict.fromkeys(due.values_list("cap_id", flat=True))
    answers = [call("end_due_raises", {"limit": pk, "at": at.isoformat()}) for pk in caps]
    return sum(answer["count"] for answer in answers)
