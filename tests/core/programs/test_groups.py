"""Groups: terms of their own, and whatever changes them lets what is over end under the old."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import programs
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import GroupMember, Member, MemberGroup, Program
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import Overrides
from tests.support.database import snapshot
from tests.support.world import DAY, INSTANT, START, TESTS, World, usd


@pytest.fixture
def monthly(world: World) -> Program:
    return world.open_program(cycle_length="monthly")


def group_of(
    world: World, *members: Member, name: str = "Managers", value: str = "500.00"
) -> MemberGroup:
    group = programs.create_group(
        program=world.program, name=name, overrides=Overrides(allotment=usd(value)), at=world.at
    )
    let_in(world, group, *members)
    return group


def let_in(world: World, group: MemberGroup, *members: Member) -> int:
    return programs.set_group_members(
        group=group, add=[member.pk for member in members], at=world.at
    )


def test_create_group(world: World) -> None:
    program = world.draft_program()
    first = programs.create_group(program=program, name=" Managers ", at=world.at)
    overrides = Overrides(
        allotment=usd("500.00"), carries_forward=True, carry_limit=usd("50.00"), carry_days=30
    )
    second = programs.create_group(program=program, name="Sales", overrides=overrides, at=world.at)
    assert [(group.name, group.position) for group in program.groups.all()] == [
        ("Managers", 0),
        ("Sales", 1),
    ]
    assert (first.overrides_allotment, first.overrides_carry) == (False, False)
    second.refresh_from_db()
    assert (second.overrides_allotment, second.allotment_minor) == (True, 500_00)
    assert (second.overrides_carry, second.carries_forward) == (True, True)
    assert (second.carry_limit_minor, second.carry_days) == (50_00, 30)


def test_one_of_money_and_items_leaves_the_other_as_the_program_has_it(world: World) -> None:
    program = world.draft_program(allotment_items=1)
    group = programs.create_group(
        program=program, name="Kits", overrides=Overrides(allotment_items=2), at=world.at
    )
    assert (group.allotment_minor, group.allotment_items) == (300_00, 2)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": " "}, "name", "REQUIRED"),
        ({"name": "x" * 251}, "name", "INVALID"),
        ({"name": "Managers"}, "name", "UNIQUE"),
        ({"overrides": Overrides(allotment=Amount(1, "EUR"))}, "allotment", "INVALID"),
        ({"overrides": Overrides(allotment=usd("-0.01"))}, "allotment", "INVALID_AMOUNT"),
        ({"overrides": Overrides(allotment_items=1)}, "allotment_items", "INVALID"),
        ({"overrides": Overrides(allotment_items=-1)}, "allotment_items", "INVALID"),
        ({"overrides": Overrides(carry_limit=usd("1.00"))}, "carries_forward", "INVALID"),
        (
            {"overrides": Overrides(carries_forward=False, carry_days=1)},
            "carries_forward",
            "INVALID",
        ),
        (
            {"overrides": Overrides(carries_forward=True, carry_limit=usd("0.00"))},
            "carry_limit",
            "INVALID_AMOUNT",
        ),
        (
            {"overrides": Overrides(carries_forward=True, carry_limit=Amount(1, "EUR"))},
            "carry_limit",
            "INVALID",
        ),
        ({"overrides": Overrides(carries_forward=True, carry_days=0)}, "carry_days", "INVALID"),
    ],
)
def test_groups_are_checked(
    world: World, changes: dict[str, object], field: str, code: str
) -> None:
    other = programs.create_group(program=world.program, name="Other", at=world.at)
    programs.create_group(program=world.program, name="Managers", at=world.at)
    before = snapshot()
    for run in (
        lambda: programs.create_group(
            **{"program": world.program, "name": "New", "at": world.at} | changes
        ),
        lambda: programs.update_group(**{"group": other, "at": world.at} | changes),
    ):
        with pytest.raises(InvalidInput) as error:
            run()
        assert (error.value.field, error.value.code) == (field, code)
        assert snapshot() == before


def test_the_first_group_of_several_counts(world: World, monthly: Program) -> None:
    ann = world.member()
    managers = group_of(world, ann)
    sales = group_of(world, ann, name="Sales", value="400.00")
    assert world.balance(ann) == {"available": "300.00"}
    world.at = world.cycle.ends_at
    programs.renew_due(program=monthly, at=world.at)
    assert world.balance(ann) == {"available": "500.00"}
    programs.reorder_groups(program=monthly, group_ids=[sales.pk, managers.pk], at=world.at)
    assert list(monthly.groups.values_list("name", flat=True)) == ["Sales", "Managers"]
    assert world.balance(ann) == {"available": "500.00"}
    world.at = world.cycle.ends_at
    programs.renew_due(program=monthly, at=world.at)
    assert world.balance(ann) == {"available": "400.00"}


@pytest.mark.parametrize("change", ["members", "delete", "update", "reorder", "create"])
def test_what_is_over_ends_under_the_old_terms(world: World, monthly: Program, change: str) -> None:
    # Given managers with 500.00 a month, and nobody who turned the month that is over.
    ann = world.member()
    managers = group_of(world, ann)
    others = group_of(world, ann, name="Others", value="100.00")
    world.at = world.cycle.ends_at

    # When the groups change, only then the job comes,
    if change == "members":
        programs.set_group_members(group=managers, remove=[ann.pk], at=world.at)
    elif change == "delete":
        programs.delete_group(group=managers, at=world.at)
    elif change == "update":
        overrides = Overrides(allotment=usd("1.00"))
        programs.update_group(group=managers, overrides=overrides, at=world.at)
    elif change == "reorder":
        ids = [others.pk, managers.pk]
        programs.reorder_groups(program=monthly, group_ids=ids, at=world.at)
    else:
        newcomers = programs.create_group(program=monthly, name="New", at=world.at)
        ids = [newcomers.pk, others.pk, managers.pk]
        programs.reorder_groups(program=monthly, group_ids=ids, at=world.at)
    programs.renew_due(program=monthly, at=world.at)

    # Then the month that began before it is a manager's, and the change counts from the next on.
    assert world.balance(ann) == {"available": "500.00"}
    world.at = world.cycle.ends_at
    programs.renew_due(program=monthly, at=world.at)
    expected = "1.00" if change == "update" else "100.00"
    assert world.balance(ann) == {"available": expected}


def test_a_change_just_before_the_end_counts_at_it(world: World, monthly: Program) -> None:
    ann = world.member()
    managers = group_of(world)
    world.at = world.cycle.ends_at - INSTANT
    let_in(world, managers, ann)
    assert world.balance(ann) == {"available": "300.00"}
    world.at += INSTANT
    programs.renew_due(program=monthly, at=world.at)
    assert world.balance(ann) == {"available": "500.00"}


def test_years_of_their_own_end_under_the_old_terms(world: World) -> None:
    program = world.open_program(cycle_length="anniversary")
    ann = world.member()
    managers = group_of(world, ann)
    world.at = START + 365 * DAY
    programs.update_group(group=managers, overrides=Overrides(allotment=usd("1.00")), at=world.at)
    programs.renew_due(program=program, at=world.at)
    assert world.balance(ann) == {"available": "500.00"}


def test_members_are_let_in_and_out(world: World) -> None:
    ann, bob, eve = world.members(3, world.account("Acme"))
    group = group_of(world, ann, bob)
    assert let_in(world, group, ann, bob) == 2
    ids = {"add": [eve.pk], "remove": [ann.pk]}
    for _ in range(2):
        assert programs.set_group_members(group=group, **ids, at=world.at) == 2
    enrolled = GroupMember.objects.order_by("member").values_list("member_id", flat=True)
    assert list(enrolled) == [bob.pk, eve.pk]


def test_who_cannot_be_let_in(world: World) -> None:
    ann = world.member()
    group = group_of(world)
    stranger = world.member(program=world.open_program(channel="other"))
    before = snapshot()
    for ids, field, code in [
        ({"add": [ann.pk, stranger.pk]}, "add", "NOT_FOUND"),
        ({"remove": [0]}, "remove", "NOT_FOUND"),
        ({"add": [ann.pk], "remove": [ann.pk]}, "remove", "INVALID"),
    ]:
        with pytest.raises(InvalidInput) as error:
            programs.set_group_members(group=group, **ids, at=world.at)
        assert (error.value.field, error.value.code) == (field, code)
    assert snapshot() == before


@pytest.mark.parametrize("ids", [[], [0], "twice"])
def test_an_order_names_each_group_once(world: World, ids: object) -> None:
    group, other = group_of(world), group_of(world, name="Other")
    named = [group.pk, other.pk, group.pk] if ids == "twice" else ids
    with pytest.raises(InvalidInput) as error:
        programs.reorder_groups(program=world.program, group_ids=named, at=world.at)
    assert error.value.field == "groups"


def test_a_group_that_is_deleted_leaves_what_was_granted(world: World) -> None:
    ann = world.member()
    group = group_of(world, ann)
    before = snapshot(without=["membergroup", "groupmember"])
    programs.delete_group(group=group, at=world.at)
    assert not GroupMember.objects.exists()
    assert snapshot(without=["membergroup", "groupmember"]) == before


@pytest.mark.parametrize("size", [1, 3])
def test_letting_in_costs_the_same_for_any_number(world: World, size: int) -> None:
    members = world.members(size, world.account("Acme"))
    group = group_of(world)
    with CaptureQueriesContext(connection) as queries:
        let_in(world, group, *members)
    # Who they are, who is in, the cycle twice, who is due, the lock, in, and how many there are.
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 8


def test_a_newcomer_of_a_group_is_allotted_what_it_has(world: World) -> None:
    group = group_of(world)
    [ann] = programs.enroll(
        program=world.program,
        user_ids=[world.user()],
        account=world.account("Acme"),
        group=group,
        actor=TESTS,
        at=world.at,
    )
    assert world.balance(ann) == {"available": "500.00"}
