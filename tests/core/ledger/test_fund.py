"""Grants and ceilings: value enters only here."""

import pytest

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import (
    CurrencyMismatch,
    InvalidAmount,
    KeyConflict,
    NotFound,
)
from saleor_program_budgets.models import Cap, Entry, Lot, Member, Posting
from saleor_program_budgets.money import LARGEST_MINOR, Amount
from tests.support.database import snapshot
from tests.support.world import TESTS, World, usd


def _grant(world: World, who: list[Member], value: str, **changes: object) -> ledger.Granted:
    request = {
        "members": [member.pk for member in who],
        "amount": usd(value),
        "origin": Lot.Origin.GRANT,
        "cycle": world.cycle,
        "expires_at": None,
        "reason": "welcome",
        "key": "k",
        "actor": TESTS,
        "at": world.at,
    }
    return ledger.grant(**request | changes)


def test_a_grant_gives_each_member_a_lot(world: World) -> None:
    world.open_program(allotment="0.00")
    members = world.members(3, world.account("Acme"))
    granted = _grant(world, members, "10.00")
    assert (granted.count, granted.total, granted.is_replay) == (3, usd("30.00"), False)
    for member in members:
        assert world.balance(member) == {"available": "10.00"}
    lot = Lot.objects.get(limit__member=members[0])
    assert (lot.origin, lot.amount, lot.reason, lot.cycle) == (
        "grant",
        10_00,
        "welcome",
        world.cycle,
    )
    posting = Posting.objects.get(member=members[0])
    assert (posting.kind, posting.amount, posting.cause) == ("grant", 10_00, "welcome")
    assert [
        (entry.bucket, entry.amount, entry.balance_before, entry.balance_after)
        for entry in Entry.objects.filter(posting=posting).order_by("amount")
    ] == [("funding", -10_00, 0, -10_00), ("available", 10_00, 0, 10_00)]


def test_a_member_named_twice_gets_one_lot(world: World) -> None:
    world.open_program(allotment="0.00")
    ann = world.member()
    assert _grant(world, [ann, ann], "10.00").count == 1
    assert world.balance(ann) == {"available": "10.00"}


def test_members_without_a_budget_are_named_not_left_out(world: World) -> None:
    world.open_program(allotment="0.00")
    ann = world.member()
    for changes in ({"members": [ann.pk, ann.pk + 1]}, {"amount": Amount(1, "EUR")}):
        before = snapshot()
        with pytest.raises(NotFound) as error:
            _grant(world, [ann], "1.00", **changes)
        assert error.value.field == "members"
        assert snapshot() == before


def test_an_allotment_is_given_once_per_cycle(world: World) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    again = _grant(world, [ann, bob], "300.00", origin=Lot.Origin.ALLOTMENT)
    assert (again.count, again.total) == (0, usd("0.00"))
    assert world.balance(ann) == world.balance(bob) == {"available": "300.00"}


def test_a_replayed_grant_grants_once(world: World) -> None:
    ann = world.member()
    _grant(world, [ann], "10.00")
    before = snapshot()
    again = _grant(world, [ann], "10.00")
    assert (again.count, again.total, again.is_replay) == (1, usd("10.00"), True)
    with pytest.raises(KeyConflict):
        _grant(world, [ann], "10.01")
    assert snapshot() == before


@pytest.mark.parametrize("minor", [0, -1, LARGEST_MINOR + 1])
def test_a_grant_needs_a_positive_amount(world: World, minor: int) -> None:
    ann = world.member()
    before = snapshot()
    with pytest.raises(InvalidAmount):
        _grant(world, [ann], "1.00", amount=Amount(minor, "USD"))
    assert snapshot() == before


def test_opening_limits_keeps_those_that_are(world: World) -> None:
    ann = world.member()
    world.hold(ann, "65.00")
    before = snapshot()
    ledger.open_member_limits(program=ann.program, members=[ann.pk], unit="USD")
    assert snapshot() == before


