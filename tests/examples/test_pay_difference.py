"""BLOCK: the budget covers the order or there is none. PAY_DIFFERENCE: any mix goes."""

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.errors import BalanceShort, NotCovered
from saleor_program_budgets.models import Hold, Member, Program
from tests.support.world import TESTS, World, usd


def place(world: World, member: Member, due: str) -> None:
    """Let the member's checkout become an order of *due*."""
    store = programs.find_store(channel_id="shop")
    assert store is not None
    programs.bind_to_order(
        store=store,
        user_id=member.user_id,
        checkout_id="checkout",
        order_id="order",
        due=usd(due),
        at=world.at,
    )


def test_a_short_order_is_blocked_with_the_shortfall(world: World) -> None:
    # Given 300.00 in a program that blocks, and a checkout of 365.00.
    ann = world.member()

    # When the budget is applied to all of it: 365.00 - 300.00 = 65.00 are missing.
    with pytest.raises(BalanceShort) as short:
        world.reserve(ann, "365.00")
    assert short.value.shortfall == usd("65.00")
    assert short.value.resets_at == world.cycle.ends_at

    # And when only 300.00 are applied, the order is refused all the same.
    world.reserve(ann, "300.00")
    with pytest.raises(NotCovered) as refused:
        place(world, ann, "365.00")
    assert refused.value.shortfall == usd("65.00")
    assert refused.value.available == usd("300.00")
    assert Hold.objects.get().order_id == ""


def test_the_difference_is_paid_another_way(world: World) -> None:
    # Given the same checkout of 365.00 where the shopper may pay the difference.
    world.open_program(overage_policy=Program.OveragePolicy.PAY_DIFFERENCE)
    ann = world.member()

    # When 300.00 are held and the order is placed, its capture takes the 300.00.
    world.reserve(ann, "300.00")
    place(world, ann, "365.00")
    [captured] = programs.settle_order(
        order_id="order", due=usd("365.00"), actor=TESTS, at=world.at
    )

    # Then the other 65.00 are not the budget's business.
    assert captured.amount == usd("300.00")
    assert world.balance(ann) == {"spent": "300.00"}
