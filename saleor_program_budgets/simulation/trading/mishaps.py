"""Making a planned mishap happen to a request that is under way."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import NotSupportedError, OperationalError, connections

from saleor_program_budgets.simulation import databases
from saleor_program_budgets.simulation.databases import NO_ANSWER
from saleor_program_budgets.simulation.options import Fault
from saleor_program_budgets.simulation.trading.errands import Mishap, Moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    type Execute = Callable[[str, Any, bool, dict[str, Any]], Any]

PATIENCE_SECONDS = 10


@contextmanager
def befalling(mishap: Mishap) -> Iterator[None]:
    """Let *mishap* befall what is done meanwhile on this thread's connection.

    What raises is an error as it comes from a database that was lost; a process that is to be
    killed doesn't come back from here.
    """
    if mishap.fault in {Fault.KILL, Fault.DISCONNECT}:
        ambush = Ambush(mishap)
        with databases.connection().execute_wrapper(ambush):
            yield
        ambush.close()
    elif mishap.fault is Fault.TIMEOUT:
        setting = "lock_timeout" if mishap.pick < 0.3 else "statement_timeout"
        with _set(setting, f"{max(round(mishap.seconds * 1000), 1)}ms"):
            yield
    elif mishap.fault is Fault.SERIALIZATION:
        level = "serializable" if mishap.pick < 0.5 else "repeatable read"
        try:
            with _set("default_transaction_isolation", level):
                yield
        except NotSupportedError as refused:
            raise OperationalError("refused under this isolation level") from refused
    else:
        yield


class Ambush:
    """Waits for one of a request's statements, and strikes at it."""

    def __init__(self, mishap: Mishap) -> None:
        self._mishap = mishap
        self._left = mishap.statement
        self._has_struck = mishap.moment is Moment.END

    def __call__(
        self,
        execute: Execute,
        sql: str,
        params: Any,
        many: bool,  # noqa: FBT001 Django calls this, by position
        context: dict[str, Any],
    ) -> Any:
        """Let a statement through, unless it is the one."""
        if self._has_struck or self._left:
            self._left -= 1
            return execute(sql, params, many, context)
        self._has_struck = True
        if self._mishap.moment is Moment.BEFORE:
            self._strike()
        elif self._mishap.moment is Moment.DURING:
            self._strike_soon()
        result = execute(sql, params, many, context)
        if self._mishap.moment is Moment.AFTER:
            self._strike()
        return result

    def close(self) -> None:
        """Strike at the last possible moment, if not before: the answer is there, but not noted."""
        if self._mishap.moment is Moment.END or not self._has_struck:
            self._strike()

    def _strike(self) -> None:
        if self._mishap.fault is Fault.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        databases.connection().connection.close()  # the driver's, behind Django's back
        raise OperationalError("the connection was lost before the answer arrived")

    def _strike_soon(self) -> None:
        if self._mishap.fault is Fault.KILL:
            killer = threading.Timer(self._mishap.seconds, os.kill, (os.getpid(), signal.SIGKILL))
            killer.daemon = True
            killer.start()
            return
        terminator = Terminator(
            databases.connection().connection.info.backend_pid, self._mishap.seconds
        )
        terminator.start()
        terminator.is_ready.wait(PATIENCE_SECONDS)


class Terminator(threading.Thread):
    """Ends another connection's server process after a while, from a connection of its own."""

    def __init__(self, pid: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._seconds = seconds
        self.is_ready = threading.Event()

    def run(self) -> None:
        """Connect, so that it can strike in time; wait; strike."""
        try:
            databases.connection().ensure_connection()
            self.is_ready.set()
            time.sleep(self._seconds)
            with databases.connection().cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s)", [self._pid])
        except NO_ANSWER:
            pass  # the server is down: what was to be cut off is cut off
        finally:
            self.is_ready.set()
            connections.close_all()


@contextmanager
def _set(setting: str, value: str) -> Iterator[None]:
    """Change a setting of this connection's for what is done meanwhile."""
    with databases.connection().cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, false)", [setting, value])
    try:
        yield
    finally:
        try:
            databases.run(f"RESET {setting}")
        except NO_ANSWER:
            databases.connection().close()
