"""Staff correct budgets: adjust, claw back from leavers, reverse what was posted."""

from __future__ import annotations

from typing import Any

import pytest
from saleor.payment.models import TransactionEvent

from saleor_program_budgets import ledger, tasks
from saleor_program_budgets.models import Cap, Hold, Lot, Member, Posting, Rollover
from tests.host.graphql.queries import (
    APPLY,
    ERRORS,
    REMOVE,
    data_of,
    error,
    errors_of,
    gid,
    top_errors,
)
from tests.host.support.cycles import end_cycle
from tests.host.support.shop import balance_of, figures, global_id

ADJUST = f"""
mutation (
  $member: ID!, $amount: Decimal!, $reason: String!, $expiresAt: DateTime, $key: String
) {{
  programBudgetAdjust(
    member: $member, amount: $amount, reason: $reason, expiresAt: $expiresAt, idempotencyKey: $key
  ) {{
    postingId
    member {{
      balance {{ granted {{ amount }} available {{ amount }} withdrawn {{ amount }} }}
      lots {{
        origin amount {{ amount }} available {{ amount }} withdrawn {{ amount }} expiresAt reason
      }}
    }} {ERRORS}
  }}
}}
"""
DEACTIVATE = f"""
mutation ($id: ID!, $reason: String) {{
  programBudgetMemberDeactivate(id: $id, reason: $reason) {{
    postingId
    member {{ isActive balance {{ available {{ amount }} held {{ amount }} }} }} {ERRORS}
  }}
}}
"""
REVERSE = f"""
mutation ($posting: ID!, $reason: String!, $key: String) {{
  programBudgetReverse(posting: $posting, reason: $reason, idempotencyKey: $key) {{
    postingId amount {{ amount currency }} {ERRORS}
  }}
}}
"""
GRANT = """
mutation ($member: ID!) {
  programBudgetGrant(member: $member, amount: 50, reason: "bonus") { errors { code } }
}
"""
RAISE = """
mutation ($cap: ID!) {
  programBudgetCapRaise(cap: $cap, amount: 10, endsAt: "2099-01-01T00:00:00Z", reason: "fair") {
    errors { code }
  }
}
"""
ORDER_CANCEL = "mutation ($id: ID!) { orderCancel(id: $id) { errors { code } } }"


@pytest.fixture
def client(staff_api_client, permission_manage_gift_card):
    staff_api_client.user.user_permissions.add(permission_manage_gift_card)
    return staff_api_client


def member_id(member: Member) -> str:
    return gid("ProgramBudgetMember", member.pk)


def posting_id(posting: Posting) -> str:
    return gid("ProgramBudgetPosting", posting.pk)


def adjustment(of: Member, **changes: Any) -> dict[str, Any]:
    return {"member": member_id(of), "amount": 20, "reason": "miscounted"} | changes


# Adjusting


def test_adjust_upwards_until_the_cycle_ends(client, store, member) -> None:
    payload = data_of(client, ADJUST, **adjustment(member, amount=12.34))

    posting = Posting.objects.get(kind="adjustment")
    cycle = store.program.cycles.get()
    assert payload["errors"] == []
    assert payload["postingId"] == posting_id(posting)
    assert payload["member"]["balance"] == {
        "granted": {"amount": 312.34},
        "available": {"amount": 312.34},
        "withdrawn": {"amount": 0.0},
    }
    assert payload["member"]["lots"][1] == {
        "origin": "ADJUSTMENT",
        "amount": {"amount": 12.34},
        "available": {"amount": 12.34},
        "withdrawn": {"amount": 0.0},
        "expiresAt": cycle.ends_at.isoformat(),
        "reason": "miscounted",
    }
    assert (posting.actor, posting.cause) == (f"staff:{client.user.pk}", "miscounted")
    assert ledger.verify().differences == ()


def test_adjust_upwards_until_a_given_instant(client, member) -> None:
    payload = data_of(client, ADJUST, **adjustment(member, expiresAt="2099-01-01T00:00:00+00:00"))

    assert payload["errors"] == []
    assert payload["member"]["lots"][1]["expiresAt"] == "2099-01-01T00:00:00+00:00"


