"""Lots are used by expiry (never-expiring last), then by age, then by id."""

from saleor_program_budgets.models import HoldLot
from tests.support.world import DAY, World, lot_figures


def test_lots_are_consumed_by_expiry_then_age_then_id(world: World) -> None:
    # Given five lots of 10.00, granted in an order that is none of the rules'.
    world.open_program(allotment="0.00")
    ann = world.member()
    never = world.grant(ann, "10.00")
    late = world.grant(ann, "10.00", expires_at=world.at + 20 * DAY)
    first_of_two = world.grant(ann, "10.00", expires_at=world.at + 10 * DAY)
    second_of_two = world.grant(ann, "10.00", expires_at=world.at + 10 * DAY)
    world.at += DAY
    young = world.grant(ann, "10.00", expires_at=world.at + 9 * DAY)  # the same expiry

    # When 45.00 are held: 10 + 10 + 10 + 10 + 5.
    hold = world.hold(ann, "45.00")

    # Then the earliest expiry goes first, there the older, and of equals the lower id.
    pinned = HoldLot.objects.filter(hold_id=hold.hold_id).order_by("position")
    assert [(line.lot_id, line.amount) for line in pinned] == [
        (first_of_two.pk, 10_00),
        (second_of_two.pk, 10_00),
        (young.pk, 10_00),
        (late.pk, 10_00),
        (never.pk, 5_00),
    ]


def test_a_capture_uses_the_first_lots_and_a_release_gives_back_the_last(
    world: World,
) -> None:
    # Given a hold of 25.00 over a lot of 10.00 that lapses first and one of 20.00.
    world.open_program(allotment="0.00")
    ann = world.member()
    first = world.grant(ann, "10.00", expires_at=world.at + DAY)
    second = world.grant(ann, "20.00", expires_at=world.at + 2 * DAY)
    hold = world.hold(ann, "25.00")

    # When 12.00 are captured: all 10.00 of the first lot, 2.00 of the second.
    world.capture(hold, "12.00")
    assert lot_figures(first) == {"spent": "10.00"}
    assert lot_figures(second) == {"available": "5.00", "held": "13.00", "spent": "2.00"}

    # When the remaining 13.00 are released, they return to the second: 5.00 + 13.00 = 18.00.
    world.release(hold)
    assert lot_figures(first) == {"spent": "10.00"}
    assert lot_figures(second) == {"available": "18.00", "spent": "2.00"}


def test_a_part_released_comes_from_the_lot_consumed_last(world: World) -> None:
    # Given a hold of 15.00: 10.00 of the first lot, 5.00 of the second.
    world.open_program(allotment="0.00")
    ann = world.member()
    first = world.grant(ann, "10.00", expires_at=world.at + DAY)
    second = world.grant(ann, "20.00", expires_at=world.at + 2 * DAY)
    hold = world.hold(ann, "15.00")

    # When 7.00 are given back: the 5.00 of the second lot, and 2.00 of the first.
    world.release(hold, "7.00")
    assert lot_figures(first) == {"available": "2.00", "held": "8.00"}
    assert lot_figures(second) == {"available": "20.00"}
