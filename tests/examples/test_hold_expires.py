"""A hold lasts as long as the program says, from its instant up to, not including, its end."""

from saleor_program_budgets import programs
from tests.support.world import HOUR, INSTANT, TESTS, World, usd


def test_hold_expires(world: World) -> None:
    # Given a hold in a program whose holds last 90 minutes.
    world.open_program(hold_ttl_minutes=90)
    ann = world.member()
    world.reserve(ann, "65.00")

    # When the expiry job runs a microsecond early, the hold stands.
    world.at += 1.5 * HOUR - INSTANT
    assert programs.expire_due_holds(at=world.at) == []
    assert world.balance(ann) == {"available": "235.00", "held": "65.00"}

    # When it runs exactly 90 minutes after the hold, the 65.00 are back, once.
    world.at += INSTANT
    assert len(programs.expire_due_holds(at=world.at)) == 1
    assert programs.expire_due_holds(at=world.at) == []
    assert world.balance(ann) == {"available": "300.00"}


def test_an_orders_hold_does_not_expire(world: World) -> None:
    # Given a hold that an order was placed with in the hold's last microsecond.
    ann = world.member()
    world.reserve(ann, "65.00")
    world.at += HOUR - INSTANT
    store = programs.find_store(channel_id="shop")
    assert store is not None
    programs.bind_to_order(
        store=store,
        user_id=ann.user_id,
        checkout_id="checkout",
        order_id="order",
        due=usd("65.00"),
        at=world.at,
    )

    # When days pass before its capture, nothing expires and the capture finds it all.
    world.at += 100 * HOUR
    assert programs.expire_due_holds(at=world.at) == []
    programs.settle_order(order_id="order", due=usd("65.00"), actor=TESTS, at=world.at)
    assert world.balance(ann) == {"available": "235.00", "spent": "65.00"}
