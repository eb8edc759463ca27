"""Staff read what changed of people."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from saleor_program_budgets.models import Member, PeopleChange, PlannedChange
from tests.host.graphql.people.conftest import person_id
from tests.host.graphql.people.requests import (
    CANCEL,
    CHANGES,
    REMOVE_PERSON,
    UPDATE_PERSON,
    nodes,
)
from tests.host.graphql.queries import data_of, gid, top_errors


def listed(client, **given):
    return nodes(data_of(client, CHANGES, filter=given))


def kinds(client, **given):
    return [each["kind"] for each in listed(client, **given)]


def test_who_changed_what(client, store, roster_id, ada, grace) -> None:
    account = gid("ProgramBudgetAccount", store.organization.pk)
    given = {"account": account, "manager": person_id(grace)}
    data_of(client, UPDATE_PERSON, id=person_id(ada), input=given)

    [moved] = listed(client, kind="MOVED", person=person_id(ada))

    values = {each["field"]: (each["before"], each["after"]) for each in moved.pop("values")}
    assert values == {
        "account": ("Engineering", "Acme Corp"),
        "department": ("Engineering", "Acme Corp"),
        "manager": (None, "grace@example.com"),
    }
    assert moved.pop("at") == moved.pop("effectiveAt")
    assert moved == {
        "kind": "MOVED",
        "roster": {"name": "Acme's people"},
        "person": {"email": "ada@example.com"},
        "personId": person_id(ada),
        "program": None,
        "member": None,
        "userId": gid("User", ada.user_reference),
        "source": "STAFF",
        "sourceReference": "",
        "rosterImport": None,
        "line": None,
        "actor": f"staff:{client.user.pk}",
    }


def test_who_was_removed_stays_on_record(client, ada) -> None:
    data_of(client, REMOVE_PERSON, id=person_id(ada))

    found = listed(client, person=person_id(ada))

    assert (found[0]["kind"], found[0]["person"]) == ("REMOVED", None)
    assert {each["personId"] for each in found} == {person_id(ada)}
    [values] = [each["values"] for each in found if each["kind"] == "REMOVED"]
    assert {"field": "isActive", "before": "true", "after": "false"} in values


def test_what_is_planned_and_cancelled(client, store, ada) -> None:
    at = timezone.now() + timedelta(days=1)
    account = gid("ProgramBudgetAccount", store.organization.pk)
    given = {"account": account, "effectiveAt": at.isoformat()}
    data_of(client, UPDATE_PERSON, id=person_id(ada), input=given)
    planned_id = gid("ProgramBudgetPersonPlannedChange", PlannedChange.objects.get().pk)
    data_of(client, CANCEL, id=planned_id)

    [cancelled] = listed(client, kind="CANCELLED")

    values = {each["field"]: each["after"] for each in cancelled["values"]}
    assert (values["planned"], values["account"]) == ("move", "Acme Corp")


def test_filters(client, roster_id, ada, grace) -> None:
    data_of(client, UPDATE_PERSON, id=person_id(ada), input={"title": "Countess"})
    now = timezone.now()

    assert kinds(client, person=person_id(ada), kind="UPDATED") == ["UPDATED"]
    assert kinds(client, kind="UPDATED", source="STAFF", roster=roster_id) == ["UPDATED"]
    assert kinds(client, kind="UPDATED", source="SCIM") == []
    assert kinds(client, roster=gid("ProgramBudgetRoster", 0)) == []
    of_user = kinds(client, user=gid("User", ada.user_reference))
    assert (of_user[0], of_user[-1]) == ("UPDATED", "CREATED")
    assert kinds(client, at={"gte": (now + timedelta(hours=1)).isoformat()}) == []
    assert "UPDATED" in kinds(client, at={"lte": now.isoformat()})
    assert top_errors(client, CHANGES, filter={"person": gid("Order", 1)}) == ["GraphQLError"]


def test_changes_of_a_member(client, store, ada) -> None:
    member = Member.objects.get(user_reference=ada.user_reference)
    PeopleChange.objects.create(
        kind="enrolled",
        program_id=store.program.pk,
        member_id=member.pk,
        user_reference=member.user_reference,
        after={"account": store.department.pk, "attributes": {"site": "Ä"}, "is_active": True},
        source="staff",
        actor="staff:1",
        effective_at=timezone.now(),
        at=timezone.now(),
    )

    change = listed(client, member=gid("ProgramBudgetMember", member.pk), source="STAFF")[0]

    assert (change["program"], change["member"]) == ({"slug": "acme"}, {"email": ada.email})
    assert (change["roster"], change["person"], change["personId"]) == (None, None, None)
    assert {each["field"]: each["after"] for each in change["values"]} == {
        "account": "Engineering",
        "attributes": '{"site": "Ä"}',
        "isActive": "true",
    }
