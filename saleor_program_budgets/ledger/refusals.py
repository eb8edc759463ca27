"""Turning the ledger's stored refusals back into the errors that callers see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saleor_program_budgets.errors import (
    BalanceShort,
    CapReached,
    LedgerInvariant,
    MemberInactive,
    Refusal,
)
from saleor_program_budgets.models import Limit
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from datetime import datetime


def refusal_from(answer: dict[str, Any], *, currency: str, resets_at: datetime | None) -> Refusal:
    """Build the refusal that *answer*, the outcome of a hold, stands for.

    The same answer always gives the same code and amounts; the wording comes from the limit as
    it is now. *resets_at* is the end of the cycle that the purchase fell into.
    """
    if answer["code"] == MemberInactive.code:
        return MemberInactive()
    requested = Amount(answer["requested"], currency)
    available = Amount(answer["available"], currency)
    if answer["code"] == BalanceShort.code:
        return balance_short(requested=requested, available=available, resets_at=resets_at)
    if answer["code"] == CapReached.code:
        cap = Limit.objects.select_related("account").get(pk=answer["limit"])
        return cap_reached(cap=cap, requested=requested, available=available, resets_at=resets_at)
    raise LedgerInvariant(f"unknown refusal {answer['code']}")


def balance_short(
    *, requested: Amount, available: Amount, resets_at: datetime | None
) -> BalanceShort:
    """Word the refusal of a purchase that the member's own balance can't carry."""
    shortfall = requested - available
    return BalanceShort(
        f"Your budget is short by {shortfall}: this needs {requested}, "
        f"and you have {available} left.{_until(resets_at)}",
        requested=requested,
        available=available,
        shortfall=shortfall,
        resets_at=resets_at,
    )


def cap_reached(
    *, cap: Limit, requested: Amount, available: Amount, resets_at: datetime | None
) -> CapReached:
    """Word the refusal of a purchase that a cap above the member leaves too little for.

    ``available`` is what this member could still spend under the cap. A cap without a cycle
    doesn't reset with the program's.
    """
    shortfall = requested - available
    resets_at = resets_at if cap.cycle_id else None
    name = cap.account.name if cap.account else "your account"
    return CapReached(
        f"The shared budget of {name} is short by {shortfall}: this needs {requested}."
        f"{_until(resets_at)} Ask an administrator to raise it.",
        requested=requested,
        available=available,
        shortfall=shortfall,
        resets_at=resets_at,
        limit_id=cap.pk,
    )


def _until(resets_at: datetime | None) -> str:
    return f" It resets on {resets_at:%d %B %Y}." if resets_at else ""
