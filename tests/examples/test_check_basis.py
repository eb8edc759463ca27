"""What the budget must cover of a total: shipping and tax count unless the program says not."""

import pytest

from saleor_program_budgets.programs import Taxed, due_from
from tests.support.world import World, usd

# An order of 100.00 net plus 10.00 shipping net, with 20 % tax: 132.00 gross.
TOTAL = Taxed(net=usd("110.00"), gross=usd("132.00"))
SHIPPING = Taxed(net=usd("10.00"), gross=usd("12.00"))


@pytest.mark.parametrize(
    ("shipping", "tax", "due"),
    [
        (True, True, "132.00"),  # everything
        (False, True, "120.00"),  # 132.00 - 12.00
        (True, False, "110.00"),  # net, shipping included
        (False, False, "100.00"),  # 110.00 - 10.00
    ],
)
def test_check_basis(world: World, shipping: bool, tax: bool, due: str) -> None:
    program = world.open_program(includes_shipping=shipping, includes_tax=tax)
    assert due_from(program=program, total=TOTAL, shipping=SHIPPING) == usd(due)


def test_a_gift_card_over_the_goods_leaves_nothing_due(world: World) -> None:
    # Given a program that leaves shipping out, and a gift card that paid all but 5.00 of
    # goods and 12.00 shipping: 5.00 - 12.00 would be negative.
    program = world.open_program(includes_shipping=False)
    left = Taxed(net=usd("4.00"), gross=usd("5.00"))
    assert due_from(program=program, total=left, shipping=SHIPPING) == usd("0.00")
