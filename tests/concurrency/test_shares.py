"""Caps that are split into shares: purchases side by side, and yet exact to the cent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import CapReached
from saleor_program_budgets.models import Account, Cap, Limit, Member, Posting
from tests.concurrency.scene import Ending, given, hold, meet, set_cap, shares, split
from tests.support.racing import in_turn, kinds, race, slow_motion, unguarded
from tests.support.world import HOUR, TESTS, World, figures, usd

SHARES = 16


def _department(world: World, size: int, cap: str, *, spread: int = SHARES) -> tuple[list, Cap]:
    """A department of *size* with plenty each, under a cap that is split already."""
    world.open_program(allotment="100000.00")
    sales = world.account("Sales", under=world.account("Acme"))
    members, limit = world.members(size, sales), world.cap(sales, cap)
    split(limit, spread)
    return members, limit


def _buy(world: World, members: list[Member], value: str) -> list[Callable[[], object]]:
    cycle = world.cycle
    return [lambda member=member: world.hold(member, value, cycle=cycle) for member in members]


def _rests(cap: Cap) -> list[int]:
    return [share.ceiling - share.held - share.spent for share in _shares(cap)]


def _shares(cap: Cap) -> list[Limit]:
    return list(Limit.objects.filter(cap_id=cap.pk).order_by("share"))


# Splitting


def test_a_cap_is_split_when_a_purchase_had_to_wait(committed_world: World) -> None:
    members, cap = _department(committed_world, 3, "100000.00", spread=1)
    first, second, third = _buy(committed_world, members, "10.00")
    assert in_turn(first, second).waited
    assert shares(cap) == SHARES
    assert figures(cap) == {"ceiling": "100000.00", "held": "20.00"}
    # 99,990.00 were free: 15 x 6,249.37, and 6,249.45 in the first, from which the second took.
    assert _rests(cap) == [6_239_45] + [6_249_37] * 15
    # From now on they pass each other.
    met = in_turn(third, _buy(committed_world, members, "10.00")[0])
    assert (kinds([met.first, met.second]), met.waited) == ({"Held": 2}, False)


def test_a_cap_with_little_left_is_not_split(committed_world: World) -> None:
    """Shares with room for less than four such purchases would run dry one after another."""
    members, cap = _department(committed_world, 2, "649.99", spread=1)
    first, second = _buy(committed_world, members, "10.00")
    assert in_turn(first, second).waited
    assert shares(cap) == 1


@pytest.mark.parametrize("spread", [1, SHARES])
def test_many_purchases_at_once_are_summed_up_exactly(committed_world: World, spread: int) -> None:
    members, cap = _department(committed_world, 20, "100000.00", spread=spread)
    with slow_motion(0.02):
        outcomes = race(*_buy(committed_world, members, "10.01"))
        # Who came before the cap was split waits for its first share; who comes later needn't.
        outcomes += race(*_buy(committed_world, members, "10.01"))
    assert kinds(outcomes) == {"Held": 40}
    assert shares(cap) == SHARES
    assert figures(cap) == {"ceiling": "100000.00", "held": "400.40"}
    assert Limit.objects.filter(cap_id=cap.pk, held__gt=0).count() > 1


# The last units


def test_crumbs_in_every_share_add_up_to_a_purchase(committed_world: World) -> None:
    world = committed_world
    [ann, bob], cap = _department(world, 2, "16.00")
    assert _rests(cap) == [1_00] * SHARES
    world.hold(ann, "10.00")
    assert figures(cap) == {"ceiling": "16.00", "held": "10.00"}
    with pytest.raises(CapReached) as refusal:
        world.hold(bob, "6.01")
    assert refusal.value.available == usd("6.00")
    world.hold(bob, "6.00")
    assert figures(cap) == {"ceiling": "16.00", "held": "16.00"}


def test_of_two_purchases_for_all_the_crumbs_one_passes(committed_world: World) -> None:
    members, cap = _department(committed_world, 2, "16.00")
    met = in_turn(*_buy(committed_world, members, "16.00"))
    assert (kinds([met.first, met.second]), met.waited) == ({"CapReached": 1, "Held": 1}, True)
    assert figures(cap) == {"ceiling": "16.00", "held": "16.00"}


def test_fifty_threads_use_a_split_cap_up_to_the_cent(committed_world: World) -> None:
    world = committed_world
    members, cap = _department(world, 50, "500.00")
    # 49 x 10.01 = 490.49; then 47 x 0.20 = 9.40; then 11 x 0.01: 500.00.
    for value, passed, held in (
        ("10.01", 49, "490.49"),
        ("0.20", 47, "499.89"),
        ("0.01", 11, "500.00"),
    ):
        outcomes = race(*_buy(world, members, value))
        assert kinds(outcomes) == {"CapReached": 50 - passed, "Held": passed}
        assert figures(cap) == {"ceiling": "500.00", "held": held}
    assert _rests(cap) == [0] * SHARES


def _use_up(world: World) -> tuple[dict[str, int], Cap]:
    """32 purchases of 6.00 under 160.00, which carry 26; each of 16 shares carries one."""
    members, cap = _department(world, 32, "160.00")
    with slow_motion(0.2):
        return kinds(race(*_buy(world, members, "6.00"))), cap


def test_a_share_carries_what_it_has_and_the_cap_the_rest(committed_world: World) -> None:
    outcomes, cap = _use_up(committed_world)
    assert outcomes == {"CapReached": 6, "Held": 26}
    assert figures(cap) == {"ceiling": "160.00", "held": "156.00"}


def test_with_shares_chosen_without_a_lock_the_cap_is_overdrawn(committed_world: World) -> None:
    """The control: everything else is locked as ever."""
    committed_world.is_tampered = True
    with unguarded(constraints=False, only="program_budgets_pick_share"):
        _, cap = _use_up(committed_world)
        cap.refresh_from_db()
        assert cap.held > cap.ceiling
        assert not ledger.verify().is_clean


def test_with_shares_chosen_without_a_lock_the_constraints_stop_it(
    committed_world: World,
) -> None:
    """The second control: what the lock would miss, each share's own constraint refuses."""
    with unguarded(constraints=True, only="program_budgets_pick_share"):
        outcomes, cap = _use_up(committed_world)
        cap.refresh_from_db()
        assert outcomes["LedgerInvariant"] >= 1
        assert cap.held == outcomes["Held"] * 6_00 <= cap.ceiling
        assert ledger.verify().is_clean


