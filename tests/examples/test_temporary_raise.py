"""A temporary raise works at once, ends by itself at its instant, and leaves what it let pass."""

import pytest

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import CapReached, InvalidInput, NotReversible
from saleor_program_budgets.models import Posting
from tests.support.world import DAY, INSTANT, World, figures, usd


def test_temporary_raise(world: World) -> None:
    # Given a department at 100.00, raised by 50.00 for a week.
    sales = world.account("Sales")
    cap = world.cap(sales, "100.00")
    ann = world.member(sales)
    raised = world.raise_cap(cap, "50.00", ends_at=world.at + 7 * DAY)
    assert figures(cap) == {"ceiling": "150.00"}
    assert (cap.raised, cap.raise_ends_at) == (50_00, raised.ends_at)

    # When 130.00 are spent and, in its last microsecond, 5.00 held: 135.00 of 150.00.
    spent = world.hold(ann, "130.00")
    world.capture(spent, "130.00")
    world.at = raised.ends_at - INSTANT
    held = world.hold(ann, "5.00")

    # Then nothing passes at exactly its end, though no job has run.
    world.at = raised.ends_at
    with pytest.raises(CapReached) as refused:
        world.hold(ann, "0.01")
    assert refused.value.available == usd("0.00")

    # What it let pass stands: 135.00 - 100.00 = 35.00 hang over.
    assert figures(cap) == {
        "ceiling": "100.00",
        "held": "5.00",
        "spent": "130.00",
        "overhang": "35.00",
    }
    assert (cap.raised, cap.raise_ends_at) == (0, None)
    world.capture(held, "5.00")

    # When 40.00 come back, 95.00 are used: exactly 5.00 pass.
    world.refund(spent, "40.00")
    with pytest.raises(CapReached):
        world.hold(ann, "5.01")
    world.hold(ann, "5.00")
    assert figures(cap) == {"ceiling": "100.00", "held": "5.00", "spent": "95.00"}


def test_a_raise_nobody_used_is_ended_by_the_job(world: World) -> None:
    # Given a cap of 100.00 raised by 50.00 for a day.
    cap = world.cap(world.account("Sales"), "100.00")
    world.raise_cap(cap, "50.00", ends_at=world.at + DAY)

    # When the job comes a microsecond early, nothing ends; at its instant it does, once.
    world.at += DAY - INSTANT
    assert ledger.end_due_raises(at=world.at) == 0
    world.at += INSTANT
    assert ledger.end_due_raises(at=world.at) == 1
    assert ledger.end_due_raises(at=world.at) == 0
    assert figures(cap) == {"ceiling": "100.00"}

    # Then the journal tells all three: set, raised, ended.
    told = Posting.objects.order_by("pk")
    assert list(told.values_list("kind", "amount", "actor", "cause")) == [
        ("ceiling", 100_00, "staff:tests", "set by a test"),
        ("ceiling", 50_00, "staff:tests", "a busy week"),
        ("reversal", 50_00, "system:raises", "temporary raise ended"),
    ]
    assert told.get(kind="reversal").reverses == told.get(amount=50_00, kind="ceiling")

    # And neither it nor the raise can be undone any more.
    for posting in told.filter(amount=50_00):
        with pytest.raises(NotReversible):
            world.reverse(posting.pk)


def test_two_raises_overlap(world: World) -> None:
    # Given a cap of 100.00, raised by 50.00 until day 5 and, on top, by 30.00 until day 2.
    sales = world.account("Sales")
    cap = world.cap(sales, "100.00")
    ann = world.member(sales)
    start = world.at
    world.raise_cap(cap, "50.00", ends_at=start + 5 * DAY)
    world.raise_cap(cap, "30.00", ends_at=start + 2 * DAY)
    assert figures(cap) == {"ceiling": "180.00"}
    assert (cap.raised, cap.raise_ends_at) == (80_00, start + 2 * DAY)

    # When the one that began last ends first: 100.00 + 50.00 = 150.00.
    world.at = start + 2 * DAY
    with pytest.raises(CapReached) as refused:
        world.hold(ann, "150.01")
    assert refused.value.available == usd("150.00")
    cap.refresh_from_db()
    assert (cap.ceiling, cap.raised, cap.raise_ends_at) == (150_00, 50_00, start + 5 * DAY)

    # When the cap itself is lowered to 80.00 meanwhile, the raise stays on top: 130.00.
    world.cap(sales, "80.00")
    assert figures(cap) == {"ceiling": "130.00"}

    # And at the other's end 80.00 are left.
    world.at = start + 5 * DAY
    world.hold(ann, "80.00")
    assert figures(cap) == {"ceiling": "80.00", "held": "80.00"}


def test_one_purchase_ends_all_raises_that_are_over(world: World) -> None:
    # Given two raises of a cap of 100.00, both over when somebody buys next.
    sales = world.account("Sales")
    cap = world.cap(sales, "100.00")
    ann = world.member(sales)
    for day, value in enumerate(("20.00", "30.00"), start=1):
        world.raise_cap(cap, value, ends_at=world.at + day * DAY)
    world.at += 3 * DAY

    # Then 100.01 are refused and 100.00 pass: 150.00 - 20.00 - 30.00.
    with pytest.raises(CapReached):
        world.hold(ann, "100.01")
    world.hold(ann, "100.00")
    assert figures(cap) == {"ceiling": "100.00", "held": "100.00"}


def test_a_raise_says_why_and_until_when(world: World) -> None:
    # Given a cap of 100.00.
    cap = world.cap(world.account("Sales"), "100.00")

    # Then a raise without a reason, or one that ends now or earlier, changes nothing.
    with pytest.raises(InvalidInput) as unexplained:
        world.raise_cap(cap, "50.00", ends_at=world.at + DAY, reason=" ")
    assert unexplained.value.field == "reason"
    for ends_at in (world.at, world.at - INSTANT):
        with pytest.raises(InvalidInput) as over:
            world.raise_cap(cap, "50.00", ends_at=ends_at)
        assert over.value.field == "ends_at"
    assert figures(cap) == {"ceiling": "100.00"}
