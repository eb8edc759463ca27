"""Amounts are whole minor units of their currency, whatever number of places that has."""

from decimal import Decimal

import pytest

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import BalanceShort, InvalidAmount
from saleor_program_budgets.models import Lot
from saleor_program_budgets.money import Amount
from tests.support.world import World


def money(value: str, currency: str) -> Amount:
    return Amount.from_decimal(Decimal(value), currency)


@pytest.mark.parametrize(
    ("currency", "value", "minor", "too_fine"),
    [
        ("USD", "65.01", 65_01, "65.001"),  # 100 cents
        ("JPY", "65", 65, "65.1"),  # no smaller unit
        ("KWD", "65.001", 65_001, "65.0001"),  # 1,000 fils
    ],
)
def test_an_amount_is_a_whole_number_of_minor_units(
    currency: str, value: str, minor: int, too_fine: str
) -> None:
    assert money(value, currency) == Amount(minor, currency)
    assert money(value, currency).to_decimal() == Decimal(value)
    with pytest.raises(InvalidAmount) as error:
        money(too_fine, currency)
    assert (error.value.field, error.value.code) == ("amount", "INVALID_AMOUNT")


@pytest.mark.parametrize(
    ("currency", "allotment", "spent", "left", "smallest"),
    [
        ("JPY", "30000", "29999", "1", "1"),  # 30,000 - 29,999 = 1
        ("KWD", "90.125", "90.122", "0.003", "0.001"),  # 90.125 - 90.122 = 0.003
    ],
)
def test_a_program_counts_in_its_currencys_smallest_unit(
    world: World, currency: str, allotment: str, spent: str, left: str, smallest: str
) -> None:
    # Given a program in that currency, and its allotment spent but for a little.
    world.open_program(allotment=money(allotment, currency))
    ann = world.member()
    hold = world.hold(ann, money(spent, currency))
    world.capture(hold, money(spent, currency))

    # When the smallest unit more than that is asked for, exactly that is short.
    rest = money(left, currency)
    with pytest.raises(BalanceShort) as refused:
        world.hold(ann, rest + money(smallest, currency))
    assert refused.value.shortfall == money(smallest, currency)
    assert refused.value.available == rest

    # Then the rest passes, and nothing is left anywhere.
    world.capture(world.hold(ann, rest), rest)
    assert ledger.balances(members=[ann.pk], cycle=world.cycle, at=world.at)[
        ann.pk
    ] == ledger.Balance(
        granted=money(allotment, currency).minor, spent=money(allotment, currency).minor
    )
    assert Lot.objects.get().available == 0
