"""A hold reserves, a capture spends part of it, a release gives the rest back."""

from tests.support.world import World, figures


def test_a_hold_is_captured_in_part_and_the_rest_released(world: World) -> None:
    # Given a member of Engineering with 300.00, under a department cap of 1,000.00.
    engineering = world.account("Engineering")
    cap = world.cap(engineering, "1000.00")
    ann = world.member(engineering)

    # When 65.00 is held: 300.00 - 65.00 = 235.00 stay available.
    hold = world.hold(ann, "65.00")

    # Then it counts at once, for the member and for the department.
    assert world.balance(ann) == {"available": "235.00", "held": "65.00"}
    assert figures(cap) == {"ceiling": "1000.00", "held": "65.00"}

    # When the order takes 50.00 of it, 65.00 - 50.00 = 15.00 remain held.
    captured = world.capture(hold, "50.00")
    assert captured.remaining.minor == 15_00
    assert world.balance(ann) == {
        "available": "235.00",
        "held": "15.00",
        "spent": "50.00",
    }

    # When the rest is released, 235.00 + 15.00 = 250.00 are available.
    world.release(hold)
    assert world.balance(ann) == {"available": "250.00", "spent": "50.00"}
    assert figures(cap) == {"ceiling": "1000.00", "spent": "50.00"}
