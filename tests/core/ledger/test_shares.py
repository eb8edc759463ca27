"""A cap is divided into shares exactly, and what its shares can't carry its whole decides."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import CapReached, NotReversible
from saleor_program_budgets.models import Cap, Hold, Limit, Member, Posting
from saleor_program_budgets.money import Amount
from tests.support.database import divide, snapshot
from tests.support.world import World, figures, usd


def shares(cap: Cap) -> list[tuple[int, int, bool]]:
    """Return each share's ceiling, what is used of it, and whether purchases choose it."""
    return [
        (share.ceiling, share.held + share.spent, share.takes_new)
        for share in Limit.objects.filter(cap_id=cap.pk).order_by("share")
    ]


def capped(world: World, value: str, size: int = 1) -> tuple[Cap, list[Member]]:
    acme = world.account("Acme")
    return world.cap(acme, value), world.members(size, acme)


@pytest.mark.parametrize(
    ("ceiling", "spread", "expected"),
    [
        (100_00, 1, [100_00]),
        (100_00, 4, [25_00] * 4),
        (100_00, 3, [33_34, 33_33, 33_33]),  # the first has what doesn't divide
        (10, 16, [10] + [0] * 15),
        (16, 16, [1] * 16),
        (0, 4, [0] * 4),
    ],
)
def test_a_ceiling_is_divided_to_the_last_unit(
    world: World, ceiling: int, spread: int, expected: list[int]
) -> None:
    cap = world.cap(world.account("Acme"), Amount(ceiling, "USD"))
    divide(cap.pk, spread)
    assert shares(cap) == [(each, 0, True) for each in expected]
    cap.refresh_from_db()
    assert (cap.ceiling, cap.available) == (ceiling, ceiling)


def test_a_reversed_refund_finds_room_in_the_cap_as_a_whole(world: World) -> None:
    # Given 100.00, of which 40.00 were spent and refunded, and a share of 6.25 that counted them.
    cap, [ann] = capped(world, "100.00")
    held = world.hold(ann, "40.00")
    world.capture(held, "40.00", order_id="o")
    refund = world.refund(held, "40.00")
    divide(cap.pk, 16)
    assert shares(cap)[0] == (6_25, 0, True)

    # When the refund turns out to be a mistake, the others make room for it.
    world.reverse(refund.posting_id)
    assert figures(cap) == {"ceiling": "100.00", "spent": "40.00"}

    # Once they have none either, it can't be undone.
    again = world.refund(held, "40.00")
    divide(cap.pk, 16)
    [bob] = world.members(1, ann.account)
    world.hold(bob, "60.01")
    before = snapshot()
    with pytest.raises(NotReversible):
        world.reverse(again.posting_id)
    assert snapshot() == before


def test_what_is_used_stays_in_its_share(world: World) -> None:
    cap, [ann] = capped(world, "100.00")
    divide(cap.pk, 4)
    hold = world.hold(ann, "10.00")
    used = [share.share for share in Limit.objects.filter(cap_id=cap.pk, held__gt=0)]
    assert Hold.objects.get().shares == [Limit.objects.get(cap_id=cap.pk, held=10_00).pk]

    # 90.00 are free: 45.00 for each of two shares, and whatever is used where it is.
    divide(cap.pk, 2)
    expected = [[45_00, 0, True], [45_00, 0, True], [0, 0, False], [0, 0, False]]
    expected[used[0]][0] += 10_00
    expected[used[0]][1] += 10_00
    assert shares(cap) == [tuple(share) for share in expected]
    assert figures(cap) == {"ceiling": "100.00", "held": "10.00"}

    # Given back to a share that takes nothing new, it is the cap's all the same.
    world.release(hold)
    world.hold(ann, "100.00")
    assert figures(cap) == {"ceiling": "100.00", "held": "100.00"}


def test_dividing_again_moves_nothing(world: World) -> None:
    cap, _ = capped(world, "100.00")
    divide(cap.pk, 4)
    before = snapshot()
    divide(cap.pk, 4)
    assert snapshot() == before


