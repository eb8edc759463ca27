"""The gate, and what settles an order's holds."""

import datetime as dt

import pytest
from django.db import transaction

from saleor_program_budgets import programs
from saleor_program_budgets.errors import (
    CurrencyMismatch,
    MemberInactive,
    NotAMember,
    NotCovered,
    ProgramClosed,
    Refusal,
)
from saleor_program_budgets.models import Hold, Program
from saleor_program_budgets.money import Amount
from tests.support.database import snapshot
from tests.support.world import DAY, HOUR, INSTANT, START, TESTS, World, usd

PAY_DIFFERENCE = Program.OveragePolicy.PAY_DIFFERENCE


def _bind(world: World, user_id: int | None, due: str | Amount, **changes: object) -> None:
    store = programs.find_store(channel_id="shop")
    request = {
        "store": store,
        "user_id": user_id,
        "checkout_id": "checkout",
        "order_id": "order",
        "due": usd(due) if isinstance(due, str) else due,
        "at": world.at,
    }
    programs.check_covered(**request | changes)
    with transaction.atomic():
        programs.bind_to_order(**request | changes)


def _refused(world: World, user_id: int | None, due: str | Amount, **changes: object) -> Refusal:
    before = snapshot()
    with pytest.raises(Refusal) as refused:
        _bind(world, user_id, due, **changes)
    store = programs.find_store(channel_id="shop")
    with pytest.raises(Refusal) as gate, transaction.atomic():
        programs.bind_to_order(
            **{
                "store": store,
                "user_id": user_id,
                "checkout_id": "checkout",
                "order_id": "order",
                "due": usd(due) if isinstance(due, str) else due,
                "at": world.at,
            }
            | changes
        )
    assert (gate.value.code, str(gate.value)) == (refused.value.code, str(refused.value))
    assert snapshot() == before
    return refused.value


def test_a_covered_checkout_becomes_the_order(world: World) -> None:
    ann = world.member()
    world.reserve(ann, "65.00")
    _bind(world, ann.user_id, "65.00")
    hold = Hold.objects.get()
    assert (hold.order_id, hold.bound_at) == ("order", START)
    assert world.balance(ann) == {"available": "235.00", "held": "65.00"}


def test_a_cent_too_little_is_refused_with_what_is_missing(world: World) -> None:
    ann = world.member()
    world.reserve(ann, "65.00")
    refusal = _refused(world, ann.user_id, "65.01")
    assert type(refusal) is NotCovered
    assert (refusal.requested, refusal.available, refusal.shortfall) == (
        usd("65.01"),
        usd("65.00"),
        usd("0.01"),
    )
    assert refusal.message == (
        "Your budget covers 65.00 USD of 65.01 USD: 0.01 USD is missing. "
        "Apply your budget again, or change the order."
    )


def test_nothing_held_is_nothing_covered(world: World) -> None:
    ann = world.member()
    refusal = _refused(world, ann.user_id, "65.00")
    assert type(refusal) is NotCovered
    assert refusal.message == (
        "Your budget is not applied to this order of 65.00 USD: 65.00 USD is missing. "
        "Apply your budget again, or change the order."
    )


@pytest.mark.parametrize("held", ["0.00", "30.00"])
def test_with_the_difference_paid_any_mix_goes(world: World, held: str) -> None:
    world.open_program(overage_policy=PAY_DIFFERENCE)
    ann = world.member()
    if usd(held):
        world.reserve(ann, held)
    _bind(world, ann.user_id, "65.00")
    assert Hold.objects.filter(order_id="order").count() == bool(usd(held))


def test_a_free_order_needs_no_budget_but_an_open_program(world: World) -> None:
    ann = world.member()
    _bind(world, ann.user_id, "0.00")
    programs.close_program(program=world.program)
    assert type(_refused(world, ann.user_id, "0.00")) is ProgramClosed


