"""Racing: operations that meet on connections of their own, and the guards switched off.

A test that shows no overspending proves little unless the same meeting overspends without its
lock. ``unguarded`` takes the guards away. Two ways to meet:

- ``in_turn`` stops the first operation between what it checked and what it writes, lets the second
  come until it is done or has to wait, and then lets the first go on: nothing is left to chance.
- ``race`` starts any number at one instant; ``slow_motion`` stretches the moment between check and
  write, so that a missing lock shows every time and not once in a thousand.
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.management import call_command
from django.db import connection, connections

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATIENCE_SECONDS = 60
LOOK_EVERY_SECONDS = 0.003
GATE = 7_024_900
"""Advisory lock that ``in_turn`` keeps the first operation waiting for."""

# What may go wrong without locks is what these statements are for.
ROW_LOCK = re.compile(r"\s+FOR UPDATE(?: SKIP LOCKED)?\b")
POSTINGS_LOCK = re.compile(r"PERFORM pg_advisory_xact_lock(?:_shared)?\(7024002\);")
LAST_LOOK = re.compile(r"IF p_rest <> 0 THEN")
UNIQUE_ONCE = (
    "program_budgets_outcome_pkey",
    "lot_one_allotment_per_period",
    "posting_reversed_once",
    "code_redeemed_once",
)
"""The indexes by which something happens once; beside the checks, the database's last guard."""

# Where an operation has checked all it checks, and has written nothing that others see: in front
# of its posting, of its lots, of an outcome without a posting, of a row that Django writes.
BEFORE_WRITING = {
    "program_budgets_post": re.compile(r"\bBEGIN\b"),
    "program_budgets_move_each": re.compile(r"\bBEGIN\b"),
    "program_budgets_remember": re.compile(r"\bBEGIN\b"),
    "program_budgets_grant": re.compile(r"(?=WITH granted AS)"),
    "program_budgets_rebuild": re.compile(r"PERFORM program_budgets_stop_postings\(\);"),
}
WRITTEN_BY_DJANGO = {
    "program_budgets_member": "UPDATE",
    "program_budgets_account": "UPDATE",
    "program_budgets_codebatch": "UPDATE",
    "program_budgets_redemptioncode": "UPDATE",
    "program_budgets_coderedemption": "INSERT OR UPDATE",
}
STOP = f"""
CREATE FUNCTION tests_stop_at(p_place text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('tests.stop_at', true) = p_place THEN
        PERFORM pg_advisory_xact_lock_shared({GATE});
    END IF;
END $$;
CREATE FUNCTION tests_stop_before_writing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tests_stop_at('write');
    RETURN NULL;
END $$;
"""
NO_STOP = "DROP FUNCTION tests_stop_before_writing() CASCADE; DROP FUNCTION tests_stop_at(text);"


@dataclass(frozen=True, slots=True)
class Meeting:
    """What two operations returned or raised, and whether the second had to wait for the first."""

    first: Any
    second: Any
    waited: bool


def in_turn(
    first: Callable[[], Any], second: Callable[[], Any], *, stop_at: str = "write"
) -> Meeting:
    """Let *first* come to *stop_at*, then *second* as far as it gets, then *first* go on.

    Places to stop at: ``write``; ``commit``, after everything is written; ``cap 12``, before the
    cap with that id is locked.
    """
    with _stops():
        execute(f"SELECT pg_advisory_lock({GATE})")
        try:
            one = _Runner(first, stop_at=stop_at)
            _until(lambda: one.is_done or _waits(one), "the first is stopped")
            if one.is_done:
                raise AssertionError(f"It never came to “{stop_at}”: {one.outcome!r}")
            other = _Runner(second)
            _until(lambda: other.is_done or _waits(other, on=one), "the second is done or waits")
            waited = not other.is_done
        finally:
            execute(f"SELECT pg_advisory_unlock({GATE})")
        return Meeting(one.join(), other.join(), waited)


def race(*jobs: Callable[[], Any]) -> list[Any]:
    """Run all jobs at once and return what each returned or raised, in their order."""
    start = threading.Barrier(len(jobs))
    runners = [_Runner(job, start=start) for job in jobs]
    return [runner.join() for runner in runners]


class _Runner:
    """A job in a thread, on a connection of its own."""

    def __init__(
        self,
        job: Callable[[], Any],
        *,
        start: threading.Barrier | None = None,
        stop_at: str = "",
    ) -> None:
        self.job = job
        self.start = start
        self.stop_at = stop_at
        self.backend = 0
        self.outcome: Any = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    @property
    def is_done(self) -> bool:
        return not self.thread.is_alive()

    def join(self) -> Any:
        self.thread.join(PATIENCE_SECONDS)
        if self.thread.is_alive():
            raise TimeoutError("a job of the race hangs")
        return self.outcome

    def _run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_backend_pid(), set_config('tests.stop_at', %s, false)",
                    [self.stop_at],
                )
                self.backend = cursor.fetchone()[0]
            if self.start:
                self.start.wait(PATIENCE_SECONDS)
            self.outcome = self.job()
        except Exception as error:  # noqa: BLE001 the outcome, which the test looks at
            self.outcome = error
        finally:
            connections.close_all()


