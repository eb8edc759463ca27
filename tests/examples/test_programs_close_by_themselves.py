"""A program of one window, or of given dates, closes with the last of them; what is left lapses."""

import datetime as dt

import pytest

from saleor_program_budgets import errors, ledger, programs
from saleor_program_budgets.models import Lot, Program
from tests.support.world import DAY, INSTANT, TESTS, World, lot_figures, usd

JOB = pytest.mark.parametrize("is_late", [False, True], ids=["job in time", "job late"])
OPENS = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
CLOSES = dt.datetime(2026, 3, 20, 18, tzinfo=dt.UTC)


def _end(world: World, *, is_late: bool) -> None:
    """Come to where the program has ended, with the job at its time or three weeks later."""
    world.at = CLOSES
    if not is_late:
        programs.renew_due(program=world.program, at=world.at)
    world.at += 21 * DAY
    programs.renew_due(program=world.program, at=world.at)
    world.program.refresh_from_db()


@JOB
def test_a_window(world: World, is_late: bool) -> None:
    # Given a kit and 50.00 for three weeks of March, even in a program that would carry.
    world.open_program(
        allotment="50.00",
        allotment_items=1,
        cycle_length="window",
        opens_at=OPENS,
        closes_at=CLOSES,
        carries_forward=True,
    )
    ann = world.member()
    ben = world.member()
    assert (world.cycle.starts_at, world.cycle.ends_at) == (OPENS, CLOSES)

    # Nothing is sold before it opens,
    with pytest.raises(errors.ProgramClosed) as early:
        world.reserve(ann, "20.00", items=1)
    assert early.value.resets_at == OPENS

    # and until its last microsecond Ann takes her kit and 20.00, and Ben holds 30.00.
    world.at = OPENS
    hold = world.reserve(ann, "20.00", items=1)
    world.capture(hold, "20.00", items=1)
    world.at = CLOSES - INSTANT
    held = world.reserve(ben, "30.00", order_id="order")

    # When it is over, it is closed, and what is left has lapsed: 30.00 of Ann's, 20.00 of Ben's.
    _end(world, is_late=is_late)
    assert world.program.status == Program.Status.CLOSED
    assert not world.program.cycles.filter(closed_at=None).exists()
    with pytest.raises(errors.ProgramClosed):
        world.reserve(ann, "1.00")
    money = {member: Lot.objects.get(limit__member=member, unit="USD") for member in (ann, ben)}
    assert lot_figures(money[ann]) == {"spent": "20.00", "lapsed": "30.00"}
    assert lot_figures(money[ben]) == {"held": "30.00", "lapsed": "20.00"}
    assert Lot.objects.get(limit__member=ben, unit="ITEM").lapsed == 1
    assert not Lot.objects.filter(origin="carry").exists()

    # Ben's order is paid for all the same; what of it isn't needed lapses.
    world.capture(held, "25.00")
    world.release(held)
    assert lot_figures(money[ben]) == {"spent": "25.00", "lapsed": "25.00"}


@JOB
def test_given_dates(world: World, is_late: bool) -> None:
    # Given two seasons, of which the first ends on 9 March and the second with the program.
    turn = dt.datetime(2026, 3, 9, tzinfo=dt.UTC)
    world.at = OPENS
    world.open_program(
        cycle_length="custom",
        cycle_dates=[OPENS, turn, CLOSES],
        carries_forward=True,
    )
    ann = world.member()
    world.capture(world.reserve(ann, "100.00"), "100.00")
    if not is_late:
        world.at = turn
        programs.renew_due(program=world.program, at=world.at)
        assert world.balance(ann)["available"] == "500.00"

    # When both are over, what was left of the first, 200.00, and the second's 300.00 have lapsed.
    _end(world, is_late=is_late)
    assert world.program.status == Program.Status.CLOSED
    first, second = Lot.objects.filter(origin="allotment").order_by("starts_at")
    carried = Lot.objects.get(origin="carry")
    assert lot_figures(first) == {"spent": "100.00", "moved": "200.00"}
    assert lot_figures(second) == {"lapsed": "300.00"}
    ledger.lapse(actor=TESTS, at=world.at)
    assert (carried.expires_at, lot_figures(carried)) == (CLOSES, {"lapsed": "200.00"})
    with pytest.raises(errors.ProgramClosed):
        world.reserve(ann, "1.00")


@JOB
def test_opened_again(world: World, is_late: bool) -> None:
    # Given a window that is over, and 300.00 of Ann's that nobody has recorded as lapsed yet.
    world.at = OPENS
    program = world.open_program(
        cycle_length="window", opens_at=OPENS, closes_at=CLOSES, carries_forward=True
    )
    ann = world.member()
    first = Lot.objects.get(limit__member=ann)
    if not is_late:
        world.at = CLOSES
        programs.renew_due(program=program, at=world.at)

    # When it gets a second window and is opened, then she has that one's 300.00, and the first
    # one's have lapsed with it.
    world.at = CLOSES + 30 * DAY
    rules = programs.Rules(
        name=program.name,
        allotment=usd("300.00"),
        cycle_length=Program.CycleLength.WINDOW,
        opens_at=OPENS,
        closes_at=world.at + 10 * DAY,
        carries_forward=True,
    )
    programs.update_program(program=program, rules=rules, at=world.at)
    programs.open_program(program=program, actor=TESTS, at=world.at)
    assert world.balance(ann) == {"available": "300.00"}
    assert lot_figures(first) == {"lapsed": "300.00"}
    assert world.cycle.ends_at == CLOSES + 40 * DAY
