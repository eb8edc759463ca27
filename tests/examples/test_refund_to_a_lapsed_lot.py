"""A refund to a lapsed lot is forfeited, kept for some days, or reissued: the program's policy."""

import datetime as dt

import pytest

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import BalanceShort
from saleor_program_budgets.models import Lot, Program
from tests.support.world import DAY, INSTANT, World, figures, lot_figures, usd

POLICY = Program.RefundPolicy


def test_forfeit(world: World) -> None:
    # Given 30.00 spent of a lot of 50.00 that lapses tomorrow, in a program that forfeits.
    world.open_program(allotment="0.00", refund_policy=POLICY.FORFEIT)
    ann = world.member()
    lot = world.grant(ann, "50.00", expires_at=world.at + DAY)
    hold = world.hold(ann, "30.00")
    world.capture(hold, "30.00")

    # When it is refunded at the instant at which the lot lapses: 20.00 + 30.00 have lapsed.
    world.at += DAY
    world.refund_by_policy(hold, "30.00")
    assert lot_figures(lot) == {"available": "20.00", "lapsed": "30.00"}
    assert world.balance(ann) == {"lapsed": "50.00"}
    assert Lot.objects.count() == 1


def test_grace(world: World) -> None:
    # Given the same with ten days of grace, under a cap of 100.00.
    acme = world.account("Acme")
    world.open_program(allotment="0.00", refund_policy=POLICY.GRACE, refund_grace_days=10)
    cap = world.cap(acme, "100.00")
    ann = world.member(acme)
    lot = world.grant(ann, "50.00", expires_at=world.at + DAY)
    hold = world.hold(ann, "30.00")
    world.capture(hold, "30.00")

    # When it is refunded three days late, a lot of 30.00 takes over, for ten days from then.
    world.at += 4 * DAY
    refunded_at = world.at
    world.refund_by_policy(hold, "30.00")
    renewed = Lot.objects.get(origin="refund")
    assert (renewed.source, renewed.cycle) == (lot, world.cycle)
    assert renewed.expires_at == refunded_at + 10 * DAY
    assert lot_figures(lot) == {"available": "20.00", "moved": "30.00"}
    assert lot_figures(renewed) == {"available": "30.00"}
    assert figures(cap) == {"ceiling": "100.00"}

    # Then all 30.00 can be spent on the ninth day, and to the last microsecond of the tenth,
    world.at = refunded_at + 9 * DAY
    world.release(world.hold(ann, "30.00"))
    world.at = refunded_at + 10 * DAY - INSTANT
    assert world.balance(ann) == {"available": "30.00", "lapsed": "20.00"}
    world.hold(ann, "10.00")

    # and at its end not a cent of the other 20.00.
    world.at = refunded_at + 10 * DAY
    with pytest.raises(BalanceShort) as refused:
        world.hold(ann, "0.01")
    assert refused.value.available == usd("0.00")
    assert world.balance(ann) == {"held": "10.00", "lapsed": "40.00"}


def test_days_of_grace_are_the_programs_own(world: World) -> None:
    # Given a program in Berlin, where clocks go forward on 29 March 2026, with five days of grace.
    world.open_program(
        allotment="0.00",
        refund_policy=POLICY.GRACE,
        refund_grace_days=5,
        time_zone="Europe/Berlin",
    )
    ann = world.member()
    world.grant(ann, "30.00", expires_at=world.at + DAY)
    hold = world.hold(ann, "30.00")
    world.capture(hold, "30.00")

    # When it is refunded on 27 March at noon (11:00 UTC), grace ends on 1 April at noon (10:00).
    world.at = dt.datetime(2026, 3, 27, 11, tzinfo=dt.UTC)
    world.refund_by_policy(hold, "30.00")
    renewed = Lot.objects.get(origin="refund")
    assert renewed.expires_at == dt.datetime(2026, 4, 1, 10, tzinfo=dt.UTC)


