"""A process that is killed with SIGKILL at a given point of its talk with the database.

What is sent and received goes through psycopg's ``Connection.wait``. Between its steps lie the
points: before a statement is sent, once all of it is sent and nothing has come back (for each
command of it, so that BEGIN counts too), and after the answer has been read. COMMIT passes there
as any other statement does.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

PATIENCE_SECONDS = 60
NEVER = -1
"""The number of no point."""
DOOMED = "a doomed test process"
Phase = Literal["before", "sent", "answered"]
EVERY_POINT = os.environ.get("PROGRAM_BUDGETS_FAULTS") == "all"
"""Also those points at which the database can't be in another state than at one that is tried."""


@dataclass(frozen=True)
class Point:
    """Where a process was killed: at which of its statements, and how far that had got."""

    statement: int
    phase: Phase

    def has_committed(self, *, decides_at: int) -> bool:
        """Whether a statement of its own transaction, the one numbered so, has been carried out.

        It has as soon as it was sent: nobody tells the server that the client is dead.
        """
        return self.statement > decides_at or (
            self.statement == decides_at and self.phase != "before"
        )


def killed_at(
    place: int, job: Callable[[], Any], *, skip: Sequence[Phase] = (), wait: bool = True
) -> Point | None:
    """Run *job* in a process of its own that is killed at its point number *place*.

    Points of the phases in *skip* don't count. Returns where that was; ``None`` when the job was
    through before it came so far. What the dead client had sent is carried out by then, unless
    *wait* is false.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _run_to_death(job, place, skip, writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        message = pipe.read()
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        if message:
            raise AssertionError(f"the child failed by itself:\n{message}")
        return None
    assert os.WTERMSIG(status) == signal.SIGKILL
    if wait:
        wait_for_orphans()
    statement, phase = message.split()
    return Point(int(statement), phase)  # type: ignore[arg-type]


def points_of(job: Callable[[], Any]) -> int:
    """Run *job* here, undisturbed, and return how many points it has at which to be killed."""
    connection.ensure_connection()
    fate = _Fate(connection.connection.wait, NEVER, (), writing=-1)
    connection.connection.wait = fate.wait
    try:
        job()
    finally:
        del connection.connection.wait  # the class has its own
    return fate.passed


def wait_for_orphans() -> None:
    """Wait until the servers of dead clients have ended."""
    wait_until(lambda: not orphans())


def orphans() -> list[int]:
    """Return the process ids of the servers that dead clients have left."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = %s",
            [DOOMED],
        )
        return [pid for (pid,) in cursor.fetchall()]


def wait_until(condition: Callable[[], Any]) -> None:
    """Wait for *condition*; fail when it doesn't come about."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it doesn't come about"
        time.sleep(0.002)


def _run_to_death(job: Callable[[], Any], place: int, skip: Sequence[Phase], writing: int) -> None:
    parents = connection.connection  # kept, or its end would say goodbye on the parent's line
    try:
        connection.connect()
        assert connection.connection is not parents
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('application_name', %s, false)", [DOOMED])
        fate = _Fate(connection.connection.wait, place, skip, writing)
        connection.connection.wait = fate.wait
        job()
    except BaseException:  # noqa: BLE001 nothing may unwind into pytest's copy
        if not _is_refusal():
            os.write(writing, traceback.format_exc().encode())
    finally:
        os._exit(0)


def _is_refusal() -> bool:
    import sys

    from saleor_program_budgets.errors import Refusal

    return isinstance(sys.exception(), Refusal)


class _Fate:
    """Counts a connection's points, and kills the process at one."""

    def __init__(
        self, wait: Callable[..., Any], place: int, skip: Sequence[Phase], writing: int
    ) -> None:
        self._wait = wait
        self._place = place
        self.passed = 0
        self._skip = skip
        self._writing = writing
        self._statement = -1

    def wait(self, generator: Generator[Any, Any, Any], *arguments: Any, **options: Any) -> Any:
        """Stand in for ``Connection.wait``."""
        self._statement += 1
        self._pass("before")
        answer = self._wait(self._watched(generator), *arguments, **options)
        self._pass("answered")
        return answer

    def _watched(self, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        is_news = True
        try:
            wanted = next(generator)
            while True:
                if is_news and int(wanted) == selectors.EVENT_READ:
                    self._pass("sent")
                ready = yield wanted
                is_news = bool(ready)  # else it was only asked whether to give up
                wanted = generator.send(ready)
        except StopIteration as stop:
            return stop.value

    def _pass(self, phase: Phase) -> None:
        if phase in self._skip:
            return
        if self.passed == self._place:
            os.write(self._writing, f"{self._statement} {phase}".encode())
            os.kill(os.getpid(), signal.SIGKILL)
        self.passed += 1
