"""The check basis: never negative, in the total's currency."""

import pytest

from saleor_program_budgets.errors import CurrencyMismatch
from saleor_program_budgets.models import Program
from saleor_program_budgets.money import Amount, zero
from saleor_program_budgets.programs import Taxed, due_from
from tests.support.world import usd

FREE = Taxed(net=zero("USD"), gross=zero("USD"))


@pytest.mark.parametrize("shipping", [True, False])
@pytest.mark.parametrize("tax", [True, False])
def test_nothing_is_due_of_nothing(shipping: bool, tax: bool) -> None:
    program = Program(includes_shipping=shipping, includes_tax=tax)
    assert due_from(program=program, total=FREE, shipping=FREE) == usd("0.00")


def test_shipping_alone_leaves_nothing_due_where_it_does_not_count() -> None:
    shipping = Taxed(net=usd("10.00"), gross=usd("12.00"))
    program = Program(includes_shipping=False)
    assert due_from(program=program, total=shipping, shipping=shipping) == usd("0.00")


def test_sums_in_two_currencies_do_not_mix() -> None:
    euros = Taxed(net=Amount(1, "EUR"), gross=Amount(1, "EUR"))
    with pytest.raises(CurrencyMismatch):
        due_from(program=Program(includes_shipping=False), total=FREE, shipping=euros)
