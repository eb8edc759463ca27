"""A program has one currency, from its creation on; nothing of another one enters it."""

from collections.abc import Callable

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.errors import CurrencyMismatch, InvalidInput
from saleor_program_budgets.models import Program
from saleor_program_budgets.money import Amount
from tests.support.database import money, snapshot
from tests.support.world import World

TEN_EUROS = Amount(10_00, "EUR")


def test_currency_is_fixed(world: World) -> None:
    # Given a program in US dollars, open or still a draft.
    for program in (world.open_program(), world.draft_program(channel="draft")):
        # When its allotment is to be in euros from now on.
        with pytest.raises(InvalidInput) as error:
            programs.update_program(
                program=program,
                rules=programs.Rules(name="Euros", allotment=TEN_EUROS),
                at=world.at,
            )
        assert error.value.field == "allotment"

        # Then it stays as it was.
        kept = Program.objects.get(pk=program.pk)
        assert (kept.currency, kept.name, kept.allotment_minor) == ("USD", program.name, 300_00)


def test_nothing_of_another_currency_enters_a_program(world: World) -> None:
    # Given a member of that program, and their department.
    acme = world.account("Acme")
    ann = world.member(acme)

    # Then no grant, correction or cap in euros changes anything.
    attempts: list[Callable[[], object]] = [
        lambda: world.grant(ann, TEN_EUROS),
        lambda: world.adjust(ann, TEN_EUROS),
        lambda: world.cap(acme, TEN_EUROS),
    ]
    for attempt in attempts:
        before = snapshot()
        with pytest.raises(InvalidInput) as error:
            attempt()
        assert error.value.field == "amount"
        assert snapshot() == before

    # And a purchase in euros is refused, and recorded.
    before = money()
    with pytest.raises(CurrencyMismatch):
        world.reserve(ann, TEN_EUROS)
    assert money() == before
