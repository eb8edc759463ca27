"""Cycles in the API: a program's rules, what members see coming, and dry runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from saleor.account.models import User

from saleor_program_budgets import ledger, periods, tasks
from saleor_program_budgets.models import Lot, Program
from tests.host.graphql.queries import ERRORS, data_of, error, errors_of, gid, top_errors
from tests.host.support.cycles import end_cycle

RULES = """
  cycleLength cycleAnchor cycleDates allotmentItems proration carriesForward
  carryLimit { amount currency } carryDays reminderDays
"""
CREATE = f"""
mutation ($input: ProgramBudgetProgramCreateInput!) {{
  programBudgetProgramCreate(input: $input) {{ program {{ id {RULES} }} {ERRORS} }}
}}
"""
UPDATE = f"""
mutation ($id: ID!, $input: ProgramBudgetProgramInput!) {{
  programBudgetProgramUpdate(id: $id, input: $input) {{ program {{ name {RULES} }} {ERRORS} }}
}}
"""
COMING = """
  nextReset { at allotment { amount } allotmentItems carried { amount } }
  lapses { at amount { amount } carried { amount } carriedUntil lapses { amount } }
  rollovers { endsAt carried { amount } carriedUntil lapsed { amount } }
"""
ME = f"""
{{ me {{ programBudgets {{
  available {{ amount }} resetsAt {COMING}
  lots {{ origin available {{ amount }} expiresAt reason source {{ origin }} }}
}} }} }}
"""
MEMBERS = f"""
query ($first: Int!) {{ programBudgetMembers(first: $first) {{
  edges {{ node {{ {COMING} items {{ available }} groups {{ name }} }} }}
}} }}
"""
CYCLES = """
query ($id: ID!) { programBudgetProgram(id: $id) { cycles(first: 10) { edges { node {
  number closedAt granted { amount } carriedIn { amount } spent { amount } lapsed { amount }
  withdrawn { amount } carriedOver { amount }
} } } } }
"""
SUMS = """
  members granted { amount currency } carried { amount } lapsed { amount } held { amount }
"""
PREVIEW = f"""
  cycle {{ number }}
  totals {{ unit account {{ slug }} present {{ {SUMS} }} proposed {{ {SUMS} }} }}
  accounts(first: 10) {{ edges {{ node {{
    account {{ slug }} unit present {{ members carried {{ amount }} }}
  }} }} }}
  coverage {{ account {{ slug }} ceiling {{ amount }} presentRatio proposedRatio }}
