"""An organization's own system sends its people."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from saleor.account.models import User

from saleor_program_budgets.models import Account, Member, PeopleChange, Person
from tests.host.graphql.people.conftest import person_id
from tests.host.graphql.people.requests import UPSERT
from tests.host.graphql.queries import data_of, error, errors_of, gid
from tests.support.database import snapshot


@pytest.fixture
def erp(app_api_client, permission_manage_users):
    """Return an app that may change people and nothing else."""
    app_api_client.app.permissions.set([permission_manage_users])
    return app_api_client


@pytest.fixture
def send(erp, roster_id):
    def call(*people, **given):
        return data_of(erp, UPSERT, **{"roster": roster_id, "people": people} | given)

    return call


def told(payload):
    """Return by row its errors, or the name of the person."""
    assert payload["errors"] == []
    assert [each["index"] for each in payload["results"]] == list(range(len(payload["results"])))
    return [
        errors_of(each) if each["person"] is None else each["person"]["externalId"]
        for each in payload["results"]
    ]


ADA = {
    "externalId": "1",
    "email": "Ada@example.com",
    "firstName": "Ada",
    "department": "Engineering",
    "manager": "2",
}
GRACE = {"externalId": "2", "email": "grace@example.com", "userName": "grace", "title": "Admiral"}


def test_people_are_added_with_their_memberships(send, erp, store) -> None:
    payload = send(ADA, GRACE)

    assert told(payload) == ["1", "2"]
    ada, grace = (each["person"] for each in payload["results"])
    assert (ada["email"], ada["userName"], ada["account"]) == (
        *("ada@example.com", "ada@example.com"),
        {"slug": "engineering"},
    )
    assert (ada["isActive"], ada["isSettled"]) == (True, True)
    assert (grace["userName"], grace["title"], grace["account"]) == (
        *("grace", "Admiral"),
        {"slug": "acme"},
    )
    assert Person.objects.get(external_id="1").manager.external_id == "2"
    assert [each.account.slug for each in Member.objects.order_by("account__slug")] == [
        *("acme", "engineering")
    ]
    assert set(PeopleChange.objects.values_list("source", "actor")) >= {
        ("api", f"app:{erp.app.pk}")
    }


def test_the_same_call_again_changes_nothing(send) -> None:
    send(ADA, GRACE)
    before = snapshot()

    assert told(send(ADA, GRACE)) == ["1", "2"]
    assert snapshot() == before


def test_what_is_not_given_stays(send) -> None:
    send(ADA, GRACE)

    [result] = send({"externalId": "1", "costCenter": "47", "manager": ""})["results"]

    person = result["person"]
    assert (person["firstName"], person["costCenter"], person["manager"]) == ("Ada", "47", None)
    assert person["account"] == {"slug": "engineering"}


def test_by_id_and_to_an_account(send, store, ada) -> None:
    row = {"id": person_id(ada), "account": gid("ProgramBudgetAccount", store.organization.pk)}

    [result] = send(row | {"isActive": False})["results"]

    assert result["errors"] == []
    assert (result["person"]["account"], result["person"]["isActive"]) == ({"slug": "acme"}, False)


def test_rows_answer_one_by_one(send, ada, grace, staff_api_client) -> None:
    rows = [
        ({"email": "new@example.com", "externalId": "new"}, "new"),
        ({"externalId": "nobody"}, error("email", "INVALID")),
        ({"id": gid("ProgramBudgetPerson", 0)}, error("id", "INVALID")),
        ({"id": gid("Order", 1)}, error("id", "GRAPHQL_ERROR")),
        (
            {"externalId": "ada", "account": gid("ProgramBudgetAccount", 0)},
            error("account", "INVALID"),
        ),
        ({"externalId": "x\x00"}, error("externalId", "INVALID")),
        ({"externalId": "grace", "email": "ada@example.com"}, error("email", "INVALID")),
        ({"email": staff_api_client.user.email}, error("email", "INVALID")),
        ({"email": "x@example.com", "department": "Nowhere"}, error("department", "INVALID")),
        ({"email": "y@example.com", "manager": "stranger"}, error("manager", "INVALID")),
        ({"email": "new@example.com"}, error("email", "INVALID")),
    ]

    assert told(send(*(row for row, _ in rows))) == [expected for _, expected in rows]
    assert Person.objects.count() == 3
    assert not User.objects.filter(email__in=["x@example.com", "y@example.com"]).exists()


def test_departments_are_created_if_wanted(send, store) -> None:
    row = {"email": "ada@example.com", "department": "Sales / North"}

    assert told(send(row)) == [error("department", "INVALID")]
    assert told(send(row, createDepartments=True)) == [""]
    north = Account.objects.get(name="North")
    assert (north.parent.name, north.parent.parent_id) == ("Sales", store.organization.pk)


def test_later(send, ada) -> None:
    at = timezone.now() + timedelta(days=1)
    row = {"externalId": "ada", "isActive": False, "effectiveAt": at.isoformat()}

    [result] = send(row)["results"]
    before = snapshot()
    send(row)

    assert (result["person"]["isActive"], len(result["person"]["planned"])) == (True, 1)
    assert snapshot() == before


def test_as_many_as_one_call_takes(send, erp) -> None:
    payload = send(*({"email": f"{number}@example.com"} for number in range(1001)))

    assert errors_of(payload) == error("people", "LIMIT_EXCEEDED")
    nowhere = send(ADA, roster=gid("ProgramBudgetRoster", 0))
    assert errors_of(nowhere) == error("roster", "NOT_FOUND")
    assert not Person.objects.exists()
