"""Reads: balances and the caps over an account, at a cost that doesn't grow."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import ledger
from saleor_program_budgets.ledger import Balance
from saleor_program_budgets.models import Cap, Limit
from tests.support.world import DAY, HOUR, INSTANT, World


def test_a_balance_adds_up(world: World) -> None:
    ann = world.member()
    lot = world.grant(ann, "50.00", expires_at=world.at + DAY)
    hold = world.hold(ann, "60.00")  # 50.00 of the grant, 10.00 of the allotment
    world.capture(hold, "20.00")
    assert lot.amount == 50_00

    def balance() -> Balance:
        return ledger.balances(members=[ann.pk], cycle=world.cycle, at=world.at)[ann.pk]

    expected = Balance(granted=350_00, available=290_00, held=40_00, spent=20_00)
    assert balance() == expected
    world.at += DAY
    assert balance() == expected  # nothing of the lapsed lot was left over
    world.release(hold)  # 10.00 to the allotment, 30.00 to the lapsed lot
    assert balance() == Balance(granted=350_00, available=300_00, spent=20_00, lapsed=30_00)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (DAY - INSTANT, Balance(granted=10_00, available=10_00)),
        (DAY, Balance(granted=10_00, lapsed=10_00)),
    ],
)
def test_a_lot_counts_as_lapsed_from_its_instant(
    world: World, after: object, expected: Balance
) -> None:
    world.open_program(allotment="0.00")
    ann = world.member()
    world.grant(ann, "10.00", expires_at=world.at + DAY)
    found = ledger.balances(members=[ann.pk], cycle=world.cycle, at=world.at + after)
    assert found == {ann.pk: expected}


def test_members_without_a_lot_are_absent(world: World) -> None:
    world.open_program(allotment="0.00")
    ann = world.member()
    assert ledger.balances(members=[ann.pk], cycle=world.cycle, at=world.at) == {}


@pytest.mark.parametrize("size", [1, 3])
def test_balances_are_one_query_for_any_number_of_members(world: World, size: int) -> None:
    members = [member.pk for member in world.members(size, world.account("Acme"))]
    cycle = world.cycle
    with CaptureQueriesContext(connection) as queries:
        found = ledger.balances(members=members, cycle=cycle, at=world.at)
    assert found == dict.fromkeys(members, Balance(granted=300_00, available=300_00))
    assert len(queries) == 1


def test_caps_over_an_account_nearest_first(world: World) -> None:
    acme = world.account("Acme")
    sales = world.account("Sales", under=acme)
    team = world.account("Team", under=sales)
    sibling = world.account("Marketing", under=acme)
    other = world.open_program(channel="other")
    whole = world.cap(acme, "1000.00")
    shared = world.cap(acme, "900.00", everywhere=True)
    nearest = world.cap(team, "10.00")
    world.cap(sibling, "1.00")

    def caps(account_id: int) -> list[Cap]:
        return ledger.caps_over(account_id=account_id, cycle=world.cycle, unit="USD", at=world.at)

    assert caps(team.pk) == [nearest, whole, shared]
    assert caps(sales.pk) == [whole, shared]
    assert ledger.caps_over(account_id=team.pk, cycle=world.cycle, unit="EUR", at=world.at) == []
    # The first program is `other`: another program meets the cap for all programs only.
    second = world.open_program(channel="second")
    assert other == world.program
    found = ledger.caps_over(account_id=team.pk, cycle=second.cycles.get(), unit="USD", at=world.at)
    assert found == [shared]


def test_a_closed_cap_is_not_met(world: World) -> None:
    acme = world.account("Acme")
    cap = world.cap(acme, "10.00")
    Limit.objects.filter(cap_id=cap.pk).update(is_open=False)
    assert ledger.caps_over(account_id=acme.pk, cycle=world.cycle, unit="USD", at=world.at) == []
    world.hold(world.member(acme), "300.00")


@pytest.mark.parametrize("depth", [1, 3])
def test_caps_are_one_query_at_any_depth(world: World, depth: int) -> None:
    account = None
    for level in range(depth):
        account = world.account(f"Level{level}", under=account)
        world.cap(account, "10.00")
    assert account is not None
    cycle = world.cycle
    with CaptureQueriesContext(connection) as queries:
        caps = ledger.caps_over(account_id=account.pk, cycle=cycle, unit="USD", at=world.at)
    assert (len(caps), len(queries)) == (depth, 1)


def test_a_cycles_figures_are_the_sum_of_its_members_balances(world: World) -> None:
    acme = world.account("Acme")
    ann, bob = world.members(2, acme)
    world.capture(world.hold(ann, "100.00"), "65.00")
    world.grant(bob, "25.00", expires_at=world.at + HOUR)
    world.kit(bob, 3)
    world.at += HOUR
    members = ledger.balances(members=[ann.pk, bob.pk], cycle=world.cycle, at=world.at)
    assert ledger.cycle_figures(cycle=world.cycle, at=world.at) == ledger.Balance(
        granted=625_00, available=500_00, held=35_00, spent=65_00, lapsed=25_00
    )
    assert sum(balance.granted for balance in members.values()) == 625_00
    assert ledger.cycle_figures(cycle=world.cycle, at=world.at, in_items=True).available == 3


def test_a_cycle_without_lots_has_no_figures(world: World) -> None:
    assert ledger.cycle_figures(cycle=world.cycle, at=world.at) == ledger.Balance()
