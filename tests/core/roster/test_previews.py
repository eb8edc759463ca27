"""A file that is looked at: what each line would do, and nothing else is written."""

from __future__ import annotations

import pytest

from saleor_program_budgets import accounts, programs
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import ImportLine, Person, Roster, RosterImport
from tests.support.people import (
    SHOP,
    PlainShop,
    add_roster,
    apply,
    customer,
    department,
    everybody,
    everything,
    lines,
    load,
    person,
    preview,
    put_one,
    rejected,
)
from tests.support.world import TESTS, World

ANN = {"external_id": "1", "email": "ann@acme.example", "first_name": "Ann"}
BEN = {"external_id": "2", "email": "ben@acme.example", "first_name": "Ben"}
SALES = {"department": "Sales"}
NORTH = {"department": "Sales / North"}


def planned(batch: RosterImport, number: int = 2) -> tuple[dict[str, object], dict[str, object]]:
    """Return what a line changes, and what that was before."""
    line = ImportLine.objects.get(roster_import=batch, number=number)
    return line.values, line.before


def only(roster: Roster, *, email: str = "ann@acme.example") -> Person:
    return person(email, roster)


# What is written


def test_a_preview_writes_the_file_its_lines_and_what_its_columns_mean(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN | SALES)
    before = everything()
    preview(
        world, acme, ANN | NORTH, BEN | SALES, {"email": "no address"}, creates_departments=True
    )
    assert everything() == before
    acme.refresh_from_db()
    assert acme.mapping == {
        "external id": "external_id",
        "email": "email",
        "first name": "first_name",
        "department": "department",
    }


def test_a_file_that_cannot_be_read_writes_nothing_at_all(world: World) -> None:
    acme = add_roster(world)
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        preview(world, acme, {"colour": "red"})
    assert refused.value.field == "mapping"
    assert everything(without=()) == before


def test_a_preview_says_how_many_lines_do_what(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN | SALES, BEN | SALES, {"email": "cid@acme.example", "active": "no"})
    batch = preview(
        world,
        acme,
        ANN | {"active": "no"},
        BEN | {"department": "Acme"},
        {"email": "cid@acme.example", "active": "yes"},
        {"email": "dora@acme.example"},
        {"email": "nobody"},
    )
    assert batch.counts == {"leave": 1, "move": 1, "return": 1, "create": 1}
    assert (batch.rejected_count, batch.rejected_fields) == (1, {"email": 1})
    assert batch.status == "draft"


def test_what_a_file_does_not_say_stays(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN | SALES | {"title": "Buyer"})
    batch = preview(world, acme, {"email": "ann@acme.example", "last_name": "Arch"})
    assert planned(batch) == ({"last_name": "Arch"}, {"last_name": ""})


# Departments


def test_departments_are_told_with_their_accounts_and_people(world: World) -> None:
    acme = add_roster(world)
    world.account("Sales", under=acme.account)
    batch = preview(world, acme, ANN | SALES, BEN | {"department": "New"}, creates_departments=True)
    assert batch.departments == [
        {"name": "New", "account": None, "people": 1},
        {"name": "Sales", "account": department("Sales").pk, "people": 1},
    ]


def test_an_unknown_department_is_rejected_unless_it_may_be_made(world: World) -> None:
    acme = add_roster(world)
    batch = preview(world, acme, ANN | SALES)
    assert rejected(batch) == [(2, "department", "“Sales” is no department of this roster.")]
    assert preview(world, acme, ANN | SALES, creates_departments=True).counts == {"create": 1}


def test_an_account_of_another_organization_is_no_department(world: World) -> None:
    acme = add_roster(world)
    other = world.account("Other")
    world.account("Sales", under=other)
    batch = preview(world, acme, ANN | SALES)
    assert rejected(batch) == [(2, "department", "“Sales” is no department of this roster.")]


def test_a_name_of_two_departments_asks_for_a_path(world: World) -> None:
    acme = add_roster(world)
    for name in ("Sales", "Marketing"):
        world.account("North", under=world.account(name, under=acme.account))
    batch = preview(world, acme, ANN | {"department": "North"}, BEN | NORTH)
    assert rejected(batch) == [
        (
            2,
            "department",
            "“North” names several departments; write one of “Sales / North”, “Marketing / North”.",
        )
    ]
    assert batch.counts == {"create": 1}


