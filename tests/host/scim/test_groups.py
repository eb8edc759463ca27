"""Groups: departments, and who belongs to each of them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets.models import Account, Person
from tests.host.scim.conftest import GROUP, PATCH, person_of


def members_of(scim, group) -> list[str]:
    body = scim.get(f"/Groups/{group['id']}").body
    return [member["value"] for member in body.get("members", [])]


def named(*users) -> list[dict[str, str]]:
    return [{"value": user["id"]} for user in users]


def test_a_group_is_a_department_below_the_rosters_account(scim, store) -> None:
    ada = scim.user("ada")
    body = {"schemas": [GROUP], "displayName": "Sales", "externalId": "g-1", "members": named(ada)}

    created = scim.send("POST", "/Groups", body)

    assert created.status == 201
    assert scim.get(f"/Groups/{created.body['id']}").body == created.body
    account = Account.objects.get(key=created.body["id"])
    assert (account.name, account.external_id, account.parent) == (
        "Sales",
        "g-1",
        store.organization,
    )
    assert created.body["members"] == [
        {"value": ada["id"], "$ref": ada["meta"]["location"], "type": "User"}
    ]
    assert person_of(ada).account == account


def test_the_rosters_own_account_is_no_group(scim, store) -> None:
    listed = [group["displayName"] for group in scim.get("/Groups").body["Resources"]]

    assert listed == ["Engineering"]
    store.organization.refresh_from_db()
    assert scim.get(f"/Groups/{store.organization.key}").status == 404


def test_joining_moves_and_leaving_falls_to_the_rosters_account(scim, store) -> None:
    ada, ben, eve = scim.user("ada"), scim.user("ben"), scim.user("eve")
    sales, ops = scim.group("Sales", ada, ben), scim.group("Ops", eve)

    add = {"op": "add", "path": "members", "value": named(ada)}
    assert scim.patch(f"/Groups/{ops['id']}", add).status == 204
    assert (members_of(scim, sales), members_of(scim, ops)) == (
        [ben["id"]],
        [ada["id"], eve["id"]],
    )

    # The identity system takes her out of the old group afterwards: she stays in the new one.
    late = {"op": "remove", "path": f'members[value eq "{ada["id"]}"]'}
    assert scim.patch(f"/Groups/{sales['id']}", late).status == 204
    assert members_of(scim, ops) == [ada["id"], eve["id"]]

    gone = {"op": "remove", "path": f'members[value eq "{ada["id"]}"]'}
    assert scim.patch(f"/Groups/{ops['id']}", gone).status == 204
    assert members_of(scim, ops) == [eve["id"]]
    assert person_of(ada).account == store.organization


def test_a_put_says_who_is_in(scim, store) -> None:
    ada, ben, eve = scim.user("ada"), scim.user("ben"), scim.user("eve")
    sales = scim.group("Sales", ada, ben)

    body = {"schemas": [GROUP], "displayName": "Selling", "members": named(ben, eve)}
    replaced = scim.send("PUT", f"/Groups/{sales['id']}", body)

    assert replaced.status == 200
    assert replaced.body["displayName"] == "Selling"
    assert [each["value"] for each in replaced.body["members"]] == [ben["id"], eve["id"]]
    assert person_of(ada).account == store.organization


def test_a_change_of_one_member_writes_one_person(scim) -> None:
    crowd = [scim.user(f"user{number}") for number in range(5)]
    sales = scim.group("Sales", *crowd[:4])
    before = dict(Person.objects.values_list("key", "version"))

    add = {"op": "add", "path": "members", "value": named(crowd[4])}
    assert scim.patch(f"/Groups/{sales['id']}", add).status == 204

    after = dict(Person.objects.values_list("key", "version"))
    assert {str(key) for key in after if after[key] != before[key]} == {crowd[4]["id"]}


def test_a_push_reads_no_other_member(scim) -> None:
    """Somebody in and somebody out: as many queries with five members as with one."""
    counts = []
    for size in (1, 5):
        crowd = [scim.user(f"user{size}-{number}") for number in range(size + 2)]
        path = f"/Groups/{scim.group(f'Team {size}', *crowd[:-1])['id']}"
        scim.get(path)
        with CaptureQueriesContext(connection) as queries:
            answer = scim.patch(
                path,
                {"op": "remove", "path": f'members[value eq "{crowd[0]["id"]}"]'},
                {"op": "remove", "path": "members", "value": [{"value": "unknown"}]},
                {"op": "add", "path": "members", "value": [{"value": crowd[-1]["id"]}]},
            )
        assert answer.status == 204
        assert answer.headers["ETag"] == scim.get(path).headers["ETag"]
        counts.append(len(queries))
        assert members_of(scim, {"id": path.rpartition("/")[2]}) == [
            user["id"] for user in crowd[1:]
        ]

    assert counts[0] == counts[1]


def test_a_push_that_asks_for_the_members_gets_them(scim) -> None:
    ada = scim.user("ada")
    group = scim.group("Sales")

    body = {
        "schemas": [PATCH],
        "Operations": [{"op": "add", "path": "members", "value": named(ada)}],
    }
    answer = scim.send("PATCH", f"/Groups/{group['id']}?attributes=members", body)

    assert answer.status == 200
    assert [each["value"] for each in answer.body["members"]] == [ada["id"]]


def test_what_cannot_be_a_member_is_refused_and_nothing_is_written(scim) -> None:
    ada = scim.user("ada")
    sales = scim.group("Sales")
    path = f"/Groups/{sales['id']}"
    nobody = "5f0e8f4c-0000-4000-8000-000000000000"
    location = sales["meta"]["location"]

    for member in (
        {"value": sales["id"], "type": "Group"},
        {"value": sales["id"], "$ref": location},
        {"value": sales["id"]},
        {"value": nobody},
        {"value": "ada@acme.example"},
        {"display": "Ada"},
    ):
        operation = {"op": "add", "path": "members", "value": [{"value": ada["id"]}, member]}
        answer = scim.patch(path, operation)
        assert (answer.status, answer.body["scimType"]) == (400, "invalidValue"), member
        made = {"schemas": [GROUP], "displayName": "Ops", "members": operation["value"]}
        assert scim.send("POST", "/Groups", made).status == 400
    assert members_of(scim, sales) == []
    assert sorted(Account.objects.values_list("name", flat=True)) == [
        "Acme Corp",
        "Engineering",
        "Sales",
    ]


def test_names_and_external_ids_are_one_groups_alone(scim) -> None:
    scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Sales", "externalId": "g-1"})
    ops = scim.group("Ops")

    answers = [
        scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "SALES"}),
        scim.send(
            "POST", "/Groups", {"schemas": [GROUP], "displayName": "Other", "externalId": "g-1"}
        ),
        scim.patch(f"/Groups/{ops['id']}", {"op": "replace", "value": {"displayName": "sales"}}),
        scim.patch(f"/Groups/{ops['id']}", {"op": "replace", "value": {"externalId": "g-1"}}),
    ]

    assert [(answer.status, answer.body["scimType"]) for answer in answers] == 4 * [
        (409, "uniqueness")
    ]
    same = {"op": "replace", "value": {"displayName": "OPS", "externalId": "g-2"}}
    assert scim.patch(f"/Groups/{ops['id']}", same).status == 204
    assert scim.get(f"/Groups/{ops['id']}").body["displayName"] == "OPS"


def test_deleting_a_group_lets_its_people_fall_to_the_rosters_account(scim, store) -> None:
    ada = scim.user("ada")
    sales = scim.group("Sales", ada)

    assert scim.send("DELETE", f"/Groups/{sales['id']}").status == 204

    assert scim.get(f"/Groups/{sales['id']}").status == 404
    assert person_of(ada).account == store.organization
    assert "groups" not in scim.get(f"/Users/{ada['id']}").body
    assert scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Sales"}).status == 201


def test_members_that_are_not_asked_for_are_not_read(scim) -> None:
    group = scim.group("Sales", scim.user("ada"))

    for path in (f"/Groups/{group['id']}", "/Groups"):
        with CaptureQueriesContext(connection) as queries:
            body = scim.get(f"{path}?excludedAttributes=members").body
        assert not [query for query in queries if "program_budgets_person" in query["sql"]]
        assert "members" not in str(body)
        assert "members" in str(scim.get(path).body)
        assert "members" in str(scim.get(f"{path}?attributes=members").body)
        with CaptureQueriesContext(connection) as queries:
            scim.get(f"{path}?attributes=displayName")
        assert not [query for query in queries if "program_budgets_person" in query["sql"]]


def test_versions_follow_the_name_and_who_is_in(scim) -> None:
    ada = scim.user("ada")
    group = scim.group("Sales")
    path = f"/Groups/{group['id']}"

    seen = {scim.get(path).headers["ETag"]}
    scim.patch(path, {"op": "add", "path": "members", "value": named(ada)})
    seen.add(scim.get(path).headers["ETag"])
    scim.patch(path, {"op": "replace", "path": "displayName", "value": "Selling"})
    tag = scim.get(path).headers["ETag"]
    seen.add(tag)
    scim.send("DELETE", f"/Users/{ada['id']}")
    seen.add(scim.get(path).headers["ETag"])

    assert len(seen) == 4
    assert scim.send("DELETE", path, **{"If-Match": tag}).status == 412


@pytest.mark.parametrize("query", ["", "?attributes=id"])
def test_two_that_each_add_somebody_do_not_undo_one_another(query, scim, monkeypatch) -> None:
    """The second reads the members before the first has written."""
    from saleor_program_budgets.interfaces.scim.members import Members

    ada, ben = scim.user("ada"), scim.user("ben")
    group = scim.group("Sales")
    path = f"/Groups/{group['id']}"
    planned = Members.planned

    def overtaken(self, **change):
        monkeypatch.setattr(Members, "planned", planned)
        add = {"op": "add", "path": "members", "value": named(ada)}
        assert scim.patch(path, add).status == 204
        return planned(self, **change)

    monkeypatch.setattr(Members, "planned", overtaken)
    late = {"op": "add", "path": "members", "value": named(ben)}
    assert scim.patch(f"{path}{query}", late).status == (200 if query else 204)

    assert members_of(scim, group) == [ada["id"], ben["id"]]


@pytest.mark.parametrize("attribute", ["displayName", "members"])
def test_a_group_needs_a_name_but_no_members(attribute, scim) -> None:
    body = {"schemas": [GROUP], "displayName": "Sales", "members": []}
    del body[attribute]

    assert scim.send("POST", "/Groups", body).status == (400 if attribute == "displayName" else 201)
