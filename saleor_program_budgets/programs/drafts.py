"""Drafts of adjustments: what correcting one member, many, or a list would do. None posts."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Account, Adjustment, AdjustmentLine, Member
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import cycles, jobs
from saleor_program_budgets.programs.lists import MOST_LINES, Rejected, Row, read_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.models import Program

SHOWN_REJECTED = 100
"""How many of the lines that can't be used a batch names; it counts all of them."""
LONGEST_REASON = 500
KEPT_DRAFTS = timedelta(days=30)
"""How long a batch is kept that nobody applies; its figures are those of the day it was made."""


def preview_adjustment(
    *,
    program: Program,
    reason: str,
    amount: Amount | None = None,
    member: Member | None = None,
    account: Account | None = None,
    csv: bytes | None = None,
    expires_at: datetime | None = None,
    actor: Actor,
    at: datetime,
) -> Adjustment:
    """Save what correcting one member, an account with all below it, or a list would do.

    Nothing is posted until it is applied. A line says what the member has now and then; a list's
    lines may have a reason and an expiry of their own. Lines that can't be used are named with
    the reason: an unknown member, an amount that isn't money, more taken than is available. What
    is added lapses at *expires_at*, by default with the cycle that is open when it is applied.
    Raises ``InvalidInput`` naming what is wrong with the request as a whole.
    """
    _check(program, reason, amount, [member, account, csv], expires_at=expires_at, at=at)
    rejected: list[Rejected] = []
    if csv is not None:
        source = Adjustment.Source.LIST
        rows, rejected = read_list(csv, program=program, at=at)
    elif account is not None:
        source = Adjustment.Source.ACCOUNT
        rows = _rows_of(_members_under(program, account), amount)
    else:
        source = Adjustment.Source.MEMBER
        rows = _rows_of(_only(program, member), amount)
    batch = Adjustment(
        program=program,
        source=source,
        account=account,
        unit=program.currency,
        reason=reason.strip(),
        created_by=str(actor),
        created_at=at,
    )
    lines, unaffordable = _lines(batch, rows, expires_at, at)
    rejected = sorted([*rejected, *unaffordable], key=lambda problem: problem.line)
    batch.rejected = [problem.as_json() for problem in rejected[:SHOWN_REJECTED]]
    batch.rejected_count = len(rejected)
    with transaction.atomic():
        batch.save()
        AdjustmentLine.objects.bulk_create(lines, batch_size=5_000)
    return batch


def purge_drafts(*, at: datetime) -> int:
    """Delete the drafts that nobody has applied; return how many those were.

    A draft is kept for 30 days. One that is being applied at this moment is no draft any more.
    """
    old = Adjustment.objects.filter(
        status=Adjustment.Status.DRAFT, created_at__lte=at - KEPT_DRAFTS
    )
    purged = 0
    for adjustment_id in list(old.order_by("pk").values_list("pk", flat=True)):
        with suppress(jobs.AlreadyRunning), jobs.only_one(f"adjustment:{adjustment_id}"):
            _, deleted = old.filter(pk=adjustment_id).delete()
            purged += deleted.get(Adjustment._meta.label, 0)
    return purged


def _check(
    program: Program,
    reason: str,
    amount: Amount | None,
    targets: Sequence[object],
    *,
    expires_at: datetime | None,
    at: datetime,
) -> None:
    require_reason(reason)
    if sum(target is not None for target in targets) != 1:
        raise InvalidInput("member", "Name one of these: a member, an account, or a list.")
    is_list = targets[-1] is not None
    if is_list and amount is not None:
        raise InvalidInput("amount", "A list has an amount in each line.")
    if not is_list and amount is None:
        raise InvalidInput("amount", "Say how much.", code="REQUIRED")
    if amount is not None and amount.currency != program.currency:
        raise InvalidInput("amount", f"This program's currency is {program.currency}.")
    if amount is not None and not amount:
        raise InvalidInput("amount", "The amount is zero.", code="INVALID_AMOUNT")
    if expires_at is not None and expires_at <= at:
        raise InvalidInput("expires_at", "The expiry has to lie in the future.")


def require_reason(reason: str) -> None:
    """Raise ``InvalidInput`` unless somebody could make sense of *reason*, in 500 characters."""
    if not reason.strip():
        raise InvalidInput("reason", "Say why the budgets are corrected.", code="REQUIRED")
    if len(reason) > LONGEST_REASON or "\x00" in reason:
        raise InvalidInput("reason", f"A reason has up to {LONGEST_REASON} characters.")


def _only(program: Program, member: Member | None) -> list[int]:
    if member is None or member.program_id != program.pk:
        raise InvalidInput("member", "The member is another program's.")
    return [member.pk]


def _members_under(program: Program, account: Account) -> list[int]:
    below = Account.objects.descendants(account, include_self=True).values("pk")
    members = Member.objects.filter(program=program, is_active=True, account__in=below)
    found = list(members.order_by("pk").values_list("pk", flat=True)[: MOST_LINES + 1])
    if not found:
        raise InvalidInput("account", "The program has no active members under this account.")
    if len(found) > MOST_LINES:
        raise InvalidInput("account", f"Adjust up to {MOST_LINES:,} members at once.")
    return found


def _rows_of(members: Iterable[int], amount: Amount | None) -> list[Row]:
    if amount is None:
        raise InvalidInput("amount", "Say how much.", code="REQUIRED")
    return [
        Row(number, "member_id", str(member_id), amount, "", None, member_id)
        for number, member_id in enumerate(members, start=1)
    ]


def _lines(
    batch: Adjustment, rows: Sequence[Row], expires_at: datetime | None, at: datetime
) -> tuple[list[AdjustmentLine], list[Rejected]]:
    """Return the lines with what their members have, and those that would take more than that."""
    found = ledger.balances(
        members={row.member_id for row in rows},
        cycle=cycles.open_cycle(program=batch.program),
        at=at,
    )
    available = {member_id: balance.available for member_id, balance in found.items()}
    lines: list[AdjustmentLine] = []
    rejected: list[Rejected] = []
    for row in rows:
        before = available.get(row.member_id, 0)
        if before + row.amount.minor < 0:
            left = Amount(before, batch.unit)
            who = f"member {row.member_id} has {left} available"
            rejected.append(Rejected(row.line, "amount", f"The {who}."))
            continue
        available[row.member_id] = before + row.amount.minor
        lines.append(
            AdjustmentLine(
                adjustment=batch,
                number=row.line,
                member_id=row.member_id,
                amount=row.amount.minor,
                reason=row.reason or batch.reason,
                expires_at=row.expires_at or expires_at,
                balance_before=before,
            )
        )
    return lines, rejected
