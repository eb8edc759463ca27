"""Corrections of many members at once: applied in sets of lines, and undone.

Each line is keyed by its batch and number: a batch that was interrupted goes on where it stopped,
and no line is posted twice. A set is posted in one transaction, and its lines are marked in the
next: what a crash leaves unmarked in between is asked again under its keys, and marked then.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.db import connections, router
from django.db.models import Count, Sum

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import (
    BudgetError,
    InvalidInput,
    LedgerInvariant,
    NotAvailable,
    NotReversible,
)
from saleor_program_budgets.models import (
    Adjustment,
    AdjustmentLine,
    Member,
)
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import calendar, cycles, jobs
from saleor_program_budgets.programs.drafts import require_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.models import Cycle, Program

LINES_AT_ONCE = 250
"""How many lines are one transaction: who buys meanwhile waits for one such set at most."""
KEYS_AT_ONCE = 5_000
LONGEST_ERROR = 500

type Mark = tuple[AdjustmentLine.Status, int | None, str]
"""What has become of a line: its status, the posting that says so, or else the reason."""

MARK = """
UPDATE program_budgets_adjustmentline line SET
    status = mark.status, error = mark.error,
    posting_id = CASE mark.status WHEN 'posted' THEN mark.posting ELSE line.posting_id END,
    reversal_id = CASE mark.status WHEN 'undone' THEN mark.posting ELSE line.reversal_id END
    FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[])
        mark (id, status, posting, error)
    WHERE line.id = mark.id
"""


def apply_adjustment(
    *,
    adjustment: Adjustment,
    actor: Actor,
    at: datetime,
    budget_seconds: float | None = None,
    lines_at_once: int = LINES_AT_ONCE,
    progress: Callable[[int, int], None] | None = None,
) -> Adjustment:
    """Post a batch's lines by their exact amounts, whatever balances have become since.

    A line that no longer fits is marked as failed with the reason. Repeating it changes nothing;
    what was interrupted, or took longer than *budget_seconds*, goes on: as long as it is
    APPLYING, call it again. *progress* is told how many of how many lines are done. Members wait
    for *lines_at_once* at most. Raises ``InvalidInput`` for a batch that was undone, and
    ``AlreadyRunning``.
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
        todo = AdjustmentLine.Status.DRAFT
        for lines in _sets(
            adjustment, todo, lines_at_once, budget_seconds=budget_seconds, progress=progress
        ):
            _mark(_post(adjustment, lines, actor, at))
        if not adjustment.lines.filter(status=todo).exists():
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
    lines_at_once: int = LINES_AT_ONCE,
    progress: Callable[[int, int], None] | None = None,
) -> Adjustment:
    """Reverse each posted line; one whose value has been used since is kept, and says so.

    What wasn't applied yet no longer will be. Repeating it changes nothing; as long as it is
    UNDOING, call it again; *lines_at_once* and *progress* are as in applying. Raises
    ``InvalidInput`` without a reason and for a draft, and ``AlreadyRunning``.
    """
    require_reason(reason)
    with jobs.only_one(f"adjustment:{adjustment.pk}"):
        adjustment.refresh_from_db()
        if adjustment.status == Adjustment.Status.UNDONE:
            return adjustment
        if adjustment.status == Adjustment.Status.DRAFT:
            raise InvalidInput("adjustment", "The adjustment wasn't applied.")
        if adjustment.status != Adjustment.Status.UNDOING:
            _adopt_unmarked(adjustment)
            adjustment.status = Adjustment.Status.UNDOING
            adjustment.undone_by = str(actor)
            adjustment.undo_reason = reason.strip()
            adjustment.save(update_fields=["status", "undone_by", "undo_reason"])
        todo = AdjustmentLine.Status.POSTED
        for lines in _sets(
            adjustment, todo, lines_at_once, budget_seconds=budget_seconds, progress=progress
        ):
            _mark(_reverse(adjustment, lines, actor, at))
        if not adjustment.lines.filter(status=todo).exists():
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


