"""Forgetting what was kept for a while only; nothing of the journal is among it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saleor_program_budgets import codes, programs, roster
from saleor_program_budgets.programs import jobs

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.models import JobRun

PURGE = "purge"


def purge(*, at: datetime) -> JobRun | None:
    """Forget old refused tries of codes, and what nobody applied of adjustments and files.

    Says in the run's result how many; ``None`` where another run is under way.
    """
    try:
        with jobs.run(PURGE, at=at) as run:
            run.result = {
                "attempts": codes.purge(at=at),
                "drafts": programs.purge_drafts(at=at),
                "imports": roster.purge_imports(at=at),
            }
            run.progress(sum(run.result.values()))
    except jobs.AlreadyRunning:
        return None
    return run.record
