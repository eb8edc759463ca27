"""A statement ends in the middle of what it writes: all or nothing, and a retry does all."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, InternalError, NotSupportedError, OperationalError, connection

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import LedgerInvariant
from saleor_program_budgets.ledger import Held
from saleor_program_budgets.models import Hold, Posting
from tests.faults.support.books import books, fresh, rows, told
from tests.faults.support.failing import (
    SQLSTATES,
    Background,
    Fault,
    fail_at_write,
    faults_at_writes,
    halted,
    is_waiting,
    sqlstate,
    writes_left,
)
from tests.faults.support.killing import EVERY_POINT, wait_until
from tests.faults.support.operations import EACH_OPERATION, Call, Operation, Town, after, hold
from tests.support.racing import execute
from tests.support.world import World

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 1_000_000
REACHING: tuple[Fault, ...] = ("terminate", "cancel", "disk_full")
ROLLED_BACK: tuple[Fault, ...] = ("serialization", "deadlock")


def _error_of(job: Call) -> DatabaseError:
    with pytest.raises(OperationalError) as failed:
        job()
    return failed.value


@EACH_OPERATION
def test_ended_among_the_rows_it_writes(operation: Operation) -> None:
    """The server is terminated, the statement cancelled, the disk full: one after another.

    At about ten rows from the first to the last; with ``PROGRAM_BUDGETS_FAULTS=all`` each of the
    three at each row.
    """
    answer, end = after(operation)
    with faults_at_writes():
        job = operation.prepare(fresh())
        fail_at_write(MANY)
        told(job)
        written = MANY - writes_left()
        fail_at_write(None)
        job = operation.prepare(fresh())
        start = rows()
        places = (
            range(written) if EVERY_POINT else {*range(0, written, 1 + written // 10), written - 1}
        )
        for number, place in enumerate(sorted(places)):
            for fault in REACHING if EVERY_POINT else [REACHING[number % len(REACHING)]]:
                fail_at_write(place, fault)
                assert sqlstate(_error_of(job)) == SQLSTATES[fault]
                connection.close_if_unusable_or_obsolete()
                assert rows() == start
        fail_at_write(written)
        assert (told(job), books()) == (answer, end)


@EACH_OPERATION
def test_rolled_back_twice_it_is_done_all_the_same(operation: Operation) -> None:
    answer, end = after(operation)
    job = operation.prepare(fresh())
    with faults_at_writes():
        fail_at_write(1, "serialization", times=2)
        assert told(job) == answer
        fail_at_write(None)
        assert books() == end


@pytest.mark.parametrize("fault", ROLLED_BACK)
def test_rolled_back_three_times_it_reaches_the_caller(fault: Fault) -> None:
    job = hold(fresh())
    start = rows()
    with faults_at_writes():
        fail_at_write(1, fault, times=3)
        error = _error_of(job)
        assert sqlstate(error) == SQLSTATES[fault]
        assert rows() == start
        assert job().is_replay is False  # the fourth time


def _deadlocked(world: World, *, patience: str) -> tuple[Call, Background, Background]:
    """Let the hold have the member and want the cap, and another session the other way round."""
    town = Town.of(world)
    job = town.holding()
    member = town.ann.limits.get().pk
    locked = "SELECT FROM program_budgets_limit WHERE id = {} FOR UPDATE"
    execute("BEGIN;" + locked.format(town.part.pk))
    holding = Background(job, before=f"SET deadlock_timeout = '{patience}'")
    wait_until(lambda: is_waiting(holding.pid))
    return job, holding, locked.format(member)


def test_a_deadlock_with_an_outsider_is_survived() -> None:
    """Somebody locks in the wrong order; the hold is the victim, waits its turn, and passes."""
    _, holding, want_member = _deadlocked(fresh(), patience="10ms")
    # The outsider gets the row as soon as the hold, whose patience ends first, was rolled back.
    execute(f"SET LOCAL deadlock_timeout = '1min'; {want_member}")
    execute("COMMIT")
    outcome = holding.outcome()
    assert isinstance(outcome, Held)
    assert outcome.is_replay is False
    assert Hold.objects.count() == 1
    assert ledger.verify().is_clean


@pytest.mark.parametrize(
    ("setting", "state"), [("statement_timeout", "57014"), ("lock_timeout", "55P03")]
)
def test_a_timeout_reaches_the_caller(setting: str, state: str) -> None:
    """The caller's patience is the caller's: who set a limit is told, and may ask again."""
    town = Town.of(fresh())
    job = town.holding()
    start = rows()
    execute(f"BEGIN; SELECT FROM program_budgets_limit WHERE id = {town.part.pk} FOR UPDATE")
    error = Background(job, before=f"SET {setting} = '50ms'").outcome()
    execute("COMMIT")
    assert isinstance(error, OperationalError)
    assert sqlstate(error) == state
    assert rows() == start
    assert job().is_replay is False


@EACH_OPERATION
def test_another_isolation_level_and_a_read_only_database_are_refused(
    operation: Operation,
) -> None:
    """In other levels a statement that has waited would not see what it waited for.

    Read-only is what a connection finds that leads to a server which only follows, after a
    failover. Nothing is written, and the same call works where it may.
    """
    answer, end = after(operation)
    job = operation.prepare(fresh())
    start = rows()
    for level in ("repeatable read", "serializable"):
        execute(f"SET default_transaction_isolation = '{level}'")
        with pytest.raises(NotSupportedError, match="READ COMMITTED, not " + level.upper()):
            job()
    execute("RESET default_transaction_isolation; SET default_transaction_read_only = on")
    with pytest.raises(InternalError, match="in a read-only transaction") as failed:
        job()
    assert sqlstate(failed.value) == "25006"
    execute("RESET default_transaction_read_only")
    assert rows() == start
    assert (told(job), books()) == (answer, end)


def test_an_invariant_is_named_at_the_last_attempt_too() -> None:
    """Twice rolled back, and then refused by a constraint: still a defect, by its name."""
    town = Town.of(fresh())
    job = town.holding()
    start = rows()
    with faults_at_writes():
        execute(
            "CREATE FUNCTION tests_break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF (SELECT last_value FROM tests_faults_come) >= 3 THEN"
            " RAISE EXCEPTION 'broken' USING ERRCODE = 'check_violation'; END IF;"
            " RETURN NEW; END $$;"
            "CREATE TRIGGER zz_break AFTER INSERT OR UPDATE ON program_budgets_limit"
            " FOR EACH ROW EXECUTE FUNCTION tests_break()"
        )
        try:
            fail_at_write(0, "serialization", times=2)
            with pytest.raises(LedgerInvariant, match="hold was stopped by the database: broken"):
                job()
        finally:
            execute("DROP FUNCTION tests_break() CASCADE")
    assert rows() == start


@pytest.mark.parametrize("is_carried_out", [True, False])
def test_asked_again_while_the_first_is_still_under_way(is_carried_out: bool) -> None:
    """The retry waits for what it repeats, and does it only if that came to nothing."""
    job = hold(fresh())
    with halted("entry") as halt:
        first = Background(job)
        halt.wait_until_reached()
        second = Background(job)
        wait_until(lambda: is_waiting(second.pid))
        if not is_carried_out:
            execute(f"SELECT pg_terminate_backend({first.pid})")
            assert sqlstate(first.outcome()) == "57P01"
        halt.let_pass()
        assert second.outcome().is_replay is is_carried_out
        first.outcome()
    assert Hold.objects.count() == Posting.objects.filter(kind="hold").count() == 1
    assert ledger.verify().is_clean
