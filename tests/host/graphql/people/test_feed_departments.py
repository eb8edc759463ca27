"""An organization's own system sends its departments."""

from __future__ import annotations

import pytest

from saleor_program_budgets.models import Account
from tests.host.graphql.people.requests import DEPARTMENTS
from tests.host.graphql.queries import data_of, error, errors_of, gid
from tests.support.database import snapshot


@pytest.fixture
def send(app_api_client, permission_manage_gift_card, roster_id):
    app_api_client.app.permissions.set([permission_manage_gift_card])

    def call(*departments, **given):
        given = {"roster": roster_id, "departments": departments} | given
        return data_of(app_api_client, DEPARTMENTS, **given)

    return call


def told(payload):
    """Return by row its errors, or the department with the one above."""
    assert payload["errors"] == []
    assert [each["index"] for each in payload["results"]] == list(range(len(payload["results"])))
    return [
        errors_of(each)
        if each["department"] is None
        else (each["department"]["name"], each["department"]["parent"]["name"])
        for each in payload["results"]
    ]


def row(external_id, name, parent=None, **given):
    found = {"externalId": external_id, "name": name} | given
    return found if parent is None else found | {"parentExternalId": parent}


TREE = [
    row("n", "North", "s"),
    row("no", "Northern offices", "n", kind="LOCATION"),
    row("s", "Sales", kind="DIVISION"),
]


def test_in_any_order(send) -> None:
    payload = send(*TREE)

    assert told(payload) == [
        ("North", "Sales"),
        ("Northern offices", "North"),
        ("Sales", "Acme Corp"),
    ]
    assert [each["department"]["kind"] for each in payload["results"]] == [
        *("TEAM", "LOCATION", "DIVISION")
    ]


def test_the_same_call_again_changes_nothing(send) -> None:
    send(*TREE)
    before = snapshot()

    assert told(send(*TREE)) == [
        ("North", "Sales"),
        ("Northern offices", "North"),
        ("Sales", "Acme Corp"),
    ]
    assert snapshot() == before


def test_renamed_moved_and_left_where_they_are(send) -> None:
    send(*TREE)

    assert told(send(row("no", " Offices "), row("n", "North", ""), row("s", "Sales", "n"))) == [
        ("Offices", "North"),
        ("North", "Acme Corp"),
        ("Sales", "North"),
    ]
    assert Account.objects.get(name="Offices").kind == "location"


def test_rows_answer_one_by_one(send) -> None:
    rows = [
        (row("s", "Sales"), ("Sales", "Acme Corp")),
        (row("s", "Sales again"), error("externalId", "UNIQUE")),
        (row(" ", "Nobody"), error("externalId", "REQUIRED")),
        (row("x" * 256, "Long"), error("externalId", "INVALID")),
        (row("x\x00", "Control"), error("externalId", "INVALID")),
        (row("e", " "), error("name", "INVALID")),
        (row("b", "Below", "e"), error("parentExternalId", "NOT_FOUND")),
        (row("u", "Unknown", "nowhere"), error("parentExternalId", "NOT_FOUND")),
        (row("c", "Circle", "d"), error("parentExternalId", "INVALID")),
        (row("d", "Circle", "c"), error("parentExternalId", "INVALID")),
    ]

    assert told(send(*(each for each, _ in rows))) == [expected for _, expected in rows]
    assert set(Account.objects.values_list("name", flat=True)) == {
        *("Acme Corp", "Engineering", "Sales")
    }


def test_what_could_not_be_moved_takes_nothing(send) -> None:
    send(*TREE)

    below_itself = told(send(row("s", "Sales", "no"), row("new", "New", "s")))

    assert below_itself[1] == error("parentExternalId", "NOT_FOUND")
    assert [field for field, _ in below_itself[0]] == ["parent"]


def test_the_own_account_stays_as_it_is(send, store) -> None:
    Account.objects.filter(pk=store.organization.pk).update(external_id="acme")

    assert told(send(row("acme", "Another name"), row("s", "Sales", "acme"))) == [
        error("externalId", "INVALID"),
        error("parentExternalId", "NOT_FOUND"),
    ]
    assert errors_of(send(*TREE, roster=gid("ProgramBudgetRoster", 0))) == error(
        "roster", "NOT_FOUND"
    )
    assert errors_of(send(*[row("x", "x")] * 1001)) == error("departments", "LIMIT_EXCEEDED")
