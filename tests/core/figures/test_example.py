"""The example of docs/figures.md, to the cent."""

import datetime as dt

import pytest

from saleor_program_budgets import figures, programs
from saleor_program_budgets.figures import Board, Line
from tests.support.world import DAY, World, amount


def row(line: Line) -> list[str]:
    available = [amount(cap.available) for cap in line.caps] or ["–"]
    return [
        amount(line.sums.redeemed_in_cycle),
        amount(line.sums.held),
        amount(line.sums.remaining),
        amount(line.sums.allocated),
        *available,
        amount(line.spendable),
    ]


def test_who_moves_between_two_departments(world: World) -> None:
    assert world.at.date() == dt.date(2026, 1, 5)
    acme = world.account("Acme")
    sales, marketing = (world.account(name, under=acme) for name in ("Sales", "Marketing"))
    ann, _ben = world.members(2, sales)
    world.member(marketing)
    world.cap(sales, "400.00")
    world.at += 5 * DAY
    hold = world.hold(ann, "120.00")
    world.capture(hold, "120.00")
    world.refund(hold, "30.00")
    world.hold(ann, "50.00")
    programs.move_member(member=ann, account=marketing, at=world.at)

    board = Board(figures.select(account_id=acme.pk, at=world.at))
    [of_marketing, of_sales] = [each.lines[0] for each in board.rows]
    [total] = board.totals

    assert row(of_sales) == ["90.00", "50.00", "300.00", "440.00", "260.00", "260.00"]
    assert row(of_marketing) == ["0.00", "0.00", "460.00", "460.00", "–", "460.00"]
    assert row(total) == ["90.00", "50.00", "760.00", "900.00", "–", "720.00"]
    assert of_sales.caps[0].coverage_ratio == pytest.approx(400 / 440)
    assert total.sums.burn_rate == 15_00
    assert total.runs_out_at == world.at + 48 * DAY
    assert total.runs_out_at.date() == dt.date(2026, 2, 27)
