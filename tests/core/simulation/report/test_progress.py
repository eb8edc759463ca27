"""One line that changes on a terminal; elsewhere a line every few seconds."""

from collections import Counter
from io import StringIO

import pytest

from saleor_program_budgets.simulation.options import Fault, Plan
from saleor_program_budgets.simulation.report import progress
from saleor_program_budgets.simulation.report.progress import Progress
from saleor_program_budgets.simulation.trading.supervision import Counts

PLAN = Plan(
    members=1,
    departments=1,
    clients=1,
    orders=None,
    seconds=8,
    seed=1,
    faults=frozenset({Fault.KILL}),
)
COUNTS = Counts(
    seconds=4.0, orders=120, refused=Counter(CAP_REACHED=3), faults=Counter(kill=2), overspent=5
)
SAID = "4/8 s  ·  120 orders  ·  30/s  ·  3 refused  ·  2 faults  ·  overspent 0.05"


class Terminal(StringIO):
    """Somewhere that a person watches."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_one_line_and_is_left_clean() -> None:
    terminal = Terminal()
    shown = Progress(PLAN, terminal)
    shown(COUNTS)
    shown(COUNTS)
    shown.end()
    assert terminal.getvalue() == f"\r\x1b[K{SAID}\r\x1b[K{SAID}\r\x1b[K"


def test_a_file_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    file = StringIO()
    shown = Progress(PLAN, file)
    for now in (101.0, 104.9, 105.0, 105.1, 109.9, 110.0):  # noqa: B007 read by the clock above
        shown(COUNTS)
    assert file.getvalue() == f"{SAID}\n{SAID}\n"
