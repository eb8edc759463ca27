"""Putting a budget on a checkout in one step, and taking it off."""

from __future__ import annotations

import pytest
from saleor.payment.models import TransactionItem

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Hold, Program, Refused
from tests.host.graphql.queries import (
    APPLY,
    REMOVE,
    amounts,
    data_of,
    error,
    errors_of,
    gid,
    top_errors,
)
from tests.host.support.shop import balance_of, figures, global_id

PAY_DIFFERENCE = Program.OveragePolicy.PAY_DIFFERENCE


def test_apply_holds_all_that_is_due(user_api_client, store, member, shopper) -> None:
    checkout = shopper.checkout()

    payload = data_of(user_api_client, APPLY, id=global_id(checkout))

    assert payload["errors"] == []
    assert payload["checkout"] == {"id": global_id(checkout), "authorizeStatus": "FULL"}
    assert payload["transaction"]["authorizedAmount"] == {"amount": 75.0}
    assert amounts(
        payload["budget"], "due", "available", "heldOnThisCheckout", "applicable", "remainingToPay"
    ) == {
        "due": 75.0,
        "available": 225.0,
        "heldOnThisCheckout": 75.0,
        "applicable": 0.0,
        "remainingToPay": 0.0,
    }
    assert figures() == [(7_500, 0, 0, 0)]
    assert ledger.verify().differences == ()


def test_applied_checkout_becomes_an_order(user_api_client, store, member, shopper) -> None:
    checkout = shopper.checkout()
    data_of(user_api_client, APPLY, id=global_id(checkout))

    assert shopper.complete(checkout)["errors"] == []


def test_apply_again_changes_nothing(user_api_client, store, member, shopper) -> None:
    checkout = shopper.checkout()
    first = data_of(user_api_client, APPLY, id=global_id(checkout))

    second = data_of(user_api_client, APPLY, id=global_id(checkout))

    assert second == first
    assert figures() == [(7_500, 0, 0, 0)]


def test_apply_after_the_checkout_has_grown_covers_the_rest(
    user_api_client, store, member, shopper
) -> None:
    checkout = shopper.checkout()
    data_of(user_api_client, APPLY, id=global_id(checkout))
    shopper.set_quantity(checkout, 2)

    payload = data_of(user_api_client, APPLY, id=global_id(checkout))

    assert payload["transaction"]["authorizedAmount"] == {"amount": 65.0}
    assert payload["checkout"]["authorizeStatus"] == "FULL"
    assert figures() == [(7_500, 0, 0, 0), (6_500, 0, 0, 0)]


def test_block_refuses_what_is_short(user_api_client, store, member, shopper) -> None:
    checkout = shopper.checkout(quantity=5)

    payload = data_of(user_api_client, APPLY, id=global_id(checkout))

    [refusal] = payload["errors"]
    assert refusal.pop("message").startswith("Your budget is short by 35.00 USD")
    assert refusal == {
        "field": None,
        "code": "BALANCE_SHORT",
        "requested": {"amount": 335.0},
        "available": {"amount": 300.0},
        "shortfall": {"amount": 35.0},
        "resetsAt": store.program.cycles.get().ends_at.isoformat(),
    }
    assert payload["transaction"] is None
    assert amounts(payload["budget"], "available", "heldOnThisCheckout") == {
        "available": 300.0,
        "heldOnThisCheckout": 0.0,
    }
    assert figures() == []
    assert [(row.code, row.requested) for row in Refused.objects.all()] == [
        ("BALANCE_SHORT", 33_500)
    ]


def test_pay_difference_holds_what_there_is(user_api_client, store, member, shopper) -> None:
    store.change(overage_policy=PAY_DIFFERENCE)
    checkout = shopper.checkout(quantity=5)

    payload = data_of(user_api_client, APPLY, id=global_id(checkout))

    assert payload["errors"] == []
    assert payload["checkout"]["authorizeStatus"] == "PARTIAL"
    assert amounts(payload["budget"], "heldOnThisCheckout", "shortfall", "remainingToPay") == {
        "heldOnThisCheckout": 300.0,
        "shortfall": 35.0,
        "remainingToPay": 35.0,
    }
    assert figures() == [(30_000, 0, 0, 0)]


