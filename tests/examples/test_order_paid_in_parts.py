"""An order's holds are captured by age up to its total; what it doesn't need goes back."""

from saleor_program_budgets import programs
from saleor_program_budgets.models import Member
from tests.support.world import INSTANT, TESTS, World, usd


def two_holds_on_one_order(world: World, member: Member, due: str) -> None:
    """Hold 40.00, then 60.00, and let the checkout become an order of *due*."""
    world.reserve(member, "40.00")
    world.at += INSTANT
    world.reserve(member, "60.00")
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


def test_two_holds_pay_one_order(world: World) -> None:
    # Given holds of 40.00 and 60.00 on an order of 75.00.
    ann = world.member()
    two_holds_on_one_order(world, ann, "75.00")

    # When it is settled: 40.00 + 35.00 are captured, 60.00 - 35.00 = 25.00 released.
    settled = programs.settle_order(order_id="order", due=usd("75.00"), actor=TESTS, at=world.at)
    assert [step.amount for step in settled] == [usd("40.00"), usd("35.00"), usd("25.00")]
    assert world.balance(ann) == {"available": "225.00", "spent": "75.00"}

    # Settling again finds nothing to do.
    again = programs.settle_order(order_id="order", due=usd("75.00"), actor=TESTS, at=world.at)
    assert again == []


def test_a_cancelled_order_gives_everything_back(world: World) -> None:
    # Given that order with its 75.00 captured.
    ann = world.member()
    two_holds_on_one_order(world, ann, "75.00")
    programs.settle_order(order_id="order", due=usd("75.00"), actor=TESTS, at=world.at)

    # When it is cancelled, 40.00 + 35.00 are refunded; when it is again, nothing is.
    returned = programs.return_order(order_id="order", cause="cancelled", actor=TESTS, at=world.at)
    assert [step.amount for step in returned] == [usd("40.00"), usd("35.00")]
    assert world.balance(ann) == {"available": "300.00"}
    assert (
        programs.return_order(order_id="order", cause="cancelled", actor=TESTS, at=world.at) == []
    )


def test_an_order_cancelled_before_its_capture_releases(world: World) -> None:
    # Given that order before anything was captured.
    ann = world.member()
    two_holds_on_one_order(world, ann, "75.00")

    # When it is cancelled, both holds are released; settling it later takes nothing.
    programs.return_order(order_id="order", cause="cancelled", actor=TESTS, at=world.at)
    assert world.balance(ann) == {"available": "300.00"}
    settled = programs.settle_order(order_id="order", due=usd("75.00"), actor=TESTS, at=world.at)
    assert settled == []
