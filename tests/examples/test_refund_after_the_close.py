"""A refund of what was spent in a cycle that has closed follows the program's refund policy."""

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.ledger import Held
from saleor_program_budgets.models import Lot, Member, Program
from tests.support.world import DAY, World, figures, lot_figures, usd

POLICY = Program.RefundPolicy
JOB = pytest.mark.parametrize("is_late", [False, True], ids=["job in time", "job late"])


def _spent_before_the_close(
    world: World, policy: Program.RefundPolicy, *, is_late: bool
) -> tuple[Member, Held, Lot]:
    """Of 300.00 a month spend 120.00; up to 100.00 are carried for ten days. Ten days pass."""
    world.open_program(
        cycle_length="monthly",
        carries_forward=True,
        carry_limit=usd("100.00"),
        carry_days=10,
        refund_policy=policy,
        refund_grace_days=14,
    )
    ann = world.member()
    hold = world.hold(ann, "120.00")
    world.capture(hold, "120.00")
    world.at = world.cycle.ends_at
    if not is_late:
        programs.renew_due(program=world.program, at=world.at)
    world.at += 10 * DAY
    return ann, hold, Lot.objects.get(limit__member=ann, cycle__number=1, origin="allotment")


def _after_all_jobs(world: World, member: Member) -> dict[str, str]:
    programs.renew_due(program=world.program, at=world.at)
    return world.balance(member)


@JOB
def test_forfeit(world: World, is_late: bool) -> None:
    ann, hold, lot = _spent_before_the_close(world, POLICY.FORFEIT, is_late=is_late)

    # When 50.00 come back, they have lapsed with the month they were spent in: 80.00 + 50.00.
    world.refund_by_policy(hold, "50.00")
    assert _after_all_jobs(world, ann) == {"available": "300.00", "lapsed": "100.00"}
    assert lot_figures(lot) == {"spent": "70.00", "lapsed": "130.00", "moved": "100.00"}


@JOB
def test_grace(world: World, is_late: bool) -> None:
    ann, hold, lot = _spent_before_the_close(world, POLICY.GRACE, is_late=is_late)

    # When 50.00 come back, they can be spent for 14 days from then, however full the carry limit.
    world.refund_by_policy(hold, "50.00")
    assert _after_all_jobs(world, ann)["available"] == "350.00"
    assert lot_figures(lot) == {"spent": "70.00", "lapsed": "80.00", "moved": "150.00"}
    renewed = Lot.objects.get(origin="refund")
    assert (renewed.source, renewed.expires_at) == (lot, world.at + 14 * DAY)


@JOB
def test_reissue(world: World, is_late: bool) -> None:
    ann, hold, lot = _spent_before_the_close(world, POLICY.REISSUE, is_late=is_late)

    # When 50.00 come back, they are part of the month that is open, and end with it,
    world.refund_by_policy(hold, "50.00")
    assert _after_all_jobs(world, ann)["available"] == "350.00"
    renewed = Lot.objects.get(origin="refund")
    assert (renewed.cycle.number, renewed.expires_at) == (2, world.cycle.ends_at)
    assert lot_figures(lot) == {"spent": "70.00", "lapsed": "80.00", "moved": "150.00"}

    # and are carried with what else is left of it, up to the 100.00.
    world.at = world.cycle.ends_at
    assert _after_all_jobs(world, ann)["available"] == "400.00"


@JOB
def test_a_cap_is_restored_while_its_cycle_is_open(world: World, is_late: bool) -> None:
    # Given the same under a cap of 500.00 a month.
    acme = world.account("Acme")
    world.open_program(cycle_length="monthly", refund_policy=POLICY.REISSUE)
    old = world.cap(acme, "500.00")
    ann = world.member(acme)
    hold = world.hold(ann, "120.00")
    world.capture(hold, "120.00")
    world.at = world.cycle.ends_at
    if not is_late:
        programs.renew_due(program=world.program, at=world.at)

    # When 50.00 come back at the instant the month closed, January's cap stays as it ended.
    world.refund_by_policy(hold, "50.00")
    assert figures(old) == {"ceiling": "500.00", "spent": "120.00"}
    assert figures(acme.caps.get(is_open=True)) == {"ceiling": "500.00"}
