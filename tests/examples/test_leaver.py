"""A leaver takes no new holds, what they haven't used is clawed back, and open holds stand."""

import pytest

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import MemberInactive
from saleor_program_budgets.models import Hold, Lot, Posting
from tests.support.database import money
from tests.support.world import DAY, TESTS, World, figures, items, lot_figures, usd


def test_leaver(world: World) -> None:
    # Given 300.00, of which 40.00 are spent and 65.00 held for an order on its way.
    acme = world.account("Acme")
    cap = world.cap(acme, "1000.00")
    ann = world.member(acme)
    world.capture(world.hold(ann, "40.00"), "40.00", order_id="shipped")
    held = world.hold(ann, "65.00", order_id="on its way")
    lot = Lot.objects.get(limit__member=ann)

    # When they leave, what is unused is clawed back: 300.00 - 40.00 - 65.00 = 195.00.
    [taken] = programs.deactivate_member(
        member=ann, reason="left the company", actor=TESTS, at=world.at
    )
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

    # When they leave, there is nothing to post.
    [taken] = programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    assert (taken.posting_id, taken.amount) == (None, usd("0.00"))
    assert not Posting.objects.filter(kind="clawback").exists()


def test_leaving_again_changes_nothing(world: World) -> None:
    # Given a leaver whose 300.00 were taken back, and who was given 25.00 for good by mistake.
    ann = world.member()
    first = programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    world.adjust(ann, "25.00")

    # When the same is asked for again, also after the next year has begun, the answer is the first.
    world.next_cycle()
    before = money()
    again = programs.deactivate_member(member=ann, actor=TESTS, at=world.at + DAY)
    assert [(each.posting_id, each.amount) for each in again] == [
        (each.posting_id, each.amount) for each in first
    ]
    assert money() == before


def test_money_and_pieces_are_taken_back(world: World) -> None:
    # Given a member of a kit program with two pieces beside 300.00.
    world.open_program(allotment_items=2)
    ann = world.member()

    # When they leave, both are taken back, and both are given back when they return.
    taken = programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    assert [each.amount for each in taken] == [items(-2), usd("-300.00")]
    assert world.in_units(ann) == {"ITEM": {}, "USD": {}}
    programs.reactivate_member(member=ann, actor=TESTS, at=world.at)
    assert world.in_units(ann) == {"ITEM": {"available": 2}, "USD": {"available": 300_00}}


def test_what_comes_back_to_a_leaver_is_withdrawn_at_once(world: World) -> None:
    # Given a leaver with 50.00 spent, and 65.00 held for an order.
    acme = world.account("Acme")
    cap = world.cap(acme, "1000.00")
    ann = world.member(acme)
    lot = Lot.objects.get(limit__member=ann)
    spent = world.hold(ann, "50.00")
    world.capture(spent, "50.00")
    held = world.hold(ann, "65.00")
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)

    # When the order is given up and 20.00 are refunded, the caps have them back, the leaver hasn't.
    world.release(held, "65.00")
    world.refund(spent, "20.00")
    assert lot_figures(lot) == {"spent": "30.00", "withdrawn": "270.00"}
    assert figures(cap) == {"ceiling": "1000.00", "spent": "30.00"}

    # And the refund of a mistake can be undone: it is spent again.
    world.reverse(Posting.objects.get(kind="refund").pk)
    assert lot_figures(lot) == {"spent": "50.00", "withdrawn": "250.00"}


def test_a_rejoiner_has_again_what_was_taken(world: World) -> None:
    # Given a leaver whose 300.00 were clawed back.
    ann = world.member()
    [taken] = programs.deactivate_member(member=ann, actor=TESTS, at=world.at)

    # When they rejoin in the same cycle, the clawback is reversed: they have it again.
    world.at += DAY
    programs.reactivate_member(member=ann, actor=world.actor, at=world.at)
    assert world.balance(ann) == {"available": "300.00"}
    reversal = Posting.objects.get(kind="reversal")
    assert (reversal.reverses_id, reversal.cause) == (taken.posting_id, "came back to the program")
    world.hold(ann, "300.00")
    assert world.balance(ann) == {"held": "300.00"}

    # And what was reversed isn't reversed again when they leave and come back once more.
    world.release(Hold.objects.get().pk)
    world.at += DAY
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    assert world.balance(ann) == {"withdrawn": "300.00"}
    programs.reactivate_member(member=ann, actor=world.actor, at=world.at)
    assert world.balance(ann) == {"available": "300.00"}


def test_who_rejoins_in_the_next_cycle_has_its_allotment(world: World) -> None:
    # Given a leaver whose 300.00 were clawed back, and the year over in which they left.
    ann = world.member()
    world.at += DAY
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    old = Lot.objects.get(limit__member=ann)
    world.next_cycle()
    assert world.balance(ann) == {}

    # When they rejoin a day later, the old year's 300.00 have lapsed, and the new year's are there.
    world.at += DAY
    programs.reactivate_member(member=ann, actor=world.actor, at=world.at)
    assert world.balance(ann) == {"available": "300.00"}
    ledger.lapse(actor=TESTS, at=world.at)
    assert lot_figures(old) == {"lapsed": "300.00"}
    world.hold(ann, "300.00")
