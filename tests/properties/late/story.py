"""What happens in a story, and with which rules: drawn at random, told in words of its own."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from saleor_program_budgets.models import Program

MEMBERS, DEPARTMENTS, CHECKOUTS = 3, 2, 4
BEGINS = dt.datetime(2026, 1, 31, 1, 30, tzinfo=dt.UTC)
LASTS = dt.timedelta(days=75)
"""How long after the last event everything is looked at."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """What comes by before an event, in a world of late jobs; ``hours_ago`` its clock stopped."""

    turns: bool
    renews: bool
    lapses: bool
    batch: int
    hours_ago: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that somebody does, *hours* after what was before."""

    hours: int
    kind: str
    member: int
    place: int
    amount: int
    late: Jobs


@dataclass(frozen=True, slots=True)
class Story:
    """The rules of a program, the group that its first member is in, and what happens."""

    rules: dict[str, Any]
    group: dict[str, Any]
    events: list[Event]


KINDS = (
    *("reserve",) * 6,
    *("settle", "give back", "return", "refund") * 2,
    "grant",
    "adjust",
    "move",
    "deactivate",
    "reactivate",
    "enroll again",
    "join",
    "change rules",
    "change groups",
    "set cap",
    "raise cap",
)
carries = st.fixed_dictionaries(
    {
        "carries_forward": st.booleans(),
        "carry_limit": st.none() | st.integers(1, 400_00),
        "carry_days": st.none() | st.sampled_from([1, 20, 31, 45]),
    }
)
rules = st.fixed_dictionaries(
    {
        "cycle_length": st.sampled_from(
            [
                *(Program.CycleLength.MONTHLY,) * 3,
                Program.CycleLength.QUARTERLY,
                Program.CycleLength.CUSTOM,
                Program.CycleLength.WINDOW,
                *(Program.CycleLength.ANNIVERSARY,) * 2,
            ]
        ),
        "time_zone": st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
        "allotment": st.integers(0, 300_00),
        "allotment_items": st.integers(0, 2),
        "proration": st.sampled_from(Program.Proration.values),
        "refund_policy": st.sampled_from(Program.RefundPolicy.values),
        "refund_grace_days": st.integers(1, 60),
    }
)


def _merged(parts: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return parts[0] | parts[1]


def stories() -> SearchStrategy[Story]:
    """Return stories of a few months to some years."""
    jobs = st.builds(
        Jobs,
        turns=st.booleans(),
        renews=st.booleans(),
        lapses=st.booleans(),
        batch=st.integers(1, 3),
        hours_ago=st.sampled_from([0, 0, 0, 1, 30, 500]),
    )
    events = st.builds(
        Event,
        hours=st.sampled_from([0, 1, 7, 24, 24 * 5, 24 * 17, 24 * 31, 24 * 100]),
        kind=st.sampled_from(KINDS),
        member=st.integers(0, MEMBERS - 1),
        place=st.integers(0, CHECKOUTS - 1),
        amount=st.integers(1, 250_00),
        late=jobs,
    )
    group = st.tuples(
        st.fixed_dictionaries({"allotment": st.none() | st.integers(0, 200_00)}), carries
    )
    return st.builds(
        Story,
        rules=st.tuples(rules, carries).map(_merged),
        group=group.map(_merged),
        events=st.lists(events, min_size=4, max_size=30),
    )
