"""Adjustments of many members: small ones while the client waits, large ones in a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saleor.celeryconf import app

from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import Adjustment
from saleor_program_budgets.programs import adjustments, jobs

if TYPE_CHECKING:
    from datetime import datetime

AT_ONCE = 100
"""How many lines are done while the client waits."""
TASK = "saleor_program_budgets.tasks.go_on_with_adjustment"
JOB = "adjust"
BUDGET_SECONDS = 240.0


def is_large(adjustment: Adjustment) -> bool:
    """Say whether the adjustment is left to a task."""
    return adjustment.lines.count() > AT_ONCE


def queue(*, adjustment: Adjustment, undo_reason: str | None, actor: Actor) -> None:
    """Have a task apply the adjustment, or with a reason undo it."""
    app.tasks[TASK].delay(adjustment.pk, undo_reason, str(actor))


def actor_named(text: str) -> Actor:
    """Return the actor that ``str`` has written."""
    kind, _, reference = text.partition(":")
    return Actor(kind, reference)


def go_on(*, adjustment_id: int, undo_reason: str | None, actor: Actor, at: datetime) -> bool:
    """Apply, or with a reason undo, as much as one run takes; says whether lines are left.

    The run is recorded as the program's job. Raises ``AlreadyRunning`` while another adjustment
    of the program is at work.
    """
    adjustment = Adjustment.objects.select_related("program").get(pk=adjustment_id)
    program = adjustment.program
    with jobs.run(JOB, at=at, program=program) as run:
        run.result = {"adjustment": adjustment.pk, "is_undo": undo_reason is not None}
        if undo_reason is None:
            adjustments.apply_adjustment(
                adjustment=adjustment,
                actor=actor,
                at=at,
                budget_seconds=BUDGET_SECONDS,
                progress=run.progress,
            )
            is_left = adjustment.status == Adjustment.Status.APPLYING
        else:
            adjustments.undo_adjustment(
                adjustment=adjustment,
                reason=undo_reason,
                actor=actor,
                at=at,
                budget_seconds=BUDGET_SECONDS,
                progress=run.progress,
            )
            is_left = adjustment.status == Adjustment.Status.UNDOING
        run.result["is_complete"] = not is_left
    return is_left
