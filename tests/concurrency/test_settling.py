"""Operations that meet on one hold: it is settled once, whoever comes first."""

import time
from collections.abc import Callable

import pytest
from django.db import transaction
from django.db.models import QuerySet

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import LedgerInvariant, NotCovered, NotHeld
from saleor_program_budgets.ledger import Held, Settlement
from saleor_program_budgets.models import Hold, Member
from tests.support.racing import kinds, race, slow_motion, unguarded
from tests.support.world import HOUR, World, usd

ROUNDS = 5
Pair = Callable[[World, Held], tuple[Callable[[], object], Callable[[], object]]]


def _capture_and_expire(world: World, hold: Held) -> tuple[Callable, Callable]:
    return lambda: world.capture(hold, "65.00"), lambda: world.expire(hold)


def _capture_and_release(world: World, hold: Held) -> tuple[Callable, Callable]:
    return lambda: world.capture(hold, "65.00"), lambda: world.release(hold)


def _two_captures(world: World, hold: Held) -> tuple[Callable, Callable]:
    return lambda: world.capture(hold, "65.00"), lambda: world.capture(hold, "65.00")


def _two_refunds(world: World, hold: Held) -> tuple[Callable, Callable]:
    world.capture(hold, "65.00")
    return lambda: world.refund(hold, "65.00"), lambda: world.refund(hold, "65.00")


PAIRS = pytest.mark.parametrize(
    "pair", [_capture_and_expire, _capture_and_release, _two_captures, _two_refunds]
)


def _due_hold(world: World, member: Member) -> Held:
    return world.hold(member, "65.00", expires_at=world.at)


@PAIRS
@pytest.mark.parametrize("swapped", [False, True])
def test_one_of_two_settles_the_hold(committed_world: World, pair: Pair, swapped: bool) -> None:
    world = committed_world
    world.open_program(allotment="1000.00")
    ann = world.member()
    for _ in range(ROUNDS):
        hold = _due_hold(world, ann)
        jobs = pair(world, hold)
        outcomes = race(*(reversed(jobs) if swapped else jobs))
        won = [outcome for outcome in outcomes if isinstance(outcome, Settlement)]
        lost = [outcome for outcome in outcomes if not isinstance(outcome, Settlement)]
        assert [settlement.amount for settlement in won] == [usd("65.00")]
        assert [type(outcome) for outcome in lost] in ([NotHeld], [type(None)])
        row = Hold.objects.get(pk=hold.hold_id)
        assert row.captured + row.released == 65_00
        assert row.refunded in {0, row.captured}


@PAIRS
def test_without_guards_both_settle_it(committed_world: World, pair: Pair) -> None:
    """The control: the race is real."""
    world = committed_world
    world.is_tampered = True
    ann = world.member()
    hold = _due_hold(world, ann)
    jobs = pair(world, hold)
    with unguarded(constraints=False):
        with slow_motion():
            outcomes = race(*jobs)
        assert kinds(outcomes) == {"Settlement": 2}
        row = Hold.objects.get(pk=hold.hold_id)
        assert row.captured + row.released + row.refunded - row.amount >= 65_00
        assert not ledger.verify().is_clean


@PAIRS
def test_without_locks_the_constraints_still_settle_it_once(
    committed_world: World, pair: Pair
) -> None:
    world = committed_world
    ann = world.member()
    hold = _due_hold(world, ann)
    jobs = pair(world, hold)
    with unguarded(constraints=True):
        with slow_motion():
            outcomes = race(*jobs)
        assert kinds(outcomes) == {LedgerInvariant.__name__: 1, "Settlement": 1}
        assert ledger.verify().is_clean


def _order(world: World, member: Member, *values: str, due: str) -> None:
    for value in values:
        world.reserve(member, value)
    with transaction.atomic():
        _bind(world, member, due)


def _bind(world: World, member: Member, due: str, order_id: str = "order") -> None:
    store = programs.find_store(channel_id="shop")
    assert store is not None
    programs.bind_to_order(
        store=store,
        user_id=member.user_id,
        checkout_id="checkout",
        order_id=order_id,
        due=usd(due),
        at=world.at,
    )


def _settle(world: World, due: str) -> list[Settlement]:
    return programs.settle_order(order_id="order", due=usd(due), actor=world.actor, at=world.at)


def test_an_order_settled_several_times_at_once_is_captured_once(committed_world: World) -> None:
    world = committed_world
    ann = world.member()
    _order(world, ann, "40.00", "60.00", due="75.00")
    with slow_motion():
        outcomes = race(*[lambda: _settle(world, "75.00")] * 4)
    assert kinds(outcomes) == {"list": 4}
    assert world.balance(ann) == {"available": "225.00", "spent": "75.00"}


def test_an_order_settled_for_two_totals_at_once_ends_at_one_of_them(
    committed_world: World,
) -> None:
    world = committed_world
    ann = world.member()
    _order(world, ann, "100.00", due="75.00")
    outcomes = race(lambda: _settle(world, "75.00"), lambda: _settle(world, "80.00"))
    assert kinds(outcomes) == {"list": 2}
    row = Hold.objects.get()
    assert row.captured in {75_00, 80_00}
    assert row.remaining == 0


def test_without_guards_an_order_is_captured_twice(committed_world: World) -> None:
    world = committed_world
    world.is_tampered = True
    ann = world.member()
    _order(world, ann, "75.00", due="75.00")
    with unguarded(constraints=False):
        with slow_motion():
            race(*[lambda: _settle(world, "75.00")] * 4)
        assert Hold.objects.get().captured > 75_00


def _return(world: World) -> list[Settlement]:
    return programs.return_order(
        order_id="order", cause="cancelled", actor=world.actor, at=world.at
    )


