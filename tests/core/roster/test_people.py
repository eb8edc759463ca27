"""People put into a roster, placed and removed, one by one or by the hundred."""

from __future__ import annotations

from typing import Any

import pytest

from saleor_program_budgets import roster
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Account, Member, Person, Roster
from saleor_program_budgets.roster import Changed, Rejected, Taken, Wanted
from tests.support.people import (
    BY_API,
    BY_SCIM,
    BY_STAFF,
    SHOP,
    PlainShop,
    add_roster,
    customer,
    department,
    everybody,
    everything,
    person,
    put_one,
    record_of,
)
from tests.support.world import World


def put(world: World, into: Roster, *wanted: Wanted, **given: Any) -> list[Person | Rejected]:
    return roster.put(
        **{"roster": into, "wanted": wanted, "origin": BY_API, "shop": SHOP, "at": world.at} | given
    )


def place(world: World, into: Roster, account: Account, *people: int) -> None:
    roster.place(roster=into, account=account, people=people, origin=BY_STAFF, at=world.at)


def remove(world: World, who: Person, **given: Any) -> None:
    roster.remove_person(person=who, origin=BY_STAFF, shop=SHOP, at=world.at, **given)


# One


def test_somebody_new_is_a_customer_and_a_member(world: World) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email="Ann@Acme.example", first_name="Ann", department="Sales")
    assert (ann.email, ann.user_name, ann.user.email) == ("ann@acme.example",) * 3
    assert (ann.owns_user, ann.is_active, ann.version, ann.account.name) == (True, True, 1, "Sales")
    assert world.balance(Member.objects.get()) == {"available": "300.00"}


def test_repeating_it_changes_nothing(world: World) -> None:
    acme = add_roster(world)
    for origin in (BY_STAFF, BY_SCIM):
        wanted = {"email": "ann@acme.example", "title": "Buyer", "department": "Sales"}
        first = put_one(world, acme, origin=origin, **wanted)
        before = everything()
        again = put_one(world, acme, origin=origin, **wanted)
        assert (again.pk, again.version) == (first.pk, first.version)
        assert everything() == before


def test_a_change_counts_up_the_version(world: World) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email="ann@acme.example")
    changed = put_one(world, acme, person_id=ann.pk, title="Buyer", expected_version=1)
    assert (changed.pk, changed.title, changed.version) == (ann.pk, "Buyer", 2)


def test_an_older_version_is_refused(world: World) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email="ann@acme.example")
    put_one(world, acme, person_id=ann.pk, title="Buyer")
    before = everything()
    with pytest.raises(Changed):
        put_one(world, acme, person_id=ann.pk, title="Seller", expected_version=1)
    assert everything() == before


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"email": "ann@acme.example"}, "email"),
        ({"email": "other@acme.example", "external_id": "1"}, "external_id"),
        ({"email": "other@acme.example", "user_name": "ANN"}, "user_name"),
    ],
)
def test_who_must_be_new_and_is_not_is_refused(
    world: World, wanted: dict[str, str], field: str
) -> None:
    acme = add_roster(world)
    put_one(world, acme, email="ann@acme.example", external_id="1", user_name="ann")
    before = everything()
    with pytest.raises(Taken) as refused:
        put_one(world, acme, must_be_new=True, **wanted)
    assert (refused.value.field, refused.value.code) == (field, "UNIQUE")
    assert everything() == before


def test_who_must_be_new_and_is_known_by_their_user_is_refused(world: World) -> None:
    acme = add_roster(world)
    customer("private@home.example")
    put_one(world, acme, email="private@home.example", external_id="1")
    put_one(world, acme, external_id="1", email="ann@acme.example")
    with pytest.raises(Taken) as refused:
        put_one(world, acme, must_be_new=True, email="private@home.example")
    assert refused.value.field == "email"


