"""A refund returns to the lots that it was spent from, the last consumed first, and to the cap."""

import pytest

from saleor_program_budgets.errors import NotHeld
from tests.support.world import DAY, World, figures, lot_figures, usd


def test_refund_goes_back_to_its_lots(world: World) -> None:
    # Given 25.00 spent: 10.00 of a lot that lapses first, 15.00 of another, under a cap.
    acme = world.account("Acme")
    world.open_program(allotment="0.00")
    cap = world.cap(acme, "100.00")
    ann = world.member(acme)
    first = world.grant(ann, "10.00", expires_at=world.at + DAY)
    second = world.grant(ann, "20.00", expires_at=world.at + 2 * DAY)
    hold = world.hold(ann, "25.00")
    world.capture(hold, "25.00")

    # When 18.00 are refunded: the 15.00 of the second lot, then 3.00 of the first.
    world.refund(hold, "18.00")
    assert lot_figures(first) == {"available": "3.00", "spent": "7.00"}
    assert lot_figures(second) == {"available": "20.00"}
    assert figures(cap) == {"ceiling": "100.00", "spent": "7.00"}

    # Then no more than the other 7.00 can be refunded.
    with pytest.raises(NotHeld) as error:
        world.refund(hold, "7.01")
    assert error.value.left == usd("7.00")
    assert world.refund(hold).refunded == usd("25.00")
    assert world.balance(ann) == {"available": "30.00"}
    assert figures(cap) == {"ceiling": "100.00"}


def test_refund_into_a_lapsed_lot_is_forfeited(world: World) -> None:
    # Given 10.00 spent from a lot that lapses tomorrow, and a cap of 100.00.
    acme = world.account("Acme")
    world.open_program(allotment="0.00")
    cap = world.cap(acme, "100.00")
    ann = world.member(acme)
    lot = world.grant(ann, "30.00", expires_at=world.at + DAY)
    hold = world.hold(ann, "10.00")
    world.capture(hold, "10.00")

    # When it is refunded at the very instant at which the lot lapses.
    world.at += DAY
    world.refund(hold)

    # Then the 10.00 lapse at once with the 20.00 never used; the cap has its 10.00 back.
    assert lot_figures(lot) == {"available": "20.00", "lapsed": "10.00"}
    assert world.balance(ann) == {"lapsed": "30.00"}
    assert figures(cap) == {"ceiling": "100.00"}
