"""A board is exact at every instant, folded or not, and never adds up the journal."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import accounts, figures, programs
from saleor_program_budgets.errors import BalanceShort
from saleor_program_budgets.figures import Board, Line
from saleor_program_budgets.models import Account, FigureChange, Program
from saleor_program_budgets.money import ITEM, Amount
from tests.support.world import DAY, TESTS, World, amount


@pytest.fixture(params=["waiting", "folded"])
def settle(request: pytest.FixtureRequest, world: World) -> Any:
    """Leave what was noted where it is, or fold it; either way it is exact."""

    def settled() -> None:
        if request.param == "folded":
            figures.fold_batch(at=world.at)
            assert not FigureChange.objects.exists()
        assert figures.verify() == ()

    return settled


def board(world: World, account: Account | None = None, **chosen: Any) -> Board:
    account_id = account.pk if account else None
    return Board(figures.select(account_id=account_id, at=world.at, **chosen))


def shown(line: Line) -> dict[str, str]:
    """Return a line's money as people read it, without the zeros."""
    values = {
        "allocated": line.sums.allocated,
        "held": line.sums.held,
        "redeemed": line.sums.redeemed_in_cycle,
        "remaining": line.sums.remaining,
        "spendable": line.spendable,
    }
    return {name: amount(value) for name, value in values.items() if value}


def accounts_of(shown_on: Board) -> dict[str, dict[str, str]]:
    return {row.place.name: shown(line) for row in shown_on.rows for line in row.lines}


def test_what_is_allocated_is_redeemed_held_or_remains(world: World, settle: Any) -> None:
    acme = world.account("Acme")
    sales = world.account("Sales", under=acme)
    marketing = world.account("Marketing", under=acme)
    ann, _ = world.members(2, sales)
    world.member(marketing)
    hold = world.hold(ann, "100.00")
    world.capture(hold, "60.00")
    world.refund(hold, "10.00")
    settle()

    everything = board(world)
    [total] = everything.totals
    assert shown(total) == {
        "allocated": "900.00",
        "held": "40.00",
        "redeemed": "50.00",
        "remaining": "810.00",
        "spendable": "810.00",
    }
    assert (total.sums.members, total.sums.spenders, total.overspent) == (3, 1, 0)
    assert (total.sums.redeemed, total.sums.refunded, total.sums.granted) == (60_00, 10_00, 900_00)
    assert accounts_of(everything) == {"Acme": shown(total)}
    assert accounts_of(board(world, acme)) == {
        "Marketing": {"allocated": "300.00", "remaining": "300.00", "spendable": "300.00"},
        "Sales": {
            "allocated": "600.00",
            "held": "40.00",
            "redeemed": "50.00",
            "remaining": "510.00",
            "spendable": "510.00",
        },
    }
    assert [shown(line) for line in board(world, acme).totals] == [shown(total)]


def test_who_moves_takes_what_remains_and_leaves_what_is_used(world: World, settle: Any) -> None:
    acme = world.account("Acme")
    sales, marketing = (world.account(name, under=acme) for name in ("Sales", "Marketing"))
    ann = world.member(sales)
    hold = world.hold(ann, "100.00")
    world.capture(hold, "30.00")
    programs.move_member(member=ann, account=marketing, at=world.at)
    settle()

    assert accounts_of(board(world, acme)) == {
        "Marketing": {"allocated": "200.00", "remaining": "200.00", "spendable": "200.00"},
        "Sales": {"allocated": "100.00", "held": "70.00", "redeemed": "30.00"},
    }
    world.release(hold, "20.00")  # to Ann, wherever she is
    assert accounts_of(board(world, acme)) == {
        "Marketing": {"allocated": "220.00", "remaining": "220.00", "spendable": "220.00"},
        "Sales": {"allocated": "80.00", "held": "50.00", "redeemed": "30.00"},
    }
    lines = {row.place.name: row.lines[0].sums for row in board(world, acme).rows}
    assert {name: (sums.members, sums.spenders) for name, sums in lines.items()} == {
        "Marketing": (1, 1),
        "Sales": (0, 0),
    }