def test_reissue_into_the_current_cycle(world: World) -> None:
    # Given 65.00 spent of the first cycle's 300.00, and the second cycle begun with its own.
    world.open_program(refund_policy=POLICY.REISSUE)
    ann = world.member()
    old = Lot.objects.get(limit__member=ann)
    hold = world.hold(ann, "65.00")
    world.capture(hold, "65.00")
    second = world.next_cycle()

    # When the 65.00 are refunded, they are the second cycle's: 300.00 + 65.00 = 365.00.
    world.refund_by_policy(hold, "65.00")
    renewed = Lot.objects.get(origin="refund")
    assert (renewed.source, renewed.cycle, renewed.expires_at) == (old, second, second.ends_at)
    assert lot_figures(old) == {"lapsed": "235.00", "moved": "65.00"}
    assert world.balance(ann) == {"available": "365.00"}
    world.hold(ann, "365.00")

    # And they end with it.
    world.at = second.ends_at
    assert world.balance(ann) == {"held": "365.00"}


@pytest.mark.parametrize("is_closed", [False, True])
def test_reissue_without_an_open_cycle_forfeits(world: World, is_closed: bool) -> None:
    # Given 65.00 spent in a program of one window that is over, whether or not a job has seen it.
    end = world.at + DAY
    world.open_program(refund_policy=POLICY.REISSUE, cycle_length="window", closes_at=end)
    ann = world.member()
    lot = Lot.objects.get(limit__member=ann)
    hold = world.hold(ann, "65.00")
    world.capture(hold, "65.00")
    world.at = end
    if is_closed:
        programs.renew_due(program=world.program, at=end)

    # When they are refunded, there is nothing to reissue into: they have lapsed, like the rest.
    world.refund_by_policy(hold, "65.00")
    programs.renew_due(program=world.program, at=end)
    assert lot_figures(lot) == {"lapsed": "300.00"}
    assert Lot.objects.count() == 1
    assert Program.objects.get().status == Program.Status.CLOSED


def test_reissue_comes_before_the_job(world: World) -> None:
    # Given 65.00 spent of 300.00, and the year over; no job has turned it.
    world.open_program(refund_policy=POLICY.REISSUE)
    ann = world.member()
    hold = world.hold(ann, "65.00")
    world.capture(hold, "65.00")
    world.at = world.cycle.ends_at

    # When the 65.00 are refunded, they are the next year's: 300.00 + 65.00 = 365.00,
    world.refund_by_policy(hold, "65.00")
    assert Lot.objects.get(origin="refund").cycle == world.cycle
    assert world.cycle.starts_at == world.at
    assert world.balance(ann) == {"available": "365.00"}

    # and nothing is left for the job to do.
    assert programs.renew_due(program=world.program, at=world.at) == ledger.Renewed(0)


@pytest.mark.parametrize("policy", POLICY.values)
def test_a_lot_that_has_not_lapsed_gets_its_own_back(world: World, policy: str) -> None:
    # Given 30.00 spent, of a lot of 10.00 that lapses tomorrow and one of 50.00 that doesn't.
    world.open_program(allotment="0.00", refund_policy=policy)
    ann = world.member()
    first = world.grant(ann, "10.00", expires_at=world.at + DAY)
    second = world.grant(ann, "50.00")
    hold = world.hold(ann, "30.00")
    world.capture(hold, "30.00")

    # When 25.00 come back after the first has lapsed: 20.00 to the second, 5.00 by the policy.
    world.at += DAY
    world.refund_by_policy(hold, "25.00")
    assert lot_figures(second) == {"available": "50.00"}
    fate = "lapsed" if policy == POLICY.FORFEIT else "moved"
    assert lot_figures(first) == {"spent": "5.00", fate: "5.00"}
    renewed = list(Lot.objects.filter(origin="refund").values_list("amount", "source"))
    assert renewed == ([] if policy == POLICY.FORFEIT else [(5_00, first.pk)])

    # A retry refunds nothing more.
    assert world.refund_by_policy(hold, "5.00", key="again").refunded == usd("30.00")
    assert world.refund_by_policy(hold, "5.00", key="again").is_replay
