"""The ledger against its reference model, over random histories.

    PROGRAM_BUDGETS_STEPS=20000 make test-core ARGS=tests/properties

runs that many steps, seeded anew each time; by default the same 500 each time.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.properties.machine import LedgerMachine

STEPS_PER_HISTORY = 50
STEPS_BY_DEFAULT = 500


@pytest.mark.django_db
def test_the_ledger_agrees_with_its_model() -> None:
    steps = int(os.environ.get("PROGRAM_BUDGETS_STEPS", STEPS_BY_DEFAULT))
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=max(steps // STEPS_PER_HISTORY, 1),
            stateful_step_count=STEPS_PER_HISTORY,
            derandomize="PROGRAM_BUDGETS_STEPS" not in os.environ,
            database=None,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
