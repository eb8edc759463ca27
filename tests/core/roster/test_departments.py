"""A roster's departments: made, renamed, moved, removed, and written so that they are found."""

from __future__ import annotations

from typing import Any

import pytest

from saleor_program_budgets import accounts, roster
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Account, Roster
from saleor_program_budgets.roster import Taken
from tests.support.people import (
    BY_STAFF,
    add_roster,
    everybody,
    everything,
    load,
    put_one,
)
from tests.support.world import DAY, World


def put(world: World, into: Roster, name: str = "Sales", **given: Any) -> Account:
    return roster.put_department(**{"roster": into, "name": name, "at": world.at} | given)


def remove(world: World, of: Roster, account: Account) -> None:
    roster.remove_department(roster=of, account=account, origin=BY_STAFF, at=world.at)


def test_a_new_department_stands_under_the_rosters_account(world: World) -> None:
    acme = add_roster(world)
    sales = put(world, acme, " Sales ", external_id="D1")
    assert (sales.name, sales.parent, sales.external_id) == ("Sales", acme.account, "D1")
    assert (sales.kind, sales.changed_at) == (Account.Kind.TEAM, world.at)
    north = put(world, acme, "North", parent=sales)
    assert list(roster.accounts_of(acme).order_by("pk")) == [acme.account, sales, north]


def test_a_department_is_renamed_and_moved(world: World) -> None:
    acme = add_roster(world)
    sales, trade = put(world, acme), put(world, acme, "Trade")
    version = trade.version
    world.at += DAY
    trade = put(world, acme, "Retail", account=trade, parent=sales, external_id="R")
    assert (trade.name, trade.parent, trade.external_id) == ("Retail", sales, "R")
    assert (trade.version, trade.changed_at) == (version + 1, world.at)


def test_two_of_a_name_have_two_slugs(world: World) -> None:
    acme = add_roster(world)
    one, other = put(world, acme), put(world, acme)
    assert (one.slug, other.slug) == (
        f"{acme.account.slug}-sales",
        f"{acme.account.slug}-sales-2",
    )


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"name": " "}, "name", "INVALID"),
        ({"name": "x" * 251}, "name", "INVALID"),
        ({"name": "a\x00"}, "name", "INVALID"),
        ({"external_id": "x" * 256}, "external_id", "INVALID"),
        ({"external_id": "T"}, "external_id", "UNIQUE"),
        ({"parent": "Elsewhere"}, "account", "NOT_FOUND"),
        ({"account": "Elsewhere"}, "account", "NOT_FOUND"),
        ({"account": "Acme"}, "account", "INVALID"),
        ({"account": "Trade", "parent": "North"}, "parent", "INVALID"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    world: World, change: dict[str, str], field: str, code: str
) -> None:
    acme = add_roster(world)
    trade = put(world, acme, "Trade", external_id="T")
    put(world, acme, "North", parent=trade)
    world.account("Elsewhere")
    given: dict[str, Any] = {
        key: Account.objects.get(name=text) if key in {"parent", "account"} else text
        for key, text in change.items()
    }
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        put(world, acme, **given)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert isinstance(refused.value, Taken) == (code == "UNIQUE")
    assert everything(without=()) == before


def test_an_external_id_that_another_roster_has_is_free_here(world: World) -> None:
    acme, zenith = add_roster(world), add_roster(world, "Zenith", programs=[])
    put(world, acme, external_id="D1")
    assert put(world, zenith, external_id="D1").parent == zenith.account


def test_the_people_of_a_removed_department_fall_to_the_rosters_account(world: World) -> None:
    acme = add_roster(world)
    sales = put(world, acme, external_id="D1")
    put_one(world, acme, email="ann@acme.example", account_id=sales.pk)
    remove(world, acme, sales)
    assert everybody(acme) == [("ann@acme.example", "Acme", True)]
    sales.refresh_from_db()
    assert (sales.removed_at, sales.external_id) == (world.at, "")
    assert list(roster.accounts_of(acme)) == [acme.account]


def test_the_name_of_a_removed_department_can_be_given_again(world: World) -> None:
    acme = add_roster(world)
    sales = put(world, acme)
    remove(world, acme, sales)
    load(world, acme, {"email": "ann@acme.example", "department": "Sales"})
    again = roster.accounts_of(acme).get(name="Sales")
    assert (again.pk != sales.pk, again.slug) == (True, f"{acme.account.slug}-sales-2")


def test_the_rosters_own_account_is_not_removed(world: World) -> None:
    acme = add_roster(world)
    put_one(world, acme, email="ann@acme.example")
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        remove(world, acme, acme.account)
    assert refused.value.field == "account"
    assert everything(without=()) == before


def test_a_department_with_others_below_it_is_not_removed_and_keeps_its_people(
    world: World,
) -> None:
    acme = add_roster(world)
    sales = put(world, acme)
    put(world, acme, "North", parent=sales)
    put_one(world, acme, email="ann@acme.example", account_id=sales.pk)
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        remove(world, acme, sales)
    assert refused.value.field == "account"
    assert everything(without=()) == before


def test_an_account_of_another_roster_is_not_removed(world: World) -> None:
    acme, zenith = add_roster(world), add_roster(world, "Zenith", programs=[])
    theirs = put(world, zenith)
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        remove(world, acme, theirs)
    assert (refused.value.field, refused.value.code) == ("account", "NOT_FOUND")
    assert everything(without=()) == before


def test_each_department_is_written_so_that_it_is_found_again(world: World) -> None:
    # Given names that are another's path, or external id, or the same beside each other.
    acme = add_roster(world)
    sales = put(world, acme, external_id="North")
    put(world, acme, "North", parent=sales)
    put(world, acme, "North", parent=sales)
    put(world, acme, "R/D")
    put(world, acme, "R/D", parent=sales)
    put(world, acme, "Acme")
    accounts.rename_account(account=put(world, acme, "x"), name="  Spaced   Out ")
    departments = roster.read_departments(acme)
    assert len(departments.by_id) == 8
    for account_id, department in departments.by_id.items():
        assert departments.find(departments.name_of(account_id)) is department
