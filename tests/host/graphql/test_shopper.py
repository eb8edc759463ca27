"""What shoppers see of their budgets, on their account and at checkout."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from saleor.graphql.tests.fixtures import ApiClient

from saleor_program_budgets import programs
from saleor_program_budgets.models import Program
from tests.host.graphql.queries import CHECKOUT, ME, amounts, data_of, gid, top_errors
from tests.host.support.shop import ACTOR, global_id, usd

ZERO = {"amount": 0.0}
FIGURES = (
    "due",
    "available",
    "heldOnThisCheckout",
    "applicable",
    "covered",
    "shortfall",
    "remainingToPay",
)


def test_user_sees_their_budget(user_api_client, store, member) -> None:
    cycle = store.program.cycles.get()

    [budget] = data_of(user_api_client, ME)["programBudgets"]

    assert budget == {
        "id": gid("ProgramBudgetMember", member.pk),
        "program": {
            "id": gid("ProgramBudgetProgram", store.program.pk),
            "name": "Acme store",
            "slug": "acme",
        },
        "accountName": "Engineering",
        "isActive": True,
        "granted": {"amount": 300.0, "currency": "USD"},
        "available": {"amount": 300.0},
        "held": ZERO,
        "spent": ZERO,
        "cycleStartsAt": cycle.starts_at.isoformat(),
        "cycleEndsAt": cycle.ends_at.isoformat(),
        "resetsAt": cycle.ends_at.isoformat(),
    }


def test_user_without_budget_sees_none(user_api_client, store) -> None:
    assert data_of(user_api_client, ME) == {"programBudgets": []}


def test_budget_of_a_draft_program_is_not_shown(user_api_client, store, member) -> None:
    store.change(status=Program.Status.DRAFT)

    assert data_of(user_api_client, ME) == {"programBudgets": []}


def test_shopper_sees_no_rules_of_the_program(user_api_client, store, member) -> None:
    query = "{ me { programBudgets { program { allotment { amount } } } } }"

    assert top_errors(user_api_client, query) == ["PermissionDenied"]


@pytest.mark.parametrize("size", [1, 3])
def test_budgets_cost_one_query_more_for_each_further_program(
    size, user_api_client, store, member, customer_user
) -> None:
    """The figures are read per cycle; memberships, programs and cycles in one query each."""
    for number in range(size - 1):
        rules = programs.Rules(name=f"More {number}", allotment=usd(100))
        program = programs.create_program(
            slug=f"more-{number}", rules=rules, channel_ids=[], at=member.joined_at
        )
        programs.open_program(program=program, actor=ACTOR, at=member.joined_at)
        programs.enroll(
            program=program,
            user_ids=[customer_user.pk],
            account=store.department,
            actor=ACTOR,
            at=member.joined_at,
        )

    with CaptureQueriesContext(connection) as captured:
        budgets = data_of(user_api_client, ME)["programBudgets"]

    ours = [query["sql"] for query in captured if "program_budgets_" in query["sql"]]
    assert (len(budgets), len(ours)) == (size, 3 + size)


@pytest.mark.parametrize("permission", ["permission_manage_orders", "permission_manage_gift_card"])
def test_staff_with_permission_sees_a_users_budget(
    permission, request, staff_api_client, permission_manage_users, member
) -> None:
    query = "query ($id: ID!) { user(id: $id) { programBudgets { available { amount } } } }"
    staff_api_client.user.user_permissions.add(permission_manage_users)
    user_id = gid("User", member.user_id)

    assert top_errors(staff_api_client, query, id=user_id) == ["PermissionDenied"]

    staff_api_client.user.user_permissions.add(request.getfixturevalue(permission))
    staff_api_client.user.refresh_from_db()
    client = ApiClient(user=type(staff_api_client.user).objects.get(pk=staff_api_client.user.pk))
    assert data_of(client, query, id=user_id) == {
        "programBudgets": [{"available": {"amount": 300.0}}]
    }


def test_budget_as_a_federated_entity(user_api_client, member) -> None:
    query = """
    query ($of: [_Any!]!) { _entities(representations: $of) {
      ... on User { programBudgets { available { amount } } }
    } }
    """

    [entity] = data_of(
        user_api_client, query, of=[{"__typename": "User", "id": gid("User", member.user_id)}]
    )

    assert entity == {"programBudgets": [{"available": {"amount": 300.0}}]}


def test_checkout_that_the_budget_covers(user_api_client, store, member, shopper) -> None:
    checkout = shopper.checkout()

    budget = data_of(user_api_client, CHECKOUT, id=global_id(checkout))["programBudget"]

    assert amounts(budget, *FIGURES) == {
        "due": 75.0,
        "available": 300.0,
        "heldOnThisCheckout": 0.0,
        "applicable": 75.0,
        "covered": 75.0,
        "shortfall": 0.0,
        "remainingToPay": 75.0,
    }
    assert budget["program"] == {"slug": "acme"}
    assert budget["overagePolicy"] == "BLOCK"
    assert budget["refusal"] is None
    assert budget["resetsAt"] == store.program.cycles.get().ends_at.isoformat()


def test_checkout_above_the_balance(user_api_client, store, member, shopper) -> None:
    checkout = shopper.checkout(quantity=5)

    budget = data_of(user_api_client, CHECKOUT, id=global_id(checkout))["programBudget"]

    assert amounts(budget, *FIGURES) == {
        "due": 335.0,
        "available": 300.0,
        "heldOnThisCheckout": 0.0,
        "applicable": 300.0,
        "covered": 300.0,
        "shortfall": 35.0,
        "remainingToPay": 335.0,
    }
    refusal = budget["refusal"]
    assert refusal.pop("message").startswith("Your budget is short by 35.00 USD")
    assert refusal == {
        "code": "BALANCE_SHORT",
        "requested": {"amount": 335.0},
        "available": {"amount": 300.0},
        "shortfall": {"amount": 35.0},
        "resetsAt": store.program.cycles.get().ends_at.isoformat(),
    }


def test_checkout_above_a_cap(user_api_client, store, member, shopper) -> None:
    store.cap(store.organization, 5_000)
    checkout = shopper.checkout()

    budget = data_of(user_api_client, CHECKOUT, id=global_id(checkout))["programBudget"]

    assert budget["refusal"]["code"] == "CAP_REACHED"
    assert amounts(budget, "available", "applicable", "shortfall") == {
        "available": 300.0,
        "applicable": 50.0,
        "shortfall": 25.0,
    }


def test_checkout_of_somebody_who_is_no_member(user_api_client, store, shopper) -> None:
    checkout = shopper.checkout()

    budget = data_of(user_api_client, CHECKOUT, id=global_id(checkout))["programBudget"]

    assert budget["refusal"]["code"] == "NOT_A_MEMBER"
    assert amounts(budget, "available", "applicable", "shortfall") == {
        "available": 0.0,
        "applicable": 0.0,
        "shortfall": 75.0,
    }


def test_anonymous_checkout_asks_to_sign_in(api_client, store, shopper) -> None:
    shopper.client = api_client
    checkout = shopper.checkout()

    refusal = data_of(api_client, CHECKOUT, id=global_id(checkout))["programBudget"]["refusal"]

    assert (refusal["code"], refusal["message"]) == (
        "NOT_A_MEMBER",
        "Sign in to use your budget in this store.",
    )


def test_checkout_outside_program_stores_has_none(user_api_client, store, member, shopper) -> None:
    programs.set_channels(program=store.program, channel_ids=[])
    checkout = shopper.checkout()

    answer = data_of(user_api_client, CHECKOUT, id=global_id(checkout))

    assert answer["programBudget"] is None


def test_nobody_else_sees_the_checkouts_budget(
    api_client, staff_api_client, user2_api_client, app_api_client, store, member, shopper
) -> None:
    checkout = shopper.checkout()

    for client in (api_client, staff_api_client, user2_api_client, app_api_client):
        answer = data_of(client, CHECKOUT, id=global_id(checkout))
        assert answer == {"id": global_id(checkout), "programBudget": None}


def test_app_that_handles_checkouts_sees_it(
    app_api_client, permission_handle_checkouts, store, member, shopper
) -> None:
    app_api_client.app.permissions.add(permission_handle_checkouts)
    checkout = shopper.checkout()

    budget = data_of(app_api_client, CHECKOUT, id=global_id(checkout))["programBudget"]

    assert amounts(budget, "available") == {"available": 300.0}