# Lowered below what is used


def _overhung(world: World) -> tuple[list[Member], list[ledger.Held], Cap]:
    """Ten holds of 10.00 all over a split cap of 160.00, which is lowered to 50.00 then."""
    members, cap = _department(world, 10, "160.00")
    with slow_motion(0.05):  # so that each finds the others' shares locked
        holds = race(*_buy(world, members, "10.00"))
    assert kinds(holds) == {"Held": 10}
    assert Limit.objects.filter(cap_id=cap.pk, held__gt=0).count() > 3
    world.cap(Account.objects.get(name="Sales"), "50.00")
    assert figures(cap) == {"ceiling": "50.00", "held": "100.00", "overhang": "50.00"}
    return members, holds, cap


def test_nothing_new_passes_under_an_overhang_while_shares_are_given_back(
    committed_world: World,
) -> None:
    world = committed_world
    members, holds, cap = _overhung(world)
    outcomes = race(
        *_buy(world, members, "0.01"),
        *[lambda held=held: world.release(held) for held in holds[:4]],
        *[lambda held=held: world.capture(held, "10.00") for held in holds[4:6]],
    )
    assert kinds(outcomes) == {"CapReached": 10, "Settlement": 6}
    assert figures(cap) == {
        "ceiling": "50.00",
        "held": "40.00",
        "spent": "20.00",
        "overhang": "10.00",
    }


def test_when_enough_is_given_back_exactly_the_rest_passes(committed_world: World) -> None:
    world = committed_world
    members, holds, cap = _overhung(world)
    for held in holds[:7]:
        world.release(held)
    outcomes = race(*_buy(world, members, "3.00"))  # 6 x 3.00 of the 20.00
    assert kinds(outcomes) == {"CapReached": 4, "Held": 6}
    assert figures(cap) == {"ceiling": "50.00", "held": "48.00"}


def test_no_purchase_is_posted_after_the_lowering(committed_world: World) -> None:
    world = committed_world
    members, cap = _department(world, 24, "160.00")
    sales = Account.objects.get(name="Sales")
    jobs = _buy(world, members, "5.00")
    outcomes = race(*jobs[:12], lambda: world.cap(sales, "0.00"), *jobs[12:])
    held = kinds(outcomes).get("Held", 0)
    lowered = Posting.objects.filter(kind="ceiling").latest("pk")
    assert not Posting.objects.filter(kind="hold", pk__gt=lowered.pk).exists()
    cap.refresh_from_db()
    assert (cap.ceiling, cap.held, cap.overhang) == (0, held * 5_00, held * 5_00)


def test_a_purchase_that_waits_for_a_share_finds_it_closed(committed_world: World) -> None:
    """It chose among 16 shares; while it waited the cap was lowered, and divided over one."""
    scene = given(balance="1000.00", cap="160.00", spread=SHARES)(committed_world)
    assert meet(scene, set_cap("4.99"), hold("5.00")) == Ending(
        "Cap", "CapReached", "available 1000.00; Sales: ceiling 4.99"
    )


