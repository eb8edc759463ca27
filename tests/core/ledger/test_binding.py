"""Finding the holds of checkouts and orders, and tying one to the other."""

import datetime as dt

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError

from saleor_program_budgets import ledger
from saleor_program_budgets.models import Hold, Member
from tests.support.world import HOUR, INSTANT, START, World


def test_holds_of_a_checkout_are_those_with_something_left(world: World) -> None:
    ann = world.member()
    first = world.hold(ann, "10.00", checkout_id="c")
    world.at += INSTANT
    second = world.hold(ann, "20.00", checkout_id="c")
    released = world.hold(ann, "30.00", checkout_id="c")
    world.release(released)
    world.hold(ann, "40.00", checkout_id="other")
    world.hold(ann, "50.00", checkout_id="c", order_id="o")
    found = ledger.holds_of_checkout(checkout_id="c")
    assert [hold.pk for hold in found] == [first.hold_id, second.hold_id]


def _usable(member: Member, *, order_id: str = "", after: dt.timedelta = HOUR / 2) -> list[Hold]:
    return list(
        ledger.usable_holds(
            checkout_id="c", order_id=order_id, member_id=member.pk, at=START + after
        )
    )


@pytest.mark.parametrize(("after", "usable"), [(HOUR - INSTANT, 1), (HOUR, 0)])
def test_a_hold_is_usable_until_its_expiry(world: World, after: dt.timedelta, usable: int) -> None:
    ann = world.member()
    world.hold(ann, "10.00", checkout_id="c", expires_at=START + HOUR)
    assert len(_usable(ann, after=after)) == usable


def test_an_orders_own_hold_is_usable_for_ever(world: World) -> None:
    ann = world.member()
    hold = world.hold(ann, "10.00", checkout_id="", order_id="o", expires_at=START)
    assert [found.pk for found in _usable(ann, order_id="o")] == [hold.hold_id]
    assert _usable(ann, order_id="other") == []
    assert _usable(ann) == []


def test_a_hold_without_a_checkout_serves_no_order_without_one(world: World) -> None:
    ann = world.member()
    world.hold(ann, "10.00", checkout_id="")
    found = ledger.usable_holds(checkout_id="", order_id="", member_id=ann.pk, at=START)
    assert list(found) == []


def test_another_members_holds_are_not_usable(world: World) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    world.hold(ann, "10.00", checkout_id="c")
    assert _usable(bob) == []


def test_holds_are_locked_inside_a_transaction_only(committed_world: World) -> None:
    committed_world.hold(committed_world.member(), "10.00", checkout_id="c")
    with pytest.raises(TransactionManagementError):
        ledger.lock(ledger.holds_of_checkout(checkout_id="c"))


def test_binding_stands_or_falls_with_the_order(world: World) -> None:
    ann = world.member()
    hold = world.hold(ann, "10.00", checkout_id="c")
    with transaction.atomic():
        holds = ledger.lock(ledger.holds_of_checkout(checkout_id="c"))
        ledger.bind(holds=holds, order_id="o", at=START)
        transaction.set_rollback(True)
    assert Hold.objects.get().order_id == ""
    ledger.bind(holds=holds, order_id="o", at=START)
    bound = Hold.objects.get()
    assert (bound.order_id, bound.bound_at) == ("o", START)
    assert [found.pk for found in ledger.holds_of_order(order_id="o")] == [hold.hold_id]
    assert list(ledger.holds_of_checkout(checkout_id="c")) == []


@pytest.mark.parametrize(("before", "unsettled"), [(dt.timedelta(0), []), (INSTANT, ["o"])])
def test_orders_that_still_hold_something(
    world: World, before: dt.timedelta, unsettled: list[str]
) -> None:
    ann = world.member()
    hold = world.hold(ann, "10.00", order_id="o")
    world.hold(ann, "10.00", checkout_id="c")
    world.release(world.hold(ann, "10.00", order_id="settled"))
    assert list(ledger.unsettled_orders(bound_before=START + before)) == unsettled
    world.capture(hold, "10.00")
    assert list(ledger.unsettled_orders(bound_before=START + before)) == []


@pytest.mark.parametrize(("after", "due"), [(HOUR - INSTANT, 0), (HOUR, 1)])
def test_a_hold_is_due_at_its_expiry(world: World, after: object, due: int) -> None:
    ann = world.member()
    world.hold(ann, "10.00", expires_at=START + HOUR)
    assert len(ledger.due_holds(at=START + after)) == due


def test_the_longest_overdue_comes_first(world: World) -> None:
    ann = world.member()
    later = world.hold(ann, "10.00", expires_at=START + 2 * HOUR)
    sooner = world.hold(ann, "10.00", expires_at=START + HOUR)
    bound = world.hold(ann, "10.00", order_id="o", expires_at=START)
    settled = world.hold(ann, "10.00", expires_at=START)
    world.release(settled)
    found = list(ledger.due_holds(at=START + 3 * HOUR))
    assert found == [sooner.hold_id, later.hold_id]
    assert bound.hold_id not in found
