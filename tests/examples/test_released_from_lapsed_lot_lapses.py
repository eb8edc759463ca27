"""A hold's lots stay usable for that hold; what is given back to a lapsed lot lapses at once."""

import pytest

from saleor_program_budgets.errors import BalanceShort
from tests.support.world import DAY, INSTANT, World, lot_figures, usd


def test_released_from_lapsed_lot_lapses(world: World) -> None:
    # Given 40.00 of a lot of 50.00 held, when the lot lapses.
    world.open_program(allotment="0.00")
    ann = world.member()
    lot = world.grant(ann, "50.00", expires_at=world.at + DAY)
    hold = world.hold(ann, "40.00")
    world.at += DAY

    # Then the 10.00 that nobody held are gone from the balance; no job had to run.
    assert world.balance(ann) == {"held": "40.00", "lapsed": "10.00"}
    with pytest.raises(BalanceShort) as refused:
        world.hold(ann, "0.01")
    assert refused.value.available == usd("0.00")

    # When 25.00 are captured all the same, and the remaining 15.00 released.
    world.capture(hold, "25.00")
    world.release(hold)

    # Then 10.00 + 15.00 = 25.00 have lapsed, of which 15.00 are recorded.
    assert world.balance(ann) == {"spent": "25.00", "lapsed": "25.00"}
    assert lot_figures(lot) == {
        "available": "10.00",
        "spent": "25.00",
        "lapsed": "15.00",
    }


def test_released_an_instant_before_the_lot_lapses_is_available(world: World) -> None:
    # Given a hold of 40.00 on a lot, one microsecond before the lot lapses.
    world.open_program(allotment="0.00")
    ann = world.member()
    lot = world.grant(ann, "50.00", expires_at=world.at + DAY)
    hold = world.hold(ann, "40.00")
    world.at += DAY - INSTANT

    # When it is released, all 50.00 are available, for that microsecond.
    world.release(hold)
    assert world.balance(ann) == {"available": "50.00"}
    assert lot_figures(lot) == {"available": "50.00"}
