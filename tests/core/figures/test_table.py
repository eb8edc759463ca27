"""What a board shows, as CSV."""

import csv

from saleor_program_budgets import figures
from saleor_program_budgets.figures import Board
from saleor_program_budgets.figures.table import COLUMNS
from tests.support.world import DAY, World


def test_accounts_then_the_total(world: World) -> None:
    acme = world.account("=Acme, Inc.")
    ann = world.member(acme)
    world.cap(acme, "150.00")
    world.at += 5 * DAY
    world.capture(world.hold(ann, "60.00"), "60.00")

    shown = figures.as_csv(Board(figures.select(at=world.at)))

    heading, account, total = csv.reader(shown.splitlines())
    assert tuple(heading) == COLUMNS
    assert account == [
        *("'=Acme, Inc.", "USD", "300.00", "0.00", "60.00", "240.00"),
        *("150.00", "90.00", "0.00", "0.5000", "10.00", "2026-01-19", "1", "1", "1", "0", "0.00"),
    ]
    assert total == [
        *("", "USD", "300.00", "0.00", "60.00", "240.00"),
        *("", "", "", "", "10.00", "2026-01-19", "1", "1", "1", "0", "0.00"),
    ]
