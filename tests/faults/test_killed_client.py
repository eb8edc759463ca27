"""The client is killed with SIGKILL at each point of an operation; another process repeats it."""

from __future__ import annotations

from itertools import count

import pytest

from tests.faults.support.books import books, fresh, is_replay, rows, told
from tests.faults.support.killing import EVERY_POINT, Point, killed_at
from tests.faults.support.operations import EACH_OPERATION, Operation, after, end_due_raises

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # The child does nothing but run the operation on this thread, and dies.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


@EACH_OPERATION
def test_killed_at_each_statement_and_repeated(operation: Operation) -> None:
    answer, end = after(operation)
    job = operation.prepare(fresh())
    start = rows()
    points: list[Point] = []
    for place in count():
        point = killed_at(place, job)
        if point is not None and not point.has_committed(decides_at=operation.decides_at):
            assert rows() == start  # the next one to come and die is its repetition
        else:
            assert books() == end
            assert is_replay(job) is (True if operation.replays else None)
            assert told(job) == (0 if operation.prepare is end_due_raises else answer)
            assert books() == end
            job = operation.prepare(fresh())
        if point is None:
            break
        points.append(point)
        if point == Point(operation.decides_at, "answered") and not EVERY_POINT:
            break  # the rest only reads
    assert points == [
        Point(statement, phase)
        for statement in range(operation.statements if EVERY_POINT else operation.decides_at + 1)
        for phase in ("before", "sent", "answered")
    ]
