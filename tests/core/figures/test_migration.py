"""An installation that has traded before figures were kept has them after the update."""

import pytest
from django.core.management import call_command

from saleor_program_budgets import figures, programs
from saleor_program_budgets.errors import BalanceShort
from saleor_program_budgets.figures import Board
from saleor_program_budgets.models import Refused
from tests.support.world import World

BEFORE = "0005_people"


def test_figures_are_counted_once(committed_world: World) -> None:
    world = committed_world
    acme = world.account("Acme")
    ann, ben = world.members(2, world.account("Sales", under=acme))
    hold = world.hold(ann, "100.00")
    world.capture(hold, "60.00")
    world.refund(hold, "10.00")
    with pytest.raises(BalanceShort):
        world.hold(ben, "1000.00")
    programs.move_member(member=ben, account=acme, at=world.at)
    kept = Board(figures.select(at=world.at))
    before = (kept.totals, kept.days, kept.closest(first=9))

    call_command("migrate", "program_budgets", BEFORE, verbosity=0)
    call_command("migrate", "program_budgets", verbosity=0)

    counted = Board(figures.select(at=world.at))
    assert (counted.totals, counted.days, counted.closest(first=9)) == before
    assert figures.verify() == ()
    # By the account that Ben is under now: where he was then is known of postings alone.
    assert Refused.objects.get().account_id == acme.pk
    world.hold(ann, "1.00")
    assert figures.verify() == ()