def test_roll_up_follows_the_tree_of_now(world: World, settle: Any) -> None:
    acme = world.account("Acme")
    team = world.account("Team", under=acme)
    ann, _ = world.members(2, team)
    programs.move_member(member=ann, account=acme, at=world.at)
    programs.move_member(member=ann, account=team, at=world.at)
    other = world.account("Other")
    accounts.move_account(account=team, parent=other)
    settle()

    everything = board(world)
    assert {row.place.name: [shown(line) for line in row.lines] for row in everything.rows} == {
        "Acme": [{}],  # as it was: who were under it are no longer
        "Other": [{"allocated": "600.00", "remaining": "600.00", "spendable": "600.00"}],
    }
    assert [(row.place.name, row.place.has_children) for row in board(world, other).rows] == [
        ("Team", False)
    ]


def test_caps_bound_what_can_be_spent(world: World, settle: Any) -> None:
    acme = world.account("Acme")
    sales, marketing = (world.account(name, under=acme) for name in ("Sales", "Marketing"))
    ann, *_ = world.members(2, sales)
    world.member(marketing)
    cap = world.cap(sales, "400.00")
    world.raise_cap(cap, "20.00", ends_at=world.at + DAY)
    world.cap(acme, "500.00", everywhere=True)
    world.capture(world.hold(ann, "100.00"), "100.00")
    settle()

    [total] = board(world, acme).totals
    assert (total.spendable, total.sums.remaining) == (400_00, 800_00)
    sales_row = board(world, acme).rows[1]
    [line] = sales_row.lines
    assert line.spendable == 320_00
    [shown_cap] = line.caps
    assert (shown_cap.ceiling, shown_cap.available, shown_cap.raised) == (420_00, 320_00, 20_00)
    assert shown_cap.coverage_ratio == pytest.approx(0.7)

    world.at += DAY
    [line] = board(world, acme).rows[1].lines
    assert line.spendable == 300_00


def test_coverage_is_null_where_nothing_is_allocated(world: World) -> None:
    world.cap(world.account("Acme"), "400.00")
    [row] = board(world).rows
    assert [cap.coverage_ratio for cap in row.lines[0].caps] == [None]


def test_a_lapsed_lot_remains_to_nobody_before_the_job(world: World, settle: Any) -> None:
    ann = world.member()
    world.grant(ann, "50.00", expires_at=world.at + DAY)
    settle()
    assert board(world).totals[0].sums.remaining == 350_00
    world.at += DAY
    assert board(world).totals[0].sums.remaining == 300_00
    programs.renew_due(program=world.program, at=world.at)
    assert board(world).totals[0].sums.remaining == 300_00


def test_a_new_cycle_begins_from_nothing(world: World, settle: Any) -> None:
    ann = world.member()
    world.capture(world.hold(ann, "100.00"), "100.00")
    world.next_cycle()
    settle()

    [total] = board(world).totals
    assert shown(total) == {"allocated": "300.00", "remaining": "300.00", "spendable": "300.00"}
    assert (total.sums.granted, total.sums.lapsed, total.sums.redeemed) == (300_00, 0, 0)
    assert total.sums.spenders == 1


def test_a_leaver_leaves_nothing(world: World, settle: Any) -> None:
    ann = world.member()
    world.capture(world.hold(ann, "100.00"), "100.00")
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    settle()

    [total] = board(world).totals
    assert shown(total) == {"allocated": "100.00", "redeemed": "100.00"}
    assert (total.sums.members, total.sums.withdrawn) == (0, 200_00)


def test_refusals_stay_where_they_were(world: World, settle: Any) -> None:
    acme = world.account("Acme")
    sales, marketing = (world.account(name, under=acme) for name in ("Sales", "Marketing"))
    ann = world.member(sales)
    with pytest.raises(BalanceShort):
        world.hold(ann, "301.00")
    programs.move_member(member=ann, account=marketing, at=world.at)
    settle()

    counted = {row.place.name: row.lines[0].sums.refusals for row in board(world, acme).rows}
    assert counted == {"Sales": 1, "Marketing": 0}
    assert board(world).totals[0].sums.refusals == 1