def test_dividing_is_a_posting_that_changes_no_sum(world: World) -> None:
    cap, _ = capped(world, "100.00")
    divide(cap.pk, 4)
    posting = Posting.objects.get(kind="share")
    assert (posting.amount, posting.account, posting.member, posting.actor) == (
        75_00,
        cap.account,
        None,
        "system:shares",
    )
    funding = posting.entries.filter(bucket="funding").values_list("amount", flat=True)
    assert sorted(funding) == [-25_00, -25_00, -25_00, 75_00]


def test_a_purchase_that_fits_a_share_takes_one_statement(world: World) -> None:
    cap, [ann] = capped(world, "100.00")
    divide(cap.pk, 4)
    cycle = world.cycle
    with CaptureQueriesContext(connection) as queries:
        world.hold(ann, "25.00", cycle=cycle)
    assert len(queries) == 1
    assert sorted(shares(cap)) == [(25_00, 0, True)] * 3 + [(25_00, 25_00, True)]


def test_a_purchase_larger_than_any_share_takes_two(world: World) -> None:
    cap, [ann] = capped(world, "100.00")
    divide(cap.pk, 4)
    cycle = world.cycle
    with CaptureQueriesContext(connection) as queries:
        world.hold(ann, "25.01", cycle=cycle)
    assert len(queries) == 2
    # Too little is left to be worth dividing: the first share has it all.
    assert shares(cap) == [(100_00, 25_01, True)] + [(0, 0, False)] * 3


def test_the_last_cents_of_all_shares_are_spent_together(world: World) -> None:
    cap, [ann, bob] = capped(world, "100.00", size=2)
    divide(cap.pk, 16)
    world.hold(ann, "90.00")
    with pytest.raises(CapReached) as refused:
        world.hold(bob, "10.01")
    assert (refused.value.available, refused.value.limit_id) == (usd("10.00"), cap.pk)
    world.hold(bob, "10.00")
    assert figures(cap) == {"ceiling": "100.00", "held": "100.00"}


def test_a_refusal_under_shares_divides_nothing(world: World) -> None:
    # Another cap above refuses: the one below keeps its shares.
    acme = world.account("Acme")
    sales = world.account("Sales", under=acme)
    below, above = world.cap(sales, "100.00"), world.cap(acme, "20.00")
    ann = world.member(sales)
    divide(below.pk, 4)
    before = shares(below)
    with pytest.raises(CapReached) as refused:
        world.hold(ann, "30.00")
    assert refused.value.limit_id == above.pk
    assert shares(below) == before


def test_lowering_a_divided_cap_leaves_the_overhang_in_its_first_share(world: World) -> None:
    cap, [ann] = capped(world, "100.00")
    divide(cap.pk, 4)
    holds = [world.hold(ann, "20.00") for _ in range(4)]
    world.cap(cap.account, "50.00")
    assert figures(cap) == {"ceiling": "50.00", "held": "80.00", "overhang": "30.00"}
    overhangs = Limit.objects.filter(cap_id=cap.pk).order_by("share")
    assert list(overhangs.values_list("overhang", flat=True)) == [30_00, 0, 0, 0]

    # Whichever is released, nothing passes until less than 50.00 are held.
    for hold, left in zip(holds, ("0.00", "10.00"), strict=False):
        world.release(hold)
        with pytest.raises(CapReached) as refused:
            world.hold(ann, "10.01")
        assert refused.value.available == usd(left)
    world.hold(ann, "10.00")
    assert figures(cap) == {"ceiling": "50.00", "held": "50.00"}


def test_raising_a_divided_cap_is_for_its_first_share(world: World) -> None:
    cap, [ann] = capped(world, "100.00")
    divide(cap.pk, 4)
    world.cap(cap.account, "200.00")
    assert shares(cap) == [(125_00, 0, True)] + [(25_00, 0, True)] * 3
    world.hold(ann, "200.00")
    assert figures(cap) == {"ceiling": "200.00", "held": "200.00"}


def test_nobody_sees_shares(world: World) -> None:
    cap, _ = capped(world, "100.00")
    divide(cap.pk, 16)
    found = ledger.caps_over(account_id=cap.account_id, cycle=world.cycle, unit="USD", at=world.at)
    assert [(one.pk, one.ceiling, one.available) for one in found] == [(cap.pk, 100_00, 100_00)]
    assert list(Cap.objects.all()) == [cap]
