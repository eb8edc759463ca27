"""Jobs: what keeps programs up to date, and the record of when each ran and how far it came.

A job is repeatable and bounded in time: run late, twice or beside itself it changes no balance.
While one runs, a second run of it returns at once.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connections, router, transaction

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import JobRun

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from saleor_program_budgets.models import Program

LOST = "The run ended without a word: its process or its connection was lost."
"""What is said of a run that never ended."""
KEPT_RUNS = 50
"""How many runs of each job are remembered."""
LONGEST_ERROR = 2_000
LOCKS = 7_024_002
"""The class of the advisory locks that jobs take, one for each name."""
HEARTBEAT_SECONDS = 5.0
"""Progress is written down at most this often."""


class AlreadyRunning(InvalidInput):
    """Another run of the same job is under way; nothing was done."""

    def __init__(self, name: str) -> None:
        super().__init__("job", f"“{name}” is already running.")
        self.name = name


@dataclass(slots=True)
class Run:
    """A job's run as the job sees it: it says how far it is, and in the end what came of it."""

    record: JobRun
    result: dict[str, Any] = field(default_factory=dict)
    _begun: float = field(default_factory=time.monotonic)
    _said: float = 0.0

    @property
    def seconds(self) -> float:
        """How long the run has taken so far."""
        return time.monotonic() - self._begun

    @property
    def at(self) -> datetime:
        """The instant of the run's beginning, and what has passed since."""
        return self.record.started_at + timedelta(seconds=self.seconds)

    def progress(self, done: int, total: int | None = None) -> None:
        """Say how far the run is; written down now and then, which also shows that it lives."""
        self.record.done = done
        self.record.total = total if total is not None else self.record.total
        if self._said and self.seconds - self._said < HEARTBEAT_SECONDS:
            return
        self._said = self.seconds
        self.record.heartbeat_at = self.at
        self.record.save(update_fields=["done", "total", "heartbeat_at"])

    def finish(self, error: str = "") -> None:
        """Write down how the run ended."""
        self.record.heartbeat_at = self.record.finished_at = self.at
        self.record.result = self.result
        self.record.error = error[:LONGEST_ERROR]
        self.record.save()


@contextmanager
def run(name: str, *, at: datetime, program: Program | None = None) -> Iterator[Run]:
    """Record a run of the job *name*, alone among those of the same name and *program*.

    Raises ``AlreadyRunning`` beside another one. What the body raises is recorded and raised.
    """
    with only_one(f"{name}:{program.pk}" if program else name):
        _bury_the_dead(name, program)
        running = Run(
            JobRun.objects.create(name=name, program=program, started_at=at, heartbeat_at=at)
        )
        try:
            yield running
        except BaseException as error:
            _note_failure(running, error)
            raise
        running.finish()
        _forget_old_runs(running.record)


@contextmanager
def only_one(name: str) -> Iterator[None]:
    """Keep everybody else out of *name* until the body has ended, also if the process dies.

    Raises ``AlreadyRunning`` where somebody is in it.
    """
    with connections[router.db_for_write(JobRun)].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [LOCKS, name])
        [is_ours] = cursor.fetchone()
    if not is_ours:
        raise AlreadyRunning(name)
    try:
        yield
    finally:
        _unlock(name)


def _unlock(name: str) -> None:
    connection = connections[router.db_for_write(JobRun)]
    if not connection.is_usable():
        connection.close()  # and the server lets go of the lock with it
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [LOCKS, name])


def last_runs(*, name: str | None = None, limit: int = KEPT_RUNS) -> list[JobRun]:
    """Return the latest runs, the newest first; of one job, or of all."""
    runs = JobRun.objects.select_related("program").order_by("-pk")
    return list((runs.filter(name=name) if name else runs)[:limit])


def _bury_the_dead(name: str, program: Program | None) -> None:
    """Close the runs that never ended: had their process lived, it would have the lock."""
    for dead in JobRun.objects.filter(name=name, program=program, finished_at=None):
        dead.finished_at = dead.heartbeat_at
        dead.error = LOST
        dead.save(update_fields=["finished_at", "error"])


def _note_failure(running: Run, error: BaseException) -> None:
    """Write a failure down, if the database still takes it; the error itself is raised anyway."""
    try:
        with transaction.atomic(using=router.db_for_write(JobRun)):
            running.finish(f"{type(error).__name__}: {error}")
            _forget_old_runs(running.record)
    except DatabaseError as lost:
        error.add_note(f"The failure could not be recorded: {lost}")


def _forget_old_runs(latest: JobRun) -> None:
    """Keep the last runs of a job; of those that found nothing to do the latest alone."""
    earlier = JobRun.objects.filter(name=latest.name, pk__lt=latest.pk).exclude(finished_at=None)
    earlier.filter(program=latest.program_id, done=0, error="").delete()
    kept = JobRun.objects.filter(name=latest.name).order_by("-pk").values_list("pk", flat=True)
    oldest = list(kept[KEPT_RUNS - 1 : KEPT_RUNS])
    if oldest:
        earlier.filter(pk__lt=oldest[0]).delete()
