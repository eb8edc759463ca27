"""What is held when a cycle closes is decided when it is captured or given back."""

import datetime as dt

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.ledger import Held
from saleor_program_budgets.models import Lot, Member, Rollover
from tests.support.world import DAY, INSTANT, World, figures, lot_figures, usd


def _held_across(world: World, spent: str, held: str) -> tuple[Member, Held, Lot]:
    """Of 300.00 a year spend and hold, and let the year close; up to 100.00 go on for 30 days."""
    world.open_program(carries_forward=True, carry_limit=usd("100.00"), carry_days=30)
    ann = world.member()
    lot = Lot.objects.get(limit__member=ann)
    world.capture(world.hold(ann, spent), spent)
    hold = world.hold(ann, held, order_id="order")
    world.at = world.cycle.ends_at
    programs.renew_due(program=world.program, at=world.at)
    return ann, hold, lot


def _carried(lot: Lot) -> Lot:
    return Lot.objects.get(source=lot, origin="carry")


def test_captured_after_the_close(world: World) -> None:
    # Given 140.00 spent, 100.00 held and 60.00 left at the close: all 60.00 are carried.
    ann, hold, lot = _held_across(world, "140.00", "100.00")
    assert lot_figures(lot) == {"held": "100.00", "spent": "140.00", "moved": "60.00"}

    # When the order ships two months later, it is paid by what was held for it.
    world.at += 60 * DAY
    world.capture(hold, "100.00")
    assert lot_figures(lot) == {"spent": "240.00", "moved": "60.00"}
    # Of the first year nothing is left by then; the 300.00 of the second are whole.
    assert world.balance(ann) == {"available": "300.00", "lapsed": "60.00"}


def test_released_within_the_carry_limit(world: World) -> None:
    # Given 60.00 carried of at most 100.00, and 100.00 held.
    ann, hold, lot = _held_across(world, "140.00", "100.00")
    end = world.at

    # When 30.00 are given back ten days later, they go where the rest went: 60.00 + 30.00.
    world.at = end + 10 * DAY
    world.release(hold, "30.00")
    carried = _carried(lot)
    assert lot_figures(carried) == {"available": "90.00"}
    assert carried.expires_at == end + 30 * DAY
    assert lot_figures(lot) == {"held": "70.00", "spent": "140.00", "moved": "90.00"}

    # And of the other 70.00 only 10.00, for 100.00 are carried at most; 60.00 lapse at once.
    world.release(hold, "70.00")
    assert lot_figures(carried) == {"available": "100.00"}
    assert lot_figures(lot) == {"spent": "140.00", "lapsed": "60.00", "moved": "100.00"}
    assert Rollover.objects.get().carried == 100_00
    assert world.balance(ann) == {"available": "400.00"}


def test_released_where_nothing_was_carried_yet(world: World) -> None:
    # Given everything held at the close: nothing is left to carry.
    ann, hold, lot = _held_across(world, "200.00", "100.00")
    assert not Lot.objects.filter(origin="carry").exists()

    # When it is given back, it is carried then, until the same day as if it had been free.
    end = world.at
    world.at = end + 29 * DAY
    world.release(hold)
    assert lot_figures(_carried(lot)) == {"available": "100.00"}
    assert (_carried(lot).created_at, _carried(lot).expires_at) == (end, end + 30 * DAY)
    assert world.balance(ann) == {"available": "400.00"}


def test_released_above_the_carry_limit(world: World) -> None:
    # Given 100.00 carried, which is all that may be, and 100.00 held.
    _, hold, lot = _held_across(world, "50.00", "100.00")
    assert lot_figures(lot) == {
        "held": "100.00",
        "spent": "50.00",
        "lapsed": "50.00",
        "moved": "100.00",
    }

    # When they are given back, they lapse at once: 50.00 + 100.00.
    world.at += DAY
    world.release(hold)
    assert lot_figures(lot) == {"spent": "50.00", "lapsed": "150.00", "moved": "100.00"}


@pytest.mark.parametrize(
    ("after", "is_carried"), [(30 * DAY - INSTANT, True), (30 * DAY, False), (45 * DAY, False)]
)
def test_released_when_the_window_ends(world: World, after: dt.timedelta, is_carried: bool) -> None:
    # Given 100.00 held at the close, of which all could be carried for 30 days.
    _, hold, lot = _held_across(world, "200.00", "100.00")

    # When they are given back in the window's last microsecond, they are carried for as long;
    # from its end on they lapse.
    world.at += after
    world.release(hold)
    fate = "moved" if is_carried else "lapsed"
    assert lot_figures(lot) == {"spent": "200.00", fate: "100.00"}


@pytest.mark.parametrize("has_renewed", [True, False], ids=["after the job", "before the job"])
def test_released_by_a_leaver(world: World, has_renewed: bool) -> None:
    # Given 100.00 held of 300.00 by somebody who left: 200.00 were taken back.
    world.open_program(carries_forward=True)
    ann = world.member()
    lot = Lot.objects.get(limit__member=ann)
    hold = world.hold(ann, "100.00", order_id="order")
    programs.deactivate_member(member=ann, actor=world.actor, at=world.at)
    assert lot_figures(lot) == {"held": "100.00", "withdrawn": "200.00"}

    # When the order is cancelled in the next year, the money has lapsed with the year it was of;
    # nothing is carried for a leaver, and nothing allotted.
    world.at = world.cycle.ends_at + DAY
    if has_renewed:
        programs.renew_due(program=world.program, at=world.at)
    world.release(hold)
    programs.renew_due(program=world.program, at=world.at)
    assert lot_figures(lot) == {"withdrawn": "200.00", "lapsed": "100.00"}
    assert world.balance(ann) == {}


def test_released_by_a_leaver_before_the_close(world: World) -> None:
    # Given the same, when the order is cancelled in the same year: it is taken back with the rest.
    world.open_program(carries_forward=True)
    ann = world.member()
    lot = Lot.objects.get(limit__member=ann)
    hold = world.hold(ann, "100.00", order_id="order")
    programs.deactivate_member(member=ann, actor=world.actor, at=world.at)
    world.release(hold)
    assert lot_figures(lot) == {"withdrawn": "300.00"}


def test_moved_to_another_department_with_an_open_hold(world: World) -> None:
    # Given Sales and Support with 500.00 each, and Ann of Sales with 120.00 held of her 300.00.
    world.open_program(carries_forward=True)
    acme = world.account("Acme")
    sales, support = (world.account(name, under=acme) for name in ("Sales", "Support"))
    old_sales = world.cap(sales, "500.00")
    world.cap(support, "500.00")
    ann = world.member(sales)
    hold = world.hold(ann, "120.00", order_id="order")

    # When she moves, the year closes, and 50.00 of the order are paid and 70.00 given back,
    programs.move_member(member=ann, account=support, at=world.at)
    world.at = world.cycle.ends_at
    programs.renew_due(program=world.program, at=world.at)
    world.capture(hold, "50.00")
    world.release(hold)

    # Then the 50.00 were spent by Sales in the old year,
    assert figures(old_sales) == {"ceiling": "500.00", "spent": "50.00"}
    new_sales, new_support = (account.caps.get(is_open=True) for account in (sales, support))
    assert figures(new_sales) == figures(new_support) == {"ceiling": "500.00"}

    # and what she carries, 180.00 + 70.00, she spends with the new 300.00 under Support's cap.
    assert world.balance(ann) == {"available": "550.00"}
    world.hold(ann, "500.00")
    assert figures(new_support) == {"ceiling": "500.00", "held": "500.00"}
    assert figures(new_sales) == {"ceiling": "500.00"}
