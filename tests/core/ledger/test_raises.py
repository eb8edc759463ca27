"""Temporary raises: what is written, refused and replayed; which of them end, and when."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import (
    CurrencyMismatch,
    InvalidAmount,
    InvalidInput,
    KeyConflict,
    NotFound,
)
from saleor_program_budgets.models import Cap, Entry, Limit, Posting, Raise
from saleor_program_budgets.money import LARGEST_MINOR, Amount
from tests.support.database import snapshot, tamper
from tests.support.world import DAY, HOUR, INSTANT, TESTS, World, figures, usd


@pytest.fixture
def cap(world: World) -> Cap:
    """A cap of 100.00."""
    return world.cap(world.account("Acme"), "100.00")


def test_what_a_raise_writes(world: World, cap: Cap) -> None:
    raised = world.raise_cap(cap, "50.00", ends_at=world.at + DAY, reason="the fair")
    assert (raised.cap_id, raised.amount, raised.ends_at, raised.ended_at) == (
        cap.pk,
        50_00,
        world.at + DAY,
        None,
    )
    assert (raised.reason, raised.created_at) == ("the fair", world.at)
    posting = Posting.objects.get(pk=raised.posting_id)
    assert (posting.kind, posting.amount, posting.account, posting.program, posting.cycle) == (
        "ceiling",
        50_00,
        cap.account,
        world.program,
        world.cycle,
    )
    assert (posting.actor, posting.cause, posting.at) == ("staff:tests", "the fair", world.at)
    found = Entry.objects.filter(posting=posting).order_by("bucket")
    assert list(found.values_list("bucket", "amount", "balance_before", "balance_after")) == [
        ("available", 50_00, 100_00, 150_00),
        ("funding", -50_00, -100_00, -150_00),
    ]


@pytest.mark.parametrize("minor", [0, -1, LARGEST_MINOR + 1])
def test_a_raise_needs_a_positive_amount(world: World, cap: Cap, minor: int) -> None:
    before = snapshot()
    with pytest.raises(InvalidAmount) as error:
        world.raise_cap(cap, Amount(minor, "USD"), ends_at=world.at + DAY)
    assert error.value.field == "amount"
    assert snapshot() == before


def test_a_raise_is_in_the_caps_unit(world: World, cap: Cap) -> None:
    before = snapshot()
    with pytest.raises(CurrencyMismatch):
        world.raise_cap(cap, Amount(1, "EUR"), ends_at=world.at + DAY)
    assert snapshot() == before


@pytest.mark.parametrize("offset", [0 * INSTANT, -INSTANT, -DAY])
def test_a_raise_ends_in_the_future(world: World, cap: Cap, offset: object) -> None:
    before = snapshot()
    with pytest.raises(InvalidInput) as error:
        world.raise_cap(cap, "50.00", ends_at=world.at + offset)
    assert error.value.field == "ends_at"
    assert snapshot() == before


def test_a_cap_that_is_closed_or_unknown(world: World, cap: Cap) -> None:
    Limit.objects.filter(cap_id=cap.pk).update(is_open=False)  # the object still says it is open
    before = snapshot()
    for known, expected in [(cap, InvalidInput), (Cap(pk=cap.pk + 999, unit="USD"), NotFound)]:
        with pytest.raises(expected) as error:
            world.raise_cap(known, "50.00", ends_at=world.at + DAY)
        assert error.value.field == "cap"
        with pytest.raises(expected):
            ledger.set_ceiling(
                cap=known, ceiling=usd("1.00"), reason="r", key="k", actor=TESTS, at=world.at
            )
    assert snapshot() == before


def test_a_replayed_raise_raises_once_even_when_it_is_over(world: World, cap: Cap) -> None:
    ends_at = world.at + DAY
    first = world.raise_cap(cap, "50.00", ends_at=ends_at, key="k")
    before = snapshot()
    assert world.raise_cap(cap, "50.00", ends_at=ends_at, key="k").pk == first.pk
    with pytest.raises(KeyConflict):
        world.raise_cap(cap, "50.01", ends_at=ends_at, key="k")
    with pytest.raises(KeyConflict):
        world.raise_cap(cap, "50.00", ends_at=ends_at + HOUR, key="k")
    assert snapshot() == before
    world.at = ends_at
    assert world.raise_cap(cap, "50.00", ends_at=ends_at, key="k").pk == first.pk
    assert Raise.objects.count() == 1


def test_ending_says_which_raise_has_ended(world: World, cap: Cap) -> None:
    raised = world.raise_cap(cap, "50.00", ends_at=world.at + DAY)
    world.at += 2 * DAY
    assert ledger.end_due_raises(at=world.at) == 1
    raised.refresh_from_db()
    assert raised.ended_at == world.at
    end = Posting.objects.latest("pk")
    assert (end.amount, end.account, end.actor, end.reverses_id) == (
        50_00,
        cap.account,
        "system:raises",
        raised.posting_id,
    )


def test_the_job_ends_all_that_are_due_and_no_other(world: World) -> None:
    caps = [world.cap(world.account(name), "100.00") for name in ("East", "West", "North")]
    for cap, days in zip(caps, (1, 2, 3), strict=True):
        world.raise_cap(cap, "50.00", ends_at=world.at + days * DAY)
    world.raise_cap(caps[0], "5.00", ends_at=world.at + 2 * DAY)
    world.at += 2 * DAY
    assert ledger.end_due_raises(at=world.at) == 3
    assert [figures(cap)["ceiling"] for cap in caps] == ["100.00", "100.00", "150.00"]
    before = snapshot()
    assert ledger.end_due_raises(at=world.at) == 0
    assert snapshot() == before


def test_a_raise_ends_in_every_share(world: World, cap: Cap) -> None:
    # What the raise added was divided over shares that purchases use side by side.
    ann = world.member(cap.account)
    raised = world.raise_cap(cap, "50.00", ends_at=world.at + DAY)
    tamper(f"SELECT program_budgets_divide({cap.pk}, 4, now())")
    shares = Limit.objects.filter(cap_id=cap.pk)
    assert sorted(shares.values_list("ceiling", flat=True)) == [37_50] * 4
    assert set(shares.values_list("raise_ends_at", flat=True)) == {raised.ends_at}
    world.at += DAY
    world.hold(ann, "30.00")
    assert figures(cap) == {"ceiling": "100.00", "held": "30.00"}
    assert set(shares.values_list("raise_ends_at", flat=True)) == {None}


def test_a_purchase_that_ends_a_raise_takes_two_statements(world: World, cap: Cap) -> None:
    ann, cycle = world.member(cap.account), world.cycle
    world.raise_cap(cap, "50.00", ends_at=world.at + DAY)
    world.at += DAY
    for expected in (2, 1):
        with CaptureQueriesContext(connection) as queries:
            world.hold(ann, "1.00", cycle=cycle)
        assert len(queries) == expected
