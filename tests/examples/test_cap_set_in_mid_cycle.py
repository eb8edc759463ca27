"""A cap means the same whenever it is set: it counts what the cycle has used already."""

import pytest

from saleor_program_budgets.errors import CapReached
from tests.support.world import World, figures, usd


def test_cap_set_in_mid_cycle(world: World) -> None:
    # Given Sales without a cap, where 60.00 are spent and 20.00 held; and 50.00 spent elsewhere.
    acme = world.account("Acme")
    sales, marketing = (world.account(name, under=acme) for name in ("Sales", "Marketing"))
    ann, bob = world.member(sales), world.member(marketing)
    spent = world.hold(ann, "60.00")
    world.capture(spent, "60.00")
    world.hold(ann, "20.00")
    world.capture(world.hold(bob, "50.00"), "50.00")

    # When Sales gets a cap of 100.00: 100.00 - 60.00 - 20.00 = 20.00 are left.
    cap = world.cap(sales, "100.00")
    assert figures(cap) == {"ceiling": "100.00", "held": "20.00", "spent": "60.00"}
    with pytest.raises(CapReached) as refused:
        world.hold(ann, "20.01")
    assert refused.value.available == usd("20.00")

    # And the organization, capped after it, counts both departments: 60.00 + 50.00 spent.
    whole = world.cap(acme, "500.00")
    assert figures(whole) == {"ceiling": "500.00", "held": "20.00", "spent": "110.00"}

    # When the 60.00 are refunded, both caps have them back.
    world.refund(spent)
    assert figures(cap) == {"ceiling": "100.00", "held": "20.00"}
    assert figures(whole) == {"ceiling": "500.00", "held": "20.00", "spent": "50.00"}
