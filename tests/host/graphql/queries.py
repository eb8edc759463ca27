"""Requests, and what tests say about the answers."""

from __future__ import annotations

from typing import Any

import graphene

ERRORS = """
  errors {
    field code message
    requested { amount } available { amount } shortfall { amount } resetsAt
  }
"""
ME = """
{ me { programBudgets {
  id program { id name slug } accountName isActive
  granted { amount currency } available { amount } held { amount } spent { amount }
  cycleStartsAt cycleEndsAt resetsAt
} } }
"""
BUDGET = """
  program { slug } overagePolicy
  due { amount } available { amount } heldOnThisCheckout { amount } applicable { amount }
  covered { amount } shortfall { amount } remainingToPay { amount }
  refusal {
    code message requested { amount } available { amount } shortfall { amount } resetsAt
  }
  resetsAt
"""
CHECKOUT = f"query ($id: ID!) {{ checkout(id: $id) {{ id programBudget {{ {BUDGET} }} }} }}"
APPLY = f"""
mutation ($id: ID!, $amount: PositiveDecimal, $key: String) {{
  programBudgetApply(checkoutId: $id, amount: $amount, idempotencyKey: $key) {{
    checkout {{ id authorizeStatus }}
    transaction {{ id authorizedAmount {{ amount }} }}
    budget {{ {BUDGET} }}
    {ERRORS}
  }}
}}
"""
REMOVE = f"""
mutation ($id: ID!) {{
  programBudgetRemove(checkoutId: $id) {{
    checkout {{ authorizeStatus }}
    released {{ amount }}
    budget {{ {BUDGET} }}
    {ERRORS}
  }}
}}
"""


def gid(type_name: str, key: Any) -> str:
    """Return a global id."""
    return graphene.Node.to_global_id(type_name, key)


def data_of(client: Any, query: str, **variables: Any) -> Any:
    """Post and return the only field's data; top-level errors fail the test."""
    response = client.post_graphql(query, variables, check_no_permission=False)
    content = response.json()
    assert "errors" not in content, content["errors"]
    return next(iter(content["data"].values()))


def top_errors(client: Any, query: str, **variables: Any) -> list[str]:
    """Post and return the codes of the top-level errors."""
    response = client.post_graphql(query, variables, check_no_permission=False)
    return [error["extensions"]["exception"]["code"] for error in response.json()["errors"]]


def amounts(budget: dict[str, Any], *names: str) -> dict[str, float]:
    """Return the named money fields as numbers."""
    return {name: budget[name]["amount"] for name in names}


def error(field: str | None, code: str) -> list[tuple[str | None, str]]:
    """Return what ``errors_of`` gives for one error."""
    return [(field, code)]


def errors_of(payload: dict[str, Any]) -> list[tuple[str | None, str]]:
    """Return field and code of each error."""
    return [(each["field"], each["code"]) for each in payload["errors"]]
