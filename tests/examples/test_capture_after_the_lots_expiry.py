"""A hold's lots stay usable for that hold, however long after their expiry it is captured."""

import pytest

from saleor_program_budgets.errors import BalanceShort
from tests.support.world import DAY, World, lot_figures, usd


def test_capture_after_the_lots_expiry(world: World) -> None:
    # Given 40.00 of a lot of 50.00 held for an order, and the lot lapsed for 30 days.
    world.open_program(allotment="0.00")
    ann = world.member()
    lot = world.grant(ann, "50.00", expires_at=world.at + DAY)
    hold = world.hold(ann, "40.00", order_id="order")
    world.at += 31 * DAY

    # When the order is captured: all 40.00, from that lot.
    captured = world.capture(hold, "40.00")
    assert (captured.captured, captured.remaining) == (usd("40.00"), usd("0.00"))
    assert lot_figures(lot) == {"available": "10.00", "spent": "40.00"}

    # Then the 10.00 nobody held have lapsed all the same.
    assert world.balance(ann) == {"spent": "40.00", "lapsed": "10.00"}
    with pytest.raises(BalanceShort) as refused:
        world.hold(ann, "10.00")
    assert refused.value.available == usd("0.00")
