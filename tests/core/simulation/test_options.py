"""Runs are described in words that lead back to the same run."""

import shlex

import pytest

from saleor_program_budgets.simulation.__main__ import _parser, _plan
from saleor_program_budgets.simulation.options import Behaviour, Fault, Plan, chosen, named


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("all", set(Fault)),
        ("none", set()),
        ("kill", {Fault.KILL}),
        ("kill, late-retry", {Fault.KILL, Fault.LATE_RETRY}),
    ],
)
def test_a_choice_is_read_and_written(text: str, choice: set[Fault]) -> None:
    assert chosen(text, of=Fault) == choice
    assert chosen(named(frozenset(choice), of=Fault), of=Fault) == choice


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="there is no “kil”: choose from kill, disconnect, "):
        chosen("kil", of=Fault)


@pytest.mark.parametrize(
    "length", [{"orders": 7, "seconds": None}, {"orders": None, "seconds": 2.5}]
)
@pytest.mark.parametrize("tells_story", [True, False])
def test_the_command_repeats_the_plan(length: dict[str, float | None], tells_story: bool) -> None:
    plan = Plan(
        members=40,
        departments=3,
        clients=5,
        seed=11,
        behaviours=frozenset({Behaviour.REFUNDS}),
        faults=frozenset(Fault),
        tells_story=tells_story,
        **length,
    )
    words = shlex.split(plan.command())
    assert words[:3] == ["python", "-m", "saleor_program_budgets.simulation"]
    assert _plan(_parser().parse_args(words[3:])) == plan
