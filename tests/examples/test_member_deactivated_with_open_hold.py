"""Who was deactivated takes no new holds; the open ones are honoured."""

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.errors import MemberInactive
from tests.support.world import TESTS, World, usd


def test_member_deactivated_with_open_hold(world: World) -> None:
    # Given a member with 65.00 held for a checkout.
    ann = world.member()
    hold = world.reserve(ann, "65.00", checkout_id="checkout-1")

    # When they are deactivated.
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)

    # Then nothing new is held for them,
    with pytest.raises(MemberInactive):
        world.reserve(ann, "0.01")
    assert world.balance(ann) == {"held": "65.00", "withdrawn": "235.00"}

    # and the checkout that is paid for still becomes its order.
    store = programs.find_store(channel_id="shop")
    assert store is not None
    programs.bind_to_order(
        store=store,
        user_id=ann.user_id,
        checkout_id="checkout-1",
        order_id="order-1",
        due=usd("65.00"),
        at=world.at,
    )
    [captured] = programs.settle_order(
        order_id="order-1", due=usd("65.00"), actor=TESTS, at=world.at
    )
    assert captured.hold_id == hold.hold_id
    assert world.balance(ann) == {"spent": "65.00", "withdrawn": "235.00"}


def test_reactivated_member_buys_again(world: World) -> None:
    # Given a member who was deactivated before they spent anything.
    ann = world.member()
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)

    # When they are reactivated, their 300.00 are there, once.
    programs.reactivate_member(member=ann, actor=TESTS, at=world.at)
    world.hold(ann, "300.00")
    assert world.balance(ann) == {"held": "300.00"}
