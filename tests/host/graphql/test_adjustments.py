"""Staff correct many budgets at once: they look first, apply, and undo."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from saleor.account.models import User

from saleor_program_budgets import ledger
from saleor_program_budgets.interfaces import batches
from saleor_program_budgets.models import Adjustment, JobRun, Posting
from tests.host.graphql.queries import ERRORS, data_of, error, errors_of, gid, top_errors
from tests.host.support.shop import balance_of

ADJUSTMENT = """
  id status source reason rejectedCount rejected { line field message }
  totals { status lines amount { amount } }
  lines(first: 5) { edges { node {
    number member { id } amount { amount } balanceBefore { amount } balanceAfter { amount }
    status error postingId
  } } }
"""
PREVIEW = f"""
mutation (
  $program: ID!, $reason: String!, $amount: Decimal, $member: ID, $account: ID, $csv: String,
  $file: Upload
) {{
  programBudgetAdjustmentPreview(
    program: $program, reason: $reason, amount: $amount, member: $member, account: $account,
    csv: $csv, file: $file
  ) {{ adjustment {{ {ADJUSTMENT} }} {ERRORS} }}
}}
"""
APPLY = f"""
mutation ($id: ID!) {{
  programBudgetAdjustmentApply(id: $id) {{ isQueued adjustment {{ {ADJUSTMENT} }} {ERRORS} }}
}}
"""
UNDO = f"""
mutation ($id: ID!) {{
  programBudgetAdjustmentUndo(id: $id, reason: "a mistake") {{
    isQueued adjustment {{ {ADJUSTMENT} }} {ERRORS}
  }}
}}
"""
MANY = """
query ($program: ID) { programBudgetAdjustments(first: 5, program: $program) {
  edges { node { id status totals { lines } } }
} }
"""
ONE = "query ($id: ID!) { programBudgetAdjustment(id: $id) { status } }"
JOBS = """
query ($name: String, $program: ID) {
  programBudgetJobs(first: 5, name: $name, program: $program) { edges { node {
    name state done total result error program { slug }
  } } }
}
"""


@pytest.fixture
def client(staff_api_client, permission_manage_gift_card):
    staff_api_client.user.user_permissions.add(permission_manage_gift_card)
    return staff_api_client


@pytest.fixture
def ada(store):
    return store.enroll(User.objects.create(email="ada@example.com"))[0]


def program_id(store) -> str:
    return gid("ProgramBudgetProgram", store.program.pk)


def preview(client, store, **given):
    given = {"program": program_id(store), "reason": "anniversary"} | given
    return data_of(client, PREVIEW, **given)


def available(*members):
    return [balance_of(member).available for member in members]


def test_one_member_is_previewed_applied_and_undone(client, store, member) -> None:
    payload = preview(client, store, member=gid("ProgramBudgetMember", member.pk), amount=25.5)

    assert payload["errors"] == []
    draft = payload["adjustment"]
    assert (draft["status"], draft["source"], draft["reason"]) == ("DRAFT", "MEMBER", "anniversary")
    assert draft["totals"] == [{"status": "DRAFT", "lines": 1, "amount": {"amount": 25.5}}]
    [line] = [edge["node"] for edge in draft["lines"]["edges"]]
    assert line == {
        "number": 1,
        "member": {"id": gid("ProgramBudgetMember", member.pk)},
        "amount": {"amount": 25.5},
        "balanceBefore": {"amount": 300.0},
        "balanceAfter": {"amount": 325.5},
        "status": "DRAFT",
        "error": "",
        "postingId": None,
    }
    assert available(member) == [30_000]

    applied = data_of(client, APPLY, id=draft["id"])
    assert (applied["isQueued"], applied["adjustment"]["status"]) == (False, "APPLIED")
    again = data_of(client, APPLY, id=draft["id"])
    assert again["adjustment"]["totals"] == applied["adjustment"]["totals"]
    assert available(member) == [32_550]
    posting = Posting.objects.get(kind=Posting.Kind.ADJUSTMENT)
    [line] = [edge["node"] for edge in applied["adjustment"]["lines"]["edges"]]
    assert line["postingId"] == gid("ProgramBudgetPosting", posting.pk)
    assert posting.actor == f"staff:{client.user.pk}"

    undone = data_of(client, UNDO, id=draft["id"])
    assert undone["adjustment"]["status"] == "UNDONE"
    assert available(member) == [30_000]
    assert errors_of(data_of(client, APPLY, id=draft["id"])) == error("id", "INVALID")
    assert ledger.verify().differences == ()


def test_all_under_an_account(client, store, member, ada) -> None:
    account = gid("ProgramBudgetAccount", store.organization.pk)

    draft = preview(client, store, account=account, amount=-50)["adjustment"]
    data_of(client, APPLY, id=draft["id"])

    assert draft["totals"] == [{"status": "DRAFT", "lines": 2, "amount": {"amount": -100.0}}]
    assert available(member, ada) == [25_000, 25_000]


LIST = "email,amount\nada@example.com,10.00\nnobody@example.com,5.00\nada@example.com,x\n"


def test_a_list_as_text_names_the_lines_that_cannot_be_used(client, store, ada) -> None:
    draft = preview(client, store, csv=LIST)["adjustment"]

    assert draft["rejectedCount"] == 2
    assert [(each["line"], each["field"]) for each in draft["rejected"]] == [
        (3, "email"),
        (4, "amount"),
    ]
    data_of(client, APPLY, id=draft["id"])
    assert available(ada) == [31_000]


def test_a_list_as_a_file(client, store, ada) -> None:
    file = SimpleUploadedFile("list.csv", LIST.encode(), content_type="text/csv")
    operations = {
        "query": PREVIEW,
        "variables": {"program": program_id(store), "reason": "bonus", "file": None},
    }
    body = {
        "operations": json.dumps(operations),
        "map": json.dumps({"0": ["variables.file"]}),
        "0": file,
    }

    answer = client.post_multipart(body).json()

    assert "errors" not in answer, answer
    draft = answer["data"]["programBudgetAdjustmentPreview"]["adjustment"]
    assert (draft["source"], draft["rejectedCount"]) == ("LIST", 2)


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"amount": 10}, "member", "INVALID"),
        ({"csv": LIST, "amount": 10}, "amount", "INVALID"),
        ({"csv": "name,amount\nAda,1\n"}, "csv", "INVALID"),
        ({"csv": LIST, "reason": " "}, "reason", "REQUIRED"),
        ({"member": gid("ProgramBudgetMember", 0), "amount": 1}, "member", "NOT_FOUND"),
    ],
)
def test_bad_requests(given, field, code, client, store) -> None:
    assert errors_of(preview(client, store, **given)) == error(field, code)
    assert not Adjustment.objects.exists()


def test_a_large_one_is_left_to_a_task_that_can_be_watched(
    client, store, member, ada, monkeypatch
) -> None:
    monkeypatch.setattr(batches, "AT_ONCE", 1)
    account = gid("ProgramBudgetAccount", store.organization.pk)
    draft = preview(client, store, account=account, amount=10)["adjustment"]

    applied = data_of(client, APPLY, id=draft["id"])

    assert (applied["isQueued"], applied["adjustment"]["status"]) == (True, "APPLIED")
    assert available(member, ada) == [31_000, 31_000]
    page = data_of(client, JOBS, name="adjust", program=program_id(store))
    [run] = [edge["node"] for edge in page["edges"]]
    assert json.loads(run.pop("result"))["is_complete"] is True
    assert run == {
        "name": "adjust",
        "state": "FINISHED",
        "done": 2,
        "total": 2,
        "error": "",
        "program": {"slug": "acme"},
    }
    data_of(client, UNDO, id=draft["id"])
    assert available(member, ada) == [30_000, 30_000]
    assert JobRun.objects.filter(name="adjust").count() == 2


def test_look_up(client, store, member) -> None:
    draft = preview(client, store, member=gid("ProgramBudgetMember", member.pk), amount=1)
    adjustment_id = draft["adjustment"]["id"]

    assert data_of(client, ONE, id=adjustment_id) == {"status": "DRAFT"}
    assert data_of(client, ONE, id=gid("ProgramBudgetAdjustment", 0)) is None
    page = data_of(client, MANY, program=program_id(store))
    assert page["edges"] == [
        {"node": {"id": adjustment_id, "status": "DRAFT", "totals": [{"lines": 1}]}}
    ]


def test_adjustments_need_permission(staff_api_client, permission_manage_users, store) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_users)

    for query, given in (
        (PREVIEW, {"program": program_id(store), "reason": "x", "amount": 1}),
        (APPLY, {"id": gid("ProgramBudgetAdjustment", 1)}),
        (UNDO, {"id": gid("ProgramBudgetAdjustment", 1)}),
        (MANY, {}),
        (JOBS, {}),
    ):
        assert top_errors(staff_api_client, query, **given) == ["PermissionDenied"]