@pytest.mark.parametrize(
    ("wanted", "field", "code"),
    [
        ({"person_id": 0}, "person", "NOT_FOUND"),
        ({"first_name": "Ann"}, "email", "INVALID"),
        ({"email": "not an address"}, "email", "INVALID"),
        ({"email": "x@" + "y" * 250 + ".example"}, "email", "INVALID"),
        ({"email": "x@acme.example", "title": "x" * 251}, "title", "INVALID"),
        ({"email": "x@acme.example", "first_name": "a\x00b"}, "first_name", "INVALID"),
        ({"email": "x@acme.example", "last_name": "a\nb"}, "last_name", "INVALID"),
        ({"email": "x@acme.example", "manager": "nobody"}, "manager", "INVALID"),
        ({"email": "x@acme.example", "account_id": 0}, "account", "NOT_FOUND"),
        ({"email": "x@acme.example", "department": " / "}, "department", "INVALID"),
        ({"email": "ben@acme.example", "external_id": "1"}, "email", "UNIQUE"),
        ({"email": "boss@acme.example"}, "email", "INVALID"),
        ({"person_id": "ann", "email": "boss@acme.example"}, "email", "INVALID"),
        ({"person_id": "ann", "email": "cid@home.example"}, "email", "UNIQUE"),
        ({"person_id": "ann", "user_name": "BEN@acme.example"}, "user_name", "UNIQUE"),
        ({"person_id": "ann", "manager": "1"}, "manager", "INVALID"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(
    world: World, wanted: dict[str, Any], field: str, code: str
) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email="ann@acme.example", external_id="1")
    put_one(world, acme, email="ben@acme.example")
    customer("boss@acme.example", is_staff=True)
    customer("cid@home.example")
    if wanted.get("person_id") == "ann":
        wanted = wanted | {"person_id": ann.pk}
    if wanted.get("department") == " / ":
        wanted = wanted | {"department": "x" * 251}
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        put_one(world, acme, **wanted)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert everything(without=()) == before


def test_an_unknown_department_is_refused_where_it_may_not_be_made(world: World) -> None:
    acme = add_roster(world)
    with pytest.raises(InvalidInput) as refused:
        put_one(world, acme, email="a@b.example", department="Sales", creates_departments=False)
    assert refused.value.field == "department"


def test_a_department_by_its_account(world: World) -> None:
    acme = add_roster(world)
    sales = world.account("Sales", under=acme.account)
    ann = put_one(world, acme, email="ann@acme.example", account_id=sales.pk)
    assert (ann.account, ann.department) == (sales, "Sales")


def test_a_manager_by_key(world: World) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email="ann@acme.example")
    ben = put_one(world, acme, email="ben@acme.example", manager=str(ann.key))
    assert ben.manager == ann


def test_the_shops_references_are_nothing_to_an_identity_system(world: World) -> None:
    # Given a customer whom the shop's staff know as 7.
    acme, shop = add_roster(world), PlainShop()
    shop.references["7"] = customer("private@home.example")
    wanted = [Wanted(external_id="7", email="ann@acme.example")]
    # When an organization's own system says that its 7 is Ann, then that is somebody else.
    [ann] = put(world, acme, *wanted, origin=BY_SCIM, shop=shop)
    assert ann.user_id != shop.references["7"]


def test_names_follow_to_a_user_whom_the_roster_made(world: World) -> None:
    acme, shop = add_roster(world), PlainShop()
    ann = put_one(world, acme, email="ann@acme.example", first_name="Ann")
    put(world, acme, Wanted(person_id=ann.pk, first_name="Anne"), shop=shop)
    ann.user.refresh_from_db()
    assert ann.user.first_name == "Anne"
    assert (shop.created, shop.updated) == (set(), {ann.user_id})


def test_a_user_name_that_was_the_address_stays_so(world: World) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email="ann@acme.example")
    ben = put_one(world, acme, email="ben@acme.example", user_name="ben")
    for each in (ann, ben):
        put_one(world, acme, person_id=each.pk, email=f"new.{each.email}")
    names = Person.objects.order_by("pk").values_list("user_name", flat=True)
    assert list(names) == ["new.ann@acme.example", "ben"]


