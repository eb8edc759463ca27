"""Captures, releases, expiry and refunds: once each, never more than there is."""

from uuid import uuid4

import pytest

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import (
    CurrencyMismatch,
    InvalidAmount,
    KeyConflict,
    NotFound,
    NotHeld,
)
from saleor_program_budgets.models import Hold, Limit, Posting
from saleor_program_budgets.money import Amount
from tests.support.database import snapshot
from tests.support.world import HOUR, INSTANT, TESTS, World, figures, usd


def test_partial_captures_leave_a_remainder(world: World) -> None:
    ann = world.member()
    hold = world.hold(ann, "65.00")
    for value, captured, remaining in [
        ("20.00", "20.00", "45.00"),
        ("44.99", "64.99", "0.01"),
        ("0.01", "65.00", "0.00"),
    ]:
        settlement = world.capture(hold, value)
        assert settlement.amount == usd(value)
        assert settlement.captured == usd(captured)
        assert settlement.remaining == usd(remaining)
        assert settlement.released == settlement.refunded == usd("0.00")
    assert world.balance(ann) == {"available": "235.00", "spent": "65.00"}
    orders = Posting.objects.filter(kind="capture").values_list("order_id", flat=True)
    assert list(orders) == ["order"] * 3


@pytest.mark.parametrize("operation", ["capture", "release"])
def test_no_more_is_settled_than_is_held(world: World, operation: str) -> None:
    ann = world.member()
    hold = world.hold(ann, "65.00")
    world.capture(hold, "30.00")
    world.release(hold, "15.00")
    before = snapshot()
    with pytest.raises(NotHeld) as error:
        getattr(world, operation)(hold, "20.01")
    assert (error.value.requested, error.value.left) == (usd("20.01"), usd("20.00"))
    assert snapshot() == before
    getattr(world, operation)(hold, "20.00")
    before = snapshot()
    with pytest.raises(NotHeld) as error:
        getattr(world, operation)(hold, "0.01")
    assert error.value.left == usd("0.00")
    assert snapshot() == before


def test_releasing_an_empty_hold_is_an_error_not_silence(world: World) -> None:
    hold = world.hold(world.member(), "65.00")
    world.release(hold)
    with pytest.raises(NotHeld):
        world.release(hold)


def test_refunds_are_cumulative(world: World) -> None:
    ann = world.member()
    hold = world.hold(ann, "65.00")
    world.capture(hold, "40.00")
    world.refund(hold, "10.00")
    before = snapshot()
    with pytest.raises(NotHeld) as error:
        world.refund(hold, "30.01")
    assert error.value.left == usd("30.00")
    assert snapshot() == before
    assert world.refund(hold).amount == usd("30.00")
    with pytest.raises(NotHeld) as error:
        world.refund(hold)
    assert error.value.left == usd("0.00")
    # What was never captured is still held, and can be captured and refunded too.
    world.capture(hold, "25.00")
    world.refund(hold, "25.00")
    assert world.balance(ann) == {"available": "300.00"}


@pytest.mark.parametrize("operation", ["capture", "release", "refund"])
@pytest.mark.parametrize("minor", [0, -1])
def test_settlements_need_a_positive_amount(world: World, operation: str, minor: int) -> None:
    hold = world.hold(world.member(), "65.00")
    before = snapshot()
    with pytest.raises(InvalidAmount):
        _settle(operation, hold.hold_id, Amount(minor, "USD"), world)
    assert snapshot() == before


@pytest.mark.parametrize("operation", ["capture", "release", "refund"])
def test_settlements_are_in_the_holds_currency(world: World, operation: str) -> None:
    hold = world.hold(world.member(), "65.00")
    world.capture(hold, "30.00")
    before = snapshot()
    with pytest.raises(CurrencyMismatch):
        _settle(operation, hold.hold_id, Amount(1, "EUR"), world)
    assert snapshot() == before


@pytest.mark.parametrize("operation", ["capture", "release", "refund"])
def test_an_unknown_hold(world: World, operation: str) -> None:
    before = snapshot()
    with pytest.raises(NotFound) as error:
        _settle(operation, uuid4(), usd("1.00"), world)
    assert error.value.field == "hold"
    assert snapshot() == before


