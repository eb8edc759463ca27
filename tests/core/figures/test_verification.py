"""Each figure that differs from the ledger is named."""

from __future__ import annotations

import pytest
from django.db import models

from saleor_program_budgets import figures
from saleor_program_budgets.errors import BalanceShort
from saleor_program_budgets.models import (
    AccountDay,
    AccountTotal,
    AccountWeek,
    CycleTotal,
    DayTotal,
    FigureChange,
    Limit,
)
from tests.support.world import World

STOCK = ("remaining", "held", "members", "spenders", "overspent")
FLOWS = ("granted", "redeemed", "refunded", "lapsed", "withdrawn", "redemptions", "refusals")
KEPT = [
    *((AccountTotal, "stock", name, STOCK) for name in STOCK),
    *((CycleTotal, "cycle", name, FLOWS) for name in FLOWS),
    *((AccountDay, "account and day", name, FLOWS) for name in FLOWS),
    *((AccountWeek, "account and week", name, FLOWS) for name in FLOWS),
    *((DayTotal, "day", name, FLOWS) for name in FLOWS),
]


@pytest.fixture
def traded(world: World) -> World:
    """A member who bought, gave back, and was refused."""
    ann = world.member()
    hold = world.hold(ann, "100.00")
    world.capture(hold, "60.00")
    world.refund(hold, "10.00")
    with pytest.raises(BalanceShort):
        world.hold(ann, "1000.00")
    figures.fold_batch(at=world.at)
    assert figures.verify() == ()
    world.is_tampered = True
    return world


@pytest.mark.parametrize(("model", "of", "name", "names"), KEPT)
def test_a_total_that_differs(
    model: type[models.Model], of: str, name: str, names: tuple[str, ...], traded: World
) -> None:
    row = model._default_manager.get()
    correct = [getattr(row, each) for each in names]
    model._default_manager.update(**{name: models.F(name) + 1})

    [difference] = figures.verify()

    wrong = [value + (each == name) for each, value in zip(names, correct, strict=True)]
    assert difference.check == "figures_match_ledger"
    assert difference.subject.startswith(f"{of} of program {traded.program.pk}, ")
    assert difference.expected == ", ".join(map(str, correct))
    assert difference.found == ", ".join(map(str, wrong))


def test_a_change_that_nobody_made(traded: World) -> None:
    FigureChange.objects.create(program_id=traded.program.pk, unit="USD", remaining=7)
    [difference] = figures.verify()
    assert str(difference) == (
        f"figures_match_ledger: stock of program {traded.program.pk}, USD:"
        " expected 0, 0, 0, 0, 0, found 7, 0, 0, 0, 0"
    )


def test_a_total_that_is_gone(traded: World) -> None:
    AccountTotal.objects.all().delete()
    [difference] = figures.verify()
    assert (difference.expected, difference.found) == ("21000, 4000, 1, 1, 0", "0, 0, 0, 0, 0")


def test_a_limit_that_was_changed_by_hand(traded: World) -> None:
    Limit.objects.update(ceiling=models.F("ceiling") + 1)
    [difference] = figures.verify()
    assert (difference.expected, difference.found) == (
        "21001, 4000, 1, 1, 0",
        "21000, 4000, 1, 1, 0",
    )