def _waits(runner: _Runner, *, on: _Runner | None = None) -> bool:
    """Return whether the runner waits for a lock of *on*'s, or at the gate."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(%s, pg_backend_pid()) = ANY (pg_blocking_pids(%s))",
            [on.backend if on else None, runner.backend],
        )
        return cursor.fetchone()[0]


def _until(is_so: Callable[[], bool], what: str) -> None:
    for _ in range(int(PATIENCE_SECONDS / LOOK_EVERY_SECONDS)):
        if is_so():
            return
        time.sleep(LOOK_EVERY_SECONDS)
    raise TimeoutError(f"waited in vain until {what}")


def kinds(outcomes: Sequence[Any]) -> dict[str, int]:
    """Count outcomes by type."""
    names = [type(outcome).__name__ for outcome in outcomes]
    return {name: names.count(name) for name in sorted(set(names))}


@contextmanager
def slow_motion(seconds: float = 0.1) -> Iterator[None]:
    """Hold every posting open for a while between what it checked and what it writes."""
    with _rewritten(lambda name, text: _before_writing(name, text, f"pg_sleep({seconds})")):
        yield


@contextmanager
def unguarded(*, constraints: bool, only: str = "") -> Iterator[None]:
    """Take the locks away, and with *constraints* given as false the database's last guard too.

    *only* names the one function to lose its locks. Afterwards everything is put back, in an empty
    database: what happened meanwhile may break the constraints.
    """

    def unlock(name: str, text: str) -> str:
        if only and name != only:
            return text
        text = POSTINGS_LOCK.sub("PERFORM 1;", ROW_LOCK.sub("", text))
        return text if constraints else LAST_LOOK.sub("IF false THEN", text)

    with _rewritten(unlock):
        put_back = [] if constraints else _drop_constraints()
        try:
            yield
        finally:
            call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
            for statement in put_back:
                execute(statement)


@contextmanager
def in_tree_order() -> Iterator[None]:
    """Let purchases lock caps from the member's account up, wherever accounts were moved to."""
    changed: list[str] = []

    def reorder(name: str, text: str) -> str:
        if name != "program_budgets_hold":
            return text
        changed.append(name)
        return _replace_once(re.compile("ORDER BY lock_rank, cap_id"), "ORDER BY distance", text)

    with _rewritten(reorder):
        assert changed
        yield


@contextmanager
def changed(function: str, pattern: str, replacement: str) -> Iterator[None]:
    """Put *replacement* where one of the ledger's functions has *pattern*."""

    def change(name: str, text: str) -> str:
        return _replace_once(re.compile(pattern), replacement, text) if name == function else text

    with _rewritten(change):
        yield


def deadlocks() -> int:
    """Return how many deadlocks this database has seen, once its racers are gone.

    They report what they saw when they end.
    """
    with connection.cursor() as cursor:

        def is_alone() -> bool:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            return cursor.fetchone()[0] == 0

        _until(is_alone, "the racers are gone")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def execute(statements: str) -> None:
    """Run statements that return nothing."""
    with connection.cursor() as cursor:
        cursor.execute(statements)


@contextmanager
def _stops() -> Iterator[None]:
    """Let sessions that ask for it stop where they are about to write."""

    def stop(name: str, text: str) -> str:
        if name in {"program_budgets_pick_share", "program_budgets_lock_cap"}:
            return _replace_once(
                re.compile(r"\bBEGIN\b"), "BEGIN PERFORM tests_stop_at('cap ' || p_cap);", text
            )
        if name == "program_budgets_remember":
            text = _before_writing(name, text, "tests_stop_at('commit')")
        return _before_writing(name, text, "tests_stop_at('write')")

    execute(STOP)
    for table, writes in WRITTEN_BY_DJANGO.items():
        execute(
            f"CREATE TRIGGER tests_stop BEFORE {writes} ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION tests_stop_before_writing()"
        )
    try:
        with _rewritten(stop):
            yield
    finally:
        execute(NO_STOP)


def _before_writing(name: str, text: str, call: str) -> str:
    if name not in BEFORE_WRITING:
        return text
    return _replace_once(BEFORE_WRITING[name], rf"\g<0> PERFORM {call}; ", text)


def _replace_once(pattern: re.Pattern[str], replacement: str, text: str) -> str:
    changed, count = pattern.subn(replacement, text, count=1)
    if not count:
        raise LookupError(f"{pattern.pattern} isn't in the function any more:\n{text}")
    return changed


@contextmanager
def _rewritten(rewrite: Callable[[str, str], str]) -> Iterator[None]:
    """Replace the ledger's functions by what *rewrite* makes of their names and definitions."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname, pg_get_functiondef(oid) FROM pg_proc"
            " WHERE proname LIKE 'program\\_budgets\\_%' AND prokind = 'f'"
        )
        originals = cursor.fetchall()
    replaced: list[str] = []
    try:
        for name, original in originals:
            changed = rewrite(name, original)
            if changed != original:
                replaced.append(original)
                execute(changed)
        yield
    finally:
        for original in replaced:
            execute(original)


def _drop_constraints() -> list[str]:
    """Drop the checks, and that some things happen once; returns what puts them back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),"
            " format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s',"
            "  conrelid::regclass, conname, pg_get_constraintdef(oid))"
            " FROM pg_constraint WHERE conrelid::regclass::text LIKE 'program\\_budgets\\_%%'"
            " AND (contype = 'c' OR conname = ANY (%(once)s))"
            " UNION ALL SELECT format('DROP INDEX %%I', relname), pg_get_indexdef(pg_class.oid)"
            " FROM pg_class WHERE relkind = 'i' AND relname = ANY (%(once)s)"
            " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = pg_class.oid)",
            {"once": list(UNIQUE_ONCE)},
        )
        guards = cursor.fetchall()
    for drop, _ in guards:
        execute(drop)
    return [put_back for _, put_back in guards]