# Many


def test_one_result_for_each_in_their_order(world: World) -> None:
    acme = add_roster(world)
    ann, wrong, ben = put(
        world,
        acme,
        Wanted(email="ann@acme.example", manager="ben@acme.example"),
        Wanted(email="no address"),
        Wanted(email="ben@acme.example"),
    )
    assert (ann.email, ben.email) == ("ann@acme.example", "ben@acme.example")
    assert wrong == Rejected(2, "email", "“no address” is no e-mail address.")
    assert person("ann@acme.example").manager == ben


def test_putting_the_same_again_changes_nothing(world: World) -> None:
    acme = add_roster(world)
    wanted = [
        Wanted(email="ann@acme.example", manager="ben@acme.example", department="Sales"),
        Wanted(email="ben@acme.example", attributes={"a": [1, "2"]}),
    ]
    put(world, acme, *wanted, creates_departments=True)
    before = everything()
    put(world, acme, *wanted, creates_departments=True)
    assert everything() == before


def test_up_to_a_thousand_at_once(world: World) -> None:
    acme = add_roster(world)
    wanted = [Wanted(email=f"x{number}@acme.example") for number in range(1_001)]
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        put(world, acme, *wanted)
    assert refused.value.field == "people"
    assert everything(without=()) == before
    assert len(put(world, acme, *wanted[1:])) == 1_000


def test_a_name_and_a_path_that_ends_with_it_are_made_beside_each_other(world: World) -> None:
    acme = add_roster(world)
    ann, ben = put(
        world,
        acme,
        Wanted(email="ann@acme.example", department="North"),
        Wanted(email="ben@acme.example", department="Sales / North"),
        creates_departments=True,
    )
    assert (ann.account.parent.name, ben.account.parent.name) == ("Acme", "Sales")


def test_what_a_request_says_is_kept_as_a_file_would_say_it(world: World) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email=" ann@acme.example ", title="\u2028", first_name=" Ann\xa0")
    assert (ann.email, ann.user_name, ann.title, ann.first_name) == (
        "ann@acme.example",
        "ann@acme.example",
        "",
        "Ann",
    )
    before = everything()
    for title in ("a\x9fb", "#N/A"):  # a file with it could not be imported again
        with pytest.raises(InvalidInput) as refused:
            put_one(world, acme, email="ann@acme.example", title=title)
        assert refused.value.field == "title"
    assert everything() == before


# Two rosters


def test_two_rosters_never_touch_each_others_people(world: World) -> None:
    acme = add_roster(world)
    zenith = add_roster(world, "Zenith", programs=[world.open_program(channel="zenith")])
    put_one(world, acme, email="ann@acme.example", external_id="1", title="Buyer")
    ann = person("ann@acme.example", acme)
    put_one(world, zenith, email="ann@acme.example", external_id="9", title="Seller")
    put_one(world, zenith, external_id="9", is_active=False, first_name="Z")
    remove(world, person("ann@acme.example", zenith))
    assert Person.objects.filter(pk=ann.pk).values().get() == Person.objects.filter(
        pk=ann.pk
    ).values().get(version=ann.version, is_active=True, title="Buyer", first_name="")
    ann.user.refresh_from_db()
    assert (ann.user.first_name, ann.user.email) == ("", "ann@acme.example")
    ours = Member.objects.get(program=world.program)
    assert world.balance(ours) == {"available": "300.00"}