@pytest.mark.parametrize("policy", Program.OveragePolicy.values)
def test_strangers_place_no_orders(world: World, policy: str) -> None:
    world.open_program(overage_policy=policy)
    world.member()
    for user_id, message in [
        (None, "Sign in to use your budget in this store."),
        (
            world.user(),
            "You are not enrolled in this program. Ask its administrator to add you.",
        ),
    ]:
        refusal = _refused(world, user_id, "65.00")
        assert type(refusal) is NotAMember
        assert str(refusal) == message


def test_another_shoppers_hold_covers_nothing(world: World) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    world.reserve(ann, "65.00")
    assert type(_refused(world, bob.user_id, "65.00")) is NotCovered


def test_another_currency_is_refused(world: World) -> None:
    ann = world.member()
    world.reserve(ann, "65.00")
    refusal = _refused(world, ann.user_id, Amount(65_00, "EUR"))
    assert type(refusal) is CurrencyMismatch


@pytest.mark.parametrize(("after", "covered"), [(HOUR - INSTANT, True), (HOUR, False)])
def test_a_hold_covers_until_it_expires(world: World, after: dt.timedelta, covered: bool) -> None:
    ann = world.member()
    world.reserve(ann, "65.00")
    if covered:
        _bind(world, ann.user_id, "65.00", at=START + after)
    else:
        assert type(_refused(world, ann.user_id, "65.00", at=START + after)) is NotCovered


@pytest.mark.parametrize("change", ["closed", "inactive", "window"])
def test_what_was_held_before_is_honoured_after(world: World, change: str) -> None:
    world.open_program(closes_at=START + HOUR / 2, overage_policy=PAY_DIFFERENCE)
    ann = world.member()
    world.reserve(ann, "65.00")
    expected = {"closed": ProgramClosed, "inactive": MemberInactive, "window": ProgramClosed}
    if change == "closed":
        programs.close_program(program=world.program)
    elif change == "inactive":
        programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    else:
        world.at = START + HOUR / 2
    # More than what is held is a new purchase, which is refused although it might be paid.
    assert type(_refused(world, ann.user_id, "65.01")) is expected[change]
    _bind(world, ann.user_id, "65.00")
    assert Hold.objects.get().order_id == "order"


def test_the_order_keeps_all_holds_of_its_checkout(world: World) -> None:
    ann = world.member()
    world.reserve(ann, "40.00")
    world.reserve(ann, "60.00")
    world.reserve(ann, "1.00", checkout_id="another")
    _bind(world, ann.user_id, "75.00")
    assert Hold.objects.filter(order_id="order").count() == 2
    assert Hold.objects.get(checkout_id="another").order_id == ""


def test_a_crash_between_capture_and_release_is_taken_up(world: World) -> None:
    ann = world.member()
    hold = world.reserve(ann, "65.00")
    _bind(world, ann.user_id, "40.00")
    world.capture(hold, "40.00")  # and there the process died
    settled = programs.settle_order(
        order_id="order", due=usd("40.00"), actor=world.actor, at=world.at
    )
    assert [(step.captured, step.released) for step in settled] == [(usd("40.00"), usd("25.00"))]
    assert world.balance(ann) == {"available": "260.00", "spent": "40.00"}


def test_an_order_is_settled_again_for_a_higher_total(world: World) -> None:
    ann = world.member()
    world.reserve(ann, "40.00")
    _bind(world, ann.user_id, "40.00")
    programs.settle_order(order_id="order", due=usd("40.00"), actor=world.actor, at=world.at)
    # The order was edited upwards: a new hold, bound from the start.
    world.reserve(ann, "10.00", checkout_id="", order_id="order")
    settled = programs.settle_order(
        order_id="order", due=usd("50.00"), actor=world.actor, at=world.at
    )
    assert [step.amount for step in settled] == [usd("10.00")]
    assert world.balance(ann) == {"available": "250.00", "spent": "50.00"}


