"""A mistaken posting is undone by its mirror image, unless what it gave has been used."""

import pytest

from saleor_program_budgets.errors import NotReversible
from saleor_program_budgets.models import Lot, Posting
from tests.support.database import snapshot
from tests.support.world import DAY, World, figures, lot_figures, usd


def last(kind: str) -> Posting:
    return Posting.objects.filter(kind=kind).latest("pk")


def test_a_grant_is_reversed(world: World) -> None:
    # Given 300.00, and 50.00 granted to the wrong person.
    ann = world.member()
    lot = world.grant(ann, "50.00")
    granted = last("grant")
    assert world.balance(ann) == {"available": "350.00"}

    # When the grant is reversed, the 50.00 are gone, and both postings are on record.
    undone = world.reverse(granted.pk)
    assert undone.amount == usd("50.00")
    assert world.balance(ann) == {"available": "300.00"}
    assert lot_figures(lot) == {}
    reversal = Posting.objects.get(kind="reversal")
    assert (reversal.pk, reversal.reverses, reversal.cause) == (
        undone.posting_id,
        granted,
        "a mistake",
    )

    # Then it can't be reversed again.
    with pytest.raises(NotReversible):
        world.reverse(granted.pk)
    assert world.balance(ann) == {"available": "300.00"}


def test_a_grant_that_was_used_is_not_reversed(world: World) -> None:
    # Given 320.00 held of 300.00 + 50.00: all of the allotment, and 20.00 of the grant.
    ann = world.member()
    world.grant(ann, "50.00")
    hold = world.hold(ann, "320.00")

    # When the grant is to be reversed, 20.00 of it are held: nothing is written.
    before = snapshot()
    with pytest.raises(NotReversible):
        world.reverse(last("grant").pk)
    assert snapshot() == before

    # When they are released, it can be.
    world.release(hold, "20.00")
    world.reverse(last("grant").pk)
    assert world.balance(ann) == {"held": "300.00"}


def test_an_adjustment_is_reversed(world: World) -> None:
    # Given 40.00 taken away by mistake: 10.00 of a lot that lapses first, 30.00 of the other.
    ann = world.member()
    allotment = Lot.objects.get(limit__member=ann)
    soon = world.grant(ann, "10.00", expires_at=world.at + DAY)
    taken = world.adjust(ann, "-40.00")

    # When that is reversed, each lot has its own back.
    world.reverse(taken.posting_id)
    assert lot_figures(soon) == {"available": "10.00"}
    assert lot_figures(allotment) == {"available": "300.00"}

    # And one upwards likewise.
    world.reverse(world.adjust(ann, "25.00").posting_id)
    assert world.balance(ann) == {"available": "310.00"}


def test_a_refund_is_reversed(world: World) -> None:
    # Given 65.00 spent, of which 20.00 were refunded on the wrong order, under a cap.
    acme = world.account("Acme")
    cap = world.cap(acme, "100.00")
    ann = world.member(acme)
    hold = world.hold(ann, "65.00")
    world.capture(hold, "65.00")
    refund = world.refund(hold, "20.00")
    assert figures(cap) == {"ceiling": "100.00", "spent": "45.00"}

    # When the refund is reversed: 45.00 + 20.00 = 65.00 are spent again, here and there.
    world.reverse(refund.posting_id)
    assert world.balance(ann) == {"available": "235.00", "spent": "65.00"}
    assert figures(cap) == {"ceiling": "100.00", "spent": "65.00"}

    # Then all 65.00 may be refunded, and no more.
    assert world.refund(hold).refunded == usd("65.00")
    assert world.balance(ann) == {"available": "300.00"}


@pytest.mark.parametrize("what_is_full", ["balance", "cap"])
def test_a_refund_that_was_used_is_not_reversed(world: World, what_is_full: str) -> None:
    # Given 60.00 spent and 20.00 of it refunded, and those 20.00 held anew: by the member, whose
    # 60.00 are all there is, or under a cap of 60.00, by a colleague.
    world.open_program(allotment="60.00")
    acme = world.account("Acme")
    if what_is_full == "cap":
        world.cap(acme, "60.00")
    ann, bob = world.members(2, acme)
    hold = world.hold(ann, "60.00")
    world.capture(hold, "60.00")
    refund = world.refund(hold, "20.00")
    world.hold(ann if what_is_full == "balance" else bob, "20.00")

    # When the refund is to be reversed, there is no room for it any more.
    before = snapshot()
    with pytest.raises(NotReversible):
        world.reverse(refund.posting_id)
    assert snapshot() == before


def test_a_ceiling_is_reversed(world: World) -> None:
    # Given a cap of 100.00 that somebody set to 10.00, with 30.00 held.
    acme = world.account("Acme")
    cap = world.cap(acme, "100.00")
    ann = world.member(acme)
    world.hold(ann, "30.00")
    world.cap(acme, "10.00")
    assert figures(cap) == {"ceiling": "10.00", "held": "30.00", "overhang": "20.00"}

    # When that is reversed, 100.00 - 30.00 = 70.00 pass again.
    world.reverse(last("ceiling").pk)
    assert figures(cap) == {"ceiling": "100.00", "held": "30.00"}
    world.hold(ann, "70.00")


def test_a_ceiling_reversed_below_use_leaves_an_overhang(world: World) -> None:
    # Given a cap raised from 100.00 to 1,000.00 by mistake, under which 130.00 are held.
    acme = world.account("Acme")
    cap = world.cap(acme, "100.00")
    ann = world.member(acme)
    world.cap(acme, "1000.00")
    world.hold(ann, "130.00")

    # When that is reversed, it is as if the cap were lowered: 130.00 - 100.00 hang over.
    world.reverse(last("ceiling").pk)
    assert figures(cap) == {"ceiling": "100.00", "held": "130.00", "overhang": "30.00"}


def test_a_temporary_raise_is_reversed_while_it_lasts(world: World) -> None:
    # Given a cap of 100.00 raised by 500.00 instead of 50.00, for a day.
    cap = world.cap(world.account("Acme"), "100.00")
    raised = world.raise_cap(cap, "500.00", ends_at=world.at + DAY)

    # When that is reversed, the raise is over: it ends no second time a day later.
    world.reverse(raised.posting_id)
    assert figures(cap) == {"ceiling": "100.00"}
    world.at += DAY
    world.cap(cap.account, "100.00")
    assert figures(cap) == {"ceiling": "100.00"}


def test_a_purchase_is_not_reversed(world: World) -> None:
    # Given a hold, its capture and a release: each has its own way back.
    ann = world.member()
    hold = world.hold(ann, "65.00")
    world.capture(hold, "40.00")
    world.release(hold)

    # Then none of the three is reversed.
    before = snapshot()
    for kind in ("hold", "capture", "release"):
        with pytest.raises(NotReversible):
            world.reverse(last(kind).pk)
    assert snapshot() == before
