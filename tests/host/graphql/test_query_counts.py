"""What the shopper's requests cost in queries of this plugin's, beside Saleor's own."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.host.graphql.queries import CHECKOUT, data_of
from tests.host.support.shop import global_id

CHECKOUTS = """
query ($first: Int!) { me { checkouts(first: $first) { edges { node {
  programBudget { available { amount } }
} } } } }
"""
APPLY = "mutation ($id: ID!) { programBudgetApply(checkoutId: $id) { errors { code } } }"
REMOVE = "mutation ($id: ID!) { programBudgetRemove(checkoutId: $id) { errors { code } } }"


def queries_of(client: Any, query: str, **variables: Any) -> int:
    """Count the queries that touch this plugin's tables or call its functions."""
    with CaptureQueriesContext(connection) as captured:
        data_of(client, query, **variables)
    return sum("program_budgets_" in query["sql"] for query in captured)


def test_checkout_budget_costs_store_member_balance_holds_and_caps(
    user_api_client, store, member, shopper
) -> None:
    checkout = shopper.checkout()

    assert queries_of(user_api_client, CHECKOUT, id=global_id(checkout)) == 5


def test_apply_and_remove(user_api_client, store, member, shopper) -> None:
    checkout = shopper.checkout()

    assert queries_of(user_api_client, APPLY, id=global_id(checkout)) == 8
    assert queries_of(user_api_client, REMOVE, id=global_id(checkout)) == 7


@pytest.mark.parametrize("size", [1, 3])
def test_a_list_of_checkouts_shares_the_store(
    size, user_api_client, store, member, shopper
) -> None:
    """Each checkout is assessed by itself: a shopper has few, and nobody else sees them."""
    for _ in range(3):
        shopper.checkout()

    assert queries_of(user_api_client, CHECKOUTS, first=size) == 1 + 4 * size
