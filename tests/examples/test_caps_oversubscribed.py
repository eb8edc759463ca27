"""Allowances may promise more than a cap holds: the cap decides, and nobody overspends."""

import pytest

from saleor_program_budgets.errors import CapReached
from tests.support.world import World, figures, usd


def test_304_allowances_of_300_under_a_cap_of_84000(world: World) -> None:
    # Given 304 members with 300.00 each, together 91,200.00, under a cap of 84,000.00.
    acme = world.account("Acme Corp")
    cap = world.cap(acme, "84000.00")
    members = world.members(304, acme)

    # When 280 of them spend everything: 280 x 300.00 = 84,000.00, exactly the cap.
    for number, member in enumerate(members[:280]):
        hold = world.hold(member, "300.00")
        world.capture(hold, "300.00", order_id=f"order-{number}")
    assert figures(cap) == {"ceiling": "84000.00", "spent": "84000.00"}

    # Then the 281st is refused the first cent, though 300.00 stand on their own balance.
    unlucky = members[280]
    with pytest.raises(CapReached) as refused:
        world.hold(unlucky, "0.01")
    assert refused.value.limit_id == cap.pk
    assert refused.value.available == usd("0.00")
    assert refused.value.shortfall == usd("0.01")
    assert world.balance(unlucky) == {"available": "300.00"}
    assert figures(cap) == {"ceiling": "84000.00", "spent": "84000.00"}