def test_a_person_of_another_roster_is_nobody_here(world: World) -> None:
    acme, zenith = add_roster(world), add_roster(world, "Zenith", programs=[])
    ann = put_one(world, acme, email="ann@acme.example", external_id="1")
    for wanted in ({"person_id": ann.pk}, {"email": "b@zenith.example", "manager": "1"}):
        with pytest.raises(InvalidInput):
            put_one(world, zenith, **wanted)
    with pytest.raises(InvalidInput) as refused:
        place(world, zenith, zenith.account, ann.pk)
    assert (refused.value.field, refused.value.code) == ("people", "NOT_FOUND")


# Placed


def test_people_are_placed_and_their_memberships_follow(world: World) -> None:
    acme = add_roster(world)
    sales = world.account("Sales", under=acme.account)
    people = [put_one(world, acme, email=f"{name}@acme.example").pk for name in ("ann", "ben")]
    place(world, acme, sales, *people)
    assert [account for _, account, _ in everybody(acme)] == ["Sales", "Sales"]
    assert {member.account for member in Member.objects.all()} == {sales}
    sales.refresh_from_db()
    before = everything()
    place(world, acme, sales, *people)
    assert everything() == before


@pytest.mark.parametrize("elsewhere", ["Other", "Removed"])
def test_nobody_is_placed_outside_of_the_roster(world: World, elsewhere: str) -> None:
    acme = add_roster(world)
    account = world.account(elsewhere, under=acme.account if elsewhere == "Removed" else None)
    if elsewhere == "Removed":
        roster.remove_department(roster=acme, account=account, origin=BY_STAFF, at=world.at)
    ann = put_one(world, acme, email="ann@acme.example")
    before = everything()
    with pytest.raises(InvalidInput) as refused:
        place(world, acme, account, ann.pk)
    assert (refused.value.field, refused.value.code) == ("account", "NOT_FOUND")
    assert everything() == before


def test_placed_by_group_a_department_is_only_what_is_said(world: World) -> None:
    acme = add_roster(world, placed_by=Roster.PlacedBy.GROUP)
    ann = put_one(world, acme, origin=BY_SCIM, email="ann@acme.example", department="Sales")
    assert (ann.account.name, ann.department) == ("Acme", "Sales")
    sales = world.account("North", under=acme.account)
    place(world, acme, sales, ann.pk)
    ann.refresh_from_db()
    assert (ann.account.name, ann.department) == ("North", "Sales")


# Removed


def test_a_removed_person_is_gone_and_has_left(world: World) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email="ann@acme.example")
    remove(world, ann)
    assert everybody(acme) == []
    ann.refresh_from_db()
    assert (ann.removed_at, ann.is_active) == (world.at, False)
    assert world.balance(Member.objects.get()) == {"withdrawn": "300.00"}


def test_removing_again_changes_nothing(world: World) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email="ann@acme.example")
    remove(world, ann)
    before = everything()
    remove(world, ann)
    assert everything() == before


def test_a_removed_persons_reports_have_no_manager(world: World) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email="ann@acme.example")
    ben = put_one(world, acme, email="ben@acme.example", manager="ann@acme.example")
    remove(world, ann)
    assert person("ben@acme.example").manager is None
    assert record_of(ben)[-1] == ("updated", {"manager": ann.pk}, {"manager": None})


@pytest.mark.parametrize("knows_better", [True, False])
def test_an_older_version_is_not_removed(world: World, knows_better: bool) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email="ann@acme.example")
    put_one(world, acme, person_id=ann.pk, title="Buyer")
    if knows_better:
        ann.refresh_from_db()
    before = everything()
    with pytest.raises(Changed):
        remove(world, ann, expected_version=1)
    assert everything() == before


def test_a_removed_person_who_is_put_again_is_somebody_new_with_their_user(world: World) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email="ann@acme.example")
    remove(world, ann)
    again = put_one(world, acme, email="ann@acme.example", must_be_new=True)
    assert again.pk != ann.pk
    assert (again.user_id, again.owns_user) == (ann.user_id, True)
    assert world.balance(Member.objects.get()) == {"available": "300.00"}
    assert Account.objects.count() == 1
    assert department("Acme") == acme.account
