"""From hold to order: reserve, spend, give back.

As every operation of the ledger, each is one atomic posting, keyed, and safe to repeat. All take
``at``, the instant the caller decided on, and ``key``; a repeated call with the same key returns
the first outcome, refusals included, and a different call under it raises ``KeyConflict``. None
may run inside another transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from saleor_program_budgets import errors
from saleor_program_budgets.ledger.database import call
from saleor_program_budgets.ledger.records import Actor, Held, Renewal, Settlement
from saleor_program_budgets.ledger.refusals import refusal_from
from saleor_program_budgets.ledger.requests import by, require_something
from saleor_program_budgets.money import ITEM, Amount

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.models import Cycle, Member


def hold(
    *,
    member: Member,
    cycle: Cycle,
    amount: Amount,
    items: int = 0,
    checkout_id: str = "",
    order_id: str = "",
    channel_id: str = "",
    key: str,
    expires_at: datetime,
    actor: Actor,
    at: datetime,
) -> Held:
    """Reserve *amount* and *items* of the member's lots, under every cap up to the root.

    Raises ``MemberInactive``, ``BalanceShort`` or ``CapReached``; the refusal is recorded, and
    nothing else is written. Raises ``Behind`` for a member whose period is over and not renewed
    yet, and for a cycle that is closed.
    """
    require_something(amount, items)
    if amount.currency == ITEM:
        raise errors.InvalidAmount("amount", "Items are counted beside an amount of money.")
    request = {
        "member": member.pk,
        "cycle": cycle.pk,
        "unit": amount.currency,
        "amount": amount.minor,
        "items": items,
        "checkout_id": checkout_id,
        "order_id": order_id,
        "channel_id": channel_id,
        "expires_at": expires_at.isoformat(),
        **by(key=key, actor=actor, at=at),
    }
    answer = call("hold", request)
    if answer["status"] == "crowded":
        # Nothing was written, and no lock is left: now every cap is met as a whole.
        answer = call("hold", request | {"in_full": True})
    if answer["status"] == "behind":
        raise errors.Behind
    if answer["status"] == "unknown_member":
        raise errors.NotFound("member", f"The member has no budget in {amount.currency}.")
    if answer["status"] == "refused":
        raise refusal_from(answer)
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
    items: int = 0,
    order_id: str,
    last_posting: int | None = None,
    key: str,
    actor: Actor,
    at: datetime,
) -> Settlement:
    """Spend part or all of what *hold_id* has left, for *order_id*.

    The rest stays held. Raises ``NotHeld`` above what is left, ``NotFound`` for an unknown hold,
    and ``HoldChanged`` when it has a posting after *last_posting*, the one that the caller read
    its figures after.
    """
    return _settle(
        "capture",
        hold_id,
        amount,
        items,
        key=key,
        actor=actor,
        at=at,
        order_id=order_id,
        last_posting=last_posting,
    )


def release(
    *,
    hold_id: UUID,
    amount: Amount | None = None,
    items: int | None = None,
    last_posting: int | None = None,
    key: str,
    actor: Actor,
    at: datetime,
    cause: str = "",
) -> Settlement:
    """Give back part of a hold, or (without *amount* and *items*) all it has left.

    Raises as ``capture`` does.
    """
    return _settle(
        "release",
        hold_id,
        amount,
        items,
        key=key,
        actor=actor,
        at=at,
        cause=cause,
        last_posting=last_posting,
    )


def release_unbound(
    *,
    hold_id: UUID,
    amount: Amount,
    items: int = 0,
    last_posting: int | None = None,
    key: str,
    actor: Actor,
    at: datetime,
    cause: str,
) -> Settlement | None:
    """Give back part of a hold unless an order has taken it over; then return ``None``.

    Waits for an order in the making that is binding the hold.
    """
    request = _request("release", hold_id, amount, items, key=key, actor=actor, at=at)
    request |= {"cause": cause, "unbound_only": True, "last_posting": last_posting}
    answer = call("settle", request)
    if answer["status"] == "not_due":
        return None
    return _settlement(hold_id, amount, items, answer)


def expire(*, hold_id: UUID, at: datetime) -> Settlement | None:
    """Give back a hold whose time is up; ``None`` when it isn't due or belongs to an order."""
    request = _request(
        "expire",
        hold_id,
        None,
        None,
        key=f"expire:{hold_id}",
        actor=Actor.system("expiry"),
        at=at,
    )
    answer = call("settle", request | {"cause": "hold expired"})
    if answer["status"] in {"not_due", "not_held"}:
        return None
    return _settlement(hold_id, None, None, answer)


def refund(
    *,
    hold_id: UUID,
    amount: Amount | None = None,
    items: int | None = None,
    renewal: Renewal | None = None,
    last_posting: int | None = None,
    key: str,
    actor: Actor,
    at: datetime,
    cause: str = "",
) -> Settlement:
    """Return captured value (all of it without *amount* and *items*) to the lots it came from.

    What comes back to a lot that has lapsed is forfeited, or with a *renewal* becomes a new lot.
    Raises ``NotHeld`` above what is captured and not yet refunded.
    """
    terms = renewal and {
        "cycle": renewal.cycle.pk,
        "expires_at": renewal.expires_at.isoformat(),
    }
    return _settle(
        "refund",
        hold_id,
        amount,
        items,
        key=key,
        actor=actor,
        at=at,
        cause=cause,
        lapsed_returns_to=terms,
        last_posting=last_posting,
    )


def _settle(
    kind: str,
    hold_id: UUID,
    amount: Amount | None,
    items: int | None,
    *,
    key: str,
    actor: Actor,
    at: datetime,
    **more: Any,
) -> Settlement:
    request = _request(kind, hold_id, amount, items, key=key, actor=actor, at=at)
    return _settlement(hold_id, amount, items, call("settle", request | more))


def _request(
    kind: str,
    hold_id: UUID,
    amount: Amount | None,
    items: int | None,
    *,
    key: str,
    actor: Actor,
    at: datetime,
) -> dict[str, Any]:
    if amount is not None:
        require_something(amount, items or 0)
    return {
        "kind": kind,
        "hold": str(hold_id),
        "amount": amount.minor if amount is not None else None,
        "items": items,
        "unit": amount.currency if amount is not None else None,
        **by(key=key, actor=actor, at=at),
    }


def _settlement(
    hold_id: UUID, amount: Amount | None, items: int | None, answer: dict[str, Any]
) -> Settlement:
    if answer["status"] == "unknown_hold":
        raise errors.NotFound("hold", "There is no such hold.")
    if answer["status"] == "changed":
        raise errors.HoldChanged("The hold was settled by somebody else meanwhile.")
    unit = answer["unit"]
    if amount is not None and amount.currency != unit:
        raise errors.CurrencyMismatch(expected=unit, got=amount.currency)
    if answer["status"] == "not_held":
        left = Amount(answer["left"], unit)
        raise errors.NotHeld(
            requested=amount if amount is not None else left,
            left=left,
            items=items or 0,
            items_left=answer["items_left"],
        )
    return Settlement(
        hold_id=hold_id,
        posting_id=answer["posting"],
        amount=Amount(answer["amount"], unit),
        captured=Amount(answer["captured"], unit),
        released=Amount(answer["released"], unit),
        refunded=Amount(answer["refunded"], unit),
        remaining=Amount(answer["remaining"], unit),
        items=answer["items"],
        items_captured=answer["items_captured"],
        items_released=answer["items_released"],
        items_refunded=answer["items_refunded"],
        items_remaining=answer["items_remaining"],
        is_replay="replayed" in answer,
    )
