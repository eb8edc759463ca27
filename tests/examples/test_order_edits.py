"""An order that grows needs a new hold; one that shrinks gives back what it would use last."""

import pytest

from saleor_program_budgets.errors import CapReached
from saleor_program_budgets.models import Hold, Lot
from tests.support.world import DAY, World, figures, lot_figures, usd


def test_an_increase_is_a_new_hold_under_todays_limits(world: World) -> None:
    # Given an order of 65.00, captured, and its department's cap since lowered to 100.00.
    acme = world.account("Acme")
    cap = world.cap(acme, "1000.00")
    ann = world.member(acme)
    world.reserve(ann, "65.00")
    world.order(ann, "65.00")
    world.settle("65.00")
    world.cap(acme, "100.00")

    # When it is to grow to 100.01, 100.00 - 65.00 = 35.00 fit and 35.01 don't.
    with pytest.raises(CapReached) as refused:
        world.reserve(ann, "35.01", checkout_id="", order_id="order")
    assert refused.value.shortfall == usd("0.01")
    assert figures(cap) == {"ceiling": "100.00", "spent": "65.00"}

    # When it grows to 100.00, the 35.00 are held for the order, and captured with it.
    world.reserve(ann, "35.00", checkout_id="", order_id="order")
    [captured] = world.settle("100.00")
    assert captured.amount == usd("35.00")
    assert figures(cap) == {"ceiling": "100.00", "spent": "100.00"}
    assert [hold.captured for hold in Hold.objects.order_by("created_at", "pk")] == [65_00, 35_00]


def two_lots(world: World) -> tuple[Lot, Lot]:
    """Let a member order for 25.00: 10.00 of the lot that lapses first, 15.00 of the second."""
    world.open_program(allotment="0.00")
    ann = world.member()
    first = world.grant(ann, "10.00", expires_at=world.at + DAY)
    second = world.grant(ann, "20.00", expires_at=world.at + 2 * DAY)
    world.reserve(ann, "25.00")
    world.order(ann, "25.00")
    return first, second


def test_a_decrease_before_capture_releases_the_lots_consumed_last(world: World) -> None:
    # Given an order of 25.00 over two lots that shrinks to 12.00 before it is captured.
    first, second = two_lots(world)

    # When it is settled: 10.00 + 2.00 are captured, 13.00 go back to the second lot.
    captured, released = world.settle("12.00")
    assert (captured.amount, released.amount) == (usd("12.00"), usd("13.00"))
    assert lot_figures(first) == {"spent": "10.00"}
    assert lot_figures(second) == {"available": "18.00", "spent": "2.00"}


def test_a_decrease_after_capture_refunds_the_lots_consumed_last(world: World) -> None:
    # Given that order captured whole, that shrinks to 12.00 afterwards.
    first, second = two_lots(world)
    world.settle("25.00")

    # When 25.00 - 12.00 = 13.00 are refunded, they are the second lot's too.
    world.refund_by_policy(Hold.objects.get().pk, "13.00")
    assert lot_figures(first) == {"spent": "10.00"}
    assert lot_figures(second) == {"available": "18.00", "spent": "2.00"}


def test_a_decrease_gives_back_the_newest_hold_first(world: World) -> None:
    # Given an order of 40.00 that grew by 60.00: two holds.
    ann = world.member()
    world.reserve(ann, "40.00")
    world.order(ann, "40.00")
    world.at += DAY
    world.reserve(ann, "60.00", checkout_id="", order_id="order")

    # When it shrinks to 70.00 before anything is captured: 40.00 + 30.00, and 30.00 go back.
    settled = world.settle("70.00")
    assert [step.amount for step in settled] == [usd("40.00"), usd("30.00"), usd("30.00")]
    assert [
        (hold.captured, hold.released) for hold in Hold.objects.order_by("created_at", "pk")
    ] == [(40_00, 0), (30_00, 30_00)]
    assert world.balance(ann) == {"available": "230.00", "spent": "70.00"}