def test_of_two_departments_of_a_name_the_upper_one_has_it_for_a_path(world: World) -> None:
    acme = add_roster(world)
    upper = world.account("North", under=acme.account)
    lower = world.account("North", under=world.account("Sales", under=acme.account))
    batch = preview(world, acme, ANN | {"department": "North"}, BEN | NORTH)
    assert [line.values["account"] for line in batch.lines.all()] == [upper.pk, lower.pk]


def test_departments_are_found_in_any_case_and_by_external_id(world: World) -> None:
    acme = add_roster(world)
    sales = world.account("Sales", under=acme.account)
    sales.external_id = "D7"
    sales.save()
    batch = load(world, acme, ANN | {"department": "sALES"}, BEN | {"department": "D7"})
    assert everybody(acme) == [
        ("ann@acme.example", "Sales", True),
        ("ben@acme.example", "Sales", True),
    ]
    assert batch.departments[0]["account"] == sales.pk


def test_a_path_makes_departments_below_each_other(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN | {"department": "Sales > North"}, BEN | SALES)
    north = department("North")
    assert (north.parent.name, north.parent.parent.name) == ("Sales", "Acme")


def test_a_name_and_a_path_that_ends_with_it_are_two_departments(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN | {"department": "North"}, BEN | NORTH)
    places = {each.email: each.account.parent.name for each in Person.objects.all()}
    assert places == {"ann@acme.example": "Acme", "ben@acme.example": "Sales"}


def test_a_name_in_two_spellings_is_made_once(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN | SALES, BEN | {"department": "SALES"})
    assert [account.name for account in acme.account.children.all()] == ["SALES"]
    assert person("ann@acme.example").account == person("ben@acme.example").account


def test_a_path_too_deep_is_rejected(world: World) -> None:
    acme = add_roster(world)
    path = "/".join("abcdefghijklmnopqrstu")
    batch = preview(world, acme, ANN | {"department": path}, creates_departments=True)
    assert rejected(batch) == [
        (2, "department", "Departments are made up to 20 levels deep."),
    ]


# Managers


@pytest.mark.parametrize("name", ["1", "ann@acme.example", "ANN@acme.example"])
def test_a_manager_by_external_id_or_address(world: World, name: str) -> None:
    acme = add_roster(world)
    load(world, acme, ANN)
    load(world, acme, BEN | {"manager": name})
    assert person("ben@acme.example").manager == person("ann@acme.example")


def test_a_manager_whom_a_later_line_makes(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, BEN | {"manager": "1"}, ANN)
    assert person("ben@acme.example").manager == person("ann@acme.example")


def test_a_manager_of_somebody_known_whom_a_later_set_makes(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, BEN)
    apply(world, preview(world, acme, BEN | {"manager": "1"}, ANN), lines_at_once=1)
    assert person("ben@acme.example").manager == person("ann@acme.example")


def test_a_manager_who_is_nobody_is_rejected(world: World) -> None:
    acme = add_roster(world)
    batch = preview(world, acme, BEN | {"manager": "7"})
    assert rejected(batch) == [(2, "manager", "“7” is nobody in this roster or file.")]


@pytest.mark.parametrize("is_known", [True, False])
def test_nobody_is_their_own_manager(world: World, is_known: bool) -> None:
    acme = add_roster(world)
    if is_known:
        load(world, acme, ANN)
    batch = preview(world, acme, ANN | {"manager": "ann@acme.example"})
    assert rejected(batch) == [(2, "manager", "Nobody is their own manager.")]


def test_who_is_managed_by_a_rejected_line_is_rejected_and_so_on(world: World) -> None:
    acme = add_roster(world)
    batch = preview(
        world,
        acme,
        ANN | {"manager": "2"},
        BEN | {"manager": "3"},
        {"external_id": "3", "email": "cid@acme.example", "department": "Nowhere"},
    )
    assert rejected(batch) == [
        (2, "manager", "The manager's own line, 3, can't be used."),
        (3, "manager", "The manager's own line, 4, can't be used."),
        (4, "department", "“Nowhere” is no department of this roster."),
    ]
    assert (batch.counts, batch.rejected_count) == ({}, 3)