def test_cap_set_again_is_the_same_cap(world: World) -> None:
    acme = world.account("Acme")
    cap = world.cap(acme, "100.00")

    same = world.cap(acme, "90.00")

    assert (same.pk, same.ceiling) == (cap.pk, 9_000)


def test_cap_set_in_mid_cycle_counts_what_was_used_before(world: World) -> None:
    # 300.00: 40.00 captured, of which 10.00 refunded; 25.00 still held.
    acme = world.account("Acme")
    engineering = world.account("Engineering", under=acme)
    member = world.member(engineering)
    spent, held = world.hold(member, "40.00"), world.hold(member, "25.00")
    world.capture(spent, "40.00")
    world.refund(spent, "10.00")

    cap = world.cap(acme, "100.00")

    assert (cap.ceiling, cap.held, cap.spent, cap.overhang) == (10_000, 2_500, 3_000, 0)
    world.refund(spent, "30.00")
    world.release(held)
    cap.refresh_from_db()
    assert (cap.held, cap.spent) == (0, 0)
    assert ledger.verify().differences == ()


def test_cap_set_below_what_was_used_shows_the_overhang(world: World) -> None:
    acme = world.account("Acme")
    member = world.member(acme)
    world.hold(member, "65.00")

    cap = world.cap(acme, "50.00")

    assert (cap.ceiling, cap.held, cap.overhang, cap.available) == (5_000, 6_500, 1_500, 0)
    assert ledger.verify().differences == ()


def test_setting_a_ceiling_to_what_it_is_posts_nothing(world: World) -> None:
    acme = world.account("Acme")
    world.cap(acme, "100.00")
    world.cap(acme, "100.00")
    assert Posting.objects.filter(kind="ceiling").count() == 1


def test_a_ceilings_postings_name_the_difference(world: World) -> None:
    acme = world.account("Acme")
    for value in ("100.00", "250.00", "70.00"):
        world.cap(acme, value)
    postings = Posting.objects.filter(kind="ceiling").order_by("pk")
    assert [(posting.amount, posting.cause) for posting in postings] == [
        (100_00, "set by a test"),
        (150_00, "set by a test"),
        (180_00, "set by a test"),
    ]
    assert [
        (entry.bucket, entry.amount, entry.balance_after)
        for entry in Entry.objects.filter(posting=postings[2]).order_by("amount")
    ] == [("available", -180_00, 70_00), ("funding", 180_00, -70_00)]


def test_a_replayed_ceiling_does_not_come_back(world: World) -> None:
    cap = world.cap(world.account("Acme"), "100.00")

    def set_to(value: str, key: str) -> Cap:
        return ledger.set_ceiling(
            cap=cap, ceiling=usd(value), reason="r", key=key, actor=TESTS, at=world.at
        )

    set_to("150.00", "raise")
    set_to("120.00", "lower")
    before = snapshot()
    assert set_to("150.00", "raise").ceiling == 120_00
    with pytest.raises(KeyConflict):
        set_to("151.00", "raise")
    assert snapshot() == before


@pytest.mark.parametrize("minor", [-1, LARGEST_MINOR + 1])
def test_a_ceiling_is_not_negative(world: World, minor: int) -> None:
    cap = world.cap(world.account("Acme"), "100.00")
    before = snapshot()
    with pytest.raises(InvalidAmount):
        _set(world, cap, Amount(minor, "USD"))
    assert snapshot() == before


def test_a_ceiling_is_in_the_caps_currency(world: World) -> None:
    cap = world.cap(world.account("Acme"), "100.00")
    before = snapshot()
    with pytest.raises(CurrencyMismatch):
        _set(world, cap, Amount(100, "EUR"))
    assert snapshot() == before


def _set(world: World, cap: Cap, ceiling: Amount) -> None:
    ledger.set_ceiling(cap=cap, ceiling=ceiling, reason="r", key="k", actor=TESTS, at=world.at)
