"""The line breaks between statement and answer: the client can't know, and asks again."""

from __future__ import annotations

import pytest
from django.db import OperationalError, close_old_connections, connection

from saleor_program_budgets.models import Outcome
from tests.faults.support.books import books, fresh, is_replay, rows, told
from tests.faults.support.killing import DOOMED, wait_for_orphans
from tests.faults.support.lines import Line, Moment, breakable_line
from tests.faults.support.operations import (
    EACH_OPERATION,
    Call,
    Operation,
    after,
    end_due_raises,
    hold,
)

pytestmark = pytest.mark.django_db(transaction=True)


def _break(line: Line, moment: Moment, job: Call, *, call: int = 0) -> None:
    """Ask for *job* over a line that breaks, and have the worker leave the dead connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('application_name', %s, false)", [DOOMED])
    line.break_at(moment, call=call)
    with pytest.raises(OperationalError):
        job()
    close_old_connections()  # as before each request and task
    wait_for_orphans()


@EACH_OPERATION
def test_an_answer_that_is_lost_is_given_again(operation: Operation) -> None:
    answer, end = after(operation)
    job = operation.prepare(fresh())
    start = rows()
    # What the ledger is asked to do; `end_due_raises` finds out by a query what to ask for.
    call = 0 if operation.prepare is end_due_raises else operation.decides_at
    with breakable_line() as line:
        _break(line, "unsent", job, call=call)
        assert rows() == start
        _break(line, "answered", job, call=call)
        assert books() == end
        assert is_replay(job) is (True if operation.replays else None)
        assert told(job) == (0 if operation.prepare is end_due_raises else answer)
        assert books() == end
        assert line.breaks == 2


@pytest.mark.parametrize("moment", ["sent", "answered", "half_answered"])
def test_one_posting_however_the_line_broke(moment: Moment) -> None:
    _, end = after(Operation(hold))
    job = hold(fresh())
    with breakable_line() as line:
        _break(line, moment, job)
        assert books() == end
        again = job()
        assert again.is_replay is True
        assert Outcome.objects.get(key="the-key").result["posting"] == again.posting_id
        assert books() == end


def test_a_line_that_breaks_again_and_again() -> None:
    """Five tries, of which four are lost in different ways, hold once."""
    _, end = after(Operation(hold))
    job = hold(fresh())
    moments: tuple[Moment, ...] = ("unsent", "sent", "half_answered", "answered")
    with breakable_line() as line:
        for moment in moments:
            _break(line, moment, job)
        assert job().is_replay is True
        assert line.breaks == 4
    assert books() == end
