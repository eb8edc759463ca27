"""Operations: each is one atomic posting, keyed, and safe to repeat.

All take ``at``, the instant the caller decided on, and ``key``; a repeated call with the same
key returns the first outcome, refusals included, and a different call under it raises
``KeyConflict``. None may run inside another transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from saleor_program_budgets import errors
from saleor_program_budgets.ledger.database import call
from saleor_program_budgets.ledger.records import Actor, Granted, Held, Settlement
from saleor_program_budgets.ledger.refusals import refusal_from
from saleor_program_budgets.models import (
    Account,
    Cycle,
    Limit,
    Lot,
    Member,
    Program,
    Refused,
)
from saleor_program_budgets.money import LARGEST_MINOR, Amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

MEMBER_RANK = 0
CAP_RANK_AT_ROOT = 1_000_000
"""Caps are locked from the leaves up; an account at depth d ranks this much minus d."""


def open_member_limits(*, members: Iterable[Member], unit: str) -> None:
    """Give each member an empty limit in *unit*; who has one keeps it."""
    Limit.objects.bulk_create(
        [
            Limit(
                kind=Limit.Kind.MEMBER,
                program_id=member.program_id,
                member=member,
                unit=unit,
                lock_rank=MEMBER_RANK,
            )
            for member in members
        ],
        ignore_conflicts=True,
        batch_size=5_000,
    )


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
) -> Limit:
    """Give *account*, which lies *depth* below its root, a cap for a cycle or for all programs.

    A new cap counts what the cycle has used under the account already. A cap that exists gets
    the new ceiling, as by ``set_ceiling``.
    """
    _require_ceiling(ceiling)
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
            "key": key,
            "actor": str(actor),
            "at": at.isoformat(),
        },
    )
    return Limit.objects.get(pk=answer["limit"])


def grant(
    *,
    members: Sequence[int],
    amount: Amount,
    origin: Lot.Origin,
    cycle: Cycle | None,
    expires_at: datetime | None,
    reason: str,
    key: str,
    actor: Actor,
    at: datetime,
) -> Granted:
    """Give every member (by id) one new lot of *amount*.

    An allotment is given once per member and cycle, whatever the key. Raises ``InvalidAmount``
    for zero, negative or excessive amounts.
    """
    _require_positive(amount)
    answer = call(
        "grant",
        {
            "members": sorted(set(members)),
            "unit": amount.currency,
            "amount": amount.minor,
            "origin": origin.value,
            "cycle": cycle.pk if cycle else None,
            "expires_at": expires_at.isoformat() if expires_at else None,
            "reason": reason,
            "key": key,
            "actor": str(actor),
            "at": at.isoformat(),
        },
    )
    if answer["status"] == "unknown_member":
        raise errors.NotFound("members", f"Not all of them have a budget in {amount.currency}.")
    total = Amount(answer["total"], amount.currency)
    return Granted(answer["count"], total, "replayed" in answer)


def set_ceiling(
    *, limit: Limit, ceiling: Amount, reason: str, key: str, actor: Actor, at: datetime
) -> Limit:
    """Raise or lower a cap; what is held and spent stands, an overhang is recorded.

    Raises ``InvalidAmount`` below zero, and ``CurrencyMismatch`` for another unit than the cap's.
    A member's limit is what their lots sum up to: it can't be set.
    """
    if limit.kind != Limit.Kind.CAP:
        raise errors.LedgerInvariant("only a cap's ceiling can be set")
    if ceiling.currency != limit.unit:
        raise errors.CurrencyMismatch(expected=limit.unit, got=ceiling.currency)
    _require_ceiling(ceiling)
    call(
        "set_ceiling",
        {
            "limit": limit.pk,
            "ceiling": ceiling.minor,
            "reason": reason,
            "key": key,
            "actor": str(actor),
            "at": at.isoformat(),
        },
    )
    limit.refresh_from_db()
    return limit


def hold(
    *,
    member: Member,
    cycle: Cycle,
    amount: Amount,
    checkout_id: str = "",
    order_id: str = "",
    channel_id: str = "",
    key: str,
    expires_at: datetime,
    actor: Actor,
    at: datetime,
) -> Held:
    """Reserve *amount* of the member's lots, under every cap from their account to the root.

    Raises ``MemberInactive``, ``BalanceShort`` or ``CapReached``; the refusal is recorded, and
    nothing else is written.
    """
    _require_positive(amount)
    answer = call(
        "hold",
        {
            "member": member.pk,
            "cycle": cycle.pk,
            "unit": amount.currency,
            "amount": amount.minor,
            "checkout_id": checkout_id,
            "order_id": order_id,
            "channel_id": channel_id,
            "key": key,
            "expires_at": expires_at.isoformat(),
            "actor": str(actor),
            "at": at.isoformat(),
        },
    )
    if answer["status"] == "unknown_member":
        raise errors.NotFound("member", f"The member has no budget in {amount.currency}.")
    if answer["status"] == "refused":
        raise refusal_from(answer, currency=amount.currency, resets_at=cycle.ends_at)
    return Held(
        hold_id=UUID(answer["hold"]),
        posting_id=answer["posting"],
        amount=Amount(answer["amount"], amount.currency),
        available=Amount(answer["available"], amount.currency),
        is_replay="replayed" in answer,
    )


def capture(
    *,
    hold_id: UUID,
    amount: Amount,
    order_id: str,
    key: str,
    actor: Actor,
    at: datetime,
) -> Settlement:
    """Spend part or all of what *hold_id* has left, for *order_id*.

    The rest stays held. Raises ``NotHeld`` above what is left, ``NotFound`` for an unknown hold.
    """
    request = _request("capture", hold_id, amount, key=key, actor=actor, at=at, order_id=order_id)
    return _settlement(hold_id, amount, call("settle", request))


def release(
    *,
    hold_id: UUID,
    amount: Amount | None = None,
    key: str,
    actor: Actor,
    at: datetime,
    cause: str = "",
) -> Settlement:
    """Give back part of a hold, or all it has left; raises as ``capture``."""
    request = _request("release", hold_id, amount, key=key, actor=actor, at=at, cause=cause)
    return _settlement(hold_id, amount, call("settle", request))


def release_unbound(
    *, hold_id: UUID, amount: Amount, key: str, actor: Actor, at: datetime, cause: str
) -> Settlement | None:
    """Give back part of a hold unless an order has taken it over; then return ``None``.

    Waits for an order in the making that is binding the hold.
    """
    request = _request("release", hold_id, amount, key=key, actor=actor, at=at, cause=cause)
    answer = call("settle", request | {"unbound_only": True})
    if answer["status"] == "not_due":
        return None
    return _settlement(hold_id, amount, answer)


def expire(*, hold_id: UUID, at: datetime) -> Settlement | None:
    """Give back a hold whose time is up; ``None`` when it isn't due or belongs to an order."""
    request = _request(
        "expire",
        hold_id,
        None,
        key=f"expire:{hold_id}",
        actor=Actor.system("expiry"),
        at=at,
        cause="hold expired",
    )
    answer = call("settle", request)
    if answer["status"] in {"not_due", "not_held"}:
        return None
    return _settlement(hold_id, None, answer)


