"""Refusals: wording them, and turning stored ones back into the errors that callers see."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from saleor_program_budgets.errors import (
    BalanceShort,
    CapReached,
    LedgerInvariant,
    MemberInactive,
    Refusal,
)
from saleor_program_budgets.ledger.database import call
from saleor_program_budgets.ledger.requests import by
from saleor_program_budgets.models import Cap, Refused
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from saleor_program_budgets.ledger.records import Actor
    from saleor_program_budgets.models import Member, Program


def refusal_from(answer: dict[str, Any]) -> Refusal:
    """Build the refusal that *answer*, the outcome of a hold, stands for.

    The same answer always gives the same code, amounts and reset; the wording names the limit as
    it is called now.
    """
    if answer["code"] == MemberInactive.code:
        return MemberInactive()
    resets_at = _instant(answer["resets_at"])
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


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _until(resets_at: datetime | None) -> str:
    return f" It resets on {resets_at:%d %B %Y}." if resets_at else ""


def refuse(
    *,
    refusal: Refusal,
    requested: Amount,
    items: int = 0,
    program: Program,
    member: Member | None,
    user_reference: str,
    channel_id: str = "",
    checkout_id: str = "",
    order_id: str = "",
    key: str,
    actor: Actor,
    at: datetime,
) -> Refusal:
    """Write down a refusal that was decided above the ledger, and make it the answer to *key*.

    Returns the refusal to raise: a retry's is the first one. Raises ``KeyConflict`` when the key
    was used for another purchase. Changes no balance.
    """
    answer = call(
        "refuse_early",
        {
            "code": refusal.code,
            "message": refusal.message,
            "resets_at": refusal.resets_at.isoformat() if refusal.resets_at else None,
            "program": program.pk,
            "membership": member.pk if member else None,
            "user_reference": user_reference,
            "amount": requested.minor,
            "items": items,
            "unit": requested.currency,
            "channel_id": channel_id,
            "checkout_id": checkout_id,
            "order_id": order_id,
            **by(key=key, actor=actor, at=at),
        },
    )
    if "replayed" not in answer:
        return refusal
    return Refusal.again(answer["code"], answer["message"], resets_at=_instant(answer["resets_at"]))


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
    """Write down a refusal without a key, at an order's completion; changes no balance."""
    Refused.objects.create(
        code=code,
        program=program,
        member=member,
        user_reference=user_reference,
        channel_id=channel_id,
        checkout_id=checkout_id,
        order_id=order_id,
        unit=requested.currency if requested is not None else program.currency,
        requested=requested.minor if requested is not None else None,
        available=available.minor if available is not None else None,
        actor=str(actor),
        at=at,
    )