@pytest.mark.parametrize("swapped", [False, True])
def test_an_order_returned_while_it_is_settled_keeps_nothing(
    committed_world: World, swapped: bool
) -> None:
    world = committed_world
    ann = world.member()
    _order(world, ann, "40.00", "60.00", due="75.00")
    jobs = [lambda: _settle(world, "75.00"), lambda: _return(world), lambda: _return(world)]
    with slow_motion(0.05):
        outcomes = race(*(reversed(jobs) if swapped else jobs))
    assert kinds(outcomes) == {"list": 3}
    assert world.balance(ann) == {"available": "300.00"}


def test_a_return_sees_what_was_captured_after_it_looked(
    committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same without chance: the settling happens between the return's reading and its step."""
    world = committed_world
    ann = world.member()
    _order(world, ann, "100.00", due="60.00")
    looks = []
    look = ledger.with_last_posting

    def look_then_be_overtaken(holds: QuerySet[Hold]) -> list[Hold]:
        found = list(look(holds))
        if not looks:
            world.capture(found[0].pk, "60.00")
        looks.append(found)
        return found

    monkeypatch.setattr(ledger, "with_last_posting", look_then_be_overtaken)
    _return(world)
    assert world.balance(ann) == {"available": "300.00"}


def test_a_checkout_shrunk_twice_at_once_keeps_the_least_asked_for(
    committed_world: World,
) -> None:
    world = committed_world
    ann = world.member()
    world.reserve(ann, "65.00")

    def keep(value: str) -> list[Settlement]:
        return programs.release_checkout(
            checkout_id="checkout",
            keep=usd(value),
            cause="smaller",
            actor=world.actor,
            at=world.at,
        )

    with slow_motion(0.05):
        outcomes = race(lambda: keep("40.00"), lambda: keep("30.00"), lambda: keep("50.00"))
    assert kinds(outcomes) == {"list": 3}
    assert world.balance(ann) == {"available": "270.00", "held": "30.00"}


def test_a_checkout_left_while_its_hold_expires_gives_back_once(committed_world: World) -> None:
    world = committed_world
    ann = world.member()
    world.reserve(ann, "65.00")
    with slow_motion(0.05):
        outcomes = race(
            lambda: programs.expire_due_holds(at=world.at + HOUR),
            lambda: programs.release_checkout(
                checkout_id="checkout", keep=None, cause="left", actor=world.actor, at=world.at
            ),
        )
    assert kinds(outcomes) == {"list": 2}
    assert sum(len(settled) for settled in outcomes) == 1
    assert world.balance(ann) == {"available": "300.00"}


def _place_slowly(world: World, member: Member, due: str, order_id: str = "order") -> str:
    """Bind and keep the order's transaction open for a while, as a real order does."""
    with transaction.atomic():
        _bind(world, member, due, order_id)
        time.sleep(0.2)
    return "placed"


def _give_back(world: World) -> list[Settlement]:
    time.sleep(0.05)  # the order is being made
    return programs.release_checkout(
        checkout_id="checkout", keep=None, cause="left", actor=world.actor, at=world.at
    )


def _expire_later(world: World) -> list[Settlement]:
    time.sleep(0.05)
    return programs.expire_due_holds(at=world.at + HOUR)


RIVALS = pytest.mark.parametrize("rival", [_give_back, _expire_later])


@RIVALS
def test_an_order_in_the_making_keeps_its_holds(
    committed_world: World, rival: Callable[[World], list[Settlement]]
) -> None:
    world = committed_world
    ann = world.member()
    hold = world.reserve(ann, "65.00")
    outcomes = race(lambda: _place_slowly(world, ann, "65.00"), lambda: rival(world))
    assert outcomes == ["placed", []]
    row = Hold.objects.get(pk=hold.hold_id)
    assert (row.order_id, row.remaining) == ("order", 65_00)


@RIVALS
def test_without_locks_an_order_loses_what_it_relies_on(
    committed_world: World, rival: Callable[[World], list[Settlement]]
) -> None:
    """The control: the order stands and nothing is held for it."""
    world = committed_world
    world.is_tampered = True
    ann = world.member()
    hold = world.reserve(ann, "65.00")
    with unguarded(constraints=False):
        outcomes = race(lambda: _place_slowly(world, ann, "65.00"), lambda: rival(world))
        assert outcomes[0] == "placed"
        row = Hold.objects.get(pk=hold.hold_id)
        assert (row.order_id, row.remaining) == ("order", 0)


@RIVALS
def test_an_order_that_comes_too_late_is_refused(
    committed_world: World, rival: Callable[[World], list[Settlement]]
) -> None:
    world = committed_world
    ann = world.member()
    hold = world.reserve(ann, "65.00")

    def place_late() -> str:
        time.sleep(0.15)  # the hold is being given back
        return _place_slowly(world, ann, "65.00")

    with slow_motion(0.4):
        outcomes = race(place_late, lambda: rival(world))
    assert kinds(outcomes) == {NotCovered.__name__: 1, "list": 1}
    row = Hold.objects.get(pk=hold.hold_id)
    assert (row.order_id, row.remaining) == ("", 0)
    assert world.balance(ann) == {"available": "300.00"}


def test_two_orders_from_one_checkout_share_no_hold(committed_world: World) -> None:
    world = committed_world
    ann = world.member()
    world.reserve(ann, "65.00")
    outcomes = race(
        lambda: _place_slowly(world, ann, "65.00", "first"),
        lambda: _place_slowly(world, ann, "65.00", "second"),
    )
    assert kinds(outcomes) == {NotCovered.__name__: 1, "str": 1}
    placed = ("first", "second")[outcomes.index("placed")]
    assert Hold.objects.get().order_id == placed
