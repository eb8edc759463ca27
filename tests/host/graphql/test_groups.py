"""Staff give groups of members terms of their own."""

from __future__ import annotations

import pytest

from saleor_program_budgets.models import MemberGroup
from tests.host.graphql.queries import ERRORS, data_of, error, errors_of, gid, top_errors

GROUP = """
  id name position allotment { amount } allotmentItems carriesForward carryLimit { amount }
  carryDays memberCount
"""
CREATE = f"""
mutation ($program: ID!, $input: ProgramBudgetGroupInput!) {{
  programBudgetGroupCreate(program: $program, input: $input) {{ group {{ {GROUP} }} {ERRORS} }}
}}
"""
UPDATE = f"""
mutation ($id: ID!, $input: ProgramBudgetGroupInput!) {{
  programBudgetGroupUpdate(id: $id, input: $input) {{ group {{ {GROUP} }} {ERRORS} }}
}}
"""
DELETE = f"""
mutation ($id: ID!) {{ programBudgetGroupDelete(id: $id) {{ groupId {ERRORS} }} }}
"""
REORDER = f"""
mutation ($program: ID!, $groups: [ID!]!) {{
  programBudgetGroupReorder(program: $program, groups: $groups) {{ groups {{ name }} {ERRORS} }}
}}
"""
SET = f"""
mutation ($id: ID!, $add: [ID!], $remove: [ID!]) {{
  programBudgetGroupMembersSet(id: $id, add: $add, remove: $remove) {{
    group {{ memberCount }} {ERRORS}
  }}
}}
"""
GROUPS = """
query ($id: ID!) { programBudgetProgram(id: $id) { groups { name memberCount } } }
"""
IN_GROUP = """
query ($group: ID!) {
  programBudgetMembers(first: 5, filter: {group: $group}) {
    edges { node { id groups { name } nextReset { allotment { amount } } } }
  }
}
"""


@pytest.fixture
def client(staff_api_client, permission_manage_gift_card):
    staff_api_client.user.user_permissions.add(permission_manage_gift_card)
    return staff_api_client


def program_id(store) -> str:
    return gid("ProgramBudgetProgram", store.program.pk)


@pytest.fixture
def managers(client, store):
    """Return the id of a group that is allotted 500.00."""
    payload = data_of(
        client, CREATE, program=program_id(store), input={"name": "Managers", "allotment": 500}
    )
    assert payload["errors"] == []
    return payload["group"]["id"]


def test_create_and_update(client, store, managers) -> None:
    assert data_of(
        client, UPDATE, id=managers, input={"carriesForward": True, "carryDays": 30}
    ) == {
        "group": {
            "id": managers,
            "name": "Managers",
            "position": 0,
            "allotment": {"amount": 500.0},
            "allotmentItems": 0,
            "carriesForward": True,
            "carryLimit": None,
            "carryDays": 30,
            "memberCount": 0,
        },
        "errors": [],
    }

    payload = data_of(client, UPDATE, id=managers, input={"name": "Leads", "carriesForward": None})
    assert errors_of(payload) == error("carriesForward", "INVALID")
    payload = data_of(
        client,
        UPDATE,
        id=managers,
        input={"name": "Leads", "carriesForward": None, "carryDays": None},
    )
    assert payload["errors"] == []
    group = payload["group"]
    assert (group["name"], group["carriesForward"], group["allotment"]) == (
        "Leads",
        None,
        {"amount": 500.0},
    )


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": " "}, "name", "REQUIRED"),
        ({"name": "Managers"}, "name", "UNIQUE"),
        ({"allotment": 1.005}, "allotment", "INVALID_AMOUNT"),
        ({"allotmentItems": 1}, "allotmentItems", "INVALID"),
        ({"carriesForward": True, "carryDays": 0}, "carryDays", "INVALID"),
    ],
)
def test_create_with_bad_input(changes, field, code, client, store, managers) -> None:
    payload = data_of(client, CREATE, program=program_id(store), input={"name": "Sales"} | changes)

    assert errors_of(payload) == error(field, code)
    assert MemberGroup.objects.count() == 1


def test_members_go_in_and_out(client, store, member, managers) -> None:
    member_id = gid("ProgramBudgetMember", member.pk)
    payload = data_of(client, SET, id=managers, add=[member_id])
    assert payload == {"group": {"memberCount": 1}, "errors": []}

    page = data_of(client, IN_GROUP, group=managers)
    assert [edge["node"] for edge in page["edges"]] == [
        {
            "id": member_id,
            "groups": [{"name": "Managers"}],
            "nextReset": {"allotment": {"amount": 500.0}},
        }
    ]
    assert data_of(client, GROUPS, id=program_id(store)) == {
        "groups": [{"name": "Managers", "memberCount": 1}]
    }

    payload = data_of(client, SET, id=managers, remove=[member_id])
    assert payload["group"] == {"memberCount": 0}
    assert data_of(client, IN_GROUP, group=managers) == {"edges": []}


def test_coverage_counts_what_groups_are_allotted(client, store, member, managers) -> None:
    store.cap(store.organization, 100_000)
    data_of(client, SET, id=managers, add=[gid("ProgramBudgetMember", member.pk)])
    query = """
    query ($id: ID!) { programBudgetAccount(id: $id) { caps {
      allotted { amount } coverageRatio
    } } }
    """

    account = data_of(client, query, id=gid("ProgramBudgetAccount", store.organization.pk))

    assert account["caps"] == [{"allotted": {"amount": 500.0}, "coverageRatio": 2.0}]


def test_unknown_members_change_nothing(client, store, member, managers) -> None:
    ids = [gid("ProgramBudgetMember", member.pk), gid("ProgramBudgetMember", 0)]

    payload = data_of(client, SET, id=managers, add=ids)

    assert errors_of(payload) == error("add", "NOT_FOUND")
    assert data_of(client, GROUPS, id=program_id(store))["groups"][0]["memberCount"] == 0


def test_reorder_and_delete(client, store, managers) -> None:
    sales = data_of(client, CREATE, program=program_id(store), input={"name": "Sales"})
    sales_id = sales["group"]["id"]

    payload = data_of(client, REORDER, program=program_id(store), groups=[sales_id, managers])
    assert payload["groups"] == [{"name": "Sales"}, {"name": "Managers"}]
    payload = data_of(client, REORDER, program=program_id(store), groups=[sales_id])
    assert errors_of(payload) == error("groups", "INVALID")

    assert data_of(client, DELETE, id=managers) == {"groupId": managers, "errors": []}
    assert errors_of(data_of(client, DELETE, id=managers)) == error("id", "NOT_FOUND")
    assert [group.name for group in MemberGroup.objects.all()] == ["Sales"]


def test_groups_need_permission(staff_api_client, permission_manage_users, store) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_users)

    answer = top_errors(
        staff_api_client, CREATE, program=program_id(store), input={"name": "Managers"}
    )

    assert answer == ["PermissionDenied"]
