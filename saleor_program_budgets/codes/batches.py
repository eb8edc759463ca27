"""Batches of codes: what they are worth and whom they are for, before the first one is made."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from saleor_program_budgets.codes import recipients, symbols, texts
from saleor_program_budgets.errors import InvalidAmount, InvalidInput
from saleor_program_budgets.models import CodeBatch

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.codes.recipients import Recipients
    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.models import Account, MemberGroup, Program
    from saleor_program_budgets.money import Amount

LONGEST_NAME = 250
LONGEST_REFERENCE = 36
LONGEST_CREDIT = timedelta(days=3_650)
SHOWN_REJECTED = 100
"""How many of those who get no code a batch names; it counts all of them."""


def create_batch(
    *,
    program: Program,
    name: str,
    kind: CodeBatch.Kind,
    account: Account | None = None,
    group: MemberGroup | None = None,
    csv: bytes | None = None,
    delivery: CodeBatch.Delivery,
    prefix: str = "",
    pattern: str = symbols.DEFAULT_PATTERN,
    has_name: bool = False,
    amount: Amount | None = None,
    credit_days: int | None = None,
    credit_expires_at: datetime | None = None,
    voucher_reference: str = "",
    expires_at: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> CodeBatch:
    """Save who is to get which code; none is made until ``generate`` is called.

    One for each active member of the program, or of those under *account*, in *group*, or on a
    list (CSV with one of the columns ``member_id``, ``email`` and ``external_user_id``). Who is
    named and gets none stands in ``rejected`` with the reason; codes that are sent by e-mail need
    an address. Raises ``InvalidInput`` naming what is wrong with the request as a whole.
    """
    batch = CodeBatch(
        program=program,
        name=_checked_name(name),
        kind=kind,
        account=account,
        group=group,
        delivery=delivery,
        prefix=symbols.checked_prefix(prefix),
        pattern=symbols.checked_pattern(pattern),
        has_name=has_name,
        amount_minor=amount.minor if amount is not None else None,
        credit_days=credit_days,
        credit_expires_at=credit_expires_at,
        voucher_reference=voucher_reference,
        expires_at=expires_at,
        secret=texts.new_secret(),
        created_by=str(actor),
        created_at=at,
    )
    if kind == CodeBatch.Kind.DISCOUNT:
        _check_discount(batch)
    else:
        _check_credit(batch, amount)
    check_times(batch, at=at)
    chosen = recipients.choose(
        program=program,
        account=account,
        group=group,
        csv=csv,
        needs_address=delivery == CodeBatch.Delivery.EMAIL,
    )
    return save_for(batch, chosen)


def save_for(batch: CodeBatch, chosen: Recipients) -> CodeBatch:
    """Save a new batch for these recipients."""
    batch.source = chosen.source
    batch.recipients = chosen.members
    batch.total = len(chosen.members)
    batch.rejected = [problem.as_json() for problem in chosen.rejected[:SHOWN_REJECTED]]
    batch.rejected_count = len(chosen.rejected)
    batch.save()
    return batch


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise InvalidInput("name", "A batch needs a name.", code="REQUIRED")
    if len(name) > LONGEST_NAME or "\x00" in name:
        raise InvalidInput("name", f"A name has up to {LONGEST_NAME} characters.")
    return name


def _check_discount(batch: CodeBatch) -> None:
    if not batch.voucher_reference:
        raise InvalidInput("voucher_reference", "Say which voucher it is.", code="REQUIRED")
    if len(batch.voucher_reference) > LONGEST_REFERENCE or "\x00" in batch.voucher_reference:
        raise InvalidInput("voucher_reference", "This is no voucher.")
    if batch.amount_minor is not None:
        raise InvalidInput("amount", "What a discount code is worth is its voucher's affair.")
    if batch.credit_days is not None or batch.credit_expires_at is not None:
        raise InvalidInput("credit_expires_at", "A discount code grants no credit that lapses.")


def _check_credit(batch: CodeBatch, amount: Amount | None) -> None:
    if batch.voucher_reference:
        raise InvalidInput("voucher_reference", "A store-credit code has no voucher.")
    if amount is None:
        raise InvalidInput("amount", "Say how much a code grants.", code="REQUIRED")
    if amount.currency != batch.program.currency:
        raise InvalidInput("amount", f"This program's currency is {batch.program.currency}.")
    if amount.minor <= 0:
        raise InvalidAmount("amount", "A code grants more than nothing.")
    if batch.credit_days is not None and batch.credit_expires_at is not None:
        raise InvalidInput("credit_days", "Credit lapses after some days or at an instant.")
    if batch.credit_days is not None and not 1 <= batch.credit_days <= LONGEST_CREDIT.days:
        raise InvalidInput("credit_days", f"Credit lasts from 1 to {LONGEST_CREDIT.days:,} days.")


def check_times(batch: CodeBatch, *, at: datetime) -> None:
    """Raise ``InvalidInput`` for a batch whose codes, or their credit, would be over at *at*."""
    if batch.expires_at is not None and batch.expires_at <= at:
        raise InvalidInput("expires_at", "The expiry has to lie in the future.")
    if batch.credit_expires_at is not None and batch.credit_expires_at <= at:
        raise InvalidInput("credit_expires_at", "The credit's expiry has to lie in the future.")