def test_adjust_downwards_takes_from_the_lots(client, member) -> None:
    payload = data_of(client, ADJUST, **adjustment(member, amount=-100))

    assert payload["errors"] == []
    assert payload["member"]["balance"] == {
        "granted": {"amount": 300.0},
        "available": {"amount": 200.0},
        "withdrawn": {"amount": 100.0},
    }
    [lot] = payload["member"]["lots"]
    assert (lot["available"], lot["withdrawn"]) == ({"amount": 200.0}, {"amount": 100.0})
    assert ledger.verify().differences == ()


def test_adjust_takes_no_more_than_is_available(client, member, shopper) -> None:
    data_of(shopper.client, APPLY, id=global_id(shopper.checkout()))  # holds 75.00 of 300.00
    before = balance_of(member)

    payload = data_of(client, ADJUST, **adjustment(member, amount=-225.01))

    [answer] = payload["errors"]
    assert (answer["field"], answer["code"]) == ("amount", "NOT_AVAILABLE")
    assert answer["message"] == "225.01 USD was to be taken back; 225.00 USD is available."
    assert (answer["requested"], answer["available"], answer["shortfall"]) == (
        {"amount": 225.01},
        {"amount": 225.0},
        {"amount": 0.01},
    )
    assert (payload["member"], payload["postingId"]) == (None, None)
    assert balance_of(member) == before


def test_same_key_adjusts_once(client, member) -> None:
    first = data_of(client, ADJUST, **adjustment(member, amount=-10, key="once"))
    again = data_of(client, ADJUST, **adjustment(member, amount=-10, key="once"))
    other = data_of(client, ADJUST, **adjustment(member, amount=-20, key="once"))

    assert first["errors"] == []
    assert again == first
    assert errors_of(other) == error("idempotencyKey", "KEY_CONFLICT")
    assert balance_of(member).available == 29_000


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"member": gid("ProgramBudgetMember", 0)}, "member", "NOT_FOUND"),
        ({"member": gid("User", 1)}, "member", "GRAPHQL_ERROR"),
        ({"amount": 0}, "amount", "INVALID_AMOUNT"),
        ({"amount": 0.001}, "amount", "INVALID_AMOUNT"),
        ({"amount": -0.001}, "amount", "INVALID_AMOUNT"),
        ({"amount": -1e15}, "amount", "INVALID_AMOUNT"),
        ({"reason": " "}, "reason", "REQUIRED"),
        ({"reason": "x" * 501}, "reason", "INVALID"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt", "INVALID"),
        ({"amount": -1, "expiresAt": "2099-01-01T00:00:00Z"}, "expiresAt", "INVALID"),
        ({"key": " "}, "idempotencyKey", "REQUIRED"),
        ({"key": "x" * 129}, "idempotencyKey", "INVALID"),
    ],
)
def test_adjust_with_bad_input(changes, field, code, client, member) -> None:
    payload = data_of(client, ADJUST, **adjustment(member, **changes))

    assert errors_of(payload) == error(field, code)
    assert not Posting.objects.filter(kind="adjustment").exists()
    assert balance_of(member).available == 30_000


# Clawing back


def test_leaver_loses_what_is_unused_and_keeps_what_is_held(client, member, shopper, staff) -> None:
    checkout = shopper.checkout()
    data_of(shopper.client, APPLY, id=global_id(checkout))

    payload = data_of(client, DEACTIVATE, id=member_id(member), reason="left")

    posting = Posting.objects.get(kind="clawback")
    assert payload == {
        "postingId": posting_id(posting),
        "member": {
            "isActive": False,
            "balance": {"available": {"amount": 0.0}, "held": {"amount": 75.0}},
        },
        "errors": [],
    }
    assert (posting.amount, posting.cause) == (22_500, "left")
    assert posting.actor == f"staff:{client.user.pk}"
    # The hold is honoured.
    assert shopper.complete(checkout)["errors"] == []
    assert balance_of(member).spent == 7_500
    assert ledger.verify().differences == ()


