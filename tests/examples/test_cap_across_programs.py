"""A cap without a program counts the purchases of all programs in its currency."""

import pytest

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import CapReached
from tests.support.world import World, figures, usd


def test_cap_across_programs(world: World) -> None:
    # Given one account in two programs, 100.00 in each, under one cap of 120.00 for both.
    acme = world.account("Acme")
    shirts = world.open_program(allotment="100.00", channel="shop")
    gifts = world.open_program(allotment="100.00", channel="gifts")
    both = world.cap(acme, "120.00", everywhere=True)
    buyer, giver = world.member(acme, program=shirts), world.member(acme, program=gifts)

    # When 100.00 are held in the first, 120.00 - 100.00 = 20.00 are left for the second.
    world.hold(buyer, "100.00")
    cycle = gifts.cycles.get()
    with pytest.raises(CapReached) as refused:
        world.hold(giver, "20.01", cycle=cycle)
    world.hold(giver, "20.00", cycle=cycle)

    # Then the cap is full; it doesn't reset with either program's cycle.
    assert figures(both) == {"ceiling": "120.00", "held": "120.00"}
    assert refused.value.shortfall == usd("0.01")
    assert refused.value.resets_at is None


def test_a_programs_own_cap_leaves_other_programs_alone(world: World) -> None:
    # Given a cap of 10.00 on the account for the first program only.
    acme = world.account("Acme")
    world.open_program(allotment="100.00", channel="shop")
    gifts = world.open_program(allotment="100.00", channel="gifts")
    own = world.cap(acme, "10.00")

    # When a member of the second spends 100.00, the first program's cap doesn't notice.
    store = programs.find_store(channel_id="gifts")
    assert store is not None
    giver = world.member(acme, program=gifts)
    world.reserve(giver, "100.00", store=store)
    assert figures(own) == {"ceiling": "10.00"}
    assert ledger.balances(members=[giver.pk], cycle=store.cycle, at=world.at)[
        giver.pk
    ] == ledger.Balance(granted=100_00, held=100_00)
