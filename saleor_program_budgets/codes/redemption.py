"""Redeeming a code: what stands against it, and the moment that decides.

Whoever enters a code, in whatever order and however often at once, it is redeemed by the row that
``code_redeemed_once`` lets in. Everybody who writes that row, or revokes the code, locks the
code's row first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections, router, transaction

from saleor_program_budgets.codes import credit
from saleor_program_budgets.codes.lookup import RUN
from saleor_program_budgets.errors import BudgetError, InvalidInput
from saleor_program_budgets.models import (
    CodeAttempt,
    CodeBatch,
    CodeRedemption,
    RedemptionCode,
)

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.codes.callers import Caller
    from saleor_program_budgets.codes.credit import Redeemed
    from saleor_program_budgets.codes.lookup import Found

Reason = CodeAttempt.Reason
Place = CodeAttempt.Place

PLACES = {
    CodeBatch.Kind.DISCOUNT: frozenset(Place) - {Place.ACCOUNT},
    CodeBatch.Kind.STORE_CREDIT: frozenset({Place.CHECKOUT, Place.ACCOUNT}),
}
"""Where a code of each kind can be redeemed."""
LONGEST_CAUSE = 100


class CodeRefused(BudgetError):
    """The code isn't redeemed; *reason* is for staff, and the shopper isn't told it."""

    def __init__(self, reason: CodeAttempt.Reason) -> None:
        super().__init__(f"The code was refused: {reason.value}.")
        self.reason = reason


def refusal(*, found: Found, caller: Caller, at: datetime) -> CodeAttempt.Reason | None:
    """Say what stands against *caller* redeeming the code at *at*; ``None`` if nothing does.

    Of several reasons the first in this order: nobody signed in, another member's, a member who
    left, revoked, redeemed, expired, not redeemable in this place or channel, program closed.
    What is decided is not judged again: the order that has the code keeps it, and credit that was
    redeemed and not yet granted is granted to whom it is due.
    """
    if caller.user_id is None:
        return Reason.ANONYMOUS
    if caller.user_id != found.member.user_id:
        return Reason.NOT_YOURS
    if _is_of_this_order(found.redemption, caller):
        return None
    if not found.member.is_active:
        return Reason.INACTIVE_MEMBER
    if found.is_credit_due and caller.place in PLACES[found.kind]:
        return None
    return _refusal_of_code(found, at) or _refusal_of_place(found, caller, at)


def _refusal_of_code(found: Found, at: datetime) -> CodeAttempt.Reason | None:
    if found.code.revoked_at is not None:
        return Reason.REVOKED
    if found.redemption is not None:
        return Reason.REDEEMED
    # Credit that has lapsed before it is granted is no more than an expired code.
    ends = (found.batch.expires_at, found.batch.credit_expires_at)
    is_over = any(end is not None and end <= at for end in ends)
    return Reason.EXPIRED if is_over else None


def _refusal_of_place(found: Found, caller: Caller, at: datetime) -> CodeAttempt.Reason | None:
    is_on_account = caller.place == Place.ACCOUNT
    if caller.place not in PLACES[found.kind] or not (is_on_account or found.is_of_store):
        return Reason.WRONG_STORE
    return Reason.PROGRAM_CLOSED if found.store.refusal_at(at) else None


def _is_of_this_order(redemption: CodeRedemption | None, caller: Caller) -> bool:
    return (
        redemption is not None
        and bool(redemption.order_id)
        and (redemption.order_id == caller.order_id)
    )


def redeem_credit(*, found: Found, caller: Caller, at: datetime) -> Redeemed:
    """Redeem a store-credit code: grant its amount to the member's budget, once.

    The redemption is written first and decides; the grant follows, under a key of the code's own.
    What a crash leaves between the two is completed by ``complete_credits``, or by the member who
    enters the code again. Raises ``CodeRefused``, also where another redemption came first, and
    ``RuntimeError`` inside a transaction.
    """
    _require_fine(found, caller, at)
    if found.kind != CodeBatch.Kind.STORE_CREDIT:
        raise InvalidInput("code", "Only store credit is granted; a discount is claimed.")
    redemption = found.redemption
    if redemption is None:
        with transaction.atomic(using=router.db_for_write(RedemptionCode), durable=True):
            redemption = _redeem(found, caller, at)
    return credit.grant(code=found.code, redemption=redemption, actor=caller.actor, at=at)


def claim(*, found: Found, caller: Caller, at: datetime) -> CodeRedemption:
    """Redeem a discount code for ``caller.order_id``, in the transaction that makes the order.

    If that is rolled back, so is the claim. Claiming again for the same order changes nothing.
    Raises ``CodeRefused``, also where another redemption came first, and ``RuntimeError`` outside
    a transaction.
    """
    if not connections[router.db_for_write(RedemptionCode)].in_atomic_block:
        raise RuntimeError("A code is claimed in the transaction that makes the order.")
    if not caller.order_id:
        raise InvalidInput("order_id", "A discount is claimed for an order.", code="REQUIRED")
    _require_fine(found, caller, at)
    if found.kind != CodeBatch.Kind.DISCOUNT:
        raise InvalidInput("code", "Only a discount is claimed; store credit is granted.")
    return _redeem(found, caller, at)


def _require_fine(found: Found, caller: Caller, at: datetime) -> None:
    if reason := refusal(found=found, caller=caller, at=at):
        raise CodeRefused(reason)


def _redeem(found: Found, caller: Caller, at: datetime) -> CodeRedemption:
    """Write the redemption, once nobody else can: what may have changed is looked at again."""
    code = (
        RedemptionCode.objects.select_for_update(of=("self",))
        .select_related("member")
        .get(pk=found.code.pk)
    )
    # A query of its own: one that waited for the row would show what stood before.
    standing = code.redemptions.filter(returned_at=None).first()
    if standing is not None and _is_of_this_order(standing, caller):
        return standing
    if not code.member.is_active:
        raise CodeRefused(Reason.INACTIVE_MEMBER)
    if code.revoked_at is not None:
        raise CodeRefused(Reason.REVOKED)
    if standing is not None:
        raise CodeRefused(Reason.REDEEMED)
    return CodeRedemption.objects.create(
        code=code,
        user_reference=code.member.user_reference,
        order_id=caller.order_id,
        checkout_id=caller.checkout_id,
        redeemed_at=at,
    )


def give_back(*, order_id: str, cause: str, at: datetime) -> list[RedemptionCode]:
    """Return the discount codes of an order that came to nothing; they can be used again.

    Only of programs that return codes. A batch that was revoked meanwhile takes the code with it:
    it isn't among those returned. Repeating it changes nothing.
    """
    with transaction.atomic(using=router.db_for_write(RedemptionCode)):
        codes = list(
            RedemptionCode.objects.select_for_update(of=("self",))
            .filter(
                redemptions__order_id=order_id,
                redemptions__returned_at=None,
                batch__kind=CodeBatch.Kind.DISCOUNT,
                batch__program__returns_codes=True,
            )
            .order_by("pk")
        )
        # A query of its own: one that waited for a row would show what stood before.
        batches = CodeBatch.objects.defer(*RUN).in_bulk({code.batch_id for code in codes})
        for code in codes:
            code.batch = batches[code.batch_id]
        return [code for code in codes if _return(code, order_id, cause, at)]


def _return(code: RedemptionCode, order_id: str, cause: str, at: datetime) -> bool:
    """Take the order's redemption back; says whether the code can be used again."""
    standing = code.redemptions.filter(order_id=order_id, returned_at=None)
    if not standing.update(returned_at=at, return_cause=cause[:LONGEST_CAUSE]):
        return False
    batch = code.batch
    if batch.revoked_at is not None and code.revoked_at is None:
        code.revoked_at = at
        code.revoked_by = batch.revoked_by
        code.revoke_reason = batch.revoke_reason
        code.save(update_fields=["revoked_at", "revoked_by", "revoke_reason"])
    return code.revoked_at is None
