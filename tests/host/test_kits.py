"""Kit programs in a real checkout: pieces are counted beside money, from the cart to the refund."""

from __future__ import annotations

from decimal import Decimal

import pytest
from saleor.order.models import OrderGrantedRefund
from saleor.product.models import ProductVariantChannelListing

from saleor_program_budgets import ledger, tasks
from saleor_program_budgets.models import Hold, Program, Refused
from tests.host.graphql.queries import APPLY, CHECKOUT, REMOVE, data_of, errors_of, gid
from tests.host.support.shop import global_id, order_of

ITEMS = "query ($id: ID!) { checkout(id: $id) { id programBudget { ITEMS } } }".replace(
    "ITEMS", "items { due available heldOnThisCheckout shortfall }"
)
ME = """
{ me { programBudgets { items { granted available held spent lapsed withdrawn } } } }
"""
GRANT_REFUND = """
mutation ($id: ID!, $input: OrderGrantRefundCreateInput!) {
  orderGrantRefundCreate(id: $id, input: $input) {
    grantedRefund { id } errors { field message code }
  }
}
"""
REFUND_GRANTED = """
mutation ($id: ID!, $granted: ID!) {
  transactionRequestRefundForGrantedRefund(id: $id, grantedRefundId: $granted) {
    errors { field message code }
  }
}
"""


@pytest.fixture
def kit_store(store):
    """Return a store where each member has 300.00 and one piece."""
    store.change(allotment_items=1)
    return store


@pytest.fixture
def kit_member(kit_store, customer_user):
    [member] = kit_store.enroll(customer_user)
    return member


def pieces_of(holds=None):
    rows = Hold.objects.all() if holds is None else holds
    names = ("items", "items_captured", "items_released", "items_refunded")
    return list(rows.order_by("created_at", "id").values_list(*names))


def kits_of(client):
    [budget] = data_of(client, ME)["programBudgets"]
    return {name: count for name, count in budget["items"].items() if count}


def test_one_kit_is_ordered_and_no_second(user_api_client, kit_member, shopper) -> None:
    first = shopper.checkout()
    assert data_of(user_api_client, ITEMS, id=global_id(first))["programBudget"]["items"] == {
        "due": 1,
        "available": 1,
        "heldOnThisCheckout": 0,
        "shortfall": 0,
    }

    order = shopper.order()
    assert pieces_of() == [(1, 1, 0, 0)]
    assert kits_of(user_api_client) == {"granted": 1, "spent": 1}

    # The money would do, and yet there is no second kit.
    budget = data_of(user_api_client, CHECKOUT, id=global_id(first))["programBudget"]
    assert budget["refusal"]["code"] == "BALANCE_SHORT"
    assert budget["refusal"]["shortfall"] == {"amount": 1.0}
    payload = data_of(user_api_client, APPLY, id=global_id(first))
    assert errors_of(payload) == [(None, "BALANCE_SHORT")]
    [refusal] = payload["errors"]
    assert refusal["message"].startswith("Your budget is short by 1 item: this needs 1 item")
    assert shopper.complete(first)["order"] is None
    assert order.lines.get().quantity == 1
    assert ledger.verify().differences == ()


def test_two_pieces_in_one_checkout_are_refused(user_api_client, kit_member, shopper) -> None:
    checkout = shopper.checkout(quantity=2)

    assert data_of(user_api_client, ITEMS, id=global_id(checkout))["programBudget"]["items"] == {
        "due": 2,
        "available": 1,
        "heldOnThisCheckout": 0,
        "shortfall": 1,
    }
    assert errors_of(data_of(user_api_client, APPLY, id=global_id(checkout))) == [
        (None, "BALANCE_SHORT")
    ]
    assert pieces_of() == []


def test_a_piece_added_for_nothing_after_the_hold_is_not_covered(
    kit_member, kit_store, shopper
) -> None:
    checkout = shopper.checkout()
    assert shopper.apply(checkout)["transactionEvent"]["type"] == "AUTHORIZATION_SUCCESS"
    ProductVariantChannelListing.objects.update(price_amount=0, discounted_price_amount=0)
    shopper.set_quantity(checkout, 2)

    completed = shopper.complete(checkout)

    assert completed["order"] is None
    assert "1 item is missing" in completed["errors"][0]["message"]
    [refused] = Refused.objects.filter(code="NOT_COVERED")
    assert (refused.unit, refused.requested, refused.available) == ("ITEM", 2, 1)


