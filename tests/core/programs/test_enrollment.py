"""Who takes part: enrolled once, granted once, moved and deactivated under the ledger's lock."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import InvalidInput, KeyConflict, NotFound
from saleor_program_budgets.models import Limit, Lot, Member
from saleor_program_budgets.money import Amount
from tests.support.database import snapshot
from tests.support.world import DAY, HOUR, INSTANT, START, TESTS, World, usd


def test_enroll_grants_the_allotment_once(world: World) -> None:
    acme, other = world.account("Acme"), world.account("Other")
    world.open_program()
    users = [world.user(), world.user()]

    def enroll(account: object) -> list[Member]:
        return programs.enroll(
            program=world.program, user_ids=users, account=account, actor=world.actor, at=world.at
        )

    first = enroll(acme)
    world.at += DAY
    again = enroll(other)
    assert again == first
    assert [member.account for member in again] == [acme, acme]
    assert [member.joined_at for member in again] == [START, START]
    assert [world.balance(member) for member in first] == [{"available": "300.00"}] * 2
    lot = Lot.objects.get(limit__member=first[0])
    assert (lot.origin, lot.expires_at) == ("allotment", world.cycle.ends_at)


def test_lists_that_overlap_enroll_everybody_at_one_instant(world: World) -> None:
    acme = world.account("Acme")
    world.open_program()
    ann, bob, eve = (world.user() for _ in range(3))
    for users in ([ann, bob], [ann, eve]):
        members = programs.enroll(
            program=world.program, user_ids=users, account=acme, actor=world.actor, at=world.at
        )
        assert [world.balance(member) for member in members] == [{"available": "300.00"}] * 2


def test_an_inactive_member_enrolled_again_stays_inactive(world: World) -> None:
    ann = world.member()
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    [again] = programs.enroll(
        program=world.program,
        user_ids=[ann.user_id],
        account=ann.account,
        actor=world.actor,
        at=world.at,
    )
    assert (again.is_active, again.deactivated_at) == (False, START)


def test_an_id_that_is_no_user_enrolls_nobody(world: World) -> None:
    acme, program, ann = world.account("Acme"), world.open_program(), world.user()
    before = snapshot()
    with pytest.raises(NotFound) as error:
        programs.enroll(
            program=program, user_ids=[ann, ann + 1], account=acme, actor=world.actor, at=world.at
        )
    assert error.value.field == "users"
    assert snapshot() == before


@pytest.mark.parametrize("size", [1, 3])
def test_enrolling_costs_the_same_for_any_number(world: World, size: int) -> None:
    acme, program = world.account("Acme"), world.open_program()
    users = [world.user() for _ in range(size)]
    with CaptureQueriesContext(connection) as queries:
        programs.enroll(
            program=program, user_ids=users, account=acme, actor=world.actor, at=world.at
        )
    reads_and_writes = [
        query["sql"]
        for query in queries
        if not query["sql"].startswith(("SAVEPOINT", "RELEASE SAVEPOINT"))
    ]
    # The users, members in and out, the record of it, the cycle, limits in, groups, who is in
    # them, and the grant.
    assert len(reads_and_writes) == 9


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"reason": "  "}, "reason", "REQUIRED"),
        ({"amount": Amount(1, "EUR")}, "amount", "INVALID"),
        ({"amount": usd("0.00")}, "amount", "INVALID_AMOUNT"),
        ({"amount": usd("-1.00")}, "amount", "INVALID_AMOUNT"),
        ({"expires_at": START}, "expires_at", "INVALID"),
        ({"expires_at": START - INSTANT}, "expires_at", "INVALID"),
    ],
)
def test_grant_refuses(world: World, changes: dict[str, object], field: str, code: str) -> None:
    ann = world.member()
    before = snapshot()
    with pytest.raises(InvalidInput) as error:
        programs.grant(**_request(world, ann) | changes)
    assert (error.value.field, error.value.code) == (field, code)
    assert snapshot() == before


def test_an_inactive_member_is_granted_nothing(world: World) -> None:
    ann = world.member()
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    before = snapshot()
    with pytest.raises(InvalidInput) as error:
        programs.grant(**_request(world, ann))
    assert error.value.field == "member"
    assert snapshot() == before


def test_grants_without_a_key_add_up_and_with_one_do_not(world: World) -> None:
    ann = world.member()
    for _ in range(2):
        programs.grant(**_request(world, ann) | {"key": None})
    for _ in range(2):
        programs.grant(**_request(world, ann))
    assert world.balance(ann) == {"available": "330.00"}  # 300.00 + 3 x 10.00
    with pytest.raises(KeyConflict):
        programs.grant(**_request(world, ann) | {"amount": usd("11.00")})


def test_a_deactivated_member_keeps_the_instant(world: World) -> None:
    ann = world.member()
    programs.deactivate_member(member=ann, actor=TESTS, at=START + DAY)
    ann.refresh_from_db()
    assert (ann.is_active, ann.deactivated_at) == (False, START + DAY)
    programs.reactivate_member(member=ann, actor=world.actor, at=START + 2 * DAY)
    ann.refresh_from_db()
    assert (ann.is_active, ann.deactivated_at) == (True, None)


def test_an_allotment_missed_while_inactive_is_granted_on_return(world: World) -> None:
    program = world.draft_program()
    ann = world.member()
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    programs.open_program(program=program, actor=world.actor, at=world.at)
    assert world.balance(ann) == {}
    programs.reactivate_member(member=ann, actor=world.actor, at=world.at)
    assert world.balance(ann) == {"available": "300.00"}


@pytest.mark.parametrize("change", ["move", "deactivate", "reactivate"])
def test_changes_of_a_member_take_the_lock_of_their_limit(world: World, change: str) -> None:
    ann = world.member()
    sales = world.account("Sales")
    run = {
        "move": lambda: programs.move_member(member=ann, account=sales, at=world.at),
        "deactivate": lambda: programs.deactivate_member(member=ann, actor=TESTS, at=world.at),
        "reactivate": lambda: programs.reactivate_member(
            member=ann, actor=world.actor, at=world.at
        ),
    }
    if change == "reactivate":
        run["deactivate"]()
    if change == "reactivate":
        run["deactivate"]()
    with CaptureQueriesContext(connection) as queries:
        run[change]()
    locks = [query["sql"] for query in queries if "FOR UPDATE" in query["sql"]]
    assert len(locks) == 1
    assert Limit._meta.db_table in locks[0]


def test_moving_moves_no_money(world: World) -> None:
    ann = world.member()
    world.hold(ann, "65.00")
    sales = world.account("Sales")
    before = snapshot(without=["member", "peoplechange"])
    programs.move_member(member=ann, account=sales, at=world.at)
    assert snapshot(without=["member", "peoplechange"]) == before
    ann.refresh_from_db()
    assert ann.account == sales


def _request(world: World, member: Member) -> dict[str, object]:
    return {
        "member": member,
        "amount": usd("10.00"),
        "reason": "welcome",
        "expires_at": None,
        "key": "k",
        "actor": world.actor,
        "at": START,
    }


@pytest.mark.parametrize("value", ["5.00", "-5.00"])
def test_an_adjustment_refuses(world: World, value: str) -> None:
    ann = world.member()
    for changes, field in [
        ({"reason": " "}, "reason"),
        ({"amount": Amount(5_00, "EUR")}, "amount"),
        ({"expires_at": world.at}, "expires_at"),
    ]:
        before = snapshot()
        with pytest.raises(InvalidInput) as error:
            world.adjust(ann, value, **changes)
        assert error.value.field == field
        assert snapshot() == before


def test_a_leavers_budget_is_corrected_too(world: World) -> None:
    ann = world.member()
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    world.adjust(ann, "25.00")
    world.adjust(ann, "-5.00")
    assert world.balance(ann) == {"available": "20.00", "withdrawn": "305.00"}


def test_a_grant_repeated_after_the_member_left_is_the_first(world: World) -> None:
    member = world.member()

    def grant(at: dt.datetime) -> ledger.Granted:
        return programs.grant(
            member=member,
            amount=usd("5.00"),
            reason="a test",
            expires_at=world.at + HOUR,
            key="grant",
            actor=TESTS,
            at=at,
        )

    grant(world.at)
    programs.deactivate_member(member=member, actor=TESTS, at=world.at)
    assert grant(world.at + HOUR).is_replay
    assert world.balance(member) == {"withdrawn": "305.00"}
