"""A cap stands in the next cycle as it was set; what was used, raised or over it doesn't."""

import pytest

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import CapReached, InvalidInput
from saleor_program_budgets.models import Cap
from tests.support.world import DAY, World, figures, usd


def _close(world: World) -> None:
    world.at = world.cycle.ends_at
    programs.renew_due(program=world.program, at=world.at)


def test_an_overhang_ends_with_the_cycle(world: World) -> None:
    # Given 400.00 used of 500.00, and the cap lowered to 150.00: 250.00 hang over.
    world.open_program(carries_forward=True)
    acme = world.account("Acme")
    first = world.cap(acme, "500.00")
    ann, ben = world.members(2, acme)
    world.capture(world.hold(ann, "300.00"), "300.00")
    world.hold(ben, "100.00", order_id="order")
    world.cap(acme, "150.00")
    used = {"ceiling": "150.00", "held": "100.00", "spent": "300.00", "overhang": "250.00"}
    assert figures(first) == used
    with pytest.raises(CapReached):
        world.hold(ben, "0.01")

    # When the year closes, the next one's 150.00 are whole; the old year stands as it was.
    _close(world)
    second = Cap.objects.get(account=acme, is_open=True)
    assert figures(second) == {"ceiling": "150.00"}
    assert figures(first) == used
    world.hold(ben, "150.00")
    with pytest.raises(CapReached):
        world.hold(ann, "0.01")


def test_a_temporary_raise_is_not_repeated(world: World) -> None:
    # Given a cap of 100.00, raised by 50.00 until a week into the next year.
    acme = world.account("Acme")
    world.open_program()
    cap = world.cap(acme, "100.00")
    ann = world.member(acme)
    world.raise_cap(cap, "50.00", ends_at=world.cycle.ends_at + 7 * DAY)
    world.hold(ann, "150.00", order_id="order")

    # When the year closes, the cap is 100.00 again.
    _close(world)
    second = Cap.objects.get(account=acme, is_open=True)
    assert figures(second) == {"ceiling": "100.00"}
    assert (second.raised, second.raise_ends_at) == (0, None)
    with pytest.raises(CapReached):
        world.hold(ann, "100.01")
    hold = world.hold(ann, "100.00", order_id="another")

    # And when the raise is over, nothing is left of it anywhere.
    world.at += 7 * DAY
    world.release(hold)
    assert figures(second) == {"ceiling": "100.00"}


def test_a_cap_across_programs_goes_on(world: World) -> None:
    # Given a cap of 400.00 for all programs, of which 150.00 are spent.
    acme = world.account("Acme")
    world.open_program()
    everywhere = world.cap(acme, "400.00", everywhere=True)
    ann = world.member(acme)
    world.capture(world.hold(ann, "150.00"), "150.00")

    # When one program's year closes, it isn't the cap's: 250.00 are left under it.
    _close(world)
    assert figures(everywhere) == {"ceiling": "400.00", "spent": "150.00"}
    with pytest.raises(CapReached):
        world.hold(ann, "250.01")
    world.hold(ann, "250.00")


def test_a_cap_for_a_cycle_that_was_just_turned_is_refused(world: World) -> None:
    # Given an administrator who looked at the cycle before its end,
    acme = world.account("Acme")
    cycle = world.cycle
    _close(world)

    # When the cap comes after it, it is refused: it would bind nothing.
    with pytest.raises(InvalidInput, match="closed"):
        ledger.set_cap(
            account=acme,
            depth=0,
            program=world.program,
            cycle=cycle,
            ceiling=usd("100.00"),
            reason="",
            key="late",
            actor=world.actor,
            at=world.at,
        )
    assert not Cap.objects.exists()

    # Asked for the open cycle it stands there.
    world.cap(acme, "100.00")
    assert Cap.objects.get().cycle == world.cycle
