"""Triggers that make a statement fail, or stand still, in the middle of what it writes."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from django.db import connection, connections

from tests.faults.support.killing import PATIENCE_SECONDS, wait_until
from tests.support.database import tables
from tests.support.racing import execute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Fault = Literal["terminate", "cancel", "disk_full", "serialization", "deadlock"]
SQLSTATES: dict[Fault, str] = {
    "terminate": "57P01",
    "cancel": "57014",
    "disk_full": "53100",
    "serialization": "40001",
    "deadlock": "40P01",
}
FAIL_AT_WRITE = """
CREATE SEQUENCE tests_faults_come;
CREATE FUNCTION tests_fail_at_write() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    v_left bigint := nullif(current_setting('tests.writes_left', true), '')::bigint;
    v_fault text := current_setting('tests.fault', true);
BEGIN
    IF v_left IS NULL THEN
        RETURN NULL;
    ELSIF v_left > 0 THEN
        PERFORM set_config('tests.writes_left', (v_left - 1)::text, false);
    ELSIF v_left = 0 AND nextval('tests_faults_come') <= current_setting('tests.times')::bigint
    THEN
        IF v_fault = 'terminate' THEN
            PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(60);
        ELSIF v_fault = 'cancel' THEN
            PERFORM pg_cancel_backend(pg_backend_pid()), pg_sleep(60);
        ELSE
            RAISE EXCEPTION 'a fault of the test''s' USING ERRCODE = current_setting('tests.state');
        END IF;
    END IF;
    RETURN NULL;
END $$;
"""
TRIGGER = """
CREATE TRIGGER z_fail_at_write AFTER INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION tests_fail_at_write();
"""
HALT_KEY = 4711
HALT = f"""
CREATE FUNCTION tests_halt() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared({HALT_KEY}); RETURN NEW; END $$;
CREATE TRIGGER a_halt BEFORE INSERT ON {{table}} FOR EACH ROW EXECUTE FUNCTION tests_halt();
SELECT pg_advisory_lock({HALT_KEY});
"""


@contextmanager
def faults_at_writes() -> Iterator[None]:
    """Let ``fail_at_write`` be used."""
    execute(FAIL_AT_WRITE + "".join(TRIGGER.format(table=table) for table in tables()))
    try:
        yield
    finally:
        execute("DROP FUNCTION tests_fail_at_write() CASCADE; DROP SEQUENCE tests_faults_come")


def fail_at_write(place: int | None, fault: Fault = "cancel", *, times: int = 1_000_000) -> None:
    """Let *fault* come when this connection has written *place* more rows; ``None``: never.

    ``terminate`` and ``cancel`` are PostgreSQL's own, sent to this connection's server in
    mid-statement; the others are raised as it would raise them. It comes *times* times.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval('tests_faults_come', 1, false),"
            " set_config('tests.writes_left', %s, false), set_config('tests.fault', %s, false),"
            " set_config('tests.times', %s, false), set_config('tests.state', %s, false)",
            ["" if place is None else str(place), fault, str(times), SQLSTATES[fault]],
        )


def writes_left() -> int:
    """Return how many rows this connection may still write before its fault comes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('tests.writes_left')::bigint")
        return cursor.fetchone()[0]


class Halted:
    """Statements that stand still in the middle of what they write."""

    def wait_until_reached(self) -> int:
        """Wait until a statement stands there; returns its server's process id."""
        found: list[int] = []

        def is_reached() -> bool:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database"
                    " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
                    " AND objid = %s AND mode = 'ShareLock'",
                    [HALT_KEY],
                )
                found[:] = [pid for (pid,) in cursor.fetchall()]
            return bool(found)

        wait_until(is_reached)
        return found[0]

    def let_pass(self) -> None:
        """Let it go on."""
        execute(f"SELECT pg_advisory_unlock({HALT_KEY})")


@contextmanager
def halted(table: str = "posting") -> Iterator[Halted]:
    """Let statements stand still before they write their first row of *table*."""
    execute(HALT.format(table=f"program_budgets_{table}"))
    try:
        yield Halted()
    finally:
        execute("SELECT pg_advisory_unlock_all(); DROP FUNCTION tests_halt() CASCADE")


class Background:
    """A job on a connection of its own; ``outcome`` waits for what it returns or raises."""

    def __init__(self, job: Callable[[], Any], *, before: str = "") -> None:
        self._job = job
        self._before = before
        self._outcome: Any = None
        self.pid = 0
        self._is_connected = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._is_connected.wait(PATIENCE_SECONDS)

    def outcome(self) -> Any:
        """Return what the job returned or raised."""
        self._thread.join(PATIENCE_SECONDS)
        assert not self._thread.is_alive(), "the job hangs"
        return self._outcome

    def _run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(self._before or "SELECT")
                cursor.execute("SELECT pg_backend_pid()")
                [self.pid] = cursor.fetchone()
            self._is_connected.set()
            self._outcome = self._job()
        except Exception as error:  # noqa: BLE001 the outcome, which the test looks at
            self._outcome = error
        finally:
            self._is_connected.set()
            connections.close_all()


def is_waiting(pid: int) -> bool:
    """Whether the server of that process id waits for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid])
        return cursor.fetchone()[0]


def sqlstate(error: BaseException) -> str | None:
    """Return the database's own code for what went wrong."""
    return getattr(error.__cause__, "sqlstate", None)
