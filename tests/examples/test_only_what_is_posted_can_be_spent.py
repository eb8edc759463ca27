"""available = posted credit − held: what was promised but isn't posted can't be spent."""

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.errors import BalanceShort, ProgramClosed
from saleor_program_budgets.models import Posting
from tests.support.world import World, usd


def test_a_higher_allotment_is_a_promise_until_it_is_posted(world: World) -> None:
    # Given a member with 300.00 posted, in a program whose allotment is raised to 500.00.
    ann = world.member()
    rules = programs.Rules(name="Program", allotment=usd("500.00"))
    programs.update_program(program=world.program, rules=rules, at=world.at)

    # Then 300.01 are refused: the rule is for the next cycle, nothing has been posted.
    assert world.balance(ann) == {"available": "300.00"}
    with pytest.raises(BalanceShort) as refused:
        world.hold(ann, "300.01")
    assert refused.value.available == usd("300.00")

    # When 200.00 are posted, 300.00 + 200.00 = 500.00 can be spent.
    world.adjust(ann, "200.00")
    world.hold(ann, "500.00")
    assert world.balance(ann) == {"held": "500.00"}


def test_what_is_held_is_not_available_to_the_next(world: World) -> None:
    # Given 300.00 posted and 180.00 held: 300.00 - 180.00 = 120.00.
    ann = world.member()
    hold = world.hold(ann, "180.00")
    with pytest.raises(BalanceShort) as refused:
        world.hold(ann, "120.01")
    assert refused.value.available == usd("120.00")

    # When 80.00 of it are captured, that makes no difference; a release does.
    world.capture(hold, "80.00")
    with pytest.raises(BalanceShort):
        world.hold(ann, "120.01")
    world.release(hold)
    world.hold(ann, "220.00")
    assert world.balance(ann) == {"held": "220.00", "spent": "80.00"}


def test_members_of_a_draft_have_nothing_yet(world: World) -> None:
    # Given a member of a program of 300.00 that isn't open: nothing is posted.
    program = world.draft_program()
    ann = world.member(program=program)
    assert not Posting.objects.exists()
    assert programs.find_store(channel_id="shop") is None

    # When it opens, the 300.00 are posted and can be held.
    programs.open_program(program=program, actor=world.actor, at=world.at)
    assert Posting.objects.get().amount == 300_00
    world.reserve(ann, "300.00")

    # And when it closes, nothing can, posted or not.
    programs.close_program(program=program)
    with pytest.raises(ProgramClosed):
        world.reserve(ann, "0.01")
