"""Staff look people up, change and remove them, and plan for them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from saleor.account.models import User

from saleor_program_budgets.models import Member, Person, PlannedChange
from tests.host.graphql.people.conftest import person_id
from tests.host.graphql.people.requests import (
    CANCEL,
    ONE_PERSON,
    PEOPLE,
    REMOVE_PERSON,
    UPDATE_PERSON,
    nodes,
)
from tests.host.graphql.queries import data_of, error, errors_of, gid, top_errors

USER = "query ($id: ID!) { programBudgetPerson(id: $id) { user { email } } }"


def update(client, person, *, version=None, **given):
    return data_of(client, UPDATE_PERSON, id=person_id(person), input=given, version=version)


def test_look_up(client, grace) -> None:
    found = data_of(client, ONE_PERSON, id=person_id(grace))

    assert found == {
        "id": person_id(grace),
        "roster": {"name": "Acme's people"},
        "userReference": grace.user_reference,
        "key": str(grace.key),
        "externalId": "grace",
        "userName": "grace@example.com",
        "email": "grace@example.com",
        "firstName": "Grace",
        "lastName": "Example",
        "title": "",
        "department": "Engineering",
        "employeeNumber": "",
        "costCenter": "",
        "manager": {"email": "ada@example.com"},
        "account": {"slug": "engineering"},
        "isActive": True,
        "isSettled": True,
        "version": grace.version,
        "members": [
            {"program": {"slug": "acme"}, "account": {"slug": "engineering"}, "isActive": True}
        ],
        "planned": [],
    }


def test_who_was_removed_is_gone(client, ada, grace) -> None:
    payload = data_of(client, REMOVE_PERSON, id=person_id(ada))

    assert payload == {"person": {"email": "ada@example.com"}, "errors": []}
    assert data_of(client, ONE_PERSON, id=person_id(ada)) is None
    assert data_of(client, ONE_PERSON, id=person_id(grace))["manager"] is None
    assert errors_of(data_of(client, REMOVE_PERSON, id=person_id(ada))) == error("id", "NOT_FOUND")
    assert errors_of(update(client, ada, title="x")) == error("id", "NOT_FOUND")
    assert not Member.objects.get(user_reference=ada.user_reference).is_active


def test_the_user_needs_manage_users(client, staff_api_client, permission_manage_users, ada):
    assert top_errors(client, USER, id=person_id(ada)) == ["PermissionDenied"]
    staff_api_client.user.user_permissions.add(permission_manage_users)
    staff_api_client.user = User.objects.get(pk=staff_api_client.user.pk)
    assert data_of(staff_api_client, USER, id=person_id(ada)) == {
        "user": {"email": "ada@example.com"}
    }


def test_list_filter_search_and_sort(client, store, roster_id, ada, grace, hire) -> None:
    [eve] = hire("eve", account_id=store.organization.pk, is_active=False, employee_number="4711")

    def listed(**arguments):
        page = data_of(client, PEOPLE, first=10, **arguments)
        assert page["totalCount"] == len(page["edges"])
        return [node["firstName"] for node in nodes(page)]

    organization = gid("ProgramBudgetAccount", store.organization.pk)
    assert listed() == ["Ada", "Grace", "Eve"]
    assert listed(filter={"roster": roster_id}) == ["Ada", "Grace", "Eve"]
    assert listed(filter={"roster": gid("ProgramBudgetRoster", 0)}) == []
    assert listed(filter={"account": organization}) == ["Eve"]
    assert listed(filter={"underAccount": organization}) == ["Ada", "Grace", "Eve"]
    assert listed(filter={"underAccount": gid("ProgramBudgetAccount", 0)}) == []
    assert listed(filter={"isActive": True}) == ["Ada", "Grace"]
    assert listed(filter={"externalId": "grace"}) == ["Grace"]
    assert listed(filter={"user": gid("User", eve.user_reference)}) == ["Eve"]
    assert listed(search="exam GRA") == ["Grace"]
    assert listed(search="471") == ["Eve"]
    assert listed(search="nobody") == []
    assert listed(sortBy={"field": "EMAIL", "direction": "DESC"}) == ["Grace", "Eve", "Ada"]
    assert listed(sortBy={"field": "LAST_NAME", "direction": "ASC"}) == ["Ada", "Eve", "Grace"]
    assert top_errors(client, PEOPLE, first=10, filter={"roster": gid("Order", 1)}) == [
        "GraphQLError"
    ]


def test_pages_follow_each_other(client, ada, grace) -> None:
    query = PEOPLE.replace("totalCount", "pageInfo { endCursor }").replace(
        "$first: Int!", "$first: Int!, $after: String"
    )
    query = query.replace("first: $first,", "first: $first, after: $after,")
    sort = {"field": "LAST_NAME", "direction": "ASC"}

    first = data_of(client, query, first=1, sortBy=sort)
    second = data_of(client, query, first=1, sortBy=sort, after=first["pageInfo"]["endCursor"])

    assert [node["firstName"] for node in nodes(first) + nodes(second)] == ["Ada", "Grace"]


def test_update(client, store, ada, grace) -> None:
    payload = update(
        client,
        ada,
        externalId="A-1",
        email="Lovelace@example.com",
        userName="lovelace",
        lastName="Lovelace",
        title="Countess",
        employeeNumber="1",
        costCenter="2",
        manager=person_id(grace),
        account=gid("ProgramBudgetAccount", store.organization.pk),
        version=ada.version,
    )

    assert payload["errors"] == []
    found = payload["person"]
    names = ("externalId", "email", "userName", "lastName", "title", "employeeNumber", "costCenter")
    assert [found[name] for name in names] == [
        *("A-1", "lovelace@example.com", "lovelace", "Lovelace", "Countess", "1", "2")
    ]
    assert (found["manager"], found["account"]) == ({"email": grace.email}, {"slug": "acme"})
    assert [each["account"] for each in found["members"]] == [{"slug": "acme"}]
    assert found["version"] > ada.version
    assert User.objects.get(pk=ada.user_reference).email == "lovelace@example.com"

    assert update(client, ada, manager=None)["person"]["manager"] is None


def test_update_without_a_change_changes_nothing(client, ada) -> None:
    payload = update(client, ada, title="", isActive=True)

    assert (payload["errors"], payload["person"]["version"]) == ([], ada.version)


def test_leaving_and_returning(client, ada) -> None:
    left = update(client, ada, isActive=False)["person"]
    back = update(client, ada, isActive=True)["person"]

    assert [(each["isActive"], each["members"][0]["isActive"]) for each in (left, back)] == [
        (False, False),
        (True, True),
    ]


def test_a_version_that_is_over(client, ada) -> None:
    payload = update(client, ada, title="x", version=ada.version + 1)

    assert errors_of(payload) == error("version", "STALE")
    assert Person.objects.get(pk=ada.pk).title == ""


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"email": "grace@example.com"}, "email", "UNIQUE"),
        ({"externalId": "grace"}, "externalId", "UNIQUE"),
        ({"title": "x" * 251}, "title", "INVALID"),
        ({"title": "x\x00"}, "title", "INVALID"),
        ({"externalId": "x\x00"}, "externalId", "INVALID"),
        ({"manager": gid("ProgramBudgetPerson", 0)}, "manager", "NOT_FOUND"),
        ({"manager": gid("User", 1)}, "manager", "GRAPHQL_ERROR"),
        ({"account": gid("ProgramBudgetAccount", 0)}, "account", "NOT_FOUND"),
    ],
)
def test_update_with_bad_input(given, field, code, client, ada, grace) -> None:
    assert errors_of(update(client, ada, **given)) == error(field, code)
    assert Person.objects.get(pk=ada.pk).version == ada.version


def test_nobody_is_their_own_manager_or_of_another_roster(client, ada) -> None:
    payload = update(client, ada, manager=person_id(ada))

    assert errors_of(payload) == error("manager", "INVALID")


def test_what_lies_ahead_is_planned_and_can_be_cancelled(client, store, ada) -> None:
    at = (timezone.now() + timedelta(days=3)).replace(microsecond=0)

    person = update(
        client,
        ada,
        account=gid("ProgramBudgetAccount", store.organization.pk),
        effectiveAt=at.isoformat(),
    )["person"]

    [planned] = person["planned"]
    row = PlannedChange.objects.get()
    assert planned == {
        "id": gid("ProgramBudgetPersonPlannedChange", row.pk),
        "kind": "MOVE",
        "account": {"slug": "acme"},
        "effectiveAt": at.isoformat(),
        "source": "STAFF",
        "actor": f"staff:{client.user.pk}",
    }
    assert person["account"] == {"slug": "engineering"}
    for _ in range(2):
        payload = data_of(client, CANCEL, id=planned["id"])
        assert payload["errors"] == []
        assert payload["plannedChange"]["cancelledAt"] is not None
        assert payload["plannedChange"]["person"] == {"email": "ada@example.com"}
    assert data_of(client, ONE_PERSON, id=person_id(ada))["planned"] == []


def test_what_has_happened_is_not_cancelled(client, ada) -> None:
    update(client, ada, isActive=False, effectiveAt=timezone.now() + timedelta(days=1))
    PlannedChange.objects.update(applied_at=timezone.now())
    planned_id = gid("ProgramBudgetPersonPlannedChange", PlannedChange.objects.get().pk)

    assert errors_of(data_of(client, CANCEL, id=planned_id)) == error("id", "INVALID")
    nothing = gid("ProgramBudgetPersonPlannedChange", 0)
    assert errors_of(data_of(client, CANCEL, id=nothing)) == error("id", "NOT_FOUND")
