"""Staff read holds, the journal and refused purchases, and run the proof."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from saleor_program_budgets import ledger
from saleor_program_budgets.models import Limit, Posting
from tests.host.graphql.queries import APPLY, REMOVE, data_of, gid, top_errors
from tests.host.support.shop import ACTOR, global_id

HOLDS = """
query ($first: Int!, $filter: ProgramBudgetHoldFilterInput) {
  programBudgetHolds(first: $first, filter: $filter) { totalCount edges { node {
    amount { amount } captured { amount } released { amount } refunded { amount }
    remaining { amount } items itemsCaptured itemsReleased itemsRefunded itemsRemaining
    checkoutId orderId program { slug } member { email } account { slug }
  } } }
}
"""
ENTRIES = """
query (
  $first: Int!, $filter: ProgramBudgetEntryFilterInput,
  $sortBy: ProgramBudgetJournalSortingInput
) {
  programBudgetEntries(first: $first, filter: $filter, sortBy: $sortBy) { totalCount edges { node {
    postingId reverses kind bucket capId
    amount { amount } balanceBefore { amount } balanceAfter { amount }
    program { slug } member { email } account { slug } checkoutId orderId actor cause at
  } } }
}
"""
REFUSALS = """
query ($first: Int!, $filter: ProgramBudgetRefusedPurchaseFilterInput) {
  programBudgetRefusals(first: $first, filter: $filter) { totalCount edges { node {
    code requested { amount } available { amount } shortfall { amount } checkoutId orderId actor
    program { slug } member { email } account { slug }
  } } }
}
"""
VERIFY = """
{ programBudgetVerify {
  isClean limits lots holds postings entries overspent { amount currency }
  differences { check subject expected found }
} }
"""


@pytest.fixture(params=["permission_manage_orders", "permission_manage_gift_card"])
def client(request, staff_api_client):
    staff_api_client.user.user_permissions.add(request.getfixturevalue(request.param))
    return staff_api_client


def nodes(page):
    return [edge["node"] for edge in page["edges"]]


def test_holds(client, store, member, shopper) -> None:
    given_back, held = shopper.checkout(), shopper.checkout()
    for checkout in (given_back, held):
        data_of(shopper.client, APPLY, id=global_id(checkout))
    data_of(shopper.client, REMOVE, id=global_id(given_back))

    [hold] = nodes(data_of(client, HOLDS, first=10, filter={"isOpen": True}))

    assert hold == {
        "amount": {"amount": 75.0},
        "captured": {"amount": 0.0},
        "released": {"amount": 0.0},
        "refunded": {"amount": 0.0},
        "remaining": {"amount": 75.0},
        "items": 0,
        "itemsCaptured": 0,
        "itemsReleased": 0,
        "itemsRefunded": 0,
        "itemsRemaining": 0,
        "checkoutId": global_id(held),
        "orderId": None,
        "program": {"slug": "acme"},
        "member": {"email": member.user.email},
        "account": {"slug": "engineering"},
    }
    for given, count in (
        ({"isOpen": False}, 1),
        ({"checkout": global_id(given_back)}, 1),
        ({"member": gid("ProgramBudgetMember", member.pk)}, 2),
        ({"program": gid("ProgramBudgetProgram", 0)}, 0),
        ({"order": gid("Order", "00000000-0000-0000-0000-000000000000")}, 0),
    ):
        assert data_of(client, HOLDS, first=10, filter=given)["totalCount"] == count


def test_entries_newest_first(client, store, member, shopper) -> None:
    cap = store.cap(store.organization, 100_000)
    checkout = shopper.checkout()
    data_of(shopper.client, APPLY, id=global_id(checkout))
    by_kind = {"kind": "HOLD"}

    entries = nodes(data_of(client, ENTRIES, first=10, filter=by_kind))

    assert sorted((entry["bucket"], entry["amount"]["amount"]) for entry in entries) == [
        ("AVAILABLE", -75.0),
        ("AVAILABLE", -75.0),
        ("HELD", 75.0),
        ("HELD", 75.0),
    ]
    on_lot = [entry for entry in entries if entry["member"]]
    on_cap = [entry for entry in entries if entry["account"]]
    assert [entry["member"] for entry in on_lot] == [{"email": member.user.email}] * 2
    assert [entry["account"] for entry in on_cap] == [{"slug": "acme"}] * 2
    assert [entry["capId"] for entry in on_cap] == [gid("ProgramBudgetCap", cap.pk)] * 2
    assert [entry["capId"] for entry in on_lot] == [None] * 2
    assert {entry["checkoutId"] for entry in entries} == {global_id(checkout)}
    assert {entry["actor"] for entry in entries} == {f"user:{member.user_id}"}
    assert {entry["program"]["slug"] for entry in entries} == {"acme"}
    everything = nodes(data_of(client, ENTRIES, first=100))
    assert [entry["at"] for entry in everything] == sorted(
        (entry["at"] for entry in everything), reverse=True
    )
    oldest = {"field": "AT", "direction": "ASC"}
    assert nodes(data_of(client, ENTRIES, first=100, sortBy=oldest)) == everything[::-1]
    for given, count in (
        ({"member": gid("ProgramBudgetMember", member.pk), "kind": "HOLD"}, 4),
        ({"account": gid("ProgramBudgetAccount", store.organization.pk), "kind": "HOLD"}, 2),
        ({"program": gid("ProgramBudgetProgram", 0)}, 0),
        ({"at": {"gte": "2099-01-01T00:00:00Z"}}, 0),
        ({"at": {"lte": "2099-01-01T00:00:00Z"}}, len(everything)),
    ):
        assert data_of(client, ENTRIES, first=1, filter=given)["totalCount"] == count


def test_a_reversal_names_what_it_reverses(client, store, member) -> None:
    grant = Posting.objects.get(kind="grant")
    ledger.reverse(
        posting_id=grant.pk, reason="wrong", key="reverse", actor=ACTOR, at=timezone.now()
    )

    entries = nodes(data_of(client, ENTRIES, first=10, filter={"kind": "REVERSAL"}))

    assert sorted((entry["bucket"], entry["amount"]["amount"]) for entry in entries) == [
        ("AVAILABLE", -300.0),
        ("FUNDING", 300.0),
    ]
    assert {entry["reverses"] for entry in entries} == {gid("ProgramBudgetPosting", grant.pk)}
    assert {entry["cause"] for entry in entries} == {"wrong"}


def test_shares_are_left_out_and_what_is_listed_adds_up_to_the_cap(
    client, store, member, shopper
) -> None:
    cap = store.cap(store.organization, 1_000_000)
    with connection.cursor() as cursor:
        cursor.execute("SELECT program_budgets_divide(%s, 16, now())", [cap.pk])
    data_of(shopper.client, APPLY, id=global_id(shopper.checkout()))
    on_cap = {"account": gid("ProgramBudgetAccount", store.organization.pk)}

    listed = nodes(data_of(client, ENTRIES, first=100, filter=on_cap))
    shares = nodes(data_of(client, ENTRIES, first=100, filter=on_cap | {"kind": "SHARE"}))

    assert {entry["kind"] for entry in listed} == {"CEILING", "HOLD"}
    assert sums(listed) == {"FUNDING": -10_000.0, "AVAILABLE": 9_925.0, "HELD": 75.0}
    # 15/16 of the ceiling went from the first share to the others, and nothing into the cap.
    assert len(shares) == 32
    assert sums(shares) == {"FUNDING": 0.0, "AVAILABLE": 0.0}
    assert {entry["capId"] for entry in listed + shares} == {gid("ProgramBudgetCap", cap.pk)}
    assert {entry["actor"] for entry in shares} == {"system:shares"}


def sums(entries):
    """Sum the amounts up by bucket."""
    totals = {}
    for entry in entries:
        totals[entry["bucket"]] = totals.get(entry["bucket"], 0.0) + entry["amount"]["amount"]
    return totals


def test_refusals(client, store, member, shopper) -> None:
    store.cap(store.organization, 5_000)
    checkout = shopper.checkout()
    data_of(shopper.client, APPLY, id=global_id(checkout))

    page = data_of(client, REFUSALS, first=10)

    assert nodes(page) == [
        {
            "code": "CAP_REACHED",
            "requested": {"amount": 75.0},
            "available": {"amount": 50.0},
            "shortfall": {"amount": 25.0},
            "checkoutId": global_id(checkout),
            "orderId": None,
            "actor": f"user:{member.user_id}",
            "program": {"slug": "acme"},
            "member": {"email": member.user.email},
            "account": {"slug": "acme"},
        }
    ]
    for given, count in (
        ({"code": "CAP_REACHED"}, 1),
        ({"code": "BALANCE_SHORT"}, 0),
        ({"member": gid("ProgramBudgetMember", member.pk)}, 1),
        ({"program": gid("ProgramBudgetProgram", 0)}, 0),
        ({"at": {"lte": "2020-01-01T00:00:00Z"}}, 0),
    ):
        assert data_of(client, REFUSALS, first=10, filter=given)["totalCount"] == count


def test_refusal_of_somebody_who_is_no_member(client, store, shopper) -> None:
    data_of(shopper.client, APPLY, id=global_id(shopper.checkout()))

    [refusal] = nodes(data_of(client, REFUSALS, first=10))

    assert (refusal["code"], refusal["member"], refusal["account"]) == ("NOT_A_MEMBER", None, None)
    assert (refusal["requested"], refusal["available"]) == ({"amount": 75.0}, None)


def test_verify_is_clean(client, store, member, shopper) -> None:
    data_of(shopper.client, APPLY, id=global_id(shopper.checkout()))

    proof = data_of(client, VERIFY)

    assert proof == {
        "isClean": True,
        "limits": 1,
        "lots": 1,
        "holds": 1,
        "postings": 2,
        "entries": 4,
        "overspent": [{"amount": 0.0, "currency": "USD"}],
        "differences": [],
    }


def test_verify_names_what_was_tampered_with(client, store, member) -> None:
    Limit.objects.update(spent=100)

    proof = data_of(client, VERIFY)

    assert proof["isClean"] is False
    assert proof["differences"] != []


@pytest.mark.parametrize(
    ("query", "few", "many"),
    # A hold's four entries are lines of a lot and of a cap.
    [(HOLDS, 1, 3), (ENTRIES, 4, 12), (REFUSALS, 1, 3)],
    ids=["holds", "entries", "refusals"],
)
def test_lists_cost_the_same_for_more_rows(
    query, few, many, staff_api_client, permission_manage_orders, store, member, shopper
) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_orders)
    store.cap(store.organization, 25_000)
    for _ in range(6):
        data_of(shopper.client, APPLY, id=global_id(shopper.checkout()))

    for size in (few, many):
        with CaptureQueriesContext(connection) as captured:
            page = data_of(staff_api_client, query, first=size)
        ours = [query["sql"] for query in captured if "program_budgets_" in query["sql"]]
        assert (len(page["edges"]), len(ours)) == (size, 5)


@pytest.mark.parametrize(
    "query", [HOLDS, ENTRIES, REFUSALS, VERIFY], ids=["holds", "entries", "refusals", "verify"]
)
def test_reading_needs_a_permission(
    query, api_client, user_api_client, staff_api_client, permission_manage_users, store
) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_users)

    for client in (api_client, user_api_client, staff_api_client):
        assert top_errors(client, query, first=1) == ["PermissionDenied"]