"""
PLAN = f"query ($id: ID!) {{ programBudgetPlan(program: $id) {{ {PREVIEW} }} }}"
RULES_PREVIEW = f"""
query ($id: ID!, $input: ProgramBudgetProgramInput!) {{
  programBudgetRulesPreview(program: $id, input: $input) {{ {PREVIEW} }}
}}
"""
CAP_PREVIEW = """
query ($account: ID!, $program: ID, $amount: Decimal!) {
  programBudgetCapPreview(account: $account, program: $program, amount: $amount) {
    account { slug } presentCeiling { amount } ceiling { amount } held { amount }
    spent { amount } overhang { amount } available { amount } members allotted { amount } ratio
  }
}
"""


@pytest.fixture
def client(staff_api_client, permission_manage_gift_card):
    staff_api_client.user.user_permissions.add(permission_manage_gift_card)
    return staff_api_client


def program_id(store) -> str:
    return gid("ProgramBudgetProgram", store.program.pk)


def money(amount: float) -> dict[str, float]:
    return {"amount": amount}


def test_create_with_rules_of_cycles(client) -> None:
    payload = data_of(
        client,
        CREATE,
        input={
            "name": "Kits",
            "currency": "USD",
            "allotment": 300,
            "allotmentItems": 2,
            "cycleLength": "CUSTOM",
            "cycleDates": ["2027-01-01T00:00:00Z", "2027-03-01T00:00:00Z"],
            "cycleAnchor": "2027-01-01T00:00:00Z",
            "proration": "NEXT_CYCLE",
            "carriesForward": True,
            "carryLimit": 100.5,
            "carryDays": 90,
            "reminderDays": [7, 60],
        },
    )

    assert payload["errors"] == []
    payload["program"].pop("id")
    assert payload["program"] == {
        "cycleLength": "CUSTOM",
        "cycleAnchor": "2027-01-01T00:00:00+00:00",
        "cycleDates": ["2027-01-01T00:00:00+00:00", "2027-03-01T00:00:00+00:00"],
        "allotmentItems": 2,
        "proration": "NEXT_CYCLE",
        "carriesForward": True,
        "carryLimit": {"amount": 100.5, "currency": "USD"},
        "carryDays": 90,
        "reminderDays": [60, 7],
    }


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"cycleLength": "CUSTOM"}, "cycleDates", "INVALID"),
        ({"cycleDates": ["2027-01-01T00:00:00Z"]}, "cycleDates", "INVALID"),
        ({"cycleLength": "WINDOW"}, "closesAt", "REQUIRED"),
        ({"cycleLength": None}, "cycleLength", "REQUIRED"),
        ({"carryLimit": 1.005}, "carryLimit", "INVALID_AMOUNT"),
        ({"carryLimit": 0}, "carryLimit", "INVALID_AMOUNT"),
        ({"carryDays": 0}, "carryDays", "INVALID"),
        ({"allotmentItems": -1}, "allotmentItems", "INVALID"),
        ({"reminderDays": [0]}, "reminderDays", "INVALID"),
    ],
)
def test_create_with_bad_rules(changes, field, code, client) -> None:
    payload = data_of(client, CREATE, input={"name": "Kits", "currency": "USD"} | changes)

    assert errors_of(payload) == error(field, code)
    assert not Program.objects.exists()


def test_update_leaves_the_rest_of_the_rules(client, store) -> None:
    rules = {"carriesForward": True, "carryLimit": 100, "carryDays": 90, "proration": "DAILY"}
    data_of(client, UPDATE, id=program_id(store), input=rules)

    payload = data_of(
        client, UPDATE, id=program_id(store), input={"name": "Renamed", "carryLimit": None}
    )

    assert payload["errors"] == []
    program = payload["program"]
    assert (program["name"], program["proration"], program["carryDays"]) == ("Renamed", "DAILY", 90)
    assert (program["carriesForward"], program["carryLimit"]) == (True, None)
    assert program["cycleLength"] == "ANNUAL"


def test_member_sees_what_is_coming(user_api_client, store, member) -> None:
    store.change(carries_forward=True, carry_limit_minor=10_000, carry_days=90)
    end = store.program.cycles.get().ends_at
    later = periods.days_after(end, days=90, time_zone="UTC")

    [budget] = data_of(user_api_client, ME)["programBudgets"]

    assert budget["resetsAt"] == end.isoformat()
    assert budget["nextReset"] == {
        "at": end.isoformat(),
        "allotment": money(300.0),
        "allotmentItems": 0,
        "carried": money(100.0),
    }
    assert budget["lapses"] == [
        {
            "at": end.isoformat(),
            "amount": money(300.0),
            "carried": money(100.0),
            "carriedUntil": later.isoformat(),
            "lapses": money(200.0),
        }
    ]
    assert budget["rollovers"] == []


def test_who_looks_after_the_end_is_renewed_on_the_spot(user_api_client, store, member) -> None:
    store.change(carries_forward=True, carry_limit_minor=10_000)
    end = end_cycle(store)

    [budget] = data_of(user_api_client, ME)["programBudgets"]

    cycle = store.program.cycles.get(closed_at=None)
    assert (cycle.number, cycle.starts_at) == (2, end)
    assert budget["available"] == money(400.0)
    assert budget["resetsAt"] == cycle.ends_at.isoformat()
    assert budget["rollovers"] == [
        {
            "endsAt": end.isoformat(),
            "carried": money(100.0),
            "carriedUntil": cycle.ends_at.isoformat(),
            "lapsed": money(200.0),
        }
    ]
    assert [
        (lot["origin"], lot["available"]["amount"], lot["source"], lot["reason"])
        for lot in budget["lots"]
        if lot["available"]["amount"]
    ] == [("CARRY", 100.0, {"origin": "ALLOTMENT"}, ""), ("ALLOTMENT", 300.0, None, "")]
    # What was carried doesn't carry again.
    assert budget["nextReset"]["carried"] == money(100.0)
    [lapse] = budget["lapses"]
    assert (lapse["amount"], lapse["lapses"]) == (money(400.0), money(300.0))
    assert ledger.verify().differences == ()


def test_in_a_last_window_nothing_resets(user_api_client, store, member) -> None:
    end = store.program.cycles.get().ends_at
    store.change(cycle_length=Program.CycleLength.WINDOW, closes_at=end)

    [budget] = data_of(user_api_client, ME)["programBudgets"]

    assert (budget["resetsAt"], budget["nextReset"]) == (None, None)
    assert budget["lapses"][0]["lapses"] == money(300.0)


def test_cycles_and_what_they_came_to(client, store, member, shopper) -> None:
    store.change(carries_forward=True, carry_limit_minor=10_000)
    shopper.order()
    end_cycle(store)
    tasks.renew()

    program = data_of(client, CYCLES, id=program_id(store))

    second, first = (edge["node"] for edge in program["cycles"]["edges"])
    assert first.pop("closedAt") is not None
    assert first == {
        "number": 1,
        "granted": money(300.0),
        "carriedIn": money(0.0),
        "spent": money(75.0),
        "lapsed": money(125.0),
        "withdrawn": money(0.0),
        "carriedOver": money(100.0),
    }
    assert second == {
        "number": 2,
        "closedAt": None,
        "granted": money(300.0),
        "carriedIn": money(100.0),
        "spent": money(0.0),
        "lapsed": money(0.0),
        "withdrawn": money(0.0),
        "carriedOver": money(0.0),
    }


@pytest.mark.parametrize("size", [1, 3])
def test_a_page_of_members_costs_the_same(size, client, store, member) -> None:
    for number in range(2):
        store.enroll(User.objects.create(email=f"more{number}@example.com"))

    with CaptureQueriesContext(connection) as captured:
        page = data_of(client, MEMBERS, first=size)

    ours = [query["sql"] for query in captured if "program_budgets_" in query["sql"]]
    # Members; programs; for the outlook members, cycles, limits, lots, groups, and who is in
    # which; rollovers; groups.
    assert (len(page["edges"]), len(ours)) == (size, 10)


def test_plan_of_the_end_of_the_cycle(client, store, member) -> None:
    store.change(carries_forward=True, carry_limit_minor=10_000)
    store.cap(store.organization, 60_000)

    plan = data_of(client, PLAN, id=program_id(store))

    sums = {
        "members": 1,
        "granted": {"amount": 300.0, "currency": "USD"},
        "carried": money(100.0),
        "lapsed": money(200.0),
        "held": money(0.0),
    }
    assert plan["cycle"] == {"number": 1}
    assert plan["totals"] == [
        {"unit": "USD", "account": None, "present": sums, "proposed": sums},
    ]
    accounts = [edge["node"] for edge in plan["accounts"]["edges"]]
    assert [(node["account"]["slug"], node["present"]["members"]) for node in accounts] == [
        ("acme", 1),
        ("engineering", 1),
    ]
    assert plan["coverage"] == [
        {
            "account": {"slug": "acme"},
            "ceiling": money(600.0),
            "presentRatio": 0.5,
            "proposedRatio": 0.5,
        }
    ]
    assert Lot.objects.count() == 1


def test_preview_of_other_rules_writes_nothing(client, store, member) -> None:
    preview = data_of(
        client,
        RULES_PREVIEW,
        id=program_id(store),
        input={"allotment": 500, "carriesForward": True},
    )

    [total] = preview["totals"]
    assert (total["present"]["granted"]["amount"], total["present"]["lapsed"]) == (
        300.0,
        money(300.0),
    )
    assert (total["proposed"]["granted"]["amount"], total["proposed"]["carried"]) == (
        500.0,
        money(300.0),
    )
    store.program.refresh_from_db()
    assert (store.program.allotment_minor, store.program.carries_forward) == (30_000, False)


def test_preview_of_impossible_rules_says_why(client, store) -> None:
    answer = client.post_graphql(
        RULES_PREVIEW, {"id": program_id(store), "input": {"carryDays": 0}}
    ).json()

    assert answer["errors"][0]["message"].startswith("carry_days: What is carried lasts from 1")


def test_preview_of_a_cap(client, store, member, shopper) -> None:
    store.cap(store.department, 50_000)
    shopper.order()

    preview = data_of(
        client,
        CAP_PREVIEW,
        account=gid("ProgramBudgetAccount", store.organization.pk),
        program=program_id(store),
        amount=50,
    )

    assert preview == {
        "account": {"slug": "acme"},
        "presentCeiling": None,
        "ceiling": money(50.0),
        "held": money(0.0),
        "spent": money(75.0),
        "overhang": money(25.0),
        "available": money(0.0),
        "members": 1,
        "allotted": money(300.0),
        "ratio": 6.0,
    }


def test_a_draft_has_no_plan(client, store) -> None:
    store.program.cycles.update(closed_at=timezone.now())

    assert data_of(client, PLAN, id=program_id(store)) is None


def test_dry_runs_need_permission(staff_api_client, user_api_client, store) -> None:
    for client in (staff_api_client, user_api_client):
        assert top_errors(client, PLAN, id=program_id(store)) == ["PermissionDenied"]
        assert top_errors(client, RULES_PREVIEW, id=program_id(store), input={}) == [
            "PermissionDenied"
        ]


def test_lapses_are_sorted_and_what_never_expires_is_not_among_them(
    user_api_client, store, member
) -> None:
    lot = Lot.objects.get()
    soon = timezone.now() + timedelta(days=3)
    Lot.objects.filter(pk=lot.pk).update(amount=20_000)
    for amount, expires_at in ((6_000, soon), (4_000, None)):
        Lot.objects.create(
            limit=lot.limit,
            unit="USD",
            cycle=lot.cycle,
            origin=Lot.Origin.GRANT,
            amount=amount,
            expires_at=expires_at,
            created_at=lot.created_at,
        )

    [budget] = data_of(user_api_client, ME)["programBudgets"]

    assert [(lapse["at"], lapse["amount"]["amount"]) for lapse in budget["lapses"]] == [
        (soon.isoformat(), 60.0),
        (lot.expires_at.isoformat(), 200.0),
    ]
