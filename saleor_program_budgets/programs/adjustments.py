"""Corrections of many members at once: looked at, applied line by line, undone.

Each line is keyed by its batch and number: a batch that was interrupted goes on where it stopped,
and no line is posted twice.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Sum

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import InvalidInput, NotAvailable, NotReversible
from saleor_program_budgets.models import (
    Account,
    Adjustment,
    AdjustmentLine,
    Member,
    Outcome,
)
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import cycles, enrollment, jobs
from saleor_program_budgets.programs.lists import MOST_LINES, Rejected, Row, read_list

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.models import Program

SHOWN_REJECTED = 100
"""How many of the lines that can't be used a batch names; it counts all of them."""
LONGEST_REASON = 500
BATCH = 200
"""How many lines are read at once; progress is told after as many."""


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


def apply_adjustment(
    *,
    adjustment: Adjustment,
    actor: Actor,
    at: datetime,
    budget_seconds: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Adjustment:
    """Post a batch's lines by their exact amounts, whatever balances have become since.

    A line that no longer fits is marked as failed with the reason. Repeating it changes nothing;
    what was interrupted, or took longer than *budget_seconds*, goes on: as long as the batch is
    APPLYING, call it again. *progress* is told how many of how many lines are done. Raises
    ``InvalidInput`` for a batch that was undone, and ``AlreadyRunning``.
    """
    with jobs.only_one(f"adjustment:{adjustment.pk}"):
        adjustment.refresh_from_db()
        if adjustment.status == Adjustment.Status.APPLIED:
            return adjustment
        if adjustment.status not in {Adjustment.Status.DRAFT, Adjustment.Status.APPLYING}:
            raise InvalidInput("adjustment", "The adjustment was undone.")
        adjustment.status = Adjustment.Status.APPLYING
        adjustment.applied_by = adjustment.applied_by or str(actor)
        adjustment.save(update_fields=["status", "applied_by"])

        def post(line: AdjustmentLine) -> None:
            _post(line, actor, at)

        todo = AdjustmentLine.Status.DRAFT
        if _each(adjustment, todo, post, at=at, budget_seconds=budget_seconds, progress=progress):
            adjustment.status = Adjustment.Status.APPLIED
            adjustment.applied_at = at
            adjustment.save(update_fields=["status", "applied_at"])
    return adjustment


def undo_adjustment(
    *,
    adjustment: Adjustment,
    reason: str,
    actor: Actor,
    at: datetime,
    budget_seconds: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Adjustment:
    """Reverse each posted line; one whose value has been used since is kept, and says so.

    What wasn't applied yet no longer will be. Repeating it changes nothing; as long as the batch
    is UNDOING, call it again. Raises ``InvalidInput`` without a reason and for a draft, and
    ``AlreadyRunning``.
    """
    _require_reason(reason)
    with jobs.only_one(f"adjustment:{adjustment.pk}"):
        adjustment.refresh_from_db()
        if adjustment.status == Adjustment.Status.UNDONE:
            return adjustment
        if adjustment.status == Adjustment.Status.DRAFT:
            raise InvalidInput("adjustment", "The adjustment wasn't applied.")
        if adjustment.status != Adjustment.Status.UNDOING:
            _adopt_unrecorded(adjustment)
            adjustment.status = Adjustment.Status.UNDOING
            adjustment.undone_by = str(actor)
            adjustment.undo_reason = reason.strip()
            adjustment.save(update_fields=["status", "undone_by", "undo_reason"])

        def reverse(line: AdjustmentLine) -> None:
            _reverse(line, adjustment.undo_reason, actor, at)

        todo = AdjustmentLine.Status.POSTED
        if _each(
            adjustment, todo, reverse, at=at, budget_seconds=budget_seconds, progress=progress
        ):
            adjustment.status = Adjustment.Status.UNDONE
            adjustment.undone_at = at
            adjustment.save(update_fields=["status", "undone_at"])
    return adjustment


def adjustment_totals(adjustment: Adjustment) -> dict[str, tuple[int, int]]:
    """Return by status how many lines there are, and their sum in minor units."""
    rows = adjustment.lines.order_by().values("status")
    return {
        status: (count, total)
        for status, count, total in rows.annotate(
            count=Count("pk"), total=Sum("amount")
        ).values_list("status", "count", "total")
    }


def _check(
    program: Program,
    reason: str,
    amount: Amount | None,
    targets: Sequence[object],
    *,
    expires_at: datetime | None,
    at: datetime,
) -> None:
    _require_reason(reason)
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


def _require_reason(reason: str) -> None:
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


def _each(
    adjustment: Adjustment,
    status: AdjustmentLine.Status,
    treat: Callable[[AdjustmentLine], None],
    *,
    at: datetime,
    budget_seconds: float | None,
    progress: Callable[[int, int], None] | None,
) -> bool:
    """Treat the lines in this status, in order; says whether all of them are done."""
    begun = time.monotonic()
    todo = adjustment.lines.filter(status=status).order_by("number").select_related("member")
    total = adjustment.lines.count()
    while lines := list(todo[:BATCH]):
        cycles.catch_up(
            program=adjustment.program, members=[line.member_id for line in lines], at=at
        )
        for line in lines:
            line.member.program = adjustment.program
            treat(line)
            line.save(update_fields=["status", "posting_id", "reversal_id", "error"])
            if budget_seconds is not None and time.monotonic() - begun >= budget_seconds:
                return not todo.exists()
        if progress is not None:
            progress(total - todo.count(), total)
    return True


def _key(line: AdjustmentLine) -> str:
    return f"adjustment:{line.adjustment_id}:{line.number}"


def _post(line: AdjustmentLine, actor: Actor, at: datetime) -> None:
    try:
        correction = enrollment.adjust(
            member=line.member,
            amount=Amount(line.amount, line.member.program.currency),
            reason=line.reason,
            expires_at=line.expires_at,
            key=_key(line),
            actor=actor,
            at=at,
        )
    except (NotAvailable, InvalidInput) as error:
        line.status, line.error = AdjustmentLine.Status.FAILED, str(error)[:LONGEST_REASON]
    else:
        line.status, line.posting_id = AdjustmentLine.Status.POSTED, correction.posting_id


def _reverse(line: AdjustmentLine, reason: str, actor: Actor, at: datetime) -> None:
    if line.posting_id is None:
        raise InvalidInput("adjustment", f"Line {line.number} has no posting.")
    try:
        correction = ledger.reverse(
            posting_id=line.posting_id,
            reason=reason,
            key=f"undo-{_key(line)}",
            actor=actor,
            at=at,
        )
    except NotReversible as error:
        line.status, line.error = AdjustmentLine.Status.KEPT, str(error)[:LONGEST_REASON]
    else:
        line.status, line.reversal_id = AdjustmentLine.Status.UNDONE, correction.posting_id


def _adopt_unrecorded(adjustment: Adjustment) -> None:
    """Note the posting of a line that a crash kept from being marked: the first that isn't."""
    line = adjustment.lines.filter(status=AdjustmentLine.Status.DRAFT).order_by("number").first()
    outcome = Outcome.objects.filter(pk=_key(line)).first() if line else None
    if line is not None and outcome is not None:
        line.status, line.posting_id = AdjustmentLine.Status.POSTED, outcome.result["posting"]
        line.save(update_fields=["status", "posting_id"])
