"""A leaver takes no new holds, what they haven't used is clawed back, and open holds stand."""

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.errors import MemberInactive
from saleor_program_budgets.models import Lot, Posting
from tests.support.world import World, figures, lot_figures, usd


def test_leaver(world: World) -> None:
    # Given 300.00, of which 40.00 are spent and 65.00 held for an order on its way.
    acme = world.account("Acme")
    cap = world.cap(acme, "1000.00")
    ann = world.member(acme)
    world.capture(world.hold(ann, "40.00"), "40.00", order_id="shipped")
    held = world.hold(ann, "65.00", order_id="on its way")
    lot = Lot.objects.get(limit__member=ann)

    # When they leave, and what is unused is clawed back: 300.00 - 40.00 - 65.00 = 195.00.
    programs.deactivate_member(member=ann, at=world.at)
    taken = world.claw_back(ann)
    assert taken.amount == usd("-195.00")
    assert lot_figures(lot) == {"held": "65.00", "spent": "40.00", "withdrawn": "195.00"}

    # Then it is an entry with a reason, and no cap has noticed.
    posting = Posting.objects.get(kind="clawback")
    assert (posting.pk, posting.member, posting.amount, posting.cause) == (
        taken.posting_id,
        ann,
        195_00,
        "left the company",
    )
    assert figures(cap) == {"ceiling": "1000.00", "held": "65.00", "spent": "40.00"}

    # Nothing new is held for them; the order on its way is paid for.
    with pytest.raises(MemberInactive):
        world.hold(ann, "0.01")
    world.capture(held, "65.00", order_id="on its way")
    assert lot_figures(lot) == {"spent": "105.00", "withdrawn": "195.00"}


def test_nothing_left_is_nothing_clawed_back(world: World) -> None:
    # Given a leaver who spent all 300.00.
    ann = world.member()
    world.capture(world.hold(ann, "300.00"), "300.00")

    # When it is clawed back, there is nothing to post.
    taken = world.claw_back(ann)
    assert (taken.posting_id, taken.amount) == (None, usd("0.00"))
    assert not Posting.objects.filter(kind="clawback").exists()


def test_a_clawback_is_reversed_for_a_rejoiner(world: World) -> None:
    # Given a leaver whose 300.00 were clawed back.
    ann = world.member()
    programs.deactivate_member(member=ann, at=world.at)
    taken = world.claw_back(ann)

    # When they rejoin in the same cycle, and the clawback is reversed, they have it again.
    programs.reactivate_member(member=ann, actor=world.actor, at=world.at)
    assert world.balance(ann) == {"withdrawn": "300.00"}
    world.reverse(taken.posting_id)
    world.hold(ann, "300.00")
    assert world.balance(ann) == {"held": "300.00"}
