"""The gate for redemption codes: no order takes a code that isn't its own member's to redeem.

It stands wherever an order comes to be, in any channel and while the plugin is switched off. What
it refuses looks like a voucher that doesn't apply, as Saleor says it when an order is made.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import ValidationError
from saleor.checkout.error_codes import CheckoutErrorCode
from saleor.checkout.models import Checkout
from saleor.order.error_codes import OrderErrorCode

from saleor_program_budgets import codes
from saleor_program_budgets.codes import Caller
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import CodeAttempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from saleor.order.models import Order

    from saleor_program_budgets.codes import Found

logger = logging.getLogger(__name__)

Place = CodeAttempt.Place


class OrderRefused(ValidationError):
    """A gate stopped an order in the transaction that was making it: it may be paid already."""


class _Origin(NamedTuple):
    """Who asks for the order, and from where."""

    actor: Actor
    address: str | None


_origin: ContextVar[_Origin | None] = ContextVar("program_budgets_origin", default=None)
_record_attempt: Callable[[dict[str, Any]], object] | None = None


def install(*, record_attempt: Callable[[dict[str, Any]], object]) -> None:
    """Say how a refused try is written down outside of the transaction that it rolls back."""
    global _record_attempt  # noqa: PLW0603 - set once, when the app is ready
    _record_attempt = record_attempt


@contextmanager
def asked_by(*, actor: Actor, address: str | None) -> Iterator[None]:
    """Let what is refused meanwhile be recorded as asked for by *actor* from *address*."""
    token = _origin.set(_Origin(actor, address))
    try:
        yield
    finally:
        _origin.reset(token)


def check_checkout(*, checkout: Checkout, at: datetime) -> None:
    """Refuse early and kindly what ``guard`` would refuse."""
    if not checkout.voucher_code:
        return
    found = codes.find(text=checkout.voucher_code, channel_id=str(checkout.channel_id))
    if found is None:
        return
    caller = _caller(
        user_id=checkout.user_id,
        channel_id=checkout.channel_id,
        place=Place.COMPLETION,
        checkout_id=str(checkout.pk),
    )
    _check(checkout.voucher_code, found, caller, at)


def check_draft(*, order: Order, at: datetime) -> None:
    """Refuse a draft with a code that isn't its customer's, before anything is held for it.

    Whom a draft without a customer is for, Saleor looks up when it completes it.
    """
    if not order.voucher_code or order.user_id is None:
        return
    found = codes.find(text=order.voucher_code, channel_id=str(order.channel_id))
    if found is not None:
        _check(order.voucher_code, found, _caller_of_order(order, None), at)


def _check(text: str, found: Found, caller: Caller, at: datetime) -> None:
    if reason := codes.refusal(found=found, caller=caller, at=at):
        codes.record_refused(text=text, found=found, reason=reason, caller=caller, at=at)
        raise _not_applicable(caller.place, ValidationError)


def guard(*, order: Order, at: datetime) -> None:
    """Redeem the code of an order that is being made, in the transaction that makes it.

    A checkout's code is judged even where the order doesn't name it: when two checkouts with one
    code complete at once, Saleor may keep the second one's discount and forget its code.
    """
    checkout = _checkout_of(order)
    text = checkout.voucher_code if checkout and checkout.voucher_code else order.voucher_code
    if not text:
        return
    found = codes.find(text=text, channel_id=str(order.channel_id))
    if found is None:
        return
    caller = _caller_of_order(order, checkout)
    if order.voucher_code != text:
        reason = codes.refusal(found=found, caller=caller, at=at)
    else:
        try:
            codes.claim(found=found, caller=caller, at=at)
        except codes.CodeRefused as refused:
            reason = refused.reason
        else:
            return
    if reason is not None:
        _record_outside(text, found, reason, caller, at)
    raise _not_applicable(caller.place, OrderRefused)


def _checkout_of(order: Order) -> Checkout | None:
    """Return the checkout that the order is made from; a draft was made from none."""
    if not order._state.adding:  # noqa: SLF001 - Django's documented way to tell
        return None
    made_from = Checkout.objects.filter(pk=order.checkout_token or None)
    return made_from.only("voucher_code", "user_id").first()


def _caller_of_order(order: Order, checkout: Checkout | None) -> Caller:
    """Return whose code it has to be.

    A checkout without a customer gets one from its e-mail address when Saleor makes the order; an
    address that anybody can type makes nobody a member.
    """
    is_draft = not order._state.adding  # noqa: SLF001 - as above
    return _caller(
        user_id=order.user_id if checkout is None else checkout.user_id,
        channel_id=order.channel_id,
        place=Place.DRAFT if is_draft else Place.COMPLETION,
        checkout_id=order.checkout_token,
        order_id=str(order.pk),
    )


def _caller(
    *, user_id: int | None, channel_id: Any, place: CodeAttempt.Place, **ids: str
) -> Caller:
    shopper = Actor("user", str(user_id or "anonymous"))
    origin = _origin.get() or _Origin(shopper, None)
    return Caller(
        user_id=user_id,
        actor=origin.actor,
        channel_id=str(channel_id),
        place=place,
        address=origin.address,
        **ids,
    )


def _not_applicable(place: CodeAttempt.Place, kind: type[ValidationError]) -> ValidationError:
    """Return Saleor's own error for a voucher that doesn't apply when the order is made.

    Its errors about drafts have no such code; there it is that of a voucher code that is unknown.
    """
    if place == Place.DRAFT:
        message, code = "Voucher code is invalid.", OrderErrorCode.INVALID_VOUCHER_CODE.value
    else:
        message, code = "Voucher not applicable", CheckoutErrorCode.VOUCHER_NOT_APPLICABLE.value
    return kind({"voucher_code": ValidationError(message, code=code)})


def _record_outside(
    text: str, found: Found, reason: CodeAttempt.Reason, caller: Caller, at: datetime
) -> None:
    """Have the try written down where the rollback that follows can't take it back.

    The order is refused in any case: a broker that can't be reached is logged, and no more.
    """
    if _record_attempt is None:
        raise RuntimeError("the gate was not installed")
    try:
        _record_attempt(
            codes.describe_refused(text=text, found=found, reason=reason, caller=caller, at=at)
        )
    except Exception:
        logger.exception("A refused code (%s) could not be recorded", reason.value)
