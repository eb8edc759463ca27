"""The ledger against its reference model, over random histories.

    PROGRAM_BUDGETS_STEPS=20000 make test-core ARGS=tests/properties

runs at least that many steps, seeded anew each time, prints how often each operation came to
which outcome, and fails when one of them never did; by default the same few each time.
"""

import os
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from saleor_program_budgets.ledger import holds
from tests.properties.machine.machine import LedgerMachine

STEPS_PER_HISTORY = 60
HISTORIES_BY_DEFAULT = 10


@pytest.fixture
def crowds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count the holds that found a share too full."""
    call = holds.call

    def counting(function: str, request: dict[str, Any]) -> dict[str, Any]:
        answer = call(function, request)
        if answer["status"] == "crowded":
            LedgerMachine.tally["hold", "crowded, then asked in full"] += 1
        return answer

    monkeypatch.setattr(holds, "call", counting)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("crowds")
def test_the_ledger_agrees_with_its_model(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = int(os.environ.get("PROGRAM_BUDGETS_STEPS", "0"))
    LedgerMachine.tally.clear()
    if not wanted:
        _run(histories=HISTORIES_BY_DEFAULT, is_same_each_time=True)
        return
    try:
        while (missing := wanted - _steps()) > 0:
            _run(histories=-(-missing // STEPS_PER_HISTORY), is_same_each_time=False)
    finally:
        with capsys.disabled():
            sys.stdout.write(_report())


def _run(*, histories: int, is_same_each_time: bool) -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=histories,
            stateful_step_count=STEPS_PER_HISTORY,
            derandomize=is_same_each_time,
            database=None,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _steps() -> int:
    return LedgerMachine.tally["steps", "done"]


def _report() -> str:
    tally = LedgerMachine.tally
    rows = sorted((kind, outcome) for kind, outcome in tally if kind != "steps")
    lines = [f"{kind:<28} {outcome:<32} {tally[kind, outcome]:>7}" for kind, outcome in rows]
    return "\n".join(
        ["", f"{_steps()} steps in {tally['steps', 'histories']} histories", *lines, ""]
    )