def _sets(
    adjustment: Adjustment,
    status: AdjustmentLine.Status,
    lines_at_once: int,
    *,
    budget_seconds: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[list[AdjustmentLine]]:
    """Yield the lines in this status, in order and so many at once, as long as there is time.

    Whoever asks for the next ones has done with these.
    """
    begun = time.monotonic()
    todo = adjustment.lines.filter(status=status).order_by("number").select_related("member")
    total = adjustment.lines.count()
    done = total - todo.count()
    last = -1
    # From the last one on: what is behind it needn't be looked through again.
    while lines := list(todo.filter(number__gt=last)[:lines_at_once]):
        yield lines
        last = lines[-1].number
        done += len(lines)
        if progress is not None:
            progress(done, total)
        if budget_seconds is not None and time.monotonic() - begun >= budget_seconds:
            return


def _key(line: AdjustmentLine) -> str:
    return f"adjustment:{line.adjustment_id}:{line.number}"


def _undo_key(line: AdjustmentLine) -> str:
    return f"undo-{_key(line)}"


def _post(
    adjustment: Adjustment, lines: Sequence[AdjustmentLine], actor: Actor, at: datetime
) -> dict[int, Mark]:
    """Post a set in one transaction, and return what became of each line (by id)."""
    program = adjustment.program
    members = [line.member_id for line in lines]
    cycle = cycles.catch_up(program=program, members=members, at=at)
    too_late = _too_late(lines, at)
    results = ledger.adjust_each(
        lines=[
            ledger.Adjusting(
                member_id=line.member_id,
                amount=Amount(line.amount, program.currency),
                expires_at=line.expires_at or _end_of_period(program, cycle, line.member, at),
                reason=line.reason,
                key=_key(line),
            )
            for line in lines
            if line not in too_late
        ],
        cycle=cycle,
        actor=actor,
        at=at,
    )
    expired = InvalidInput("expires_at", "The expiry has to lie in the future.")
    return {line.pk: _posted(results.get(_key(line), expired)) for line in lines}


def _too_late(lines: Sequence[AdjustmentLine], at: datetime) -> set[AdjustmentLine]:
    """Return the lines whose expiry has passed, but for those that were posted in time."""
    over = [line for line in lines if line.expires_at is not None and line.expires_at <= at]
    posted = ledger.postings_under(keys=map(_key, over)) if over else {}
    return {line for line in over if _key(line) not in posted}


def _end_of_period(
    program: Program, cycle: Cycle | None, member: Member, at: datetime
) -> datetime | None:
    """Return when what the member is given now ends with their period."""
    if cycle is None:
        return None
    return calendar.period_of_member(program=program, cycle=cycle, member=member, at=at).ends_at


def _posted(result: ledger.Result) -> Mark:
    if isinstance(result, NotAvailable | InvalidInput):
        return AdjustmentLine.Status.FAILED, None, str(result)[:LONGEST_ERROR]
    if isinstance(result, BudgetError):
        raise result
    return AdjustmentLine.Status.POSTED, result.posting_id, ""


def _reverse(
    adjustment: Adjustment, lines: Sequence[AdjustmentLine], actor: Actor, at: datetime
) -> dict[int, Mark]:
    """Reverse a set in one transaction, and return what became of each line (by id)."""
    members = [line.member_id for line in lines]
    cycles.catch_up(program=adjustment.program, members=members, at=at)
    postings = {_undo_key(line): line.posting_id for line in lines if line.posting_id is not None}
    if len(postings) < len(lines):
        raise LedgerInvariant(f"adjustment {adjustment.pk} has posted lines without a posting")
    results = ledger.reverse_each(
        postings=postings, reason=adjustment.undo_reason, actor=actor, at=at
    )
    return {line.pk: _undone(results[_undo_key(line)]) for line in lines}


def _undone(result: ledger.Result) -> Mark:
    if isinstance(result, NotReversible):
        return AdjustmentLine.Status.KEPT, None, str(result)[:LONGEST_ERROR]
    if isinstance(result, BudgetError):
        raise result
    return AdjustmentLine.Status.UNDONE, result.posting_id, ""


def _mark(marks: Mapping[int, Mark]) -> None:
    """Note what became of lines, by their ids."""
    statuses, postings, errors = zip(*marks.values(), strict=True)
    with connections[router.db_for_write(AdjustmentLine)].cursor() as cursor:
        cursor.execute(MARK, [list(marks), list(map(str, statuses)), list(postings), list(errors)])


def _adopt_unmarked(adjustment: Adjustment) -> None:
    """Mark the lines that a crash kept from it after they had been posted."""
    for lines in _sets(adjustment, AdjustmentLine.Status.DRAFT, KEYS_AT_ONCE):
        posted = ledger.postings_under(keys=map(_key, lines))
        marks: dict[int, Mark] = {
            line.pk: (AdjustmentLine.Status.POSTED, posted[_key(line)], "")
            for line in lines
            if _key(line) in posted
        }
        if marks:
            _mark(marks)
