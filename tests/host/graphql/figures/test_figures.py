"""Live figures through the API: everything of a board in one request."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from saleor_program_budgets import figures, programs
from saleor_program_budgets.errors import BalanceShort
from saleor_program_budgets.models import CycleTotal, FigureChange
from tests.host.graphql.queries import data_of, gid, top_errors
from tests.host.support.shop import ACTOR, usd

LINE = """
  unit allocated { amount } held { amount } redeemed { amount } remaining { amount }
  spendable { amount } overspent { amount } activeMembers spenders burnRate { amount } runsOutAt
  runsOutInCycle granted { amount } captured { amount } refunded { amount } lapsed { amount }
  withdrawn { amount } redemptions refusals
  caps { id programId ceiling { amount } available { amount } overhang { amount } coverageRatio }
"""
BOARD = f"""
query ($programs: [ID!], $account: ID, $from: Date, $to: Date) {{
  programBudgetFigures(
    programIds: $programs, accountId: $account, periodFrom: $from, periodTo: $to
  ) {{
    asOf version periodFrom periodTo
    totals {{ {LINE} }}
    programs {{ id name cycleStartsAt cycleEndsAt lines {{ {LINE} }} }}
    accounts {{ id name kind hasChildren lines {{ {LINE} }} }}
    days {{ date unit captured {{ amount }} refunded {{ amount }} redemptions refusals }}
    recent(first: 2) {{
      hasMore
      nodes {{
        cursor state code programId memberId memberName memberEmail accountId accountName
        amount {{ amount }} captured {{ amount }} available {{ amount }} checkoutId orderId
      }}
    }}
    closest(first: 2) {{ memberId memberEmail accountName remaining {{ amount }} used }}
    csv
  }}
}}
"""
RECENT = """
query ($first: Int!, $after: String) { programBudgetFigures {
  recent(first: $first, after: $after) { hasMore nodes { cursor state } }
} }
"""
VERSION = "{ programBudgetFiguresVersion }"


def reserve(store, member, amount: int) -> Any:
    """Hold an amount of cents for a checkout, as the gateway does."""
    return programs.reserve(
        store=programs.find_store(channel_id=str(store.channel.pk)),
        user_id=member.user_id,
        amount=usd(amount),
        checkout_id="a-checkout",
        channel_id=str(store.channel.pk),
        key=f"hold-{FigureChange.objects.count()}-{amount}",
        actor=ACTOR,
        at=timezone.now(),
    )


def test_one_request_answers_a_board_in_six_queries(client, store, member) -> None:
    reserve(store, member, 120_00)

    with CaptureQueriesContext(connection) as queries:
        board = data_of(client, BOARD)

    assert sum("program_budgets_" in query["sql"] for query in queries) == 6
    [total] = board["totals"]
    assert {name: total[name]["amount"] for name in ("allocated", "held", "remaining")} == {
        "allocated": 300.0,
        "held": 120.0,
        "remaining": 180.0,
    }
    assert (total["activeMembers"], total["runsOutAt"], total["caps"]) == (1, None, [])
    [account] = board["accounts"]
    assert (account["id"], account["hasChildren"]) == (
        gid("ProgramBudgetAccount", store.organization.pk),
        True,
    )
    assert account["lines"] == board["totals"]
    [program] = board["programs"]
    assert program["id"] == gid("ProgramBudgetProgram", store.program.pk)
    assert program["lines"] == board["totals"]
    [node] = board["recent"]["nodes"]
    assert {name: node[name] for name in ("state", "code", "memberEmail", "accountName")} == {
        "state": "PENDING",
        "code": None,
        "memberEmail": member.user.email,
        "accountName": store.department.name,
    }
    assert board["closest"] == [
        {
            "memberId": gid("ProgramBudgetMember", member.pk),
            "memberEmail": member.user.email,
            "accountName": store.department.name,
            "remaining": {"amount": 180.0},
            "used": 0.4,
        }
    ]
    heading, of_account, of_all = csv.reader(board["csv"].splitlines())
    assert (heading[:3], of_account[:3]) == (
        ["account", "unit", "allocated"],
        [store.organization.name, "USD", "300.00"],
    )
    assert of_all[1:] == of_account[1:]


def test_an_account_is_drilled_down_to(client, store, member) -> None:
    department = gid("ProgramBudgetAccount", store.department.pk)

    board = data_of(client, BOARD, account=department)

    assert board["accounts"] == []
    assert [line["allocated"]["amount"] for line in board["totals"]] == [300.0]


def test_a_refusal_is_seen_with_its_reason(client, store, member) -> None:
    with pytest.raises(BalanceShort):
        reserve(store, member, 301_00)

    board = data_of(client, BOARD)

    [node] = board["recent"]["nodes"]
    assert (node["state"], node["code"]) == ("REFUSED", "BALANCE_SHORT")
    assert (node["amount"], node["available"]) == ({"amount": 301.0}, {"amount": 300.0})
    assert [line["refusals"] for line in board["totals"]] == [1]


def test_a_list_is_paged(client, store, member) -> None:
    for amount in (1_00, 2_00, 3_00):
        reserve(store, member, amount)

    first = data_of(client, RECENT, first=2)["recent"]
    rest = data_of(client, RECENT, first=2, after=first["nodes"][-1]["cursor"])["recent"]

    assert (len(first["nodes"]), first["hasMore"]) == (2, True)
    assert (len(rest["nodes"]), rest["hasMore"]) == (1, False)


@pytest.mark.parametrize(
    "given",
    [{"first": 0}, {"first": 101}, {"first": 1, "after": "nonsense"}],
)
def test_what_is_no_page_is_said(given, client, store) -> None:
    assert top_errors(client, RECENT, **given) == ["GraphQLError"]


def test_what_is_no_period_is_said(client, store) -> None:
    given = {"from": "2026-02-02", "to": "2026-02-01"}
    assert top_errors(client, BOARD, **given) == ["GraphQLError"]
    assert top_errors(client, BOARD, programs=["UHJvZHVjdDox"]) == ["GraphQLError"]


def test_the_version_says_that_something_changed(client, store, member, monkeypatch) -> None:
    at = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: at)
    before = data_of(client, VERSION)
    assert data_of(client, BOARD)["version"] == before
    figures.fold_batch(at=at)
    assert data_of(client, VERSION) == before
    reserve(store, member, 1_00)
    assert data_of(client, VERSION) != before
    with CaptureQueriesContext(connection) as queries:
        data_of(client, VERSION)
    assert sum("program_budgets_" in query["sql"] for query in queries) == 1


def test_wrong_figures_are_named_by_the_proof(client, store, member) -> None:
    figures.fold_batch(at=timezone.now())
    CycleTotal.objects.update(granted=1)

    proof = data_of(client, "{ programBudgetVerify { isClean differences { check subject } } }")

    subject = (
        f"cycle of program {store.program.pk}, cycle {store.program.cycles.get().pk}, "
        f"account {store.department.pk}, USD"
    )
    assert proof == {
        "isClean": False,
        "differences": [{"check": "figures_match_ledger", "subject": subject}],
    }


def test_nobody_without_a_permission(api_client, user_api_client, staff_api_client) -> None:
    for client in (api_client, user_api_client, staff_api_client):
        for query in (BOARD, VERSION):
            assert top_errors(client, query) == ["PermissionDenied"]
