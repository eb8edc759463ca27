"""Taking codes back: a batch or some codes are revoked, or replaced by new ones.

What is redeemed stays so. Whoever redeems a code locks its row first, and so does this, in the
order of the rows: of a redemption and a revocation at once one comes first, and the other sees it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

from django.db import router, transaction

from saleor_program_budgets.codes import batches, recipients, texts
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import CodeBatch, CodeRedemption, RedemptionCode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from saleor_program_budgets.ledger import Actor

    Withdraw = Callable[[Sequence[str]], None]

CHUNK = 5_000
LONGEST_REASON = 500
REISSUED = "reissued"
"""The reason for which a code is revoked that another one replaces."""
COPIED = (
    "program_id",
    "name",
    "kind",
    "account_id",
    "group_id",
    "delivery",
    "prefix",
    "pattern",
    "has_name",
    "amount_minor",
    "credit_days",
    "credit_expires_at",
    "voucher_reference",
    "expires_at",
)
"""What a reissued batch has of the one that it replaces."""


@dataclass(frozen=True, slots=True)
class Revoked:
    """How many codes were revoked, and how many stay as they are, being redeemed."""

    revoked: int
    redeemed: int


@dataclass(frozen=True, slots=True)
class _Open:
    """A code that is neither redeemed nor revoked, and locked."""

    code_id: int
    member_id: int
    text: str


def revoke_batch(
    *, batch: CodeBatch, reason: str, withdraw: Withdraw | None, actor: Actor, at: datetime
) -> Revoked:
    """Revoke all codes of a batch that aren't redeemed; none is made or sent any more.

    *withdraw* takes the texts of discount codes out of the shop, inside the same transaction.
    Repeating it changes nothing. Raises ``InvalidInput`` without a reason.
    """
    reason = _checked_reason(reason)
    with transaction.atomic(using=router.db_for_write(CodeBatch)):
        row = _locked(batch)
        found, redeemed = _lock_open(row.codes.all())
        _revoke(found, reason, withdraw, actor, at)
        _close(row, reason, actor, at)
    batch.refresh_from_db(fields=["status", "secret", "revoked_by", "revoked_at", "revoke_reason"])
    return Revoked(len(found), redeemed)


def revoke_codes(
    *,
    codes: Sequence[int],
    reason: str,
    withdraw: Withdraw | None,
    actor: Actor,
    at: datetime,
) -> Revoked:
    """Revoke those of *codes* (ids) that aren't redeemed; as ``revoke_batch``."""
    reason = _checked_reason(reason)
    with transaction.atomic(using=router.db_for_write(CodeBatch)):
        found, redeemed = _lock_open(RedemptionCode.objects.filter(pk__in=codes))
        _revoke(found, reason, withdraw, actor, at)
    return Revoked(len(found), redeemed)


def reissue(
    *,
    batch: CodeBatch,
    codes: Sequence[int] | None = None,
    expires_at: datetime | None = None,
    withdraw: Withdraw | None,
    actor: Actor,
    at: datetime,
) -> CodeBatch:
    """Return a new batch for the members whose codes are neither redeemed nor revoked.

    Of the whole *batch*, which is revoked with it, or of some of its *codes* (ids), which are.
    The new one is as the old one was; it is generated and delivered as any other. It ends at
    *expires_at*, by default with the old one. Who has left the program gets no new code, and is
    named in ``rejected``. Raises ``InvalidInput`` when there is nothing to replace, while codes
    are still being made, or when the new ones would be over already.
    """
    with transaction.atomic(using=router.db_for_write(CodeBatch)):
        row = _locked(batch)
        if row.status == CodeBatch.Status.GENERATING:
            raise InvalidInput("batch", "The codes are still being made.")
        found, _ = _lock_open(row.codes.all() if codes is None else row.codes.filter(pk__in=codes))
        new = _successor(row, found, expires_at, actor, at)
        _revoke(found, REISSUED, withdraw, actor, at)
        if codes is None:
            _close(row, REISSUED, actor, at)
    batch.refresh_from_db(fields=["status", "secret", "revoked_by", "revoked_at", "revoke_reason"])
    return new


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise InvalidInput("reason", "Say why the codes are revoked.", code="REQUIRED")
    if len(reason) > LONGEST_REASON or "\x00" in reason:
        raise InvalidInput("reason", f"A reason has up to {LONGEST_REASON} characters.")
    return reason


def _locked(batch: CodeBatch) -> CodeBatch:
    """Return the batch's row, which waits for a chunk that is being made."""
    rows = CodeBatch.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("program").defer("recipients").get(pk=batch.pk)


def _lock_open(codes: QuerySet[RedemptionCode]) -> tuple[list[_Open], int]:
    """Lock codes that aren't revoked; returns the open ones, and how many are redeemed."""
    rows = codes.select_for_update().filter(revoked_at=None).order_by("pk")
    locked = [_Open(*row) for row in rows.values_list("pk", "member_id", "text")]
    redeemed: set[int] = set()
    for part in batched(locked, CHUNK):
        # A query of its own: one that waited for a row would show what stood before.
        standing = CodeRedemption.objects.filter(
            code__in=[code.code_id for code in part], returned_at=None
        )
        redeemed.update(standing.values_list("code_id", flat=True))
    return [code for code in locked if code.code_id not in redeemed], len(redeemed)


def _revoke(
    found: Sequence[_Open], reason: str, withdraw: Withdraw | None, actor: Actor, at: datetime
) -> None:
    for part in batched(found, CHUNK):
        RedemptionCode.objects.filter(pk__in=[code.code_id for code in part]).update(
            revoked_at=at, revoked_by=str(actor), revoke_reason=reason
        )
        if discounts := [code.text for code in part if code.text]:
            if withdraw is None:
                raise ValueError("discount codes have to be withdrawn")
            withdraw(discounts)


def _close(row: CodeBatch, reason: str, actor: Actor, at: datetime) -> None:
    """Mark the batch as revoked, unless it is."""
    CodeBatch.objects.filter(pk=row.pk).exclude(status=CodeBatch.Status.REVOKED).update(
        status=CodeBatch.Status.REVOKED,
        secret=None,
        revoked_by=str(actor),
        revoked_at=at,
        revoke_reason=reason,
    )


def _successor(
    row: CodeBatch, found: Sequence[_Open], expires_at: datetime | None, actor: Actor, at: datetime
) -> CodeBatch:
    new = CodeBatch(**{name: getattr(row, name) for name in COPIED})
    new.program = row.program
    new.replaces = row
    new.expires_at = expires_at or row.expires_at
    new.secret = texts.new_secret()
    new.created_by = str(actor)
    new.created_at = at
    batches.check_times(new, at=at)
    chosen = recipients.still_reachable(
        [code.member_id for code in found],
        needs_address=row.delivery == CodeBatch.Delivery.EMAIL,
    )
    if not chosen.members:
        raise InvalidInput("batch", "No code is left to be replaced.")
    return batches.save_for(new, chosen)
