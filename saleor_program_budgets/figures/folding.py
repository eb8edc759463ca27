"""Folding: what triggers noted is added to the totals, a batch at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connections, router, transaction

from saleor_program_budgets.models import FigureChange
from saleor_program_budgets.programs import jobs

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.models import JobRun

JOB = "fold-figures"
BATCH = 10_000
BUDGET_SECONDS = 50.0
"""How long a run goes on before it leaves the rest to the next."""


def fold(
    *, at: datetime, batch: int = BATCH, budget_seconds: float = BUDGET_SECONDS
) -> JobRun | None:
    """Add to the totals what has changed since; ``None`` where another run is under way.

    Each batch is one transaction: every reader sees each change once, in the totals or among
    those that wait. Nobody waits for this, and no figure depends on when it is done.
    """
    try:
        with jobs.run(JOB, at=at) as run:
            folded = batch
            while folded == batch and run.seconds < budget_seconds:
                folded = fold_batch(at=at, batch=batch)
                run.progress(run.record.done + folded)
            run.result = {"folded": run.record.done, "is_complete": folded < batch}
    except jobs.AlreadyRunning:
        return None
    return run.record


def fold_batch(*, at: datetime, batch: int = BATCH) -> int:
    """Fold at most *batch* changes in one transaction; return how many there were."""
    alias = router.db_for_write(FigureChange)
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute("SELECT program_budgets_fold_figures(%s, %s)", [batch, at])
        [folded] = cursor.fetchone()
    return int(folded)


def recount() -> None:
    """Count all figures anew from limits, members, entries and refusals; postings wait meanwhile.

    Repairs figures that somebody has damaged; reads the whole journal.
    """
    alias = router.db_for_write(FigureChange)
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute("SELECT program_budgets_recount_figures(NULL)")
