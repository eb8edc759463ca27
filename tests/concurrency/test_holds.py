"""Holds at one instant: never more than there is, on one balance or on one department's cap."""

import pytest

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import BalanceShort, CapReached, KeyConflict, LedgerInvariant
from saleor_program_budgets.ledger import Held
from saleor_program_budgets.models import Cap, Hold, Limit, Member, Refused
from tests.support.racing import kinds, race, slow_motion, unguarded
from tests.support.world import World, figures, usd


def _hold_at_once(world: World, members: list[Member], value: str) -> list[object]:
    cycle = world.cycle
    return race(
        *(
            lambda member=member, key=f"k{number}": world.hold(member, value, key=key, cycle=cycle)
            for number, member in enumerate(members)
        )
    )


def _one_balance(world: World) -> tuple[list[Member], Cap | Limit]:
    """Eight purchases of one member who has 100.00."""
    world.open_program(allotment="100.00")
    ann = world.member()
    return [ann] * 8, Limit.objects.get(member=ann)


def _one_department(world: World) -> tuple[list[Member], Cap | Limit]:
    """Eight members of a department with its last 100.00."""
    sales = world.account("Sales", under=world.account("Acme"))
    return world.members(8, sales), world.cap(sales, "100.00")


def _promised() -> int:
    """Return the sum of all holds: what shoppers were told is theirs."""
    return sum(hold.remaining for hold in Hold.objects.all())


CONTESTED = pytest.mark.parametrize("contested", [_one_balance, _one_department])


@CONTESTED
def test_what_is_left_is_held_once(committed_world: World, contested: object) -> None:
    members, limit = contested(committed_world)
    with slow_motion():
        outcomes = _hold_at_once(committed_world, members, "40.00")
    refusal = CapReached if isinstance(limit, Cap) else BalanceShort
    assert kinds(outcomes) == {"Held": 2, refusal.__name__: 6}
    assert figures(limit) == {"ceiling": "100.00", "held": "80.00"}
    assert Refused.objects.count() == 6


@CONTESTED
def test_without_locks_and_constraints_it_is_overdrawn(
    committed_world: World, contested: object
) -> None:
    """The control: the race is real."""
    committed_world.is_tampered = True
    members, limit = contested(committed_world)
    with unguarded(constraints=False):
        with slow_motion():
            _hold_at_once(committed_world, members, "40.00")
        assert _promised() > limit.ceiling
        assert not ledger.verify().is_clean


@CONTESTED
def test_without_locks_the_constraints_still_stop_it(
    committed_world: World, contested: object
) -> None:
    """The second control: what the lock would miss, the database refuses."""
    members, limit = contested(committed_world)
    with unguarded(constraints=True):
        with slow_motion():
            outcomes = _hold_at_once(committed_world, members, "40.00")
        assert kinds(outcomes)["Held"] == 2
        assert kinds(outcomes)[LedgerInvariant.__name__] >= 1
        assert figures(limit) == {"ceiling": "100.00", "held": "80.00"}
        assert ledger.verify().is_clean


def test_fifty_threads_on_a_departments_last_thousand(committed_world: World) -> None:
    world = committed_world
    acme = world.account("Acme")
    sales = world.account("Sales", under=acme)
    whole, part = world.cap(acme, "84000.00"), world.cap(sales, "1000.00")
    members = world.members(50, sales)
    outcomes = _hold_at_once(world, members, "70.00")
    # 14 x 70.00 = 980.00; the fifteenth would make it 1,050.00.
    assert kinds(outcomes) == {"CapReached": 36, "Held": 14}
    assert figures(part) == {"ceiling": "1000.00", "held": "980.00"}
    assert figures(whole) == {"ceiling": "84000.00", "held": "980.00"}
    assert {outcome.available for outcome in outcomes if isinstance(outcome, CapReached)} == {
        usd("20.00")
    }


def test_a_members_last_money_among_twenty_checkouts(committed_world: World) -> None:
    world = committed_world
    world.open_program(allotment="100.00")
    ann = world.member()
    outcomes = _hold_at_once(world, [ann] * 20, "15.00")
    assert kinds(outcomes) == {"BalanceShort": 14, "Held": 6}
    assert world.balance(ann) == {"available": "10.00", "held": "90.00"}


def test_one_key_at_once_holds_once(committed_world: World) -> None:
    ann, cycle = committed_world.member(), committed_world.cycle

    def hold() -> Held:
        return committed_world.hold(ann, "65.00", key="k", cycle=cycle)

    with slow_motion():
        outcomes = race(*[hold] * 6)
    assert kinds(outcomes) == {"Held": 6}
    assert len({held.hold_id for held in outcomes}) == 1
    assert sorted(held.is_replay for held in outcomes) == [False] + [True] * 5
    assert committed_world.balance(ann) == {"available": "235.00", "held": "65.00"}


def test_without_guards_one_key_holds_twice(committed_world: World) -> None:
    committed_world.is_tampered = True
    ann, cycle = committed_world.member(), committed_world.cycle
    with unguarded(constraints=False):
        with slow_motion():
            race(*[lambda: committed_world.hold(ann, "65.00", key="k", cycle=cycle)] * 4)
        assert Hold.objects.count() > 1


def test_without_locks_a_keys_uniqueness_still_holds_once(committed_world: World) -> None:
    ann, cycle = committed_world.member(), committed_world.cycle
    with unguarded(constraints=True):
        with slow_motion():
            outcomes = race(*[lambda: committed_world.hold(ann, "65.00", key="k", cycle=cycle)] * 4)
        assert kinds(outcomes) == {"Held": 4}
        assert Hold.objects.count() == 1


def test_one_key_for_two_members_at_once(committed_world: World) -> None:
    """They meet no common lock: the key's uniqueness decides, and the loser is told."""
    world = committed_world
    members, cycle = world.members(2, world.account("Acme")), world.cycle
    with slow_motion():
        outcomes = race(
            *(
                lambda member=member: world.hold(member, "65.00", key="k", cycle=cycle)
                for member in members
            )
        )
    assert kinds(outcomes) == {"Held": 1, KeyConflict.__name__: 1}
    assert Hold.objects.count() == 1


def test_grants_and_holds_at_once(committed_world: World) -> None:
    world = committed_world
    world.open_program(allotment="0.00")
    ann = world.member()
    world.grant(ann, "20.00")
    cycle = world.cycle
    jobs = [
        job
        for number in range(8)
        for job in (
            lambda: world.grant(ann, "10.00"),
            lambda key=f"a{number}": world.hold(ann, "15.00", key=key, cycle=cycle),
        )
    ]
    outcomes = race(*jobs)
    held = kinds(outcomes)["Held"]
    assert 1 <= held <= 6  # 20.00 + 8 x 10.00 = 100.00 carry six holds of 15.00
    assert kinds(outcomes) == {"BalanceShort": 8 - held, "Held": held, "Lot": 8}
    limit = Limit.objects.get(member=ann)
    limit.refresh_from_db()
    assert (limit.ceiling, limit.held) == (100_00, held * 15_00)


def test_without_guards_holds_spend_what_grants_have_not_given(committed_world: World) -> None:
    world = committed_world
    world.is_tampered = True
    world.open_program(allotment="0.00")
    ann = world.member()
    world.grant(ann, "20.00")
    cycle = world.cycle
    with unguarded(constraints=False):
        with slow_motion():
            race(
                lambda: world.grant(ann, "10.00"),
                *(
                    lambda key=f"k{number}": world.hold(ann, "15.00", key=key, cycle=cycle)
                    for number in range(6)
                ),
            )
        assert _promised() > Limit.objects.get(member=ann).ceiling
