"""The close of a cycle killed fifty times, anywhere, and taken up each time by another process."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Limit, Rollover
from tests.faults.support.books import books, fresh
from tests.faults.support.killing import Point, killed_at
from tests.support.world import TESTS, World, usd

if TYPE_CHECKING:
    from tests.faults.support.books import Books

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
KILLS = 50
MEMBERS = 240
BATCH = 3
POINTS_AT_MOST = 36
"""Of its talk with the database until a process is killed; a batch takes about twelve."""
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
    members = world.members(MEMBERS // 2, acme)
    group = programs.create_group(
        program=world.program,
        name="Group",
        overrides=programs.Overrides(allotment=usd("50.00"), carries_forward=False),
        at=world.at,
    )
    programs.set_group_members(group=group, add=[member.pk for member in members[::5]], at=world.at)
    for number, member in enumerate(members[:40]):
        hold = world.hold(member, f"{20 + 5 * number}.00", items=number % 2, order_id="order")
        if number % 3:
            world.capture(hold, "15.00", items=0)
    for member in members[::13]:
        programs.deactivate_member(member=member, actor=TESTS, at=world.at)
    world.at = world.cycle.ends_at
    return world


def _renew(world: World) -> ledger.Renewed:
    return programs.renew_due(program=world.program, at=world.at, batch=BATCH)


def _undisturbed() -> Books:
    world = _at_the_close()
    assert _renew(world).limits == MEMBERS  # money and items of half as many people
    assert Rollover.objects.exists()
    return books()


def test_killed_anywhere_and_taken_up_by_another() -> None:
    expected = _undisturbed()
    world = _at_the_close()
    chance = random.Random(SEED)
    points: list[Point] = []
    left = [_left(world)]
    for _ in range(KILLS):
        point = killed_at(chance.randrange(POINTS_AT_MOST), lambda: _renew(world))
        assert point is not None, "there was too little to do"
        points.append(point)
        left.append(_left(world))
    # It was killed before, during and after statements, and went on from where it was each time.
    assert {point.phase for point in points} == {"before", "sent", "answered"}
    assert left == sorted(left, reverse=True)
    assert all(before - after in range(0, 5 * BATCH, BATCH) for before, after in pairwise(left))
    assert 0 < left[-1] < 2 / 3 * MEMBERS

    assert _renew(world).limits == left[-1]
    assert books() == expected
    assert _renew(world) == ledger.Renewed(0)


def _left(world: World) -> int:
    return Limit.objects.filter(kind=Limit.Kind.MEMBER, renews_at__lte=world.at).count()