def test_an_order_without_holds_settles_and_returns_nothing(world: World) -> None:
    world.member()
    before = snapshot()
    request = {"order_id": "none", "actor": world.actor, "at": world.at}
    assert programs.settle_order(**request, due=usd("1.00")) == []
    assert programs.return_order(**request, cause="cancelled") == []
    assert snapshot() == before


@pytest.mark.parametrize(
    ("keep", "released"),
    [
        (None, ["60.00", "40.00"]),
        ("0.00", ["60.00", "40.00"]),
        ("40.00", ["60.00"]),
        ("30.00", ["60.00", "10.00"]),
        ("99.99", ["0.01"]),
        ("100.00", []),
        ("500.00", []),
    ],
)
def test_a_checkout_gives_back_the_newest_first(
    world: World, keep: str | None, released: list[str]
) -> None:
    ann = world.member()
    world.reserve(ann, "40.00")
    world.at += INSTANT
    world.reserve(ann, "60.00")
    kept = usd(keep) if keep else None
    request = {
        "checkout_id": "checkout",
        "keep": kept,
        "cause": "smaller",
        "actor": world.actor,
        "at": world.at,
    }
    settled = programs.release_checkout(**request)
    assert [step.amount for step in settled] == [usd(value) for value in released]
    before = snapshot()
    assert programs.release_checkout(**request) == []
    assert snapshot() == before


def test_a_checkout_that_became_an_order_gives_nothing_back(world: World) -> None:
    ann = world.member()
    world.reserve(ann, "65.00")
    _bind(world, ann.user_id, "65.00")
    before = snapshot()
    released = programs.release_checkout(
        checkout_id="checkout", keep=None, cause="left", actor=world.actor, at=world.at
    )
    assert released == []
    assert snapshot() == before


def test_expiry_goes_in_batches(world: World) -> None:
    ann = world.member()
    for _ in range(3):
        world.reserve(ann, "10.00")
    at = START + DAY
    assert [len(programs.expire_due_holds(at=at, batch=2)) for _ in range(3)] == [2, 1, 0]
    assert world.balance(ann) == {"available": "300.00"}


def test_a_checkout_gives_back_pieces_too(world: World) -> None:
    ann = world.member()
    world.kit(ann, 2)
    world.reserve(ann, "65.00", items=1)
    world.at += INSTANT
    world.reserve(ann, "0.00", items=1)
    programs.release_checkout(
        checkout_id="checkout", keep=None, cause="a test", actor=world.actor, at=world.at
    )
    assert world.in_units(ann) == {"ITEM": {"available": 2}, "USD": {"available": 300_00}}


def test_an_order_takes_all_pieces_that_were_held_for_it(world: World) -> None:
    ann = world.member()
    world.kit(ann, 2)
    world.reserve(ann, "65.00", items=2)
    world.order(ann, "60.00")
    captured, released = world.settle("60.00")
    assert (captured.amount, captured.items) == (usd("60.00"), 2)
    assert (released.amount, released.items) == (usd("5.00"), 0)
    assert world.settle("60.00") == []
    programs.return_order(order_id="order", cause="a test", actor=world.actor, at=world.at)
    assert world.in_units(ann) == {"ITEM": {"available": 2}, "USD": {"available": 300_00}}


def test_an_order_is_returned_again_after_a_refund_was_reversed(world: World) -> None:
    ann = world.member()
    world.reserve(ann, "65.00")
    world.order(ann, "65.00")
    world.settle("65.00")

    def give_back() -> list[str]:
        returned = programs.return_order(
            order_id="order", cause="a test", actor=world.actor, at=world.at
        )
        return [str(step.amount) for step in returned]

    assert give_back() == ["65.00 USD"]
    world.reverse(Hold.objects.get().postings.get(kind="refund").pk)
    assert world.balance(ann) == {"available": "235.00", "spent": "65.00"}
    assert give_back() == ["65.00 USD"]
    assert give_back() == []
    assert world.balance(ann) == {"available": "300.00"}
