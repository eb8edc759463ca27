"""Codes for tests, written as rows: one code, one batch, known text."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from django.db import transaction

from saleor_program_budgets import codes, ledger
from saleor_program_budgets.models import CodeAttempt, CodeBatch, CodeRedemption, RedemptionCode
from tests.support.world import TESTS, World, usd

if TYPE_CHECKING:
    from saleor_program_budgets.codes import Caller, Found
    from saleor_program_budgets.models import Member

Kind = CodeBatch.Kind
Place = CodeAttempt.Place
Reason = CodeAttempt.Reason
UNKNOWN = "XXXX-0000-0000"
_numbers = count(1)


def batch(
    world: World, *members: Member, kind: str = Kind.STORE_CREDIT, **fields: Any
) -> CodeBatch:
    """Add a batch that is made, for *members* of one program; *fields* are columns of it."""
    worth: dict[str, Any] = (
        {"amount_minor": usd("25.00").minor}
        if kind == Kind.STORE_CREDIT
        else {"voucher_reference": "12"}
    )
    return CodeBatch.objects.create(
        **{
            "program": members[0].program,
            "name": "Spring",
            "kind": kind,
            "source": CodeBatch.Source.LIST,
            "delivery": CodeBatch.Delivery.DOWNLOAD,
            "status": CodeBatch.Status.READY,
            "pattern": codes.DEFAULT_PATTERN,
            "total": len(members),
            "made": len(members),
            "created_by": str(TESTS),
            "created_at": world.at,
        }
        | worth
        | fields
    )


def issue_all(
    world: World, *members: Member, kind: str = Kind.STORE_CREDIT, **fields: Any
) -> list[str]:
    """Issue a code of one batch to each of *members*; returns what they are to type."""
    issued = batch(world, *members, kind=kind, **fields)
    texts = [f"TEST-{next(_numbers):04}-ABCD-{member.pk:04}" for member in members]
    RedemptionCode.objects.bulk_create(
        RedemptionCode(
            batch=issued,
            number=number,
            member=member,
            digest=codes.digest_of(codes.canonical(text) or ""),
            text=text if kind == Kind.DISCOUNT else "",
        )
        for number, (member, text) in enumerate(zip(members, texts, strict=True), start=1)
    )
    return texts


def issue(world: World, member: Member, *, kind: str = Kind.STORE_CREDIT, **fields: Any) -> str:
    """Issue one code, in a batch of its own; returns what is to be typed."""
    [text] = issue_all(world, member, kind=kind, **fields)
    return text


def found(text: str, *, channel: str = "shop") -> Found:
    """Look a code up that is there."""
    code = codes.find(text=text, channel_id=channel)
    assert code is not None
    return code


def caller(who: Member | int | None, **changes: Any) -> Caller:
    """Return a member (or the user with this id) at a checkout of the world's store."""
    user_id = who if who is None or isinstance(who, int) else who.user_id
    request = {
        "user_id": user_id,
        "actor": ledger.Actor("user", str(user_id)) if user_id else ledger.Actor("anonymous", ""),
        "channel_id": "shop",
        "place": Place.CHECKOUT,
        "address": "203.0.113.7",
        "checkout_id": "checkout",
    }
    return codes.Caller(**request | changes)


def redeem(world: World, text: str, who: Member, **changes: Any) -> codes.Redeemed:
    """Look store credit up and redeem it; *changes* are of the caller."""
    return codes.redeem_credit(found=found(text), caller=caller(who, **changes), at=world.at)


def claim(world: World, text: str, who: Member, *, order: str = "order") -> CodeRedemption:
    """Look a discount up and claim it, in a transaction as the one that makes an order."""
    by = caller(who, place=Place.COMPLETION, order_id=order)
    with transaction.atomic():
        return codes.claim(found=found(text), caller=by, at=world.at)
