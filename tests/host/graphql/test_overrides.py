"""Order-making mutations that ask no hook of Saleor's are gated all the same."""

from __future__ import annotations

import pytest
from django.utils import timezone
from saleor.order import OrderStatus
from saleor.order.models import Order

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Program
from tests.host.graphql.queries import data_of, gid, top_errors
from tests.host.support.shop import ADDRESS, balance_of, figures, global_id

COMPLETE = """
mutation ($id: ID!) {
  draftOrderComplete(id: $id) {
    order { status authorizeStatus }
    errors { field code message }
  }
}
"""
BULK = """
mutation ($orders: [OrderBulkCreateInput!]!, $policy: ErrorPolicyEnum) {
  orderBulkCreate(orders: $orders, errorPolicy: $policy) {
    count results { order { id } errors { path code message } }
  }
}
"""


@pytest.fixture
def draft(draft_order, store, customer_user):
    """Return a draft of 75.00 in the store's channel, for the customer."""
    draft_order.channel = store.channel
    draft_order.user = customer_user
    draft_order.save()
    return draft_order


def bulk_order(channel_slug):
    return {
        "channel": channel_slug,
        "createdAt": timezone.now().isoformat(),
        "user": {"email": "customer@example.com"},
        "billingAddress": ADDRESS,
        "currency": "USD",
        "languageCode": "EN",
        "lines": [],
    }


def test_draft_that_the_budget_covers_is_completed(staff, store, member, draft) -> None:
    ledger_before = balance_of(member)
    total = int(draft.total_gross_amount * 100)
    assert 0 < total <= ledger_before.available

    payload = staff.call(COMPLETE, id=global_id(draft))

    assert payload["errors"] == []
    draft.refresh_from_db()
    assert draft.status == OrderStatus.UNFULFILLED
    balance = balance_of(member)
    assert balance.held + balance.spent == int(draft.total_gross_amount * 100)
    assert ledger.verify().differences == ()


def test_draft_that_is_short_stays_a_draft(staff, store, member, draft) -> None:
    store.cap(store.organization, 100)

    payload = staff.call(COMPLETE, id=global_id(draft))

    [refusal] = payload["errors"]
    assert (payload["order"], refusal["field"], refusal["code"]) == (None, "id", "INVALID")
    assert "Acme Corp" in refusal["message"]
    draft.refresh_from_db()
    assert draft.status == OrderStatus.DRAFT
    assert figures() == []
    assert balance_of(member).available == 30_000


def test_draft_of_nobody_enrolled_stays_a_draft(staff, draft) -> None:
    payload = staff.call(COMPLETE, id=global_id(draft))

    assert [(each["field"], each["code"]) for each in payload["errors"]] == [("id", "INVALID")]
    draft.refresh_from_db()
    assert draft.status == OrderStatus.DRAFT


def test_draft_that_saleor_refuses_keeps_nobodys_budget(staff, store, member, draft) -> None:
    draft.billing_address = None
    draft.save()

    payload = staff.call(COMPLETE, id=global_id(draft))

    assert [each["code"] for each in payload["errors"]] == ["BILLING_ADDRESS_NOT_SET"]
    assert balance_of(member) == ledger.Balance(granted=30_000, available=30_000)
    assert ledger.verify().differences == ()


def test_draft_outside_program_stores_is_saleors_affair(staff, draft, store) -> None:
    programs.set_channels(program=store.program, channel_ids=[])

    assert staff.call(COMPLETE, id=global_id(draft))["errors"] == []


def test_completing_an_order_twice_is_refused_by_saleor(staff, store, member, draft) -> None:
    staff.call(COMPLETE, id=global_id(draft))
    before = figures()

    payload = staff.call(COMPLETE, id=global_id(draft))

    assert [(each["field"], each["code"]) for each in payload["errors"]] == [("id", "INVALID")]
    assert figures() == before


def test_unknown_draft(staff, store) -> None:
    payload = staff.call(COMPLETE, id=gid("Order", "00000000-0000-0000-0000-000000000000"))

    assert [(each["field"], each["code"]) for each in payload["errors"]] == [("id", "NOT_FOUND")]


def test_completing_needs_saleors_permission(staff_api_client, member, draft) -> None:
    assert top_errors(staff_api_client, COMPLETE, id=global_id(draft)) == ["PermissionDenied"]
    assert figures() == []


@pytest.mark.parametrize("policy", [None, "REJECT_FAILED_ROWS", "IGNORE_FAILED"])
def test_bulk_with_one_order_for_a_program_store_creates_nothing(
    policy, staff_api_client, permission_manage_orders_import, store, channel_PLN
) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_orders_import)
    orders = [bulk_order(channel_PLN.slug), bulk_order(store.channel.slug)]

    payload = data_of(staff_api_client, BULK, orders=orders, policy=policy)

    assert payload["count"] == 0
    assert payload["results"][0] == {"order": None, "errors": []}
    [refusal] = payload["results"][1]["errors"]
    assert (refusal["path"], refusal["code"]) == ("channel", "INVALID")
    assert "program store" in refusal["message"]
    assert Order.objects.count() == 0


def test_bulk_for_a_closed_program_creates_nothing(
    staff_api_client, permission_manage_orders_import, store
) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_orders_import)
    store.change(status=Program.Status.CLOSED)

    payload = data_of(staff_api_client, BULK, orders=[bulk_order(store.channel.slug)])

    assert payload["count"] == 0
    assert Order.objects.count() == 0


def test_bulk_for_other_channels_is_saleors_affair(
    staff_api_client, permission_manage_orders_import, store, channel_PLN
) -> None:
    staff_api_client.user.user_permissions.add(permission_manage_orders_import)

    payload = data_of(staff_api_client, BULK, orders=[bulk_order(channel_PLN.slug)])

    assert payload["count"] == 0
    assert {each["path"] for each in payload["results"][0]["errors"]} != {"channel"}


def test_bulk_needs_saleors_permission(staff_api_client, store) -> None:
    orders = [bulk_order(store.channel.slug)]

    assert top_errors(staff_api_client, BULK, orders=orders) == ["PermissionDenied"]