def test_what_a_leavers_holds_give_back_is_taken_back_too(client, member, shopper) -> None:
    checkout = shopper.checkout()
    data_of(shopper.client, APPLY, id=global_id(checkout))
    first = data_of(client, DEACTIVATE, id=member_id(member), reason="left")
    data_of(shopper.client, REMOVE, id=global_id(checkout))

    again = data_of(client, DEACTIVATE, id=member_id(member), reason="left")

    assert (again["postingId"], again["errors"]) == (first["postingId"], [])
    balance = balance_of(member)
    assert (balance.available, balance.held, balance.withdrawn) == (0, 0, 30_000)
    assert ledger.verify().differences == ()


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"id": gid("ProgramBudgetMember", 0), "reason": "x"}, "id", "NOT_FOUND"),
        ({"reason": " "}, "reason", "REQUIRED"),
        ({"reason": "x" * 501}, "reason", "INVALID"),
    ],
)
def test_deactivating_with_bad_input_leaves_the_member_active(
    given, field, code, client, member
) -> None:
    payload = data_of(client, DEACTIVATE, **{"id": member_id(member)} | given)

    assert errors_of(payload) == error(field, code)
    member.refresh_from_db()
    assert member.is_active
    assert balance_of(member).available == 30_000


def test_deactivating_needs_no_reason(client, member) -> None:
    payload = data_of(client, DEACTIVATE, id=member_id(member))

    posting = Posting.objects.get(kind="clawback")
    assert (payload["postingId"], payload["errors"]) == (posting_id(posting), [])
    assert posting.cause == "left the program"
    assert balance_of(member).available == 0


# Reversing


def test_reverse_a_grant(client, member) -> None:
    data_of(client, GRANT, member=member_id(member))
    grant = Posting.objects.get(kind="grant", cause="bonus")

    payload = data_of(client, REVERSE, posting=posting_id(grant), reason=" wrong person ")

    reversal = Posting.objects.get(kind="reversal")
    assert payload == {
        "postingId": posting_id(reversal),
        "amount": {"amount": 50.0, "currency": "USD"},
        "errors": [],
    }
    assert (reversal.reverses_id, reversal.cause) == (grant.pk, "wrong person")
    assert balance_of(member).available == 30_000
    assert ledger.verify().differences == ()


def test_reverse_a_clawback_for_a_rejoiner(client, member) -> None:
    clawed = data_of(client, DEACTIVATE, id=member_id(member), reason="left")

    payload = data_of(client, REVERSE, posting=clawed["postingId"], reason="came back")

    assert payload["errors"] == []
    assert balance_of(member).available == 30_000


def test_reverse_a_temporary_raise(client, store) -> None:
    cap = store.cap(store.department, 10_000)
    data_of(client, RAISE, cap=gid("ProgramBudgetCap", cap.pk))
    raised = Posting.objects.filter(kind="ceiling").latest("pk")

    payload = data_of(client, REVERSE, posting=posting_id(raised), reason="no fair")

    assert payload["errors"] == []
    cap = Cap.objects.get()
    assert (cap.ceiling, cap.raised, cap.raise_ends_at) == (10_000, 0, None)


def test_reverse_a_refund_and_tell_saleor(client, member, shopper, staff) -> None:
    order = shopper.order()
    item = order.payment_transactions.get()
    staff.request(gid("TransactionItem", item.token), "REFUND", "25.00")
    refund = Posting.objects.get(kind="refund")

    payload = data_of(client, REVERSE, posting=posting_id(refund), reason="nothing came back")

    assert payload["amount"] == {"amount": 25.0, "currency": "USD"}
    assert figures() == [(7_500, 7_500, 0, 0)]
    item.refresh_from_db()
    assert (item.charged_value, item.refunded_value) == (75, 0)
    assert item.available_actions == ["refund"]
    event = TransactionEvent.objects.get(type="refund_reverse")
    assert (event.amount_value, event.message) == (25, "nothing came back")
    order.refresh_from_db()
    assert order.charge_status == "full"


@pytest.mark.parametrize("has_the_job_come", [False, True])
def test_what_a_reversal_gives_back_after_the_end_was_not_there_to_carry(
    has_the_job_come, client, store, member, shopper
) -> None:
    # 205.00 of 300.00 are spent, and the other 95.00 taken away: nothing is left to be carried.
    store.change(carries_forward=True)
    shopper.order(quantity=3)
    data_of(client, ADJUST, **adjustment(member, amount=-95))
    adjusted = Posting.objects.get(kind="adjustment")
    end_cycle(store)
    if has_the_job_come:
        tasks.renew()

    payload = data_of(client, REVERSE, posting=posting_id(adjusted), reason="miscounted")

    assert payload["amount"] == {"amount": 95.0, "currency": "USD"}
    tasks.lapse()
    lots = Lot.objects.order_by("pk").values_list("origin", "spent", "lapsed", "moved")
    assert list(lots) == [("allotment", 20_500, 9_500, 0), ("allotment", 0, 0, 0)]
    assert balance_of(member).available == 30_000
    assert not Rollover.objects.filter(carried__gt=0).exists()
    assert ledger.verify().differences == ()


