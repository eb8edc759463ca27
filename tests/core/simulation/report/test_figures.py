"""Figures of a day, from the diaries of its clients."""

from pathlib import Path

import pytest

from saleor_program_budgets.simulation.options import Fault
from saleor_program_budgets.simulation.report.figures import figures, percentile
from saleor_program_budgets.simulation.trading.diary import Answer, Event, Line, Op, Status
from saleor_program_budgets.simulation.trading.supervision import Counts, Traded


@pytest.mark.parametrize(("share", "expected"), [(0.5, 3), (0.99, 4), (1, 4)])
def test_percentile(share: float, expected: int) -> None:
    assert percentile([4, 1, 3, 2], share) == expected


def line(event: Event, at: float, key: str = "k", **details: object) -> Line:
    return Line(event=event, at=at, errand=0, key=key, **details)  # type: ignore[arg-type]


def test_what_happened_is_counted_from_the_start_of_trading() -> None:
    traded = Traded(Path(), began=100.0, counts=Counts(seconds=4.0), crashes=[(103.0, 0.2)])
    refused = Answer(status=Status.REFUSED, code="CAP_REACHED")
    found = figures(
        [
            line(Event.ANSWER, 101.0, what=Op.HOLD, answer=refused, seconds=0.25),
            line(Event.ANSWER, 102.0, what=Op.SETTLE, answer=Answer(), seconds=0.5),
            line(Event.ANSWER, 102.5, what=Op.EXPIRE, answer=Answer(), seconds=9.0),
        ],
        traded,
        unlike=set(),
    )
    assert found.latencies == {Op.HOLD: [0.25], Op.SETTLE: [0.5]}
    assert found.refused_at == {"CAP_REACHED": [1.0]}
    assert found.orders_at == [2.0]
    assert [(fault.at, fault.fault) for fault in found.faults] == [(3.0, Fault.RESTART)]


def test_how_faults_ended() -> None:
    lines = [
        line(Event.FAULT, 1.0, "cut", what=Fault.DISCONNECT),
        line(Event.ERROR, 1.1, "cut", what="connection lost"),
        line(Event.FAULT, 2.0, "uncut", what=Fault.DISCONNECT),
        line(Event.FAULT, 3.0, "twice", what=Fault.DUPLICATE),
        line(Event.FAULT, 4.0, "unlike", what=Fault.LATE_RETRY),
    ]
    found = figures(lines, Traded(Path(), began=0.0), unlike={"unlike"})
    assert found.endings() == [
        (Fault.DISCONNECT, 2, "1 asked again after the loss, 1 not noticed"),
        (Fault.DUPLICATE, 1, "1 one outcome for both"),
        (Fault.LATE_RETRY, 1, "1 another answer"),
    ]
    assert found.errors == {"connection lost": 1}
