"""The server crashes in the middle of a posting, or right after it: all or nothing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from django.db import DatabaseError, OperationalError, connection

from saleor_program_budgets import ledger
from saleor_program_budgets.models import Hold
from tests.faults.support.books import books, fresh, rows, told
from tests.faults.support.failing import Background, halted
from tests.faults.support.operations import (
    Operation,
    Town,
    after,
    capture,
    hold,
    refund,
    set_cap,
)
from tests.faults.support.servers import PrivateServer, private_server
from tests.support.database import money

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.plugin import DjangoDbBlocker

WAL_SEGMENT = 16 * 1024**2


@pytest.fixture(scope="module")
def server(django_db_blocker: DjangoDbBlocker) -> Iterator[PrivateServer]:
    with django_db_blocker.unblock(), private_server() as started:
        yield started


CRASH = pytest.mark.parametrize(
    "crash", [PrivateServer.kill, PrivateServer.restart_immediately], ids=["killed", "restarted"]
)


@CRASH
@pytest.mark.parametrize(
    ("operation", "table"),
    [
        (Operation(hold), "posting"),
        (Operation(hold), "outcome"),
        (Operation(capture), "entry"),
        (Operation(refund), "outcome"),
        (Operation(set_cap, replays=False), "outcome"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_crash_before_the_commit_leaves_nothing(
    server: PrivateServer, operation: Operation, table: str, crash: object
) -> None:
    answer, end = after(operation)
    job = operation.prepare(fresh())
    start = rows()
    with halted(table) as halt:
        under_way = Background(job)
        assert halt.wait_until_reached() == under_way.pid
        crash(server, under_way.pid)
        assert isinstance(under_way.outcome(), OperationalError)
        assert rows() == start
    assert (told(job), books()) == (answer, end)


@CRASH
def test_a_crash_after_the_answer_loses_nothing(server: PrivateServer, crash: object) -> None:
    _, end = after(Operation(hold))
    job = hold(fresh())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    job()
    crash(server, pid)
    assert books() == end
    assert job().is_replay is True
    assert books() == end


def test_a_disk_that_is_full_keeps_what_was_held_before(server: PrivateServer) -> None:
    """A real failure to write: the table of outcomes can't grow, and with it no posting passes."""
    town = Town.of(fresh())
    cycle, passed = town.world.cycle, 0
    with server.short_of_disk(WAL_SEGMENT):
        for batch in (500, 1):
            _fill_outcomes(batch)
        start = money()
        error: Exception | None = None
        while error is None:
            start = money()
            try:
                town.world.hold(town.ann, "0.01", key=f"hold-{passed}", cycle=cycle)
                passed += 1
            except DatabaseError as full:
                error = full
        assert "could not extend file" in str(error)
        assert money() == start
        assert ledger.verify().is_clean
    assert Hold.objects.count() == passed
    assert town.world.hold(town.ann, "0.01", key=f"hold-{passed}", cycle=cycle).is_replay is False
    assert ledger.verify().is_clean


def _fill_outcomes(batch: int) -> None:
    """Add outcomes, so many at a time, until there is no room for more."""
    with connection.cursor() as cursor, contextlib.suppress(DatabaseError):
        while True:
            cursor.execute(
                "INSERT INTO program_budgets_outcome (key, fingerprint, result, created_at)"
                " SELECT gen_random_uuid(), '', jsonb_build_object('', repeat('x', 1500)), now()"
                " FROM generate_series(1, %s)",
                [batch],
            )
