"""Holds: what is written, what is refused, and what a retry gets."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import programs
from saleor_program_budgets.errors import (
    BalanceShort,
    CapReached,
    InvalidAmount,
    InvalidInput,
    KeyConflict,
    MemberInactive,
    NotFound,
    Refusal,
)
from saleor_program_budgets.models import Entry, Hold, Outcome, Posting, Refused
from saleor_program_budgets.money import LARGEST_MINOR, Amount
from tests.support.database import money, snapshot
from tests.support.world import DAY, HOUR, INSTANT, START, TESTS, World, figures, usd


def test_what_a_hold_writes(world: World) -> None:
    acme = world.account("Acme")
    cap = world.cap(acme, "1000.00")
    ann = world.member(acme)
    held = world.hold(ann, "65.00", key="k", checkout_id="c", order_id="o")

    hold = Hold.objects.get()
    assert (hold.pk, hold.key, hold.checkout_id, hold.order_id) == (held.hold_id, "k", "c", "o")
    assert (hold.program, hold.cycle, hold.member, hold.account) == (
        world.program,
        world.cycle,
        ann,
        acme,
    )
    assert (hold.unit, hold.amount, hold.remaining) == ("USD", 65_00, 65_00)
    assert (hold.created_at, hold.expires_at) == (START, START + HOUR)
    assert Hold.objects.get().shares == [cap.pk]

    posting = Posting.objects.get(kind="hold")
    assert (posting.pk, posting.amount, posting.at) == (held.posting_id, 65_00, START)
    assert (posting.actor, posting.member, posting.account) == ("staff:tests", ann, acme)
    entries = Entry.objects.filter(posting=posting).order_by("pk")
    assert [
        (entry.limit.kind, entry.bucket, entry.amount, entry.balance_before, entry.balance_after)
        for entry in entries
    ] == [
        ("member", "available", -65_00, 300_00, 235_00),
        ("member", "held", 65_00, 0, 65_00),
        ("cap", "available", -65_00, 1000_00, 935_00),
        ("cap", "held", 65_00, 0, 65_00),
    ]
    assert held.available == usd("235.00")


def test_a_hold_is_one_statement(world: World) -> None:
    acme = world.account("Acme")
    world.cap(acme, "1000.00")
    ann, cycle = world.member(acme), world.cycle
    with CaptureQueriesContext(connection) as queries:
        world.hold(ann, "65.00", cycle=cycle)
    assert len(queries) == 1


def test_the_last_cent_can_be_held_and_no_more(world: World) -> None:
    acme = world.account("Acme")
    cap = world.cap(acme, "300.00")
    ann = world.member(acme)
    world.hold(ann, "300.00")
    assert figures(cap) == {"ceiling": "300.00", "held": "300.00"}
    assert world.balance(ann) == {"held": "300.00"}


@pytest.mark.parametrize(
    ("balance", "cap", "refusal", "available"),
    [
        ("64.99", "1000.00", BalanceShort, "64.99"),
        ("65.00", "64.99", CapReached, "64.99"),
        ("64.99", "64.98", BalanceShort, "64.99"),
        ("65.00", "0.00", CapReached, "0.00"),
    ],
)
def test_a_refusal_changes_no_balance_and_is_recorded(
    world: World, balance: str, cap: str, refusal: type[Refusal], available: str
) -> None:
    world.open_program(allotment=balance)
    acme = world.account("Acme")
    limit = world.cap(acme, cap)
    ann = world.member(acme)
    before = money()
    with pytest.raises(Refusal) as refused:
        world.hold(ann, "65.00", checkout_id="c", channel_id="shop")
    assert type(refused.value) is refusal
    assert refused.value.requested == usd("65.00")
    assert refused.value.available == usd(available)
    assert refused.value.shortfall == usd("65.00") - usd(available)
    assert refused.value.resets_at == world.cycle.ends_at
    assert money() == before

    record = Refused.objects.get()
    assert (record.code, record.program, record.member) == (refusal.code, world.program, ann)
    assert (record.requested, record.available) == (65_00, usd(available).minor)
    assert (record.checkout_id, record.channel_id, record.unit) == ("c", "shop", "USD")
    assert (record.user_reference, record.actor) == (str(ann.user_id), "staff:tests")
    assert record.at == START
    assert (record.limit_id == limit.pk) is (refusal is CapReached)


def test_the_words_of_a_refusal(world: World) -> None:
    acme = world.account("Acme")
    world.cap(acme, "100.00")
    ann = world.member(acme)
    with pytest.raises(BalanceShort) as own:
        world.hold(ann, "365.00")
    assert own.value.message == (
        "Your budget is short by 65.00 USD: this needs 365.00 USD, and you have 300.00 USD "
        "left. It resets on 05 January 2027."
    )
    with pytest.raises(CapReached) as shared:
        world.hold(ann, "120.00")
    assert shared.value.message == (
        "The shared budget of Acme is short by 20.00 USD: this needs 120.00 USD. It resets on "
        "05 January 2027. Ask an administrator to raise it."
    )


def test_a_refusal_says_when_what_bound_resets(world: World) -> None:
    # Given anniversaries, and Ann, who joined 100 days into the program's first year.
    world.open_program(cycle_length="anniversary")
    acme = world.account("Acme")
    world.cap(acme, "100.00")
    cycle = world.cycle
    world.at += 100 * DAY
    ann = world.member(acme)

    # Then her balance resets with her own year, the cap with the program's,
    with pytest.raises(BalanceShort) as own:
        world.hold(ann, "365.00", key="own")
    assert own.value.resets_at == cycle.ends_at + 100 * DAY
    with pytest.raises(CapReached) as shared:
        world.hold(ann, "120.00", key="shared")
    assert shared.value.resets_at == cycle.ends_at

    # and who asks again two years later is told the same.
    world.at += 730 * DAY
    programs.renew_due(program=world.program, at=world.at)
    for key, value, first in [("own", "365.00", own), ("shared", "120.00", shared)]:
        with pytest.raises(Refusal) as again:
            world.hold(ann, value, key=key)
        assert (str(again.value), again.value.resets_at) == (
            str(first.value),
            first.value.resets_at,
        )


def test_an_inactive_member_is_refused_before_the_balance(world: World) -> None:
    ann = world.member()
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    before = money()
    with pytest.raises(MemberInactive):
        world.hold(ann, "999.00")
    assert money() == before
    assert Refused.objects.get().code == "MEMBER_INACTIVE"


@pytest.mark.parametrize("minor", [0, -1, LARGEST_MINOR + 1])
def test_a_hold_needs_a_positive_amount(world: World, minor: int) -> None:
    ann = world.member()
    before = snapshot()
    with pytest.raises(InvalidAmount) as error:
        world.hold(ann, "1.00", amount=Amount(minor, "USD"))
    assert (error.value.field, error.value.code) == ("amount", "INVALID_AMOUNT")
    assert snapshot() == before


def test_a_hold_in_a_currency_without_a_budget(world: World) -> None:
    ann = world.member()
    before = snapshot()
    with pytest.raises(NotFound) as error:
        world.hold(ann, "1.00", amount=Amount(1, "EUR"))
    assert (error.value.field, error.value.code) == ("member", "NOT_FOUND")
    assert snapshot() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [("key", "k" * 256), ("checkout_id", "c" * 37), ("order_id", "o" * 37), ("key", "a\0b")],
)
def test_texts_that_the_journal_cannot_keep(world: World, field: str, value: str) -> None:
    ann = world.member()
    before = snapshot()
    with pytest.raises(InvalidInput) as error:
        world.hold(ann, "1.00", **{field: value})
    assert error.value.field == field
    assert snapshot() == before


def test_a_lot_lapses_at_its_expiry(world: World) -> None:
    world.open_program(allotment="0.00")
    ann = world.member()
    world.grant(ann, "10.00", expires_at=START + DAY)
    world.at = START + DAY
    with pytest.raises(BalanceShort) as refused:
        world.hold(ann, "10.00")
    assert refused.value.available == usd("0.00")
    world.at -= INSTANT
    world.hold(ann, "10.00")


def test_a_replayed_hold_is_the_same_hold(world: World) -> None:
    ann = world.member()
    first = world.hold(ann, "65.00", key="k")
    before = snapshot()
    world.at += DAY  # a retry may come late, and by somebody else
    again = world.hold(ann, "65.00", key="k", expires_at=world.at + HOUR)
    assert snapshot() == before
    assert (again.hold_id, again.posting_id, again.amount, again.available) == (
        first.hold_id,
        first.posting_id,
        first.amount,
        first.available,
    )
    assert [first.is_replay, again.is_replay] == [False, True]


@pytest.mark.parametrize("code", ["BALANCE_SHORT", "CAP_REACHED", "MEMBER_INACTIVE"])
def test_a_replayed_refusal_is_the_same_refusal(world: World, code: str) -> None:
    acme = world.account("Acme")
    world.cap(acme, "100.00")
    ann = world.member(acme)
    value = {"BALANCE_SHORT": "301.00", "CAP_REACHED": "101.00", "MEMBER_INACTIVE": "1.00"}
    if code == "MEMBER_INACTIVE":
        programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    answers = []
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            world.hold(ann, value[code], key="k")
        answers.append(
            (
                refused.value.code,
                refused.value.available,
                refused.value.limit_id,
                str(refused.value),
            )
        )
    assert answers[0] == answers[1]
    assert answers[0][0] == code
    assert Refused.objects.count() == 1
    assert Outcome.objects.filter(key="k").count() == 1


@pytest.mark.parametrize(
    "changes",
    [{"amount": usd("65.01")}, {"checkout_id": "other"}, {"channel_id": "x"}, {"order_id": "o"}],
)
def test_a_key_serves_one_request(world: World, changes: dict[str, object]) -> None:
    ann = world.member()
    world.hold(ann, "65.00", key="k")
    before = snapshot()
    with pytest.raises(KeyConflict) as error:
        world.hold(ann, "65.00", key="k", **changes)
    assert error.value.key == "k"
    assert snapshot() == before


def test_a_key_serves_one_member(world: World) -> None:
    ann, bob = world.member(), world.member()
    world.hold(ann, "65.00", key="k")
    before = snapshot()
    with pytest.raises(KeyConflict):
        world.hold(bob, "65.00", key="k")
    assert snapshot() == before


def test_a_key_of_a_refusal_is_used_too(world: World) -> None:
    ann = world.member()
    with pytest.raises(BalanceShort):
        world.hold(ann, "301.00", key="k")
    with pytest.raises(KeyConflict):
        world.hold(ann, "300.00", key="k")
