"""Before an order exists: the order of refusals, and what an assessment promises."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import programs
from saleor_program_budgets.errors import (
    BalanceShort,
    CapReached,
    CurrencyMismatch,
    InvalidAmount,
    KeyConflict,
    MemberInactive,
    NotAMember,
    ProgramClosed,
    Refusal,
)
from saleor_program_budgets.models import Hold, Member, Refused
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import Assessment, Store
from tests.support.database import money, snapshot
from tests.support.world import DAY, HOUR, INSTANT, START, TESTS, World, usd


def _store() -> Store:
    store = programs.find_store(channel_id="shop")
    assert store is not None
    return store


def _assess(world: World, user_id: int | None, due: str | Amount, **changes: object) -> Assessment:
    request = {
        "store": _store(),
        "user_id": user_id,
        "due": usd(due) if isinstance(due, str) else due,
        "checkout_id": "checkout",
        "at": world.at,
    }
    return programs.assess(**request | changes)


WRONG = [  # each line breaks one rule more than the one below it
    ({"closed", "stranger", "inactive", "currency", "short", "capped"}, ProgramClosed),
    ({"stranger", "currency", "short", "capped"}, NotAMember),
    ({"inactive", "currency", "short", "capped"}, MemberInactive),
    ({"currency", "short", "capped"}, CurrencyMismatch),
    ({"short", "capped"}, BalanceShort),
    ({"capped"}, CapReached),
]


@pytest.mark.parametrize(("wrong", "expected"), WRONG)
def test_the_first_refusal_in_precedence_is_the_answer(
    world: World, wrong: set[str], expected: type[Refusal]
) -> None:
    acme = world.account("Acme")
    world.cap(acme, "200.00" if "capped" in wrong else "1000.00")
    ann = world.member(acme)
    if "inactive" in wrong:
        programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    if "closed" in wrong:
        programs.close_program(program=world.program)
    user_id = world.user() if "stranger" in wrong else ann.user_id
    amount = Amount(400_00 if "short" in wrong else 250_00, "EUR" if "currency" in wrong else "USD")
    before = money()
    with pytest.raises(Refusal) as refused:
        world.reserve(ann, "1.00", user_id=user_id, amount=amount)
    assert type(refused.value) is expected
    assert money() == before
    record = Refused.objects.get()
    assert (record.code, record.requested) == (expected.code, amount.minor)
    assert record.user_reference == str(user_id)
    assessed = _assess(world, user_id, amount)
    assert type(assessed.refusal) is expected
    assert assessed.applicable == usd(
        "200.00" if expected in {BalanceShort, CapReached} else "0.00"
    )


def test_an_anonymous_shopper_is_asked_to_sign_in(world: World) -> None:
    ann = world.member()
    with pytest.raises(NotAMember) as refused:
        world.reserve(ann, "1.00", user_id=None)
    assert str(refused.value) == "Sign in to use your budget in this store."
    record = Refused.objects.get()
    assert (record.member, record.user_reference) == (None, "")


@pytest.mark.parametrize(
    ("instant", "passes"),
    [
        (START + DAY - INSTANT, False),
        (START + DAY, True),
        (START + 2 * DAY - INSTANT, True),
        (START + 2 * DAY, False),
    ],
)
def test_purchases_pass_inside_the_window_only(world: World, instant: object, passes: bool) -> None:
    world.open_program(opens_at=START + DAY, closes_at=START + 2 * DAY)
    ann = world.member()
    if passes:
        world.reserve(ann, "65.00", at=instant)
    else:
        with pytest.raises(ProgramClosed):
            world.reserve(ann, "65.00", at=instant)
    assert Hold.objects.exists() is passes


@pytest.mark.parametrize("value", ["0.00", "-1.00"])
def test_an_amount_has_to_be_positive(world: World, value: str) -> None:
    ann = world.member()
    before = snapshot()
    with pytest.raises(InvalidAmount):
        world.reserve(ann, value)
    assert snapshot() == before


def test_a_reservation_lasts_as_long_as_the_program_says(world: World) -> None:
    world.open_program(hold_ttl_minutes=90)
    world.reserve(world.member(), "65.00")
    assert Hold.objects.get().expires_at == START + 1.5 * HOUR


def test_finding_the_store_and_reserving_take_three_queries(world: World) -> None:
    acme = world.account("Acme")
    team = world.account("Team", under=acme)
    world.cap(acme, "1000.00")
    world.cap(team, "500.00")
    ann = world.member(team)
    with CaptureQueriesContext(connection) as queries:
        store = programs.find_store(channel_id="shop")
        world.reserve(ann, "65.00", store=store)
    # The world's own look at the channel comes on top.
    assert len(queries) - 1 == 3


@pytest.mark.parametrize("size", [1, 3])
def test_an_assessment_costs_the_same_with_any_number_of_programs(world: World, size: int) -> None:
    acme = world.account("Acme")
    for number in range(size):
        program = world.open_program(channel=f"shop-{number}" if number else "shop")
        ann = world.member(acme, program=program)
    ann = world.member(acme)
    world.reserve(ann, "10.00")
    store = _store()
    with CaptureQueriesContext(connection) as queries:
        _assess(world, ann.user_id, "65.00", store=store)
    # Member, lots, holds, caps; and the store that the helper looks up.
    assert len(queries) - 1 == 4


def test_an_assessment_that_fits(world: World) -> None:
    acme = world.account("Acme")
    world.cap(acme, "250.00")
    ann = world.member(acme)
    before = snapshot()
    assessment = _assess(world, ann.user_id, "65.00")
    assert snapshot() == before
    assert assessment.member == ann
    assert (assessment.available, assessment.usable) == (usd("300.00"), usd("250.00"))
    assert (assessment.applicable, assessment.held_here) == (usd("65.00"), usd("0.00"))
    assert (assessment.shortfall, assessment.refusal) == (usd("0.00"), None)
    assert assessment.resets_at == world.cycle.ends_at


def test_an_assessment_counts_what_is_held_for_the_checkout(world: World) -> None:
    ann = world.member()
    world.reserve(ann, "40.00")
    world.reserve(ann, "5.00", checkout_id="another")
    assessment = _assess(world, ann.user_id, "65.00")
    assert (assessment.held_here, assessment.applicable) == (usd("40.00"), usd("25.00"))
    assert (assessment.available, assessment.shortfall) == (usd("255.00"), usd("0.00"))
    over = _assess(world, ann.user_id, "30.00")
    assert (over.applicable, over.shortfall, over.refusal) == (usd("0.00"), usd("0.00"), None)


@pytest.mark.parametrize(("after", "held"), [(HOUR - INSTANT, "40.00"), (HOUR, "0.00")])
def test_a_hold_past_its_time_does_not_count(world: World, after: object, held: str) -> None:
    ann = world.member()
    world.reserve(ann, "40.00")
    assert _assess(world, ann.user_id, "65.00", at=START + after).held_here == usd(held)


def test_an_assessment_names_what_binds(world: World) -> None:
    acme = world.account("Acme")
    cap = world.cap(acme, "100.00")
    ann = world.member(acme)
    capped = _assess(world, ann.user_id, "120.00")
    assert type(capped.refusal) is CapReached
    assert capped.refusal.limit_id == cap.pk
    assert (capped.usable, capped.shortfall) == (usd("100.00"), usd("20.00"))
    short = _assess(world, ann.user_id, "365.00")
    assert type(short.refusal) is BalanceShort
    assert short.refusal.shortfall == usd("65.00")
    assert (short.applicable, short.shortfall) == (usd("100.00"), usd("265.00"))


def test_whom_the_program_refuses_can_apply_nothing(world: World) -> None:
    ann = world.member()
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    assessment = _assess(world, ann.user_id, "65.00")
    assert type(assessment.refusal) is MemberInactive
    assert (assessment.available, assessment.usable) == (usd("0.00"), usd("0.00"))
    assert (assessment.applicable, assessment.shortfall) == (usd("0.00"), usd("65.00"))


def test_an_assessment_agrees_with_the_reservation(world: World) -> None:
    acme = world.account("Acme")
    world.cap(acme, "80.00")
    ann = world.member(acme)
    usable = _assess(world, ann.user_id, "500.00").usable
    with pytest.raises(Refusal):
        world.reserve(ann, "1.00", amount=Amount(usable.minor + 1, "USD"))
    world.reserve(ann, "1.00", amount=usable)
    assert _assess(world, ann.user_id, "500.00").usable == usd("0.00")


def _retry_refused(world: World, member: Member, **changes: object) -> Refusal:
    with pytest.raises(Refusal) as refused:
        world.reserve(member, "65.00", key="k", **changes)
    return refused.value


@pytest.mark.parametrize("since", ["closed", "deactivated", "over"])
def test_a_retry_gets_the_first_hold_whatever_has_happened_since(world: World, since: str) -> None:
    ann = world.member()
    first = world.reserve(ann, "65.00", key="k")
    if since == "closed":
        programs.close_program(program=world.program)
    if since == "deactivated":
        programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    if since == "over":
        world.at = world.cycle.ends_at
        programs.turn_due(program=world.program, at=world.at)
    before = snapshot()
    again = world.reserve(ann, "65.00", key="k")
    assert (again.hold_id, again.posting_id, again.is_replay) == (
        first.hold_id,
        first.posting_id,
        True,
    )
    assert snapshot() == before
    with pytest.raises(KeyConflict):
        world.reserve(ann, "65.01", key="k")
    assert snapshot() == before


@pytest.mark.parametrize("since", ["closed", "deactivated", "over"])
def test_a_retry_gets_the_ledgers_refusal_whatever_has_happened_since(
    world: World, since: str
) -> None:
    ann = world.member()
    first = _retry_refused(world, ann, amount=usd("300.01"))
    if since == "closed":
        programs.close_program(program=world.program)
    if since == "deactivated":
        programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    if since == "over":
        world.at = world.cycle.ends_at
        programs.turn_due(program=world.program, at=world.at)
    before = snapshot()
    again = _retry_refused(world, ann, amount=usd("300.01"))
    assert (type(again), str(again), again.resets_at) == (type(first), str(first), first.resets_at)
    assert again.shortfall == first.shortfall
    assert snapshot() == before


@pytest.mark.parametrize("why", ["closed", "stranger", "inactive", "currency"])
def test_a_retry_gets_the_first_refusal_whatever_has_happened_since(world: World, why: str) -> None:
    ann = world.member()
    changes: dict[str, object] = {}
    if why == "closed":
        programs.close_program(program=world.program)
    if why == "stranger":
        changes["user_id"] = world.user()
    if why == "inactive":
        programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    if why == "currency":
        changes["amount"] = Amount(65_00, "EUR")
    first = _retry_refused(world, ann, **changes)
    if why == "closed":
        programs.open_program(program=world.program, actor=world.actor, at=world.at)
    if why == "stranger":
        programs.enroll(
            program=world.program,
            user_ids=[changes["user_id"]],
            account=ann.account,
            actor=world.actor,
            at=world.at,
        )
    if why == "inactive":
        programs.reactivate_member(member=ann, actor=world.actor, at=world.at)
    before = snapshot()
    again = _retry_refused(world, ann, **changes)
    assert (type(again), str(again), again.resets_at) == (type(first), str(first), first.resets_at)
    assert snapshot() == before
    assert Refused.objects.count() == 1

    # For another purchase the key is taken; a new one finds what is so now.
    with pytest.raises(KeyConflict):
        world.reserve(ann, "65.01", key="k")
    if why != "currency":
        assert world.reserve(ann, "65.00", **changes).amount == usd("65.00")


def test_an_assessment_counts_money_only(world: World) -> None:
    ann = world.member()
    world.kit(ann, 3)
    assessment = _assess(world, ann.user_id, "400.00")
    assert (assessment.available, assessment.usable) == (usd("300.00"), usd("300.00"))
