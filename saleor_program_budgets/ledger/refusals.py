"""Refusals: wording them, and turning stored ones back into the errors that callers see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saleor_program_budgets.errors import (
    BalanceShort,
    CapReached,
    LedgerInvariant,
    MemberInactive,
    Refusal,
)
from saleor_program_budgets.models import Cap, Refused
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.ledger.records import Actor
    from saleor_program_budgets.models import Member, Program


def refusal_from(answer: dict[str, Any], *, resets_at: datetime | None) -> Refusal:
    """Build the refusal that *answer*, the outcome of a hold, stands for.

    The same answer always gives the same code and amounts; the wording comes from the limit as
    it is now. *resets_at* is the end of the cycle that the purchase fell into.
    """
    if answer["code"] == MemberInactive.code:
        return MemberInactive()
    requested = Amount(answer["requested"], answer["unit"])
    available = Amount(answer["available"], answer["unit"])
    if answer["code"] == BalanceShort.code:
        return balance_short(requested=requested, available=available, resets_at=resets_at)
    if answer["code"] == CapReached.code:
        cap = Cap.objects.select_related("account").get(pk=answer["limit"])
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
    *, cap: Cap, requested: Amount, available: Amount, resets_at: datetime | None
) -> CapReached:
    """Word the refusal of a purchase that a cap above the member leaves too little for.

    ``available`` is what this member could still spend under the cap. A cap without a cycle
    doesn't reset with the program's.
    """
    shortfall = requested - available
    resets_at = resets_at if cap.cycle_id else None
    return CapReached(
        f"The shared budget of {cap.account.name} is short by {shortfall}: this needs {requested}."
        f"{_until(resets_at)} Ask an administrator to raise it.",
        requested=requested,
        available=available,
        shortfall=shortfall,
        resets_at=resets_at,
        limit_id=cap.pk,
    )


def _until(resets_at: datetime | None) -> str:
    return f" It resets on {resets_at:%d %B %Y}." if resets_at else ""


def record_refusal(
    *,
    code: str,
    requested: Amount | None,
    available: Amount | None,
    program: Program,
    member: Member | None,
    user_reference: str,
    channel_id: str = "",
    checkout_id: str = "",
    order_id: str = "",
    actor: Actor,
    at: datetime,
) -> None:
    """Write down a refusal that was decided above the ledger; changes no balance."""
    Refused.objects.create(
        code=code,
        program=program,
        member=member,
        user_reference=user_reference,
        channel_id=channel_id,
        checkout_id=checkout_id,
        order_id=order_id,
        unit=program.currency,
        requested=requested.minor if requested is not None else None,
        available=available.minor if available is not None else None,
        actor=str(actor),
        at=at,
    )
