"""Staff set rosters up, and look them up."""

from __future__ import annotations

import pytest

from saleor_program_budgets.models import Roster, RosterImport
from tests.host.graphql.people.requests import (
    CREATE_ROSTER,
    IMPORTS_OF_ROSTER,
    ONE_ROSTER,
    ROSTERS,
    UPDATE_ROSTER,
    nodes,
)
from tests.host.graphql.queries import data_of, error, errors_of, gid


def new(store, **changes):
    return {
        "name": " Acme's people ",
        "account": gid("ProgramBudgetAccount", store.organization.pk),
        "programs": [gid("ProgramBudgetProgram", store.program.pk)],
    } | changes


def test_create(client, store, settings) -> None:
    settings.ALLOWED_CLIENT_HOSTS = ["shop.example.com"]
    payload = data_of(
        client,
        CREATE_ROSTER,
        input=new(
            store,
            placedBy="GROUP",
            invitationUrl="https://shop.example.com/set-password",
            largestLeavePercent=25,
        ),
    )

    roster = Roster.objects.get()
    assert payload == {
        "roster": {
            "id": gid("ProgramBudgetRoster", roster.pk),
            "name": "Acme's people",
            "account": {"slug": "acme"},
            "programs": [{"slug": "acme"}],
            "placedBy": "GROUP",
            "invitationUrl": "https://shop.example.com/set-password",
            "largestLeavePercent": 25,
            "mapping": [],
            "peopleCount": 0,
            "activePeopleCount": 0,
            "createdBy": f"staff:{client.user.pk}",
        },
        "errors": [],
    }


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": " "}, "name", "REQUIRED"),
        ({"name": "x" * 251}, "name", "INVALID"),
        ({"account": gid("ProgramBudgetAccount", 0)}, "account", "NOT_FOUND"),
        ({"account": gid("Order", 1)}, "account", "GRAPHQL_ERROR"),
        ({"programs": [gid("ProgramBudgetProgram", 0)]}, "programs", "NOT_FOUND"),
        ({"largestLeavePercent": 101}, "largestLeavePercent", "INVALID"),
        ({"invitationUrl": "https://elsewhere.example.net/"}, "invitationUrl", "INVALID"),
        ({"invitationUrl": "nonsense"}, "invitationUrl", "INVALID"),
    ],
)
def test_create_with_bad_input(changes, field, code, client, store, settings) -> None:
    settings.ALLOWED_CLIENT_HOSTS = ["shop.example.com"]

    payload = data_of(client, CREATE_ROSTER, input=new(store, **changes))

    assert errors_of(payload) == error(field, code)
    assert not Roster.objects.exists()


def test_rosters_do_not_overlap(client, store, roster) -> None:
    department = gid("ProgramBudgetAccount", store.department.pk)

    payload = data_of(client, CREATE_ROSTER, input=new(store, account=department))

    assert errors_of(payload) == error("account", "INVALID")
    assert Roster.objects.count() == 1


def test_update_changes_what_is_given(client, roster, roster_id, ada) -> None:
    payload = data_of(client, UPDATE_ROSTER, id=roster_id, input={"programs": []})

    assert payload["errors"] == []
    assert (payload["roster"]["name"], payload["roster"]["programs"]) == ("Acme's people", [])
    again = data_of(
        client, UPDATE_ROSTER, id=roster_id, input={"name": "Staff", "placedBy": "GROUP"}
    )
    assert (again["roster"]["name"], again["roster"]["placedBy"]) == ("Staff", "GROUP")
    assert again["roster"]["peopleCount"] == 1


def test_update_with_bad_input(client, roster_id) -> None:
    nobody = gid("ProgramBudgetRoster", 0)
    assert errors_of(data_of(client, UPDATE_ROSTER, id=nobody, input={})) == error(
        "id", "NOT_FOUND"
    )
    blank = data_of(client, UPDATE_ROSTER, id=roster_id, input={"name": ""})
    assert errors_of(blank) == error("name", "REQUIRED")


def test_look_up(client, roster, roster_id, ada, hire) -> None:
    hire("eve", is_active=False)
    Roster.objects.update(mapping={"e mail": "email", "notes": ""})

    found = data_of(client, ONE_ROSTER, id=roster_id)

    assert (found["peopleCount"], found["activePeopleCount"]) == (2, 1)
    assert found["mapping"] == [
        {"column": "e mail", "field": "email"},
        {"column": "notes", "field": ""},
    ]
    assert data_of(client, ONE_ROSTER, id=gid("ProgramBudgetRoster", 0)) is None
    assert [each["id"] for each in nodes(data_of(client, ROSTERS, first=5))] == [roster_id]


def test_its_files(client, roster, roster_id) -> None:
    for name in ("first.csv", "second.csv"):
        RosterImport.objects.create(roster=roster, file_name=name, created_at=roster.created_at)

    page = data_of(client, IMPORTS_OF_ROSTER, id=roster_id)["imports"]

    assert nodes(page) == [
        {"fileName": "second.csv", "status": "DRAFT"},
        {"fileName": "first.csv", "status": "DRAFT"},
    ]
