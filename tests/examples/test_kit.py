"""A kit counts pieces beside money: one hold takes both or nothing."""

import pytest

from saleor_program_budgets.errors import BalanceShort, CapReached, NotHeld
from tests.support.database import money
from tests.support.world import DAY, World, items, lot_figures, usd


def test_kit(world: World) -> None:
    # Given one kit beside 300.00.
    ann = world.member()
    world.kit(ann)

    # When the kit and 65.00 are held, then captured: both are spent, in one posting each.
    hold = world.hold(ann, "65.00", items=1)
    assert world.in_units(ann) == {
        "ITEM": {"held": 1},
        "USD": {"available": 235_00, "held": 65_00},
    }
    captured = world.capture(hold, "65.00", items=1)
    assert (captured.items_captured, captured.items_remaining) == (1, 0)
    assert world.in_units(ann) == {
        "ITEM": {"spent": 1},
        "USD": {"available": 235_00, "spent": 65_00},
    }


def test_a_second_kit_is_refused_and_its_money_is_not_held(world: World) -> None:
    # Given one kit, taken, and 235.00 left.
    ann = world.member()
    world.kit(ann)
    world.hold(ann, "65.00", items=1)

    # When another is to be held with 10.00: 1 - 1 = 0 pieces are left.
    before = money()
    with pytest.raises(BalanceShort) as refused:
        world.hold(ann, "10.00", items=1)
    assert (refused.value.requested, refused.value.available, refused.value.shortfall) == (
        items(1),
        items(0),
        items(1),
    )
    assert money() == before

    # Then 10.00 without a kit pass.
    world.hold(ann, "10.00")


def test_a_kit_is_not_held_when_the_money_is_short(world: World) -> None:
    # Given one kit and 300.00.
    ann = world.member()
    world.kit(ann)

    # When the kit is to be held with 300.01, the money is what is named, and the kit stays.
    before = money()
    with pytest.raises(BalanceShort) as refused:
        world.hold(ann, "300.01", items=1)
    assert (refused.value.requested, refused.value.shortfall) == (usd("300.01"), usd("0.01"))
    assert money() == before

    # Then the kit alone can be held.
    world.hold(ann, "0.00", items=1)
    assert world.in_units(ann) == {"ITEM": {"held": 1}, "USD": {"available": 300_00}}


def test_pieces_are_captured_and_returned_in_parts(world: World) -> None:
    # Given three pieces and 30.00 held.
    ann = world.member()
    lot = world.kit(ann, 3)
    hold = world.hold(ann, "30.00", items=3)

    # When one piece ships with 10.00: 2 pieces and 20.00 remain held.
    first = world.capture(hold, "10.00", items=1)
    assert (first.items_remaining, first.remaining) == (2, usd("20.00"))

    # Then three more pieces don't ship, and nothing of the money with them.
    with pytest.raises(NotHeld) as error:
        world.capture(hold, "10.00", items=3)
    assert (error.value.left, error.value.items_left) == (usd("20.00"), 2)

    # When a piece without money is released, one captured with the rest, and one refunded.
    assert world.release(hold, items=1).items_remaining == 1
    world.capture(hold, "20.00", items=1)
    returned = world.refund(hold, "10.00", items=1)
    assert (returned.items_refunded, returned.refunded) == (1, usd("10.00"))
    assert world.in_units(ann) == {
        "ITEM": {"available": 2, "spent": 1},
        "USD": {"available": 280_00, "spent": 20_00},
    }
    lot.refresh_from_db()
    assert (lot.available, lot.spent) == (2, 1)


def test_pieces_lapse_as_money_does(world: World) -> None:
    # Given a kit until tomorrow, held with 65.00 of a cycle that goes on.
    ann = world.member()
    lot = world.kit(ann, expires_at=world.at + DAY)
    hold = world.hold(ann, "65.00", items=1, order_id="order")

    # When both are given back tomorrow, the money is available and the kit has lapsed.
    world.at += DAY
    world.release(hold)
    assert world.balance(ann) == {"available": "300.00"}
    lot.refresh_from_db()
    assert (lot.available, lot.lapsed) == (0, 1)


def test_a_cap_counts_pieces(world: World) -> None:
    # Given three members with a kit and 300.00 each, and two kits for the whole department.
    crew = world.account("Crew")
    world.open_program()
    cap = world.cap(crew, items(2), everywhere=True)
    everyone = world.members(3, crew)
    for member in everyone:
        world.kit(member)

    # When two have theirs, the third is refused, money and all.
    for member in everyone[:2]:
        world.hold(member, "65.00", items=1)
    before = money()
    with pytest.raises(CapReached) as refused:
        world.hold(everyone[2], "65.00", items=1)
    assert (refused.value.limit_id, refused.value.requested, refused.value.available) == (
        cap.pk,
        items(1),
        items(0),
    )
    assert money() == before

    # Then they may still buy without a kit.
    world.hold(everyone[2], "65.00")
    cap.refresh_from_db()
    assert (cap.held, cap.available) == (2, 0)
    assert lot_figures(everyone[2].limits.get(unit="USD").lots.get()) == {
        "available": "235.00",
        "held": "65.00",
    }
