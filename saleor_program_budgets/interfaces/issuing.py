"""Batches of redemption codes: made, published as vouchers and sent in tasks, and handed out."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from saleor.celeryconf import app

from saleor_program_budgets import codes
from saleor_program_budgets.interfaces import vouchers
from saleor_program_budgets.interfaces.code_mail import CodeMail
from saleor_program_budgets.models import CodeBatch
from saleor_program_budgets.programs import jobs
from saleor_program_budgets.roster.cells import guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from saleor_program_budgets.codes import Issued
    from saleor_program_budgets.models import JobRun

TASK = "saleor_program_budgets.tasks.go_on_with_codes"
MAKING = "make-codes"
SENDING = "send-codes"
COMPLETING = "complete-credits"
BUDGET_SECONDS = 240.0
TRIED_DAYS = 8
"""A day more than what can't be sent is tried for: then its batch ends without it."""
COLUMNS = ("number", "email", "name", "code")

Status, Delivery = CodeBatch.Status, CodeBatch.Delivery
UNFINISHED = Q(status=Status.GENERATING) | Q(status=Status.READY, delivery=Delivery.EMAIL)


def queue(*, batch_id: int, waits: bool = True) -> None:
    """Have a task make the batch's codes, and send them if they go by e-mail.

    Where another batch of the program is at work it *waits* for that, or ends.
    """
    app.tasks[TASK].delay(batch_id, waits=waits)


def resume(*, at: datetime) -> int:
    """Queue the batches that aren't finished: their task may be lost; says how many.

    What went wrong is tried again for some days; then it is for staff to revoke the batch.
    """
    is_hopeless = ~Q(error="") & Q(created_at__lte=at - timedelta(days=TRIED_DAYS))
    waiting = CodeBatch.objects.filter(UNFINISHED).exclude(is_hopeless).order_by("pk")
    keys = list(waiting.values_list("pk", flat=True))
    for batch_id in keys:
        queue(batch_id=batch_id, waits=False)  # or those that wait would be ever more
    return len(keys)


def go_on(*, batch_id: int, at: datetime) -> bool:
    """Do as much for a batch as one run takes; says whether anything is left to do.

    The run is recorded as the program's job. Raises ``AlreadyRunning`` while another batch of the
    program is at work.
    """
    batch = CodeBatch.objects.select_related("program").get(pk=batch_id)
    if batch.status == Status.GENERATING:
        _run(MAKING, batch, make, at=at)
    elif batch.status == Status.READY and batch.delivery == Delivery.EMAIL:
        _run(SENDING, batch, send, at=at)
    return CodeBatch.objects.filter(UNFINISHED, pk=batch_id).exists()


def make(batch: CodeBatch, *, at: datetime, progress: Callable[[int, int], None]) -> None:
    """Make the batch's codes, those of a voucher in Saleor too."""
    codes.generate(
        batch=batch,
        publish=vouchers.publish if batch.kind == CodeBatch.Kind.DISCOUNT else None,
        at=at,
        budget_seconds=BUDGET_SECONDS,
        progress=progress,
    )


def send(batch: CodeBatch, *, at: datetime, progress: Callable[[int, int], None]) -> None:
    """Send the batch's codes by e-mail, as far as they can be handed over.

    What failed is noted for staff, and raised; a later run tries it again.
    """
    try:
        codes.send(
            batch=batch,
            deliver=CodeMail(batch),
            at=at,
            budget_seconds=BUDGET_SECONDS,
            progress=progress,
        )
    except jobs.AlreadyRunning:
        raise
    except Exception as error:
        _note(batch, f"{type(error).__name__}: {error}")
        raise
    if batch.error:
        _note(batch, "")


def as_csv(issued: Iterable[Issued]) -> str:
    """Return codes with whom they are for, one a line under a header."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for each in issued:
        writer.writerow((each.number, guarded(each.email), guarded(each.name), each.text))
    return text.getvalue()


def complete_credits(*, at: datetime) -> JobRun | None:
    """Grant what was redeemed and not granted; ``None`` where another run is under way."""
    try:
        with jobs.run(COMPLETING, at=at) as run:
            granted = codes.complete_credits(at=at)
            run.result = {"granted": granted}
            run.progress(granted)
    except jobs.AlreadyRunning:
        return None
    return run.record


def _run(name: str, batch: CodeBatch, work: Callable[..., None], *, at: datetime) -> None:
    with jobs.run(name, at=at, program=batch.program) as run:
        run.result = {"batch": batch.pk}
        work(batch, at=at, progress=run.progress)


def _note(batch: CodeBatch, error: str) -> None:
    longest = CodeBatch._meta.get_field("error").max_length
    CodeBatch.objects.filter(pk=batch.pk).update(error=error.replace("\x00", "")[:longest])