def test_pay_difference_with_nothing_left_is_refused(
    user_api_client, store, member, shopper
) -> None:
    store.change(overage_policy=PAY_DIFFERENCE)
    data_of(user_api_client, APPLY, id=global_id(shopper.checkout(quantity=5)))

    payload = data_of(user_api_client, APPLY, id=global_id(shopper.checkout()))

    assert errors_of(payload) == error(None, "BALANCE_SHORT")
    assert figures() == [(30_000, 0, 0, 0)]


def test_amount_that_the_client_names(user_api_client, store, member, shopper) -> None:
    store.change(overage_policy=PAY_DIFFERENCE)
    checkout = shopper.checkout()

    payload = data_of(user_api_client, APPLY, id=global_id(checkout), amount=20)

    assert payload["errors"] == []
    assert amounts(payload["budget"], "heldOnThisCheckout", "remainingToPay") == {
        "heldOnThisCheckout": 20.0,
        "remainingToPay": 55.0,
    }


@pytest.mark.parametrize(
    ("policy", "amount"),
    [
        (PAY_DIFFERENCE, 0),
        (PAY_DIFFERENCE, 10.005),
        (PAY_DIFFERENCE, 75.01),
        (Program.OveragePolicy.BLOCK, 20),
    ],
)
def test_amount_that_breaks_a_rule(policy, amount, user_api_client, store, member, shopper) -> None:
    store.change(overage_policy=policy)
    checkout = shopper.checkout()

    payload = data_of(user_api_client, APPLY, id=global_id(checkout), amount=amount)

    assert errors_of(payload) == error("amount", "INVALID_AMOUNT")
    assert (figures(), TransactionItem.objects.count()) == ([], 0)


def test_negative_amount_is_no_positive_decimal(user_api_client, store, member, shopper) -> None:
    checkout = shopper.checkout()

    assert top_errors(user_api_client, APPLY, id=global_id(checkout), amount=-1) == ["GraphQLError"]
    assert figures() == []


def test_same_key_gets_the_first_outcome(user_api_client, store, member, shopper) -> None:
    checkout = shopper.checkout()
    first = data_of(user_api_client, APPLY, id=global_id(checkout), key="once")

    second = data_of(user_api_client, APPLY, id=global_id(checkout), key="once")

    assert second == first
    assert figures() == [(7_500, 0, 0, 0)]


def test_same_key_gets_the_first_refusal(user_api_client, store, member, shopper) -> None:
    checkout = shopper.checkout(quantity=5)
    first = data_of(user_api_client, APPLY, id=global_id(checkout), key="once")

    second = data_of(user_api_client, APPLY, id=global_id(checkout), key="once")

    assert errors_of(first) == error(None, "BALANCE_SHORT")
    assert second["errors"] == first["errors"]
    assert Refused.objects.count() == 1


def test_same_key_for_another_request_is_refused(user_api_client, store, member, shopper) -> None:
    store.change(overage_policy=PAY_DIFFERENCE)
    checkout, other = shopper.checkout(), shopper.checkout()
    data_of(user_api_client, APPLY, id=global_id(checkout), key="once", amount=20)

    changed = data_of(user_api_client, APPLY, id=global_id(checkout), key="once", amount=30)
    elsewhere = data_of(user_api_client, APPLY, id=global_id(other), key="once", amount=20)

    assert errors_of(changed) == error("idempotencyKey", "KEY_CONFLICT")
    assert errors_of(elsewhere) == error("idempotencyKey", "UNIQUE")
    assert figures() == [(2_000, 0, 0, 0)]


@pytest.mark.parametrize(("key", "code"), [("", "REQUIRED"), ("k" * 513, "INVALID")])
def test_key_that_breaks_a_rule(key, code, user_api_client, store, member, shopper) -> None:
    checkout = shopper.checkout()

    payload = data_of(user_api_client, APPLY, id=global_id(checkout), key=key)

    assert errors_of(payload) == error("idempotencyKey", code)
    assert figures() == []