# Everything at once


def test_trading_under_a_split_cap_that_administrators_change_is_exact(
    committed_world: World,
) -> None:
    world = committed_world
    members, cap = _department(world, 12, "20000.00")
    cycle = world.cycle

    def shop(member: Member) -> Callable[[], None]:
        def run() -> None:
            for _ in range(3):
                held = world.hold(member, "10.00", cycle=cycle)
                world.capture(held, "6.00")
                world.release(held)
                refund = world.refund(held, "2.00")
                _reverse(world, refund.posting_id)
                world.refund(held, "1.00")

        return run

    def change() -> None:
        for _ in range(4):
            _raise(world, cap, "100.00")
            world.cap(Account.objects.get(name="Sales"), "19000.00")
            _reverse(world, Posting.objects.filter(kind="ceiling").latest("pk").pk)

    outcomes = race(*[shop(member) for member in members], change)
    assert kinds(outcomes) == {"NoneType": 13}
    # 12 x 3 x 5.00 are spent. Each lowering was undone but for the raises, which add up.
    assert figures(cap) == {"ceiling": "20400.00", "spent": "180.00"}
    assert ledger.end_due_raises(at=world.at + HOUR) == 4
    assert figures(cap) == {"ceiling": "20000.00", "spent": "180.00"}


def _raise(world: World, cap: Cap, value: str) -> None:
    ledger.raise_cap(
        cap=Cap.objects.get(pk=cap.pk),
        amount=usd(value),
        ends_at=world.at + HOUR,
        reason="a test",
        key=world.key("raise"),
        actor=TESTS,
        at=world.at,
    )


def _reverse(world: World, posting_id: int) -> ledger.Correction:
    return ledger.reverse(
        posting_id=posting_id, reason="a test", key=world.key("reverse"), actor=TESTS, at=world.at
    )


def test_reversed_refunds_and_purchases_share_the_last_units_of_a_split_cap(
    committed_world: World,
) -> None:
    """Eight refunds of 10.00 are reversed while eight buy for 10.00: eight of the 16 pass."""
    world = committed_world
    members, cap = _department(world, 16, "160.00")
    with slow_motion(0.05):
        holds = race(*_buy(world, members, "10.00"))
    refunds = []
    for held in holds[:8]:
        world.capture(held, "10.00")
        refunds.append(world.refund(held))
    outcomes = race(
        *_buy(world, members[8:], "10.00"),
        *[lambda refund=refund: _reverse(world, refund.posting_id) for refund in refunds],
    )
    counts = kinds(outcomes)
    assert counts.get("Held", 0) + counts.get("Correction", 0) == 8
    assert counts.get("CapReached", 0) + counts.get("NotReversible", 0) == 8
    cap.refresh_from_db()
    assert (cap.held + cap.spent, cap.ceiling, cap.overhang) == (160_00, 160_00, 0)


def test_raises_of_a_split_cap_let_exactly_their_amount_pass(committed_world: World) -> None:
    world = committed_world
    members, cap = _department(world, 24, "160.00")
    world.hold(members[0], "160.00")
    outcomes = race(
        *[lambda: _raise(world, cap, "30.00")] * 2,
        *_buy(world, members, "10.00"),
    )
    late = race(*_buy(world, members, "10.00"))
    assert kinds(outcomes).get("Held", 0) + kinds(late).get("Held", 0) == 6
    assert figures(cap) == {"ceiling": "220.00", "held": "220.00"}
    # At the raises' end nothing passes, whether or not a job has recorded it.
    ended = race(
        *[
            lambda member=member: world.hold(
                member, "0.01", at=world.at + HOUR, expires_at=world.at + 2 * HOUR
            )
            for member in members[:8]
        ],
        lambda: ledger.end_due_raises(at=world.at + HOUR),
    )
    assert kinds(ended) == {"CapReached": 8, "int": 1}
    assert figures(cap) == {"ceiling": "160.00", "held": "220.00", "overhang": "60.00"}


def test_a_cap_set_over_a_split_one_counts_what_is_in_all_shares(committed_world: World) -> None:
    world = committed_world
    members, _ = _department(world, 20, "10000.00")
    acme = Account.objects.get(name="Acme")
    jobs = _buy(world, members, "10.00")
    outcomes = race(*jobs[:10], lambda: world.cap(acme, "10000.00"), *jobs[10:])
    assert kinds(outcomes) == {"Cap": 1, "Held": 20}
    for each in Cap.objects.all():
        assert figures(each) == {"ceiling": "10000.00", "held": "200.00"}