def test_an_empty_cell_takes_the_manager_away(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN, BEN | {"manager": "1"})
    batch = preview(world, acme, BEN | {"manager": ""})
    assert planned(batch) == ({"manager": None}, {"manager": person("ann@acme.example").pk})


# The shop's users


def test_staff_is_refused_and_stays_untouched(world: World) -> None:
    acme = add_roster(world)
    customer("Ann@Acme.example", is_staff=True)
    before = everything()
    batch = load(world, acme, ANN)
    assert rejected(batch) == [
        (2, "email", "This is the address of a staff account, which stays as it is.")
    ]
    assert everything() == before


def test_a_new_address_that_is_a_staff_accounts_is_refused(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN)
    customer("boss@acme.example", is_staff=True)
    batch = preview(world, acme, ANN | {"email": "boss@acme.example"})
    assert rejected(batch) == [
        (2, "email", "This is the address of a staff account, which stays as it is.")
    ]


def test_a_customer_is_linked_and_not_changed(world: World) -> None:
    acme = add_roster(world)
    user_id = customer("Ann@Acme.example", first_name="Anna")
    before = everything()["users"]
    load(world, acme, ANN)
    ann = person("ann@acme.example")
    assert (ann.user_id, ann.owns_user, ann.first_name) == (user_id, False, "Ann")
    assert everything()["users"] == before
    load(world, acme, ANN | {"first_name": "Anne", "email": "anne@acme.example"})
    assert everything()["users"] == before


def test_a_customer_is_found_by_reference_first(world: World) -> None:
    shop = PlainShop()
    acme = add_roster(world)
    shop.references["1"] = customer("private@home.example")
    apply(world, preview(world, acme, ANN, shop=shop), shop=shop)
    ann = person("ann@acme.example")
    assert (ann.user_id, ann.owns_user) == (shop.references["1"], False)


def test_reference_and_address_of_two_customers_are_rejected(world: World) -> None:
    shop = PlainShop()
    acme = add_roster(world)
    shop.references["1"] = customer("private@home.example")
    customer("ann@acme.example")
    batch = preview(world, acme, ANN, shop=shop)
    assert rejected(batch) == [
        (2, "email", "External id and e-mail address are those of two customers.")
    ]


def test_a_customer_named_by_reference_and_by_address_is_one_person(world: World) -> None:
    shop = PlainShop()
    acme = add_roster(world)
    shop.references["1"] = customer("private@home.example")
    batch = preview(world, acme, ANN, {"email": "private@home.example"}, shop=shop)
    assert rejected(batch) == [(3, "user", "The same customer is meant by line 2.")]


def test_who_is_in_the_roster_under_another_address_is_known_by_their_user(world: World) -> None:
    # Given a customer who was linked, and has another address in the shop by now.
    acme = add_roster(world)
    user_id = customer("private@home.example")
    put_one(world, acme, email="private@home.example", external_id="1")
    load(world, acme, {"external_id": "1", "email": "ann@acme.example"})
    # When a file names the shop's address, then that is nobody new.
    batch = preview(world, acme, {"email": "private@home.example", "first_name": "Ann"})
    assert batch.counts == {"update": 1}
    assert Person.objects.get().user_id == user_id


def test_a_member_from_elsewhere_is_refused(world: World) -> None:
    acme = add_roster(world)
    user_id = customer("ann@acme.example")
    programs.enroll(
        program=world.program,
        user_ids=[user_id],
        account=world.account("Other"),
        actor=TESTS,
        at=world.at,
    )
    batch = preview(world, acme, ANN)
    assert rejected(batch) == [
        (2, "email", "They take part in one of the programs already, from elsewhere.")
    ]


def test_a_member_below_the_rosters_account_is_taken_over(world: World) -> None:
    acme = add_roster(world)
    user_id = customer("ann@acme.example")
    [member] = programs.enroll(
        program=world.program, user_ids=[user_id], account=acme.account, actor=TESTS, at=world.at
    )
    load(world, acme, ANN | SALES)
    member.refresh_from_db()
    assert member.account == department("Sales")
    assert world.balance(member) == {"available": "300.00"}


# Who is meant


