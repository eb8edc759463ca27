"""Who may read and change what of rosters and people."""

from __future__ import annotations

import pytest

from saleor_program_budgets.models import PeopleChange, Person, Roster, RosterToken
from tests.host.graphql.people import requests
from tests.host.graphql.people.conftest import person_id
from tests.host.graphql.queries import data_of, gid, top_errors

ROSTER = gid("ProgramBudgetRoster", 1)
NOTHING = gid("ProgramBudgetPerson", 0)
ROSTERS = [(requests.ONE_ROSTER, {"id": ROSTER}), (requests.ROSTERS, {"first": 1})]
PEOPLE = [
    (requests.ONE_PERSON, {"id": NOTHING}),
    (requests.PEOPLE, {"first": 1}),
    (requests.CHANGES, {}),
    (requests.ONE_IMPORT, {"id": gid("ProgramBudgetRosterImport", 0)}),
    (requests.IMPORTS, {"first": 1}),
    (requests.EXPORT, {"roster": ROSTER}),
    (requests.PREVIEW, {"roster": ROSTER, "csv": "email\nx@example.com\n"}),
    (requests.APPLY, {"id": gid("ProgramBudgetRosterImport", 0)}),
    (requests.DISCARD, {"id": gid("ProgramBudgetRosterImport", 0)}),
    (requests.UPDATE_PERSON, {"id": NOTHING, "input": {}}),
    (requests.REMOVE_PERSON, {"id": NOTHING}),
    (requests.CANCEL, {"id": gid("ProgramBudgetPersonPlannedChange", 0)}),
    (requests.UPSERT, {"roster": ROSTER, "people": []}),
]
PROGRAMS = [
    (requests.CREATE_ROSTER, {"input": {"name": "x", "account": ROSTER}}),
    (requests.UPDATE_ROSTER, {"id": ROSTER, "input": {}}),
    (requests.CREATE_TOKEN, {"roster": ROSTER, "name": "x"}),
    (requests.ROTATE_TOKEN, {"id": gid("ProgramBudgetRosterToken", 0)}),
    (requests.REVOKE_TOKEN, {"id": gid("ProgramBudgetRosterToken", 0)}),
    (requests.DEPARTMENTS, {"roster": ROSTER, "departments": []}),
    (requests.GRANT, {"program": gid("ProgramBudgetProgram", 1), "grants": []}),
    (requests.CAPS, {"program": gid("ProgramBudgetProgram", 1), "caps": [], "reason": "x"}),
    (requests.RENEW, {"program": gid("ProgramBudgetProgram", 1)}),
]


def test_nobody_without_a_permission(
    api_client, user_api_client, staff_api_client, app_api_client, ada
) -> None:
    changes = PeopleChange.objects.count()
    for client in (api_client, user_api_client, staff_api_client, app_api_client):
        for query, given in ROSTERS + PEOPLE + PROGRAMS:
            assert top_errors(client, query, **given) == ["PermissionDenied"], query
    counts = (Roster.objects.count(), Person.objects.count(), RosterToken.objects.count())
    assert (*counts, PeopleChange.objects.count()) == (1, 1, 0, changes)


def test_who_reads_figures_sees_rosters_and_nobody_in_them(
    staff_api_client, permission_manage_orders, roster_id, ada
) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_orders)

    assert data_of(staff_api_client, requests.ONE_ROSTER, id=roster_id)["peopleCount"] == 1
    for query, given in [*PEOPLE, *PROGRAMS, (requests.IMPORTS_OF_ROSTER, {"id": roster_id})]:
        assert top_errors(staff_api_client, query, **given) == ["PermissionDenied"], query


def test_who_manages_users_changes_people_and_neither_rosters_nor_budgets(
    staff_api_client, permission_manage_users, roster_id, ada
) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_users)
    given = {"id": person_id(ada), "input": {"title": "Countess"}}

    updated = data_of(staff_api_client, requests.UPDATE_PERSON, **given)
    assert updated["person"]["title"] == "Countess"
    assert data_of(staff_api_client, requests.ONE_ROSTER, id=roster_id)["peopleCount"] == 1
    assert data_of(staff_api_client, requests.EXPORT, roster=roster_id).count("\n") == 2
    for query, variables in PROGRAMS:
        assert top_errors(staff_api_client, query, **variables) == ["PermissionDenied"], query


@pytest.mark.parametrize("query", [requests.TOKENS])
def test_a_secret_is_in_no_list(query, client, roster_id) -> None:
    made = data_of(client, requests.CREATE_TOKEN, roster=roster_id, name="Okta")

    response = client.post_graphql(query, {"id": roster_id})

    assert made["secret"] not in response.content.decode()
    assert RosterToken.objects.get().digest not in {made["secret"].encode(), b""}
