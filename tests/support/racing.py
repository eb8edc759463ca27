"""Racing: jobs at one instant on connections of their own, and the guards switched off.

A test that shows no overspending proves little unless the same race overspends without its lock.
``unguarded`` takes the guards away, ``slow_motion`` holds open the moment between the check and
the write, so that a missing lock shows every time and not once in a thousand.
"""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.core.management import call_command
from django.db import connection, connections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATIENCE_SECONDS = 60
NO_LOCKS = """
CREATE OR REPLACE FUNCTION program_budgets_lock(p_limits bigint[]) RETURNS void
LANGUAGE plpgsql AS $$ BEGIN END $$;
CREATE OR REPLACE FUNCTION program_budgets_lock_hold(p_hold uuid) RETURNS program_budgets_hold
LANGUAGE sql AS $$ SELECT * FROM program_budgets_hold WHERE id = p_hold $$;
CREATE OR REPLACE FUNCTION program_budgets_begin_posting() RETURNS void
LANGUAGE sql AS $$ SELECT $$;
"""
NO_LAST_LOOK = """
CREATE OR REPLACE FUNCTION program_budgets_require_all_placed(p_rest bigint) RETURNS void
LANGUAGE sql AS $$ SELECT $$;
"""
NO_ORDER = """
CREATE OR REPLACE FUNCTION program_budgets_lock(p_limits bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE v_id bigint;
BEGIN
    FOR v_id IN SELECT id FROM unnest(p_limits) id ORDER BY random() LOOP
        PERFORM 1 FROM program_budgets_limit WHERE id = v_id FOR UPDATE;
        PERFORM pg_sleep(0.02);
    END LOOP;
END $$;
"""
SLOW_MOTION = """
CREATE FUNCTION tests_slow_motion() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(%s); RETURN NEW; END $$;
CREATE TRIGGER a_slow_motion BEFORE INSERT ON program_budgets_posting
    FOR EACH ROW EXECUTE FUNCTION tests_slow_motion();
"""
NORMAL_MOTION = "DROP FUNCTION tests_slow_motion() CASCADE"


def race(*jobs: Callable[[], Any]) -> list[Any]:
    """Run all jobs at once and return what each returned or raised, in their order."""
    outcomes: list[Any] = [None] * len(jobs)
    start = threading.Barrier(len(jobs))

    def run(place: int, job: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            start.wait(PATIENCE_SECONDS)
            outcomes[place] = job()
        except Exception as error:  # noqa: BLE001 the outcome, which the test looks at
            outcomes[place] = error
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run, args=(place, job), daemon=True)
        for place, job in enumerate(jobs)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    if any(thread.is_alive() for thread in threads):
        raise TimeoutError("a job of the race hangs")
    return outcomes


def kinds(outcomes: Sequence[Any]) -> dict[str, int]:
    """Count outcomes by type."""
    names = [type(outcome).__name__ for outcome in outcomes]
    return {name: names.count(name) for name in sorted(set(names))}


@contextmanager
def slow_motion(seconds: float = 0.1) -> Iterator[None]:
    """Hold every posting open for a while between what it checked and what it writes."""
    execute(SLOW_MOTION % seconds)
    try:
        yield
    finally:
        execute(NORMAL_MOTION)


@contextmanager
def unguarded(*, constraints: bool) -> Iterator[None]:
    """Take the locks away, and with *constraints* given as false the database's last guard too.

    Afterwards everything is put back, in an empty database: what happened meanwhile may break
    the constraints.
    """
    with _replaced(NO_LOCKS if constraints else NO_LOCKS + NO_LAST_LOOK):
        dropped = [] if constraints else _drop_constraints()
        try:
            yield
        finally:
            call_command("flush", interactive=False, verbosity=0)
            for table, name, definition in dropped:
                execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


@contextmanager
def unordered() -> Iterator[None]:
    """Take the locks one by one in no particular order."""
    with _replaced(NO_ORDER):
        yield


def deadlocks() -> int:
    """Return how many deadlocks this database has seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def execute(statements: str) -> None:
    """Run statements that return nothing."""
    with connection.cursor() as cursor:
        cursor.execute(statements)


@contextmanager
def _replaced(functions: str) -> Iterator[None]:
    names = re.findall(r"FUNCTION (\w+)\(", functions)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = ANY(%s)", [names]
        )
        originals = [definition for (definition,) in cursor.fetchall()]
    execute(functions)
    try:
        yield
    finally:
        for definition in originals:
            execute(definition)


def _drop_constraints() -> list[tuple[str, str, str]]:
    """Drop the checks, and that a key is used once; returns what to put back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE conrelid::regclass::text LIKE 'program_budgets_%%'"
            " AND (contype = 'c' OR contype = 'u' AND conname LIKE '%%_key_key')"
        )
        dropped = cursor.fetchall()
        for table, name, _ in dropped:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return dropped