def test_pieces_and_money_are_never_added(world: World, settle: Any) -> None:
    ann = world.member()
    world.kit(ann, 2)
    world.hold(ann, "30.00", items=1)
    settle()

    units = {line.unit: (line.sums.held, line.sums.remaining) for line in board(world).totals}
    assert units == {ITEM: (1, 1), "USD": (30_00, 270_00)}


def test_currencies_are_never_added(world: World, settle: Any) -> None:
    acme = world.account("Acme")
    world.member(acme)
    euros = world.open_program(channel="euros", allotment=Amount(100_00, "EUR"))
    world.member(acme, program=euros)
    settle()

    everything = board(world)
    assert {line.unit: line.sums.allocated for line in everything.totals} == {
        "EUR": 100_00,
        "USD": 300_00,
    }
    assert [[line.unit for line in row.lines] for row in everything.programs] == [["USD"], ["EUR"]]
    [line] = board(world, program_ids=[euros.pk]).totals
    assert (line.unit, line.sums.allocated, line.sums.members) == ("EUR", 100_00, 1)


def test_programs_of_one_currency_are_added(world: World, settle: Any) -> None:
    acme = world.account("Acme")
    world.member(acme)
    second = world.open_program(channel="second", allotment="50.00")
    world.member(acme, program=second)
    settle()

    [line] = board(world).totals
    assert (line.sums.allocated, line.sums.members) == (350_00, 2)


def test_a_reversed_refund_is_spent_again(world: World, settle: Any) -> None:
    ann = world.member()
    hold = world.hold(ann, "100.00")
    world.capture(hold, "100.00")
    world.reverse(world.refund(hold, "40.00").posting_id)
    settle()

    [total] = board(world).totals
    assert shown(total) == {
        "allocated": "300.00",
        "redeemed": "100.00",
        "remaining": "200.00",
        "spendable": "200.00",
    }
    assert (total.sums.redeemed, total.sums.refunded) == (100_00, 0)


def test_who_gives_all_back_has_spent_nothing(world: World, settle: Any) -> None:
    hold = world.hold(world.member(), "100.00")
    world.capture(hold, "100.00")
    assert board(world).totals[0].sums.spenders == 1
    world.refund(hold)
    settle()
    assert board(world).totals[0].sums.spenders == 0


def test_days_are_those_of_the_programs_zone(world: World, settle: Any) -> None:
    """Five in the afternoon in London is the next day in Auckland."""
    program = world.open_program(time_zone="Pacific/Auckland")
    world.at = dt.datetime(2026, 1, 10, 17, tzinfo=dt.UTC)
    world.capture(world.hold(world.member(), "10.00"), "10.00")
    settle()
    assert [day.on_date for day in board(world).days] == [dt.date(2026, 1, 11)]

    Program.objects.filter(pk=program.pk).update(time_zone="Europe/London")
    assert figures.verify() == ()
    assert [day.on_date for day in board(world).days] == [dt.date(2026, 1, 10)]


def test_the_pace_is_that_of_the_cycle_so_far(world: World, settle: Any) -> None:
    """Six days into the cycle 120.00 are spent: 20.00 a day, and 480.00 last for 24 days."""
    ann, _ = world.members(2, world.account("Acme"))
    world.at += 5 * DAY
    world.capture(world.hold(ann, "120.00"), "120.00")
    settle()

    [total] = board(world).totals
    assert total.sums.burn_rate == 20_00
    assert total.runs_out_at == world.at + 24 * DAY
    assert total.runs_out_in_cycle
    [program] = board(world).programs
    assert program.lines[0].runs_out_at == total.runs_out_at


def test_the_pace_of_a_long_cycle_is_that_of_four_weeks(world: World, settle: Any) -> None:
    """On Wednesday, 11 March: since Monday, 16 February, 24 days; 120.00 of 180.00 are in them."""
    acme = world.account("Acme")
    ann = world.member(acme)
    for date, spent in (("2026-02-15", "60.00"), ("2026-02-16", "48.00"), ("2026-03-11", "72.00")):
        world.at = dt.datetime.fromisoformat(f"{date}T12:00Z")
        world.capture(world.hold(ann, spent), spent)
    settle()

    for shown_on in (board(world), board(world, acme)):
        assert shown_on.totals[0].sums.burn_rate == 5_00
        assert shown_on.totals[0].sums.redeemed_in_cycle == 180_00