def refund(
    *,
    hold_id: UUID,
    amount: Amount | None = None,
    key: str,
    actor: Actor,
    at: datetime,
    cause: str = "",
) -> Settlement:
    """Return captured value (all of it without *amount*) to the lots it came from.

    Raises ``NotHeld`` above what is captured and not yet refunded.
    """
    request = _request("refund", hold_id, amount, key=key, actor=actor, at=at, cause=cause)
    return _settlement(hold_id, amount, call("refund", request))


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


def _request(
    kind: str,
    hold_id: UUID,
    amount: Amount | None,
    *,
    key: str,
    actor: Actor,
    at: datetime,
    order_id: str = "",
    cause: str = "",
) -> dict[str, Any]:
    if amount is not None:
        _require_positive(amount)
    return {
        "kind": kind,
        "hold": str(hold_id),
        "amount": amount.minor if amount is not None else None,
        "unit": amount.currency if amount is not None else None,
        "order_id": order_id,
        "cause": cause,
        "key": key,
        "actor": str(actor),
        "at": at.isoformat(),
    }


def _settlement(hold_id: UUID, amount: Amount | None, answer: dict[str, Any]) -> Settlement:
    if answer["status"] == "unknown_hold":
        raise errors.NotFound("hold", "There is no such hold.")
    unit = answer["unit"]
    if amount is not None and amount.currency != unit:
        raise errors.CurrencyMismatch(expected=unit, got=amount.currency)
    if answer["status"] == "not_held":
        left = Amount(answer["left"], unit)
        raise errors.NotHeld(requested=amount if amount is not None else left, left=left)
    return Settlement(
        hold_id=hold_id,
        posting_id=answer["posting"],
        amount=Amount(answer["amount"], unit),
        captured=Amount(answer["captured"], unit),
        released=Amount(answer["released"], unit),
        refunded=Amount(answer["refunded"], unit),
        remaining=Amount(answer["remaining"], unit),
        is_replay="replayed" in answer,
    )


def _require_ceiling(ceiling: Amount) -> None:
    if not 0 <= ceiling.minor <= LARGEST_MINOR:
        raise errors.InvalidAmount("amount", "A cap can't be negative.")


def _require_positive(amount: Amount) -> None:
    if not 0 < amount.minor <= LARGEST_MINOR:
        raise errors.InvalidAmount("amount", "The amount must be greater than zero.")
