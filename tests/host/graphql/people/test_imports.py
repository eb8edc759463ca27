"""Staff bring files of people: they look first, and apply what they saw."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from openpyxl import Workbook

from saleor_program_budgets.interfaces import roster_files
from saleor_program_budgets.models import Account, Member, Person, RosterImport
from tests.host.graphql.people.conftest import person_id
from tests.host.graphql.people.requests import (
    APPLY,
    CHANGES,
    DISCARD,
    EXPORT,
    IMPORTS,
    LINES,
    ONE_IMPORT,
    PREVIEW,
    UPDATE_PERSON,
    nodes,
)
from tests.host.graphql.queries import data_of, error, errors_of, gid, top_errors

CSV = (
    "E-mail,External ID,Department,Manager\n"
    "grace@example.com,grace,Acme Corp,\n"
    "eve@example.com,eve,Sales,grace\n"
    "no address,x,,\n"
)


@pytest.fixture
def preview(client, roster_id):
    def call(csv=CSV, **given):
        return data_of(client, PREVIEW, **{"roster": roster_id, "csv": csv} | given)

    return call


def applied(client, draft, **given):
    return data_of(client, APPLY, id=draft["id"], **given)


def test_look_then_apply(client, preview, ada, grace) -> None:
    payload = preview(fileName="staff.csv", createDepartments=True)

    assert payload["errors"] == []
    draft = payload["import"]
    lines = nodes(draft.pop("lines"))
    assert draft == {
        "id": gid("ProgramBudgetRosterImport", RosterImport.objects.get().pk),
        "roster": {"name": "Acme's people"},
        "status": "DRAFT",
        "mode": "PARTIAL",
        "fileName": "staff.csv",
        "fileKind": "csv",
        "encoding": draft["encoding"],
        "createsDepartments": True,
        "mapping": [
            {"column": "Department", "field": "department"},
            {"column": "E-mail", "field": "email"},
            {"column": "External ID", "field": "external_id"},
            {"column": "Manager", "field": "manager"},
        ],
        "counts": [{"action": "CREATE", "lines": 1}, {"action": "MOVE", "lines": 1}],
        "leavers": 0,
        "departments": [
            {"name": "Acme Corp", "account": {"slug": "acme"}, "people": 1, "isNew": False},
            {"name": "Sales", "account": None, "people": 1, "isNew": True},
        ],
        "rejected": [
            {"line": 4, "field": "email", "message": "“no address” is no e-mail address."}
        ],
        "rejectedCount": 1,
        "rejectedFields": [{"field": "email", "lines": 1}],
        "progress": {"done": 0, "total": 2},
        "createdBy": f"staff:{client.user.pk}",
        "appliedBy": "",
        "appliedAt": None,
    }
    move, create = lines
    assert {each["field"]: (each["before"], each["after"]) for each in move.pop("values")} == {
        "account": ("Engineering", "Acme Corp"),
        "department": ("Engineering", "Acme Corp"),
        "manager": ("ada@example.com", None),
    }
    assert move == {
        "number": 2,
        "action": "MOVE",
        "person": {"email": "grace@example.com"},
        "effectiveAt": None,
        "status": "DRAFT",
        "error": "",
    }
    values = {each["field"]: (each["before"], each["after"]) for each in create["values"]}
    assert (values["account"], values["manager"]) == ((None, "Sales"), (None, "grace@example.com"))
    assert values["isActive"] == (None, "true")
    assert Person.objects.count() == 2

    done = applied(client, draft)

    assert (done["errors"], done["isQueued"]) == ([], False)
    assert (done["import"]["status"], done["import"]["progress"]) == (
        *("APPLIED", {"done": 2, "total": 2}),
    )
    assert done["import"]["appliedBy"] == f"staff:{client.user.pk}"
    assert applied(client, draft)["import"] == done["import"]
    eve = Person.objects.get(external_id="eve")
    assert (eve.account.name, eve.manager.external_id) == ("Sales", "grace")
    assert Member.objects.get(user_reference=eve.user_reference).account.name == "Sales"


def test_the_record_names_the_file(client, preview, roster_id) -> None:
    draft = preview("email\nada@example.com\n", fileName="staff.csv")["import"]
    applied(client, draft)

    created = [
        each
        for each in nodes(data_of(client, CHANGES, filter={"roster": roster_id}))
        if each["kind"] == "CREATED"
    ]

    assert [(each["source"], each["rosterImport"], each["line"]) for each in created] == [
        ("FILE", {"fileName": "staff.csv"}, 2)
    ]


def post_file(client, roster_id, file, **given):
    operations = {"query": PREVIEW, "variables": {"roster": roster_id, "file": None} | given}
    body = {
        "operations": json.dumps(operations),
        "map": json.dumps({"0": ["variables.file"]}),
        "0": file,
    }
    answer = client.post_multipart(body).json()
    assert "errors" not in answer, answer
    return answer["data"]["programBudgetRosterImportPreview"]


def test_a_workbook(client, roster_id) -> None:
    workbook, content = Workbook(), io.BytesIO()
    workbook.active.append(["Work Email", "Vorname"])
    workbook.active.append(["ada@example.com", "Ada"])
    workbook.save(content)
    file = SimpleUploadedFile("staff.xlsx", content.getvalue())

    payload = post_file(client, roster_id, file)

    assert payload["errors"] == []
    found = payload["import"]
    assert (found["fileName"], found["fileKind"]) == ("staff.xlsx", "xlsx")
    assert found["counts"] == [{"action": "CREATE", "lines": 1}]


def test_text_in_another_encoding(client, roster_id) -> None:
    file = SimpleUploadedFile("list.csv", "email;name\nada@example.com;Ädä\n".encode("utf-16"))

    payload = post_file(
        client,
        roster_id,
        file,
        mapping=[{"column": "email", "field": "email"}, {"column": "name", "field": "first_name"}],
    )

    assert payload["errors"] == []
    [line] = nodes(payload["import"]["lines"])
    assert {"field": "firstName", "before": None, "after": "Ädä"} in line["values"]


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"csv": None}, "file", "REQUIRED"),
        ({"csv": "email\nx@example.com\n", "file": "0"}, "file", "INVALID"),
        ({"csv": None, "file": "0"}, "file", "NOT_FOUND"),
        ({"csv": ""}, "file", "INVALID"),
        ({"csv": "name\nAda\n"}, "mapping", "INVALID"),
        ({"mapping": [{"column": "x", "field": "email"}]}, "mapping", "INVALID"),
        ({"mapping": [{"column": "E-mail", "field": "email"}] * 2}, "mapping", "INVALID"),
        ({"roster": gid("ProgramBudgetRoster", 0)}, "roster", "NOT_FOUND"),
    ],
)
def test_bad_files(given, field, code, preview) -> None:
    assert errors_of(preview(**given)) == error(field, code)
    assert not RosterImport.objects.exists()


def test_a_whole_file_lets_others_leave_once_that_is_confirmed(
    client, preview, roster, ada, grace
) -> None:
    type(roster).objects.update(largest_leave_percent=50)
    draft = preview("external_id\ngrace\n", mode="FULL")["import"]
    assert (draft["leavers"], draft["counts"]) == (
        1,
        [{"action": "LEAVE", "lines": 1}, {"action": "UNCHANGED", "lines": 1}],
    )

    assert errors_of(applied(client, draft)) == error("confirmedLeavers", "REQUIRED")
    assert errors_of(applied(client, draft, confirmed=2)) == error("confirmedLeavers", "INVALID")
    assert applied(client, draft, confirmed=1)["import"]["status"] == "APPLIED"
    assert not Person.objects.get(pk=ada.pk).is_active


def test_a_preview_that_no_longer_holds(client, preview, ada, grace) -> None:
    draft = preview("external_id,title\nada,Countess\n")["import"]
    data_of(client, UPDATE_PERSON, id=person_id(ada), input={"title": "Lady"})

    assert errors_of(applied(client, draft)) == error("id", "STALE")
    assert data_of(client, ONE_IMPORT, id=draft["id"])["status"] == "STALE"
    assert Person.objects.get(pk=ada.pk).title == "Lady"


def test_discard(client, preview, ada) -> None:
    draft = preview()["import"]

    assert data_of(client, DISCARD, id=draft["id"]) == {
        "import": {"id": draft["id"], "status": "DRAFT"},
        "errors": [],
    }
    assert errors_of(data_of(client, DISCARD, id=draft["id"])) == error("id", "NOT_FOUND")
    other = preview("email\nx@example.com\n")["import"]
    applied(client, other)
    assert errors_of(data_of(client, DISCARD, id=other["id"])) == error("id", "INVALID")


def test_a_large_one_is_left_to_a_task(client, preview, monkeypatch) -> None:
    monkeypatch.setattr(roster_files, "AT_ONCE", 1)
    draft = preview("email\nada@example.com\ngrace@example.com\n")["import"]

    done = applied(client, draft)

    assert (done["errors"], done["isQueued"], done["import"]["status"]) == ([], True, "APPLIED")
    assert Person.objects.count() == 2


def test_later(client, preview, ada) -> None:
    at = (timezone.now() + timedelta(days=2)).replace(microsecond=0)
    draft = preview("external_id,active\nada,no\n", effectiveAt=at.isoformat())["import"]

    applied(client, draft)

    [line] = nodes(draft["lines"])
    assert (line["action"], line["effectiveAt"]) == ("LEAVE", at.isoformat())
    assert (Person.objects.get().is_active, Person.objects.get().planned.count()) == (True, 1)


def test_lines_are_filtered(client, preview, ada, grace) -> None:
    draft = preview(createDepartments=True)["import"]

    def numbers(**given):
        page = data_of(client, LINES, id=draft["id"], first=5, filter=given)["lines"]
        assert page["totalCount"] == len(page["edges"])
        return [node["number"] for node in nodes(page)]

    assert numbers() == [2, 3]
    assert numbers(action="MOVE") == [2]
    assert (numbers(status="DRAFT"), numbers(status="FAILED")) == ([2, 3], [])


def test_files_are_listed(client, preview, roster_id) -> None:
    first, second = (preview(fileName=name)["import"]["id"] for name in ("1.csv", "2.csv"))

    def listed(**given):
        return [each["id"] for each in nodes(data_of(client, IMPORTS, first=5, **given))]

    assert listed() == listed(roster=roster_id) == [second, first]
    assert listed(roster=gid("ProgramBudgetRoster", 0)) == []
    assert data_of(client, ONE_IMPORT, id=gid("ProgramBudgetRosterImport", 0)) is None
    nothing = gid("ProgramBudgetRosterImport", 0)
    assert errors_of(data_of(client, APPLY, id=nothing)) == error("id", "NOT_FOUND")


def test_what_is_exported_changes_nothing(client, preview, roster_id, ada, grace) -> None:
    csv = data_of(client, EXPORT, roster=roster_id)

    assert csv.splitlines()[0].startswith("external_id,email,first_name,last_name,department")
    assert len(csv.splitlines()) == 3
    assert preview(csv)["import"]["counts"] == [{"action": "UNCHANGED", "lines": 2}]
    assert top_errors(client, EXPORT, roster=gid("ProgramBudgetRoster", 0)) == ["GraphQLError"]


def test_departments_are_made_when_it_is_applied(client, preview) -> None:
    draft = preview("email,department\nada@example.com,Sales / North\n")["import"]
    assert draft["rejectedFields"] == [{"field": "department", "lines": 1}]
    draft = preview("email,department\nada@example.com,Sales / North\n", createDepartments=True)
    assert not Account.objects.filter(name="Sales").exists()

    applied(client, draft["import"])

    assert Account.objects.get(name="North").parent.name == "Sales"