def test_a_new_external_id_under_a_known_address(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN)
    batch = preview(world, acme, ANN | {"external_id": "100"})
    assert planned(batch) == ({"external_id": "100"}, {"external_id": "1"})


def test_a_new_address_under_a_known_external_id(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN)
    batch = load(world, acme, ANN | {"email": "Ann.Arch@acme.example"})
    assert planned(batch) == (
        {"email": "ann.arch@acme.example", "user_name": "ann.arch@acme.example"},
        {"email": "ann@acme.example", "user_name": "ann@acme.example"},
    )
    ann = person("ann.arch@acme.example")
    assert ann.owns_user
    assert ann.user.email == "ann.arch@acme.example"


def test_an_external_id_and_an_address_of_two_people_are_rejected(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN, BEN)
    batch = preview(world, acme, {"external_id": "1", "email": "ben@acme.example"})
    assert rejected(batch) == [(2, "email", "“ben@acme.example” is another person's.")]


def test_an_address_that_another_customer_has_is_rejected(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN)
    customer("Cid@home.example")
    batch = preview(world, acme, ANN | {"email": "cid@home.example"})
    assert rejected(batch) == [(2, "email", "Another customer has this address.")]


def test_the_address_follows_to_the_user_in_no_other_roster_alone(world: World) -> None:
    # Given Ann, whom Acme has made, and who is in Zenith's roster too, of another program.
    acme = add_roster(world)
    load(world, acme, ANN)
    zenith = add_roster(world, "Zenith", programs=[world.open_program(channel="zenith")])
    load(world, zenith, ANN)
    assert [person("ann@acme.example", each).owns_user for each in (acme, zenith)] == [True, False]
    # When either says another address, then it is theirs to say of their person only.
    for roster in (acme, zenith):
        load(world, roster, ANN | {"email": f"ann@{roster.name}.example"})
    assert person("ann@acme.example", acme).user.email == "ann@acme.example"
    assert person("ann@zenith.example", zenith).user == person("ann@acme.example", acme).user


@pytest.mark.parametrize(
    ("first", "second", "field", "message"),
    [
        (ANN, ANN, "external_id", "Line 2 names the same person."),
        (ANN, {"email": "ann@acme.example"}, "email", "Line 2 names the same person."),
        (
            {"external_id": "1"},
            {"email": "ann@acme.example"},
            "person",
            "The line names the same person as line 2.",
        ),
    ],
)
def test_a_person_named_twice_is_rejected_the_second_time(
    world: World, first: dict[str, str], second: dict[str, str], field: str, message: str
) -> None:
    acme = add_roster(world)
    load(world, acme, ANN)
    batch = preview(world, acme, first, second)
    assert rejected(batch) == [(3, field, message)]


def test_somebody_new_needs_an_address(world: World) -> None:
    acme = add_roster(world)
    batch = preview(world, acme, {"external_id": "1", "first_name": "Ann"})
    assert rejected(batch) == [(2, "email", "Somebody new needs an e-mail address.")]


def test_the_roster_remembers_what_a_column_meant(world: World) -> None:
    acme = add_roster(world)
    preview(
        world,
        acme,
        {"Kürzel": "1", "email": "a@b.example"},
        mapping={"Kürzel": "external_id", "email": "email"},
    )
    acme.refresh_from_db()
    batch = preview(world, acme, {"kurzel": "1", "email": "a@b.example"})
    assert batch.mapping == {"kurzel": "external_id", "email": "email"}


def test_a_renamed_account_is_found_by_its_new_name(world: World) -> None:
    acme = add_roster(world)
    sales = world.account("Sales", under=acme.account)
    accounts.rename_account(account=sales, name="Trade")
    assert preview(world, acme, ANN | {"department": "Trade"}).counts == {"create": 1}
    assert preview(world, acme, ANN | SALES).counts == {}


def test_nothing_is_announced_by_a_preview(world: World) -> None:
    shop = PlainShop()
    acme = add_roster(world)
    preview(world, acme, ANN, shop=shop)
    assert (shop.created, shop.updated) == (set(), set())
    batch = preview(world, acme, ANN, shop=shop)
    apply(world, batch, shop=shop)
    assert shop.created == {person("ann@acme.example").user_id}
    assert lines(batch) == [(2, "create", "applied")]
    assert SHOP is not shop