@pytest.mark.parametrize(
    ("since", "until", "redeemed"),
    [
        ("2026-01-10", "2026-01-27", 60_00),
        ("2026-01-12", "2026-01-25", 50_00),
        ("2026-01-13", "2026-01-18", 0),
        ("2026-01-11", "2026-01-19", 40_00),
        ("2026-01-26", "2026-12-31", 7_00),
    ],
)
def test_a_period_is_that_of_its_days(
    since: str, until: str, redeemed: int, world: World, settle: Any
) -> None:
    acme = world.account("Acme")
    ann = world.member(acme)
    for day, spent in ((9, "1.00"), (10, "3.00"), (12, "20.00"), (19, "20.00"), (25, "10.00")):
        world.at = dt.datetime(2026, 1, day, 12, tzinfo=dt.UTC)
        world.capture(world.hold(ann, spent), spent)
    world.at = dt.datetime(2026, 1, 27, 12, tzinfo=dt.UTC)
    world.capture(world.hold(ann, "7.00"), "7.00")
    settle()

    period = {"since": dt.date.fromisoformat(since), "until": dt.date.fromisoformat(until)}
    for shown_on in (board(world, **period), board(world, acme, **period)):
        [line] = shown_on.totals
        assert line.sums.redeemed == redeemed
        assert sum(day.redeemed for day in shown_on.days) == line.sums.redeemed


def test_days_of_most_accounts_are_all_but_the_others(world: World, settle: Any) -> None:
    """Acme has three of five accounts below it; Globex has two, and its days are added up."""
    acme, globex = world.account("Acme"), world.account("Globex")
    sales, marketing = (world.account(name, under=acme) for name in ("Sales", "Marketing"))
    labs = world.account("Labs", under=globex)
    for account, spent in (
        (acme, "1.00"),
        (sales, "2.00"),
        (marketing, "4.00"),
        (globex, "8.00"),
        (labs, "16.00"),
    ):
        world.capture(world.hold(world.member(account), spent), spent)
        world.at += DAY
    settle()

    by_account = {
        account.name: [day.redeemed for day in board(world, account).days]
        for account in (acme, sales, globex, labs)
    }
    assert by_account == {
        "Acme": [1_00, 2_00, 4_00],
        "Sales": [2_00],
        "Globex": [8_00, 16_00],
        "Labs": [16_00],
    }


def test_what_an_account_that_is_gone_shows(world: World) -> None:
    world.member()
    shown_on = Board(figures.select(account_id=0, at=world.at))
    assert (shown_on.place, shown_on.rows, shown_on.totals) == (None, (), ())


def test_nothing_is_shown_of_nothing(world: World) -> None:
    nothing = Board(figures.select(at=world.at))
    assert (nothing.rows, nothing.totals, nothing.programs, nothing.days) == ((), (), (), ())
    assert nothing.recent(first=1).nodes == nothing.closest(first=1) == ()


def test_a_period_limits_flows_and_no_stock(world: World, settle: Any) -> None:
    ann = world.member()
    first_day = world.at.date()
    world.capture(world.hold(ann, "10.00"), "10.00")
    world.at += DAY
    world.capture(world.hold(ann, "20.00"), "20.00")
    settle()

    [total] = board(world, since=first_day, until=first_day).totals
    assert (total.sums.redeemed, total.sums.redemptions) == (10_00, 1)
    assert (total.sums.redeemed_in_cycle, total.sums.remaining) == (30_00, 270_00)
    days = board(world).days
    assert [(day.on_date, day.redeemed, day.redemptions) for day in days] == [
        (first_day, 10_00, 1),
        (first_day + dt.timedelta(days=1), 20_00, 1),
    ]
    assert board(world, ann.account).days == days


def test_at_most_six_queries(world: World) -> None:
    world.members(3, world.account("Acme"))
    with CaptureQueriesContext(connection) as queries:
        everything = board(world)
        assert (len(everything.rows), len(everything.totals)) == (1, 1)
        assert len(everything.programs) == 1
        assert len(everything.days) == 1
        assert everything.recent(first=10).nodes == ()
        assert everything.closest(first=10) == ()
    assert len(queries) == 6
