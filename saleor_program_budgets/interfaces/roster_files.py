"""Files of people: short ones are applied while the client waits, long ones in a task."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from django.db import connections
from django.utils import timezone
from saleor.celeryconf import app
from saleor.core.db.connection import allow_writer

from saleor_program_budgets import roster as rosters
from saleor_program_budgets.interfaces.shop import SaleorShop
from saleor_program_budgets.models import RosterImport
from saleor_program_budgets.programs import jobs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor

AT_ONCE = 100
"""How many lines are done while the client waits."""
TASK = "saleor_program_budgets.tasks.go_on_with_import"
JOB = "import-people"
BUDGET_SECONDS = 240.0

Status = RosterImport.Status


def is_large(roster_import: RosterImport) -> bool:
    """Say whether the file is left to a task."""
    return roster_import.lines.count() > AT_ONCE


def queue(*, roster_import: RosterImport, confirmed_leavers: int | None, actor: Actor) -> None:
    """Begin with the file, and have a task go on with it.

    What keeps it from being applied is raised here, where the client sees it, as by
    ``apply_import()``. From then on it is APPLYING, so that ``resume()`` finds it should the task
    be lost.
    """
    if roster_import.status != Status.APPLYING:
        rosters.apply_import(
            roster_import=roster_import,
            confirmed_leavers=confirmed_leavers,
            shop=SaleorShop(),
            actor=actor,
            at=timezone.now(),
            budget_seconds=0.0,
            lines_at_once=1,
        )
    if roster_import.status == Status.APPLYING:
        app.tasks[TASK].delay(roster_import.pk, confirmed_leavers, str(actor))


def go_on(*, import_id: int, confirmed_leavers: int | None, actor: Actor, at: datetime) -> bool:
    """Apply as much of a file as one run takes; says whether anything is left.

    The run is recorded as a job. Raises ``AlreadyRunning`` while another file is at work, and what
    ``apply_import()`` raises.
    """
    roster_import = RosterImport.objects.select_related("roster__account").get(pk=import_id)
    with jobs.run(JOB, at=at) as run:
        run.result = {"roster": roster_import.roster_id, "import": roster_import.pk}
        with somebody_beside() as beside:
            rosters.apply_import(
                roster_import=roster_import,
                confirmed_leavers=confirmed_leavers,
                shop=SaleorShop(),
                actor=actor,
                at=at,
                budget_seconds=BUDGET_SECONDS,
                progress=run.progress,
                beside=beside,
            )
        is_left = roster_import.status == Status.APPLYING
        run.result["is_complete"] = not is_left
    return is_left


@contextmanager
def somebody_beside() -> Iterator[Executor]:
    """Give a thread that works on a connection of its own, which may write."""
    with ExitStack() as stack, ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(stack.enter_context, allow_writer()).result()
        try:
            yield thread
        finally:
            thread.submit(stack.close).result()
            thread.submit(connections.close_all).result()


def resume() -> int:
    """Queue the files that were begun and aren't done: their task may be lost; says how many."""
    begun = RosterImport.objects.filter(status=Status.APPLYING).order_by("pk")
    found = list(begun.values_list("pk", "applied_by"))
    for import_id, actor in found:
        # Not to wait beside the one that is at work, or those that wait would be ever more.
        app.tasks[TASK].delay(import_id, None, actor, waits=False)
    return len(found)
