"""Rosters: made and changed; none stands in another, and no account leaves with its people."""

from __future__ import annotations

from typing import Any

import pytest

from saleor_program_budgets import accounts, roster
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Account, Member, Roster
from tests.support.people import (
    BY_STAFF,
    SHOP,
    add_roster,
    department,
    everything,
    person,
    put_one,
)
from tests.support.world import TESTS, World


def move(name: str, parent: str | None) -> None:
    accounts.move_account(account=department(name), parent=department(parent) if parent else None)


def refuses_to_move(name: str, parent: str | None) -> str:
    """Try to move an account; return why not, when nothing was written."""
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        move(name, parent)
    assert refused.value.field == "parent"
    assert everything(without=()) == before
    return refused.value.message


# Made and changed


def test_a_roster(world: World) -> None:
    acme = add_roster(world, largest_leave_percent=0, invitation_url=" https://shop.example/ ")
    acme.refresh_from_db()
    assert (acme.name, acme.account.name, list(acme.programs.all())) == (
        "Acme",
        "Acme",
        [world.program],
    )
    assert (acme.placed_by, acme.invitation_url) == ("department", "https://shop.example/")
    assert (acme.created_by, acme.created_at) == (str(TESTS), world.at)


@pytest.mark.parametrize("stands", ["above", "below", "there"])
def test_rosters_do_not_overlap(world: World, stands: str) -> None:
    top = world.account("Top")
    middle = world.account("Middle", under=top)
    low = world.account("Low", under=middle)
    add_roster(world, account=middle)
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        add_roster(world, account={"above": top, "below": low, "there": middle}[stands])
    assert refused.value.field == "account"
    assert everything(without=()) == before


def test_rosters_beside_each_other(world: World) -> None:
    top = world.account("Top")
    for name in ("East", "West"):
        add_roster(world, name, account=world.account(name, under=top))
    assert Roster.objects.count() == 2


def test_a_removed_account_has_no_roster(world: World) -> None:
    account = world.account("Acme")
    Account.objects.filter(pk=account.pk).update(removed_at=world.at)
    with pytest.raises(InvalidInput) as refused:
        add_roster(world, account=account)
    assert refused.value.field == "account"


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"name": " "}, "name", "REQUIRED"),
        ({"name": "x" * 251}, "name", "INVALID"),
        ({"name": "a\x00"}, "name", "INVALID"),
        ({"invitation_url": "x" * 1001}, "invitation_url", "INVALID"),
        ({"largest_leave_percent": 101}, "largest_leave_percent", "INVALID"),
        ({"largest_leave_percent": -1}, "largest_leave_percent", "INVALID"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    world: World, change: dict[str, Any], field: str, code: str
) -> None:
    acme = add_roster(world)
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        roster.update_roster(roster=acme, **change, actor=TESTS, at=world.at)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert everything(without=()) == before
    acme.refresh_from_db()
    given = {"name": "Other"} | change
    with pytest.raises(InvalidInput) as refused:
        add_roster(world, given.pop("name"), account=world.account("Other"), **given)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_only_what_is_given_changes(world: World) -> None:
    acme = add_roster(world, invitation_url="https://shop.example/")
    roster.update_roster(roster=acme, largest_leave_percent=5, actor=TESTS, at=world.at)
    acme.refresh_from_db()
    assert (acme.largest_leave_percent, acme.name, acme.invitation_url) == (
        5,
        "Acme",
        "https://shop.example/",
    )
    assert list(acme.programs.all()) == [world.program]


def test_who_is_in_a_program_taken_off_stays_in_it(world: World) -> None:
    acme = add_roster(world)
    put_one(world, acme, email="ann@acme.example")
    roster.update_roster(roster=acme, programs=[], actor=TESTS, at=world.at)
    roster.settle_people(at=world.at)
    assert Member.objects.get().is_active


# The tree


def _people_of_sales(world: World) -> Roster:
    acme = add_roster(world)
    sales = world.account("Sales", under=acme.account)
    north = world.account("North", under=sales)
    world.account("Empty", under=acme.account)
    world.account("Elsewhere")
    put_one(world, acme, email="ann@acme.example", account_id=north.pk)
    return acme


@pytest.mark.parametrize("name", ["Sales", "North"])
@pytest.mark.parametrize("parent", ["Elsewhere", None])
def test_an_account_with_people_below_it_does_not_leave_its_roster(
    world: World, name: str, parent: str | None
) -> None:
    _people_of_sales(world)
    assert refuses_to_move(name, parent) == (
        "People who belong here would leave their roster's accounts."
    )


def test_nor_does_it_go_to_another_roster(world: World) -> None:
    _people_of_sales(world)
    add_roster(world, "Zenith", programs=[])
    refuses_to_move("Sales", "Zenith")


def test_within_its_roster_it_may_move(world: World) -> None:
    _people_of_sales(world)
    move("North", "Empty")
    assert department("North").parent.name == "Empty"


def test_an_account_without_people_may_leave_and_come(world: World) -> None:
    _people_of_sales(world)
    add_roster(world, "Zenith", programs=[])
    for parent in ("Elsewhere", "Zenith", None, "Acme"):
        move("Empty", parent)
        assert department("Empty").parent == (department(parent) if parent else None)


def test_an_account_may_leave_once_its_people_were_removed(world: World) -> None:
    _people_of_sales(world)
    roster.remove_person(person=person("ann@acme.example"), origin=BY_STAFF, shop=SHOP, at=world.at)
    move("Sales", None)
    assert department("Sales").parent is None


def test_a_rosters_account_may_move_with_its_people(world: World) -> None:
    _people_of_sales(world)
    move("Acme", "Elsewhere")
    assert department("Acme").parent.name == "Elsewhere"
    move("Acme", None)


def test_a_rosters_account_does_not_go_below_another_one(world: World) -> None:
    _people_of_sales(world)
    zenith = add_roster(world, "Zenith", programs=[])
    world.account("Deep", under=zenith.account)
    for parent in ("Zenith", "Deep"):
        assert refuses_to_move("Acme", parent) == (
            "An account with a roster can't stand in another roster."
        )


def test_nor_does_an_account_above_a_rosters(world: World) -> None:
    _people_of_sales(world)
    move("Acme", "Elsewhere")
    add_roster(world, "Zenith", programs=[])
    assert refuses_to_move("Elsewhere", "Zenith") == (
        "An account with a roster can't stand in another roster."
    )


def test_a_tree_without_rosters_moves_as_before(world: World) -> None:
    world.account("Top")
    world.member(world.account("Sales"))
    move("Sales", "Top")
    assert department("Sales").parent.name == "Top"
