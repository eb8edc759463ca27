"""The close of a cycle killed at fifty random points, and taken up each time by another process."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.models import JobRun, Limit, Rollover
from tests.faults.support.books import books, fresh, kept
from tests.faults.support.killing import Point, killed_at, points_of
from tests.support.world import TESTS, World, usd

if TYPE_CHECKING:
    from tests.faults.support.books import Books
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
RUNS = 50
MEMBERS = 40
LIMITS = 2 * MEMBERS  # money and items
BATCH = 5
POINTS_AT_MOST = 60
"""Of its talk with the database until a process is killed again; all of it takes about 260."""
SEED = 20261122


def _at_the_close() -> World:
    """A month is over: some have bought, some hold, some are in a group, some have left."""
    world = fresh()
    world.open_program(
        cycle_length="monthly",
        allotment_items=1,
        carries_forward=True,
        carry_limit=usd("100.00"),
        carry_days=10,
    )
    acme = world.account("Acme")
    world.cap(acme, "50000.00")
    members = world.members(MEMBERS, acme)
    group = programs.create_group(
        program=world.program,
        name="Group",
        overrides=programs.Overrides(allotment=usd("50.00"), carries_forward=False),
        at=world.at,
    )
    programs.set_group_members(group=group, add=[member.pk for member in members[::5]], at=world.at)
    for number, member in enumerate(members[:12]):
        hold = world.hold(member, f"{20 + 20 * number}.00", items=number % 2, order_id="order")
        if number % 3:
            world.capture(hold, "15.00", items=0)
    for member in members[::13]:
        programs.deactivate_member(member=member, actor=TESTS, at=world.at)
    world.at = world.cycle.ends_at
    return world


def _renew(world: World) -> int:
    """Run the job, and return how many limits it has renewed."""
    run = programs.renew_programs(at=world.at, batch=BATCH)
    assert run is not None, "another run is under way"
    assert run.result["is_complete"]
    return sum(program["limits"] for program in run.result["programs"])


def _left(world: World) -> int:
    return Limit.objects.filter(kind=Limit.Kind.MEMBER, renews_at__lte=world.at).count()


def _books() -> Books:
    """Return all but the records of runs, which tell of the deaths."""
    assert not JobRun.objects.filter(finished_at=None).exists()
    return {table: rows for table, rows in books().items() if table != "jobrun"}


def test_killed_anywhere_and_taken_up_by_another() -> None:
    world = _at_the_close()
    with kept() as put_back:
        points = points_of(lambda: _renew(world))
        expected = _books()
        assert Rollover.objects.exists()
        killed: dict[Point, int] = {}
        for place in random.Random(SEED).sample(range(points), RUNS):
            put_back()
            point = killed_at(place, lambda: _renew(world))
            assert point is not None
            killed[point] = left = _left(world)
            assert _renew(world) == left, point
            assert _books() == expected, point

    # It died before, during and after statements; before the first batch, after the last, between.
    assert len(killed) == RUNS
    assert {point.phase for point in killed} == {"before", "sent", "answered"}
    assert {0, LIMITS} < set(killed.values()) <= set(range(0, LIMITS + 1, BATCH))


def test_killed_again_and_again() -> None:
    world = _at_the_close()
    with kept() as put_back:
        _renew(world)
        expected = _books()
        put_back()
        chance = random.Random(SEED)
        left = [LIMITS]
        while killed_at(chance.randrange(POINTS_AT_MOST), lambda: _renew(world)) is not None:
            left.append(_left(world))
        assert left == sorted(left, reverse=True)
        assert len(set(left)) > 5
        assert _books() == expected