@pytest.mark.parametrize("mutation", [APPLY, REMOVE], ids=["apply", "remove"])
@pytest.mark.parametrize(
    ("checkout_id", "code"),
    [
        (gid("Checkout", "00000000-0000-0000-0000-000000000000"), "NOT_FOUND"),
        (gid("Checkout", 1), "NOT_FOUND"),
        (gid("Order", "00000000-0000-0000-0000-000000000000"), "GRAPHQL_ERROR"),
        ("nonsense", "GRAPHQL_ERROR"),
    ],
)
def test_unknown_checkout(mutation, checkout_id, code, user_api_client, store) -> None:
    payload = data_of(user_api_client, mutation, id=checkout_id)

    assert errors_of(payload) == error("checkoutId", code)


@pytest.mark.parametrize("mutation", [APPLY, REMOVE], ids=["apply", "remove"])
def test_another_shoppers_checkout_is_not_found(
    mutation, api_client, staff_api_client, user2_api_client, app_api_client, member, shopper
) -> None:
    checkout = shopper.checkout()
    data_of(shopper.client, APPLY, id=global_id(checkout))

    for client in (api_client, staff_api_client, user2_api_client, app_api_client):
        payload = data_of(client, mutation, id=global_id(checkout))
        assert errors_of(payload) == error("checkoutId", "NOT_FOUND")
        assert (payload["checkout"], payload["budget"]) == (None, None)
    assert figures() == [(7_500, 0, 0, 0)]


def test_anonymous_checkout_is_asked_to_sign_in(api_client, store, shopper) -> None:
    shopper.client = api_client

    payload = data_of(api_client, APPLY, id=global_id(shopper.checkout()))

    assert errors_of(payload) == error(None, "NOT_A_MEMBER")
    assert figures() == []


def test_who_is_no_member_is_refused(user_api_client, store, shopper) -> None:
    payload = data_of(user_api_client, APPLY, id=global_id(shopper.checkout()))

    assert errors_of(payload) == error(None, "NOT_A_MEMBER")


def test_app_that_handles_checkouts_applies_for_the_shopper(
    app_api_client, permission_handle_checkouts, member, shopper
) -> None:
    app_api_client.app.permissions.add(permission_handle_checkouts)

    payload = data_of(app_api_client, APPLY, id=global_id(shopper.checkout()))

    assert payload["errors"] == []
    assert [hold.member for hold in Hold.objects.all()] == [member]


@pytest.mark.parametrize("mutation", [APPLY, REMOVE], ids=["apply", "remove"])
def test_channel_that_is_no_program_store(
    mutation, user_api_client, store, member, shopper
) -> None:
    programs.set_channels(program=store.program, channel_ids=[])

    payload = data_of(user_api_client, mutation, id=global_id(shopper.checkout()))

    assert errors_of(payload) == error("checkoutId", "INVALID")


def test_remove_gives_everything_back(user_api_client, store, member, shopper) -> None:
    checkout = shopper.checkout()
    data_of(user_api_client, APPLY, id=global_id(checkout))

    payload = data_of(user_api_client, REMOVE, id=global_id(checkout))

    assert payload["errors"] == []
    assert payload["released"] == {"amount": 75.0}
    assert payload["checkout"] == {"authorizeStatus": "NONE"}
    assert amounts(payload["budget"], "available", "heldOnThisCheckout", "remainingToPay") == {
        "available": 300.0,
        "heldOnThisCheckout": 0.0,
        "remainingToPay": 75.0,
    }
    assert figures() == [(7_500, 0, 7_500, 0)]


def test_remove_again_gives_nothing_back(user_api_client, store, member, shopper) -> None:
    checkout = shopper.checkout()
    data_of(user_api_client, APPLY, id=global_id(checkout))
    data_of(user_api_client, REMOVE, id=global_id(checkout))

    payload = data_of(user_api_client, REMOVE, id=global_id(checkout))

    assert (payload["errors"], payload["released"]) == ([], {"amount": 0.0})


def test_apply_after_remove_is_a_new_hold(user_api_client, store, member, shopper) -> None:
    checkout = shopper.checkout()
    data_of(user_api_client, APPLY, id=global_id(checkout))
    data_of(user_api_client, REMOVE, id=global_id(checkout))

    payload = data_of(user_api_client, APPLY, id=global_id(checkout))

    assert payload["errors"] == []
    assert payload["checkout"]["authorizeStatus"] == "FULL"
    assert figures() == [(7_500, 0, 7_500, 0), (7_500, 0, 0, 0)]
    assert balance_of(member).held == 7_500
    assert ledger.verify().differences == ()