@pytest.mark.parametrize("operation", ["capture", "release", "refund"])
def test_a_replay_settles_once(world: World, operation: str) -> None:
    hold = world.hold(world.member(), "65.00")
    world.capture(hold, "30.00")
    first = _settle(operation, hold.hold_id, usd("10.00"), world)
    before = snapshot()
    world.at += 24 * HOUR
    again = _settle(operation, hold.hold_id, usd("10.00"), world)
    assert snapshot() == before
    assert (again.posting_id, again.amount, again.remaining) == (
        first.posting_id,
        first.amount,
        first.remaining,
    )
    assert [first.is_replay, again.is_replay] == [False, True]
    with pytest.raises(KeyConflict):
        _settle(operation, hold.hold_id, usd("10.01"), world)
    assert snapshot() == before


def test_one_key_means_one_operation(world: World) -> None:
    hold = world.hold(world.member(), "65.00")
    world.capture(hold, "10.00", key="k")
    with pytest.raises(KeyConflict):
        world.release(hold, "10.00", key="k")


@pytest.mark.parametrize(
    ("after", "expires"),
    [(HOUR - INSTANT, False), (HOUR, True), (HOUR + INSTANT, True)],
)
def test_a_hold_expires_at_exactly_its_time(world: World, after: object, expires: bool) -> None:
    ann = world.member()
    hold = world.hold(ann, "65.00", expires_at=world.at + HOUR)
    world.at += after
    before = snapshot()
    settlement = world.expire(hold)
    if not expires:
        assert settlement is None
        assert snapshot() == before
    else:
        assert settlement is not None
        assert settlement.amount == settlement.released == usd("65.00")
        assert world.balance(ann) == {"available": "300.00"}
        assert Posting.objects.filter(kind="expire").count() == 1


def test_expiry_gives_back_only_what_is_left_and_only_once(world: World) -> None:
    ann = world.member()
    hold = world.hold(ann, "65.00")
    world.capture(hold, "20.00")
    world.at += HOUR
    first = world.expire(hold)
    before = snapshot()
    again = world.expire(hold)
    assert first is not None
    assert again is not None
    assert (first.amount, again.amount, again.is_replay) == (usd("45.00"), usd("45.00"), True)
    assert snapshot() == before
    assert world.balance(ann) == {"available": "280.00", "spent": "20.00"}


def test_a_settled_hold_does_not_expire(world: World) -> None:
    hold = world.hold(world.member(), "65.00")
    world.capture(hold, "65.00")
    world.at += HOUR
    before = snapshot()
    assert world.expire(hold) is None
    assert snapshot() == before


def test_a_hold_past_its_time_is_honoured_until_it_is_expired(world: World) -> None:
    ann = world.member()
    hold = world.hold(ann, "65.00")
    world.at += 24 * HOUR
    world.capture(hold, "65.00")
    assert world.balance(ann) == {"available": "235.00", "spent": "65.00"}


def test_release_unbound_leaves_an_orders_hold_alone(world: World) -> None:
    ann = world.member()
    hold = world.hold(ann, "65.00")
    ledger.bind(holds=[Hold.objects.get()], order_id="order", at=world.at)
    before = snapshot()
    released = ledger.release_unbound(
        hold_id=hold.hold_id,
        amount=usd("65.00"),
        key="k",
        actor=TESTS,
        at=world.at,
        cause="a test",
    )
    assert released is None
    assert snapshot() == before
    world.at += HOUR
    assert world.expire(hold) is None
    assert snapshot() == before


def test_a_refund_restores_open_caps_only(world: World) -> None:
    acme = world.account("Acme")
    closed, still_open = world.cap(acme, "100.00"), world.cap(acme, "200.00", everywhere=True)
    hold = world.hold(world.member(acme), "65.00")
    world.capture(hold, "65.00")
    Limit.objects.filter(cap_id=closed.pk).update(is_open=False)
    world.refund(hold)
    assert figures(closed) == {"ceiling": "100.00", "spent": "65.00"}
    assert figures(still_open) == {"ceiling": "200.00"}


def _settle(operation: str, hold_id: object, amount: Amount, world: World) -> ledger.Settlement:
    order = {"order_id": "order"} if operation == "capture" else {}
    return getattr(ledger, operation)(
        hold_id=hold_id, amount=amount, key="k", actor=TESTS, at=world.at, **order
    )
