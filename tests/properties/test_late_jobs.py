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
from saleor_program_budgets.programs import cycles
from tests.properties.late.life import Life
from tests.properties.late.remains import remains_of
from tests.properties.late.story import Event, Jobs, Story, stories
from tests.support.racing import changed

NO_JOBS = Jobs(turns=False, renews=False, lapses=False, batch=1, hours_ago=0)
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


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what_comes_late", ["adjust", "reserve"])
def test_without_catching_up_they_change_balances(
    monkeypatch: pytest.MonkeyPatch, what_comes_late: str
) -> None:
    """The control: what nobody renewed in time is taken from value that was to last."""
    story = _a_month_that_nobody_ends(what_comes_late)
    prompt = _lived(story, is_prompt=True)
    assert _lived(story, is_prompt=False) == prompt
    monkeypatch.setattr(
        cycles, "catch_up", lambda *, program, **_: cycles.open_cycle(program=program)
    )
    if what_comes_late == "reserve":
        told = _lived(story, is_prompt=False)["told"]
        assert [answer for _, _, answer in told[1:]] == [("Behind", ""), None]
    with changed("program_budgets_hold", "renews_at <= v_at", "false"):
        late = _lived(story, is_prompt=False)
    # In the end there are a month's 300.00, and what is left of the 100.00 that never lapse.
    assert (_left_in(prompt), _left_in(late)) == (400_00, 349_99)


def _a_month_that_nobody_ends(what_comes_late: str) -> Story:
    """100.00 that never lapse beside 300.00 a month, of which 50.01 are used in the second one."""
    terms = {"carries_forward": False, "carry_limit": None, "carry_days": None}
    rules = {
        "cycle_length": "monthly",
        "time_zone": "UTC",
        "allotment": 300_00,
        "allotment_items": 0,
        "proration": "full",
        "refund_policy": "forfeit",
        "refund_grace_days": 1,
    }
    steps = [(0, "grant", 100_00), (24 * 31, what_comes_late, 50_01), (0, "settle", 50_01)]
    return Story(
        rules=rules | terms,
        group={"allotment": None} | terms,
        events=[
            Event(hours=hours, kind=kind, member=1, place=0, amount=amount, late=NO_JOBS)
            for hours, kind, amount in steps
        ],
    )


def _left_in(remains: dict[str, Any]) -> int:
    _, _, ceiling, held, spent, _ = remains["members"][1]
    return int(ceiling - held - spent)


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
