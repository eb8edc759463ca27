"""Sets of many adjustments, and what meets them: purchases, other sets, the same set again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Adjustment, Posting
from tests.concurrency.cases import Case
from tests.concurrency.scene import (
    Ending,
    adjust,
    adjust_each,
    deactivate,
    given,
    hold,
    reverse,
    reverse_each,
)
from tests.support.racing import PATIENCE_SECONDS, changed, deadlocks, execute, kinds, race
from tests.support.world import TESTS, World, usd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from saleor_program_budgets.models import Member

CASES = [
    Case(
        "a set of corrections downwards and a purchase",
        given(),
        adjust_each("-60.00"),
        hold("60.00"),
        Ending("corrected -60.00", "BalanceShort", "available 40.00, withdrawn 60.00"),
        Ending("held 60.00", "NotAvailable", "available 40.00, held 60.00"),
        Ending(
            "corrected -60.00",
            "held 60.00",
            "available -20.00, held 60.00, withdrawn 60.00",
            waited=False,
            clean=False,
        ),
    ),
    Case(
        "a set that is undone and a purchase of what it gave",
        given(after=[adjust("50.00")]),
        reverse_each(),
        hold("120.00"),
        Ending("corrected 50.00", "BalanceShort", "available 100.00"),
        Ending("held 120.00", "NotReversible", "available 30.00, held 120.00"),
        Ending(
            "corrected 50.00",
            "held 120.00",
            "available -20.00, held 120.00",
            waited=False,
            clean=False,
        ),
    ),
    Case(
        "two sets with the same key",
        given(),
        adjust_each("-60.00", key="the-key"),
        adjust_each("-60.00", key="the-key"),
        Ending("corrected -60.00", "corrected -60.00 again", "available 40.00, withdrawn 60.00"),
        Ending("corrected -60.00", "corrected -60.00 again", "available 40.00, withdrawn 60.00"),
        Ending(
            "corrected -60.00",
            "corrected -60.00",
            "available -20.00, withdrawn 120.00",
            waited=False,
            clean=False,
        ),
    ),
    Case(
        "a set and the one correction with the same key",
        given(),
        adjust_each("25.00", key="the-key"),
        adjust("25.00", key="the-key"),
        Ending("corrected 25.00", "corrected 25.00 again", "available 125.00"),
        Ending("corrected 25.00", "corrected 25.00 again", "available 125.00"),
    ),
    Case(
        "a set that is undone and the one reversal",
        given(after=[adjust("-50.00")]),
        reverse_each(),
        reverse(),
        Ending("corrected 50.00", "NotReversible", "available 100.00"),
        Ending("corrected 50.00", "NotReversible", "available 100.00"),
        Ending(
            "corrected 50.00",
            "corrected 50.00",
            "available 150.00, withdrawn -50.00",
            waited=False,
            clean=False,
        ),
    ),
    Case(
        "a set and a member who leaves",
        given(),
        adjust_each("25.00"),
        deactivate(),
        Ending("corrected 25.00", "corrected -125.00", "withdrawn 125.00"),
        # What is given between leaving and taking back is taken back too.
        Ending("corrected -125.00", "corrected 25.00", "withdrawn 125.00"),
    ),
]
CONTROLS = [case for case in CASES if case.unguarded]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_set_comes_first(committed_world: World, case: Case) -> None:
    assert case.meet_one_first(committed_world) == case.one_first


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_set_comes_second(committed_world: World, case: Case) -> None:
    assert case.meet_other_first(committed_world) == case.other_first


@pytest.mark.parametrize("case", CONTROLS, ids=str)
def test_without_guards_it_goes_wrong(committed_world: World, case: Case) -> None:
    """The control: without locks and constraints both pass."""
    ended = case.meet_unguarded(committed_world)
    assert ended.goes_as(case.unguarded), ended


def _set(world: World, members: Sequence[Member], name: str) -> Callable[[], object]:
    """Return a set of two lines for each of these members: one after the other, and again."""
    lines = [
        ledger.Adjusting(member.pk, usd("-1.00"), None, "a test", f"{name}:{number}")
        for number, member in enumerate([*members, *members])
    ]
    cycle = world.cycle
    return lambda: ledger.adjust_each(lines=lines, cycle=cycle, actor=TESTS, at=world.at)


@contextmanager
def _the_first_lot_waits(seconds: float) -> Iterator[None]:
    """Let a set that has locked its first lot wait until another one has too, but no longer.

    A sequence counts who came, since what is rolled back and repeated mustn't wait again.
    """
    execute(
        "CREATE SEQUENCE tests_came;"
        "CREATE FUNCTION tests_meet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF current_setting('tests.came', true) = 'yes' THEN RETURN NEW; END IF;"
        " PERFORM set_config('tests.came', 'yes', true), nextval('tests_came');"
        f" FOR look IN 1..{int(seconds * 100)} LOOP"
        " EXIT WHEN (SELECT last_value FROM tests_came) > 1;"
        " PERFORM pg_sleep(0.01);"
        " END LOOP; RETURN NEW; END $$;"
        "CREATE TRIGGER tests_meet BEFORE UPDATE ON program_budgets_lot"
        " FOR EACH ROW EXECUTE FUNCTION tests_meet()"
    )
    try:
        yield
    finally:
        execute("DROP FUNCTION tests_meet() CASCADE; DROP SEQUENCE tests_came")


def _line_by_line(adjust: Callable[[], object]) -> Callable[[], object]:
    """Let a set look up what it needs in the order of its lines, not of the tables.

    The planner prefers that order too as long as it doesn't know how few rows there are.
    """

    def run() -> object:
        for way in ("hashjoin", "mergejoin", "seqscan", "bitmapscan"):
            execute(f"SET enable_{way} TO off")
        return adjust()

    return run


def _two_sets_across(world: World, *, wait: float) -> list[object]:
    """Let two sets meet that name the same members in opposite orders."""
    members = world.members(4, world.account("Acme"))
    execute("ANALYZE")
    with _the_first_lot_waits(wait):
        return race(
            _line_by_line(_set(world, members, "down")),
            _line_by_line(_set(world, members[::-1], "up")),
        )


def test_sets_in_any_order_and_purchases_between(committed_world: World) -> None:
    world = committed_world
    sales = world.account("Sales")
    world.cap(sales, "10000.00")
    members, cycle = world.members(8, sales), world.cycle
    outcomes = race(
        _set(world, members, "down"),
        *(
            lambda member=member, key=f"k{number}": world.hold(
                member, "10.00", key=key, cycle=cycle
            )
            for number, member in enumerate(members)
        ),
        _set(world, members[::-1], "up"),
    )
    assert kinds(outcomes) == {"Held": 8, "dict": 2}
    assert {world.balance(member)["available"] for member in members} == {"286.00"}
    assert ledger.verify().differences == ()


def test_two_sets_that_cross_wait_for_each_other_in_one_order(committed_world: World) -> None:
    assert kinds(_two_sets_across(committed_world, wait=0.5)) == {"dict": 2}
    assert Posting.objects.filter(kind="adjustment").count() == 16


def test_without_their_one_order_sets_that_cross_deadlock(
    committed_world: World, deadlocks_expected: None
) -> None:
    """The control: each locks its members as it comes to them."""
    before = deadlocks()
    with changed(
        "program_budgets_adjust_each", r"PERFORM program_budgets_lock\(ARRAY\(", "PERFORM (ARRAY("
    ):
        _two_sets_across(committed_world, wait=PATIENCE_SECONDS)
    assert deadlocks() > before


def test_two_who_apply_at_once_post_each_line_once(committed_world: World) -> None:
    world = committed_world
    account = world.account("Acme")
    members = world.members(30, account)
    batch = programs.preview_adjustment(
        program=world.program,
        reason="a bonus",
        account=account,
        amount=usd("5.00"),
        actor=TESTS,
        at=world.at,
    )

    def apply() -> Adjustment:
        return programs.apply_adjustment(
            adjustment=Adjustment.objects.select_related("program").get(pk=batch.pk),
            actor=TESTS,
            at=world.at,
            lines_at_once=7,
        )

    outcomes = race(apply, apply, apply)
    assert "Adjustment" in kinds(outcomes)
    assert set(kinds(outcomes)) <= {"Adjustment", "AlreadyRunning"}
    assert Posting.objects.filter(kind="adjustment").count() == 30
    assert {world.balance(member)["available"] for member in members} == {"305.00"}
    assert ledger.verify().differences == ()
