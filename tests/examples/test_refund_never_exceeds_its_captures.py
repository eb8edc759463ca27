"""Refunds go back in whole or in parts; together they never exceed what was captured."""

import pytest

from saleor_program_budgets.errors import NotHeld
from tests.support.database import snapshot
from tests.support.world import World, figures, usd


def test_refund_never_exceeds_its_captures(world: World) -> None:
    # Given 65.00 held, of which 40.00 were captured, under a cap of 1,000.00.
    acme = world.account("Acme")
    cap = world.cap(acme, "1000.00")
    ann = world.member(acme)
    hold = world.hold(ann, "65.00")
    world.capture(hold, "40.00")

    # When 25.00 are refunded, 40.00 - 25.00 = 15.00 may be refunded yet; held money may not.
    assert world.refund(hold, "25.00").refunded == usd("25.00")
    before = snapshot()
    with pytest.raises(NotHeld) as error:
        world.refund(hold, "15.01")
    assert error.value.left == usd("15.00")
    assert snapshot() == before

    # When all the rest is refunded without naming a sum, it is those 15.00.
    rest = world.refund(hold)
    assert (rest.amount, rest.refunded, rest.remaining) == (
        usd("15.00"),
        usd("40.00"),
        usd("25.00"),
    )
    assert world.balance(ann) == {"available": "275.00", "held": "25.00"}
    assert figures(cap) == {"ceiling": "1000.00", "held": "25.00"}

    # When the other 25.00 are captured too, 65.00 - 40.00 = 25.00 may be refunded again.
    world.capture(hold, "25.00")
    with pytest.raises(NotHeld) as error:
        world.refund(hold, "25.01")
    assert error.value.left == usd("25.00")
    assert world.refund(hold).refunded == usd("65.00")
    assert world.balance(ann) == {"available": "300.00"}
    assert figures(cap) == {"ceiling": "1000.00"}
