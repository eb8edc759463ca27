"""Jobs that come late, twice, in part or beside each other change nothing.

The same story is lived twice. In one world every job comes at the instant something is due; in
the other they come when the story says, with a clock that may have stopped, or not at all. Whoever
does something is told the same in both, and when all jobs have run once more, every figure, lot
and posting is the same, each dated the instant it was due.

    PROGRAM_BUDGETS_STORIES=1000 make test-core ARGS=tests/properties/test_late_jobs.py
"""

import os
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, note, settings

from saleor_program_budgets import ledger
from tests.properties.late.life import Life
from tests.properties.late.remains import remains_of
from tests.properties.late.story import Story, stories

STORIES = int(os.environ.get("PROGRAM_BUDGETS_STORIES", "0"))


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=STORIES or 6,
    derandomize=not STORIES,
    database=None,
    deadline=None,
    print_blob=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(story=stories())
def test_late_jobs_change_nothing(story: Story) -> None:
    note(repr(story.rules))
    prompt = _lived(story, is_prompt=True)
    late = _lived(story, is_prompt=False)
    for word, expected in prompt.items():
        assert late[word] == expected, word


def _lived(story: Story, *, is_prompt: bool) -> dict[str, Any]:
    """Live a story in a database that is as before afterwards."""
    atomic = transaction.atomic()
    atomic._from_testcase = True  # the ledger takes it for the test's
    with atomic:
        life = Life(story, name="world", is_prompt=is_prompt)
        told = {"told": life.live()}
        remains = remains_of(life.program)
        assert [str(difference) for difference in ledger.verify().differences] == []
        transaction.set_rollback(True)
    return told | remains
