"""Every change in people is on record: by whom, by what way, from what to what, and for good."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from saleor_program_budgets import programs, roster
from saleor_program_budgets.models import Member, PeopleChange, Person, PlannedChange
from tests.support.people import (
    BY_API,
    BY_SCIM,
    BY_STAFF,
    SHOP,
    add_roster,
    apply,
    department,
    load,
    person,
    preview,
    put_one,
)
from tests.support.world import DAY, TESTS, World

ANN = {"external_id": "1", "email": "ann@acme.example"}


def latest(**of: Any) -> PeopleChange:
    return PeopleChange.objects.filter(**of).latest("pk")


def test_a_line_of_a_file(world: World) -> None:
    acme = add_roster(world)
    batch = load(world, acme, {"email": "ben@acme.example"}, ANN | {"department": "Sales"})
    ann = person("ann@acme.example")
    change = latest(person_id=ann.pk)
    assert (change.source, change.source_reference, change.line) == ("file", str(batch.pk), 3)
    assert (change.kind, change.actor, change.at) == ("created", str(TESTS), world.at)
    assert (change.roster_id, change.user_reference) == (acme.pk, ann.user_reference)
    assert change.before == {}
    assert change.after == {
        "external_id": "1",
        "email": "ann@acme.example",
        "user_name": "ann@acme.example",
        "department": "Sales",
        "account": department("Sales").pk,
        "is_active": True,
    }


@pytest.mark.parametrize(
    ("origin", "source", "reference"),
    [(BY_SCIM, "scim", "7"), (BY_API, "api", ""), (BY_STAFF, "staff", "")],
)
def test_through_what_it_came(world: World, origin: Any, source: str, reference: str) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, origin=origin, email="ann@acme.example")
    change = latest(person_id=ann.pk)
    assert (change.source, change.source_reference) == (source, reference)
    assert change.actor == str(TESTS)


@pytest.mark.parametrize(
    ("wanted", "kind", "before", "after"),
    [
        ({"title": "Buyer"}, "updated", {"title": ""}, {"title": "Buyer"}),
        ({"is_active": False}, "left", {"is_active": True}, {"is_active": False}),
        (
            {"email": "a@b.example"},
            "updated",
            {"email": "ann@acme.example"},
            {"email": "a@b.example"},
        ),
        ({"attributes": {"a": 1}}, "updated", {"attributes": {}}, {"attributes": {"a": 1}}),
    ],
)
def test_from_what_to_what(
    world: World,
    wanted: dict[str, Any],
    kind: str,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email="ann@acme.example", user_name="ann")
    put_one(world, acme, person_id=ann.pk, **wanted)
    change = latest(person_id=ann.pk)
    assert (change.kind, change.before, change.after) == (kind, before, after)


def test_a_move(world: World) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email="ann@acme.example")
    sales = world.account("Sales", under=acme.account)
    roster.place(roster=acme, account=sales, people=[ann.pk], origin=BY_SCIM, at=world.at)
    change = latest(person_id=ann.pk)
    assert (change.kind, change.source) == ("moved", "scim")
    assert change.before == {"account": acme.account_id, "department": ""}
    assert change.after == {"account": sales.pk, "department": "Sales"}


def test_a_removal(world: World) -> None:
    acme = add_roster(world)
    ann = put_one(world, acme, email="ann@acme.example")
    roster.remove_person(person=ann, origin=BY_STAFF, shop=SHOP, at=world.at)
    change = latest(person_id=ann.pk)
    assert (change.kind, change.before) == ("removed", {"is_active": True})
    assert change.after == {"is_active": False, "removed_at": world.at.isoformat()}


def test_what_was_planned_names_the_plan_and_the_line(world: World) -> None:
    world.open_program(time_zone="UTC")
    acme = add_roster(world)
    load(world, acme, ANN)
    load(
        world,
        acme,
        {"email": "x@acme.example"},
        ANN | {"active": "no", "effective_on": "2026-01-06"},
    )
    world.at += DAY
    roster.apply_planned(at=world.at)
    change = latest(person_id=person("ann@acme.example").pk)
    planned = PlannedChange.objects.get()
    assert (change.source, change.source_reference, change.line) == (
        "schedule",
        str(planned.pk),
        3,
    )
    assert (change.kind, change.effective_at) == ("left", planned.effective_at)
    assert (planned.source, planned.line, planned.actor) == ("file", 3, str(TESTS))


def test_a_manager_whom_a_later_line_makes_is_recorded_with_the_line_that_names_them(
    world: World,
) -> None:
    acme = add_roster(world)
    batch = preview(
        world, acme, ANN | {"manager": "ben@acme.example"}, {"email": "ben@acme.example"}
    )
    apply(world, batch, lines_at_once=1)
    ann, ben = Person.objects.order_by("email")
    change = PeopleChange.objects.get(person_id=ann.pk, kind="updated")
    assert (change.line, change.source, change.source_reference) == (2, "file", str(batch.pk))
    assert change.after == {"manager": ben.pk}


def test_nothing_is_recorded_where_nothing_changes(world: World) -> None:
    acme = add_roster(world)
    put_one(world, acme, email="ann@acme.example", title="Buyer")
    before = PeopleChange.objects.count()
    put_one(world, acme, email="ann@acme.example", title="Buyer")
    assert PeopleChange.objects.count() == before


def test_what_staff_does_with_members_by_hand(world: World) -> None:
    acme, sales = world.account("Acme"), world.account("Sales")
    member = world.member(acme)
    programs.move_member(member=member, account=sales, actor=TESTS, at=world.at)
    programs.deactivate_member(member=member, reason="a test", actor=TESTS, at=world.at)
    programs.reactivate_member(member=member, actor=TESTS, at=world.at)
    rows = PeopleChange.objects.filter(member_id=member.pk).order_by("pk")
    assert list(rows.values_list("kind", "before", "after", "source", "actor", "program_id")) == [
        (kind, before, after, "staff", str(TESTS), member.program_id)
        for kind, before, after in [
            ("enrolled", {}, {"account": acme.pk}),
            ("moved", {"account": acme.pk}, {"account": sales.pk}),
            ("left", {}, {"reason": "a test"}),
            ("returned", {}, {}),
        ]
    ]


def test_a_membership_that_follows_says_so(world: World) -> None:
    acme = add_roster(world)
    put_one(world, acme, email="ann@acme.example")
    put_one(world, acme, email="ann@acme.example", is_active=False)
    change = latest(member_id=Member.objects.get().pk)
    assert (change.kind, change.source, change.actor) == ("left", "system", "system:roster")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE program_budgets_peoplechange SET actor = 'nobody'",
        "DELETE FROM program_budgets_peoplechange",
    ],
)
def test_the_record_is_neither_changed_nor_deleted(world: World, statement: str) -> None:
    put_one(world, add_roster(world), email="ann@acme.example")
    before = list(PeopleChange.objects.values())
    assert before
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert list(PeopleChange.objects.values()) == before
