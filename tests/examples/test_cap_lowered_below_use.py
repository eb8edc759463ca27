"""A cap may be lowered below what is used: that stands, and nothing new passes."""

import pytest

from saleor_program_budgets.errors import CapReached
from tests.support.world import World, figures, usd


def test_cap_lowered_below_use(world: World) -> None:
    # Given a department at 100.00 with 60.00 spent and 20.00 held.
    engineering = world.account("Engineering")
    cap = world.cap(engineering, "100.00")
    ann = world.member(engineering)
    spent = world.hold(ann, "60.00")
    world.capture(spent, "60.00")
    held = world.hold(ann, "20.00")

    # When the cap is lowered to 50.00: 60.00 + 20.00 - 50.00 = 30.00 hang over.
    world.cap(engineering, "50.00")
    assert figures(cap) == {
        "ceiling": "50.00",
        "held": "20.00",
        "spent": "60.00",
        "overhang": "30.00",
    }

    # Then nothing is available, not a negative amount, and nothing new passes.
    assert cap.available == 0
    with pytest.raises(CapReached) as refused:
        world.hold(ann, "0.01")
    assert refused.value.available == usd("0.00")

    # The open hold is honoured, which changes no total.
    world.capture(held, "20.00")
    assert figures(cap) == {
        "ceiling": "50.00",
        "spent": "80.00",
        "overhang": "30.00",
    }

    # When 60.00 are refunded, 20.00 remain used and the overhang is gone for good.
    world.refund(spent)
    assert figures(cap) == {"ceiling": "50.00", "spent": "20.00"}

    # Then exactly 50.00 - 20.00 = 30.00 pass.
    with pytest.raises(CapReached):
        world.hold(ann, "30.01")
    world.hold(ann, "30.00")
    assert figures(cap) == {"ceiling": "50.00", "held": "30.00", "spent": "20.00"}


def test_cap_raised_above_an_overhang_works_at_once(world: World) -> None:
    # Given 80.00 held under a cap that was lowered from 100.00 to 50.00.
    engineering = world.account("Engineering")
    cap = world.cap(engineering, "100.00")
    ann = world.member(engineering)
    world.hold(ann, "80.00")
    world.cap(engineering, "50.00")

    # When it is raised to 70.00, 10.00 still hang over; raised to 90.00, none do.
    world.cap(engineering, "70.00")
    assert figures(cap) == {"ceiling": "70.00", "held": "80.00", "overhang": "10.00"}
    world.cap(engineering, "90.00")
    assert figures(cap) == {"ceiling": "90.00", "held": "80.00"}

    # Then exactly 90.00 - 80.00 = 10.00 pass.
    with pytest.raises(CapReached):
        world.hold(ann, "10.01")
    world.hold(ann, "10.00")


def test_nothing_new_passes_until_releases_bring_the_cap_under(world: World) -> None:
    # Given 60.00 and 30.00 held under a cap of 100.00 that is lowered to 50.00: 40.00 hang over.
    engineering = world.account("Engineering")
    cap = world.cap(engineering, "100.00")
    ann = world.member(engineering)
    large, small = world.hold(ann, "60.00"), world.hold(ann, "30.00")
    world.cap(engineering, "50.00")

    # When 30.00 are released, 60.00 are still held: 10.00 hang over, and not a cent passes.
    world.release(small)
    assert figures(cap) == {"ceiling": "50.00", "held": "60.00", "overhang": "10.00"}
    with pytest.raises(CapReached):
        world.hold(ann, "0.01")

    # When 10.00 more are, the cap is exactly full; another 0.01, and 0.01 passes.
    world.release(large, "10.00")
    assert figures(cap) == {"ceiling": "50.00", "held": "50.00"}
    with pytest.raises(CapReached):
        world.hold(ann, "0.01")
    world.release(large, "0.01")
    with pytest.raises(CapReached):
        world.hold(ann, "0.02")
    world.hold(ann, "0.01")
    assert figures(cap) == {"ceiling": "50.00", "held": "50.00"}