def test_same_key_reverses_once(client, member) -> None:
    data_of(client, GRANT, member=member_id(member))
    grant = Posting.objects.get(kind="grant", cause="bonus")
    request = {"posting": posting_id(grant), "reason": "wrong", "key": "once"}

    first = data_of(client, REVERSE, **request)
    again = data_of(client, REVERSE, **request)
    other = data_of(client, REVERSE, **request | {"reason": "other"})
    twice = data_of(client, REVERSE, **request | {"key": "another"})

    assert first["errors"] == []
    assert again == first
    assert errors_of(other) == error("idempotencyKey", "KEY_CONFLICT")
    assert errors_of(twice) == error("posting", "NOT_REVERSIBLE")
    assert twice["errors"][0]["message"] == "This was reversed already."
    assert balance_of(member).available == 30_000


@pytest.mark.parametrize("kind", ["hold", "capture"])
def test_purchases_are_not_reversed(kind, client, member, shopper) -> None:
    shopper.order()
    posting = Posting.objects.get(kind=kind)

    payload = data_of(client, REVERSE, posting=posting_id(posting), reason="x")

    assert errors_of(payload) == error("posting", "NOT_REVERSIBLE")
    assert figures() == [(7_500, 7_500, 0, 0)]


def test_what_has_been_used_is_not_reversed(client, member, shopper) -> None:
    data_of(shopper.client, APPLY, id=global_id(shopper.checkout()))
    allotment = Posting.objects.get(kind="grant")
    before = balance_of(member)

    payload = data_of(client, REVERSE, posting=posting_id(allotment), reason="x")

    assert errors_of(payload) == error("posting", "NOT_REVERSIBLE")
    assert payload["errors"][0]["message"] == (
        "What it gave has been used since, or there is no room for it any more."
    )
    assert balance_of(member) == before


def test_refund_of_a_cancelled_order_is_not_reversed(client, member, shopper, staff) -> None:
    order = shopper.order()
    staff.call(ORDER_CANCEL, id=global_id(order))
    refund = Posting.objects.get(kind="refund")

    payload = data_of(client, REVERSE, posting=posting_id(refund), reason="x")

    assert errors_of(payload) == error("posting", "NOT_REVERSIBLE")
    assert payload["errors"][0]["message"] == (
        "The order was cancelled, so its budget stays given back."
    )
    assert Hold.objects.get().refunded == 7_500


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"posting": gid("ProgramBudgetPosting", 0)}, "posting", "NOT_FOUND"),
        ({"posting": gid("ProgramBudgetEntry", 1)}, "posting", "GRAPHQL_ERROR"),
        ({"posting": "nonsense"}, "posting", "GRAPHQL_ERROR"),
        ({"reason": ""}, "reason", "REQUIRED"),
        ({"reason": "x" * 501}, "reason", "INVALID"),
        ({"key": ""}, "idempotencyKey", "REQUIRED"),
    ],
)
def test_reverse_with_bad_input(changes, field, code, client, member) -> None:
    request = {"posting": posting_id(Posting.objects.get()), "reason": "wrong"} | changes

    assert errors_of(data_of(client, REVERSE, **request)) == error(field, code)
    assert not Posting.objects.filter(kind="reversal").exists()


# Permissions


def test_correcting_needs_manage_gift_card(
    staff_api_client,
    user_api_client,
    api_client,
    permission_manage_orders,
    permission_manage_users,
    member,
) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_orders, permission_manage_users)
    reversal = {"posting": posting_id(Posting.objects.get()), "reason": "x"}

    for client in (staff_api_client, user_api_client, api_client):
        for mutation, variables in ((ADJUST, adjustment(member)), (REVERSE, reversal)):
            assert top_errors(client, mutation, **variables) == ["PermissionDenied"]
    member.refresh_from_db()
    assert member.is_active
    assert Posting.objects.count() == 1
