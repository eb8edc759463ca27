"""A hold is captured in parts: what no part has taken stays held, and can't be taken twice."""

import pytest

from saleor_program_budgets.errors import NotHeld
from tests.support.world import HOUR, World, figures, usd


def test_order_shipped_in_parts(world: World) -> None:
    # Given 65.00 held of 300.00, under a cap of 1,000.00.
    acme = world.account("Acme")
    cap = world.cap(acme, "1000.00")
    ann = world.member(acme)
    hold = world.hold(ann, "65.00")

    # When 20.00 are captured, then 30.00: 65.00 - 20.00 - 30.00 = 15.00 remain held.
    assert world.capture(hold, "20.00").remaining == usd("45.00")
    assert world.capture(hold, "30.00").remaining == usd("15.00")
    assert world.balance(ann) == {"available": "235.00", "held": "15.00", "spent": "50.00"}
    assert figures(cap) == {"ceiling": "1000.00", "held": "15.00", "spent": "50.00"}

    # Then a third part of 15.01 is refused, with what is left; one of 15.00 empties the hold.
    with pytest.raises(NotHeld) as error:
        world.capture(hold, "15.01")
    assert error.value.left == usd("15.00")
    last = world.capture(hold, "15.00")
    assert (last.captured, last.remaining) == (usd("65.00"), usd("0.00"))
    assert world.balance(ann) == {"available": "235.00", "spent": "65.00"}
    assert figures(cap) == {"ceiling": "1000.00", "spent": "65.00"}


def test_the_part_never_shipped_expires(world: World) -> None:
    # Given a hold of 65.00 of which 20.00 were captured.
    ann = world.member()
    hold = world.hold(ann, "65.00")
    world.capture(hold, "20.00")

    # When its hour is over, 65.00 - 20.00 = 45.00 go back; the 20.00 stay spent.
    world.at += HOUR
    expired = world.expire(hold)
    assert expired is not None
    assert (expired.amount, expired.captured) == (usd("45.00"), usd("20.00"))
    assert world.balance(ann) == {"available": "280.00", "spent": "20.00"}
