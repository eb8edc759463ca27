"""Leaving and coming back killed at every statement, COMMIT included; then taken up."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import MemberInactive
from saleor_program_budgets.models import Lot, Member
from tests.faults.support.books import books, fresh, kept
from tests.faults.support.killing import EVERY_POINT, killed_at
from tests.support.world import DAY, TESTS, World

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
SKIPPED = () if EVERY_POINT else ("before", "answered")
State = tuple[bool, int, int]


def _world() -> World:
    """Ann has 235.00 and one of two kits; the rest is held."""
    world = fresh()
    world.open_program(cycle_length="monthly", allotment_items=2)
    world.hold(world.member(), "65.00", items=1, order_id="order")
    return world


def _leave(world: World) -> None:
    programs.deactivate_member(member=Member.objects.get(), actor=TESTS, at=world.at)


def _come_back(world: World) -> None:
    programs.reactivate_member(member=Member.objects.get(), actor=TESTS, at=world.at)


def _sweep(world: World) -> None:
    programs.sweep_leavers(at=world.at)


def _go_to_another_month(world: World) -> None:
    world.at += 40 * DAY
    programs.renew_due(program=world.program, at=world.at)


def _state(world: World) -> State:
    """Return whether Ann is active, and what she has of money and kits."""
    lots = Lot.objects.filter(expires_at__gt=world.at)
    money, kits = (sum(lot.available for lot in lots if lot.unit == unit) for unit in UNITS)
    return Member.objects.get().is_active, money, kits


UNITS = ("USD", "ITEM")
HERE, GONE = (True, 235_00, 1), (False, 0, 0)
LEAVING = [HERE, (False, 235_00, 1), (False, 235_00, 0), GONE]
CASES = {
    "leaving": ([], _leave, LEAVING),
    "coming back": ([_leave], _come_back, [GONE, (False, 0, 1), (False, 235_00, 1), HERE]),
    "coming back another month": (
        [_leave, _go_to_another_month],
        _come_back,
        [GONE, (True, 0, 0), (True, 300_00, 0), (True, 300_00, 2)],
    ),
}


@pytest.mark.parametrize(("before", "step", "states"), CASES.values(), ids=list(CASES))
def test_killed_at_every_statement_and_repeated(
    before: list[Callable[[World], None]], step: Callable[[World], None], states: list[State]
) -> None:
    """*states* are all that Ann may be found in, in their order; the last one is the end."""
    world = _world()
    for each in before:
        each(world)
    found = [_state(world)]
    with kept() as put_back:
        step(world)
        end = books()
        for place in count():
            put_back()
            point = killed_at(place, lambda: step(world), skip=SKIPPED)
            found += [] if found[-1] == _state(world) else [_state(world)]
            step(world)
            assert books() == end, point
            if point is None:
                break
    assert found == states


@pytest.mark.parametrize(("resume", "end"), [(_sweep, GONE), (_come_back, HERE)])
def test_killed_while_leaving_and_taken_up_by_another(
    resume: Callable[[World], None], end: State
) -> None:
    world = _world()
    found = []
    with kept() as put_back:
        for place in count():
            put_back()
            point = killed_at(place, lambda: _leave(world), skip=SKIPPED)
            found.append(_state(world))
            if found[-1] == LEAVING[1]:
                with pytest.raises(MemberInactive):  # the flag is what counts
                    world.hold(Member.objects.get(), "0.01")
            resume(world)
            assert _state(world) == (end if found[-1] in LEAVING[1:] else HERE), point
            if point is None:
                break
    assert set(found) == set(LEAVING)
    assert ledger.verify().is_clean
