"""A repeated request returns what the first one did, refusals included."""

import pytest

from saleor_program_budgets.errors import BalanceShort, CapReached, KeyConflict
from saleor_program_budgets.models import Refused
from tests.support.world import World, usd


def test_a_retried_hold_holds_once(world: World) -> None:
    # Given a hold of 100.00 whose answer got lost.
    ann = world.member()
    first = world.hold(ann, "100.00", key="attempt-1")

    # When it is asked for again under its key, the same hold comes back.
    again = world.hold(ann, "100.00", key="attempt-1")
    assert (again.hold_id, again.is_replay) == (first.hold_id, True)
    assert world.balance(ann) == {"available": "200.00", "held": "100.00"}

    # When the key comes with another amount, that is an error and holds nothing.
    with pytest.raises(KeyConflict):
        world.hold(ann, "100.01", key="attempt-1")
    assert world.balance(ann) == {"available": "200.00", "held": "100.00"}


def test_a_retried_refusal_stays_refused(world: World) -> None:
    # Given a purchase of 350.00 refused at a balance of 300.00.
    ann = world.member()
    with pytest.raises(BalanceShort) as first:
        world.hold(ann, "350.00", key="attempt-1")

    # When 100.00 are granted and the same request comes again, its answer is the same:
    # 350.00 - 300.00 = 50.00 short, then as now. It is on record once.
    world.grant(ann, "100.00")
    with pytest.raises(BalanceShort) as again:
        world.hold(ann, "350.00", key="attempt-1")
    assert first.value.shortfall == again.value.shortfall == usd("50.00")
    assert Refused.objects.count() == 1

    # A new request finds the new balance.
    world.hold(ann, "350.00", key="attempt-2")
    assert world.balance(ann) == {"available": "50.00", "held": "350.00"}


def test_a_retried_cap_refusal_stays_refused(world: World) -> None:
    # Given a purchase of 120.00 refused by a cap of 100.00: 20.00 short.
    acme = world.account("Acme")
    world.cap(acme, "100.00")
    ann = world.member(acme)
    with pytest.raises(CapReached):
        world.hold(ann, "120.00", key="attempt-1")

    # When the cap is raised, the same request still gets that answer, and a new one passes.
    world.cap(acme, "200.00")
    with pytest.raises(CapReached) as again:
        world.hold(ann, "120.00", key="attempt-1")
    assert again.value.shortfall == usd("20.00")
    assert Refused.objects.count() == 1
    world.hold(ann, "120.00", key="attempt-2")


def test_a_retried_settlement_settles_once(world: World) -> None:
    # Given a hold of 65.00, captured in part by a call whose answer got lost.
    ann = world.member()
    hold = world.hold(ann, "65.00")
    first = world.capture(hold, "40.00", key="part-1")

    # When the same call comes again, the hold is as the first left it: 65.00 - 40.00 = 25.00.
    again = world.capture(hold, "40.00", key="part-1")
    assert (again.posting_id, again.remaining, again.is_replay) == (
        first.posting_id,
        usd("25.00"),
        True,
    )

    # When the key comes with another sum, or to release instead, that is an error.
    with pytest.raises(KeyConflict):
        world.capture(hold, "25.00", key="part-1")
    with pytest.raises(KeyConflict):
        world.release(hold, "40.00", key="part-1")
    assert world.balance(ann) == {"available": "235.00", "held": "25.00", "spent": "40.00"}