def test_pieces_taken_off_the_checkout_are_given_back(
    kit_store, customer_user, shopper, user_api_client
) -> None:
    kit_store.change(allotment_items=3)
    kit_store.enroll(customer_user)
    checkout = shopper.checkout(quantity=3)
    shopper.apply(checkout)
    shopper.set_quantity(checkout, 1)

    tasks.trim_checkout(str(checkout.pk))

    assert pieces_of() == [(3, 0, 2, 0)]
    assert kits_of(user_api_client) == {"granted": 3, "available": 2, "held": 1}
    completed = shopper.complete(checkout)
    assert pieces_of() == [(3, 1, 2, 0)]
    assert order_of(completed).lines.get().quantity == 1


def test_pieces_added_are_held_by_applying_again(
    kit_store, customer_user, shopper, user_api_client
) -> None:
    kit_store.change(allotment_items=3)
    kit_store.enroll(customer_user)
    checkout = shopper.checkout()
    assert data_of(user_api_client, APPLY, id=global_id(checkout))["errors"] == []
    shopper.set_quantity(checkout, 3)
    assert data_of(user_api_client, APPLY, id=global_id(checkout))["errors"] == []
    assert pieces_of() == [(1, 0, 0, 0), (2, 0, 0, 0)]

    assert data_of(user_api_client, REMOVE, id=global_id(checkout))["errors"] == []

    assert pieces_of() == [(1, 0, 1, 0), (2, 0, 2, 0)]
    assert kits_of(user_api_client) == {"granted": 3, "available": 3}


def test_a_cancelled_order_gives_its_kit_back(kit_member, shopper, staff, user_api_client) -> None:
    order = shopper.order()
    staff.call(
        "mutation ($id: ID!) { orderCancel(id: $id) { errors { field } } }", id=global_id(order)
    )

    assert pieces_of() == [(1, 1, 0, 1)]
    assert kits_of(user_api_client) == {"granted": 1, "available": 1}


def test_a_full_refund_gives_the_kit_back_and_a_partial_one_does_not(
    kit_member, shopper, staff, user_api_client
) -> None:
    order = shopper.order()
    item = order.payment_transactions.get()
    staff.request(_transaction_id(item), "REFUND", "10")
    assert pieces_of() == [(1, 1, 0, 0)]

    staff.request(_transaction_id(item), "REFUND", "65")
    assert pieces_of() == [(1, 1, 0, 1)]
    assert kits_of(user_api_client) == {"granted": 1, "available": 1}


def test_a_granted_refund_gives_back_the_pieces_it_names(
    kit_store, customer_user, shopper, staff, user_api_client
) -> None:
    kit_store.change(allotment_items=3)
    kit_store.enroll(customer_user)
    order = shopper.order(quantity=3)
    item = order.payment_transactions.get()
    granted = staff.call(
        GRANT_REFUND,
        id=global_id(order),
        input={
            "lines": [{"id": _line_id(order), "quantity": 2}],
            "transactionId": _transaction_id(item),
        },
    )
    assert granted["errors"] == []

    answer = staff.call(
        REFUND_GRANTED, id=_transaction_id(item), granted=granted["grantedRefund"]["id"]
    )

    assert answer["errors"] == []
    assert OrderGrantedRefund.objects.get().amount_value == Decimal(130)
    assert pieces_of() == [(3, 3, 0, 2)]
    assert kits_of(user_api_client) == {"granted": 3, "available": 2, "spent": 1}


def test_no_other_payment_stands_in_for_a_kit(
    kit_member, kit_store, shopper, staff, user_api_client
) -> None:
    kit_store.change(overage_policy=Program.OveragePolicy.PAY_DIFFERENCE)
    checkout = shopper.checkout()
    staff.pay(checkout, "75")

    refused = shopper.complete(checkout)

    assert refused["order"] is None
    assert "1 item is missing" in refused["errors"][0]["message"]


def test_a_free_kit_is_held_without_money(kit_member, kit_store, shopper, user_api_client) -> None:
    ProductVariantChannelListing.objects.update(price_amount=0, discounted_price_amount=0)
    kit_store.change(includes_shipping=False, overage_policy=Program.OveragePolicy.PAY_DIFFERENCE)
    checkout = shopper.checkout()
    assert data_of(user_api_client, APPLY, id=global_id(checkout))["errors"] == []

    assert pieces_of() == [(1, 0, 0, 0)]
    assert kits_of(user_api_client) == {"granted": 1, "held": 1}


def test_a_program_without_pieces_shows_none(user_api_client, member, shopper) -> None:
    checkout = shopper.checkout(quantity=4)

    assert data_of(user_api_client, ME)["programBudgets"] == [{"items": None}]
    budget = data_of(user_api_client, ITEMS, id=global_id(checkout))["programBudget"]
    assert budget == {"items": None}


def _transaction_id(item):
    return gid("TransactionItem", item.token)


def _line_id(order):
    return gid("OrderLine", order.lines.get().pk)
