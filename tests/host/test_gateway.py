"""Holding budget through transactionInitialize."""

from __future__ import annotations

from typing import TYPE_CHECKING

import graphene
import pytest
from django.utils import timezone
from saleor.payment.models import TransactionEvent, TransactionItem

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.interfaces.identity import GATEWAY_ID
from saleor_program_budgets.models import Hold, Refused
from tests.host.support.shop import balance_of, figures, global_id

if TYPE_CHECKING:
    from saleor.graphql.tests.fixtures import ApiClient
    from saleor.permission.models import Permission

    from saleor_program_budgets.models import Member
    from tests.host.support.shop import ProgramStore, Shopper, Staff

pytestmark = pytest.mark.django_db


def test_budget_is_held_and_the_checkout_is_authorized(shopper: Shopper, member: Member) -> None:
    checkout = shopper.checkout()

    answer = shopper.apply(checkout)

    # 65.00 for the product and 10.00 for delivery, of 300.00.
    hold = Hold.objects.get()
    assert answer["errors"] == []
    assert answer["transactionEvent"]["type"] == "AUTHORIZATION_SUCCESS"
    assert answer["transactionEvent"]["amount"]["amount"] == 75.0
    assert answer["transaction"]["pspReference"] == f"hold-{hold.pk}"
    assert sorted(answer["transaction"]["actions"]) == ["CANCEL", "CHARGE"]
    assert answer["data"]["hold"] == str(hold.pk)
    assert hold.key == f"transaction:{TransactionItem.objects.get().token}"
    checkout.refresh_from_db()
    assert checkout.authorize_status == "full"
    assert (balance_of(member).available, balance_of(member).held) == (22_500, 7_500)


def test_short_budget_is_refused_with_the_shortfall_and_nothing_is_held(
    shopper: Shopper, member: Member
) -> None:
    checkout = shopper.checkout(quantity=5)  # 5 × 65.00 + 10.00 = 335.00, of 300.00

    answer = shopper.apply(checkout)

    assert answer["transactionEvent"]["type"] == "AUTHORIZATION_FAILURE"
    assert answer["transactionEvent"]["message"].startswith("Your budget is short by 35.00 USD")
    assert answer["data"]["code"] == "BALANCE_SHORT"
    assert answer["data"]["shortfall"] == "35.00"
    assert answer["data"]["available"] == "300.00"
    assert balance_of(member).available == 30_000
    assert list(Refused.objects.values_list("code", "requested", "available")) == [
        ("BALANCE_SHORT", 33_500, 30_000)
    ]
    checkout.refresh_from_db()
    assert checkout.authorize_status == "none"


def test_department_at_its_cap_refuses_until_the_cap_is_raised(
    store: ProgramStore, shopper: Shopper, member: Member
) -> None:
    store.cap(store.department, 7_000)
    checkout = shopper.checkout()

    refused = shopper.apply(checkout)
    store.cap(store.department, 7_500)
    held = shopper.apply(checkout)

    assert refused["data"]["code"] == "CAP_REACHED"
    assert refused["data"]["shortfall"] == "5.00"
    assert refused["data"]["resetsAt"] is not None
    assert held["transactionEvent"]["type"] == "AUTHORIZATION_SUCCESS"
    assert balance_of(member).held == 7_500


def test_retry_with_the_same_key_gets_the_first_answer(shopper: Shopper, member: Member) -> None:
    checkout = shopper.checkout()

    first = shopper.apply(checkout, "75.00", key="once")
    second = shopper.apply(checkout, "75.00", key="once")

    assert second["transactionEvent"]["type"] == "AUTHORIZATION_SUCCESS"
    assert second["transaction"] == first["transaction"]
    assert second["data"] == first["data"]
    assert figures() == [(7_500, 0, 0, 0)]
    assert TransactionEvent.objects.filter(type="authorization_success").count() == 1
    assert balance_of(member).held == 7_500


def test_same_key_for_another_amount_or_checkout_is_unique_error(
    shopper: Shopper, member: Member
) -> None:
    checkout, other = shopper.checkout(), shopper.checkout()
    shopper.apply(checkout, "75.00", key="once")

    answer = shopper.apply(other, "75.00", key="once")

    assert [(error["field"], error["code"]) for error in answer["errors"]] == [
        ("idempotencyKey", "UNIQUE")
    ]
    assert balance_of(member).held == 7_500


def test_two_transactions_pay_in_parts(shopper: Shopper, member: Member) -> None:
    checkout = shopper.checkout()

    shopper.apply(checkout, "50.00")
    shopper.apply(checkout, "25.00")
    third = shopper.apply(checkout, "1.00")

    assert third["transactionEvent"]["message"] == "The budget already covers what it may."
    assert figures() == [(5_000, 0, 0, 0), (2_500, 0, 0, 0)]
    assert shopper.complete(checkout)["errors"] == []
    assert figures() == [(5_000, 5_000, 0, 0), (2_500, 2_500, 0, 0)]
    assert balance_of(member).spent == 7_500


def test_more_than_the_checkout_needs_is_cut_to_what_it_needs(
    shopper: Shopper, member: Member
) -> None:
    answer = shopper.apply(shopper.checkout(), "299.00")

    assert answer["transactionEvent"]["amount"]["amount"] == 75.0
    assert balance_of(member).held == 7_500


def test_shipping_left_out_of_the_basis_is_not_paid_by_the_budget(
    store: ProgramStore, shopper: Shopper, member: Member
) -> None:
    store.change(includes_shipping=False)

    answer = shopper.apply(shopper.checkout())

    assert answer["transactionEvent"]["amount"]["amount"] == 65.0
    assert balance_of(member).held == 6_500


def test_partial_holds_what_the_budget_can_carry(
    store: ProgramStore, shopper: Shopper, member: Member
) -> None:
    store.change(overage_policy="pay_difference")

    answer = shopper.apply(shopper.checkout(quantity=5), data={"partial": True})

    assert answer["transactionEvent"]["amount"]["amount"] == 300.0
    assert balance_of(member).available == 0


def test_channel_that_charges_at_once_counts_the_hold_as_charged(
    store: ProgramStore, shopper: Shopper, member: Member
) -> None:
    store.channel.default_transaction_flow_strategy = "charge"
    store.channel.save()
    checkout = shopper.checkout()

    answer = shopper.apply(checkout)
    held = figures()
    completed = shopper.complete(checkout)

    assert answer["transactionEvent"]["type"] == "CHARGE_SUCCESS"
    assert answer["transaction"]["chargedAmount"]["amount"] == 75.0
    assert held == [(7_500, 0, 0, 0)]  # the ledger spends when there is an order
    assert completed["errors"] == []
    assert figures() == [(7_500, 7_500, 0, 0)]
    assert balance_of(member).spent == 7_500


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"partially": True}, 'The gateway takes no data but {"partial": true}.'),
        (["partial"], 'The gateway takes no data but {"partial": true}.'),
        ({"partial": "yes"}, '"partial" is true or false.'),
    ],
)
def test_unknown_gateway_data_is_refused(
    shopper: Shopper, member: Member, data: object, message: str
) -> None:
    answer = shopper.apply(shopper.checkout(), data=data)

    assert answer["transactionEvent"]["type"] == "AUTHORIZATION_FAILURE"
    assert answer["transactionEvent"]["message"] == message
    assert balance_of(member).available == 30_000


def test_nobody_spends_another_shoppers_budget(
    shopper: Shopper, member: Member, api_client: ApiClient, user2_api_client: ApiClient
) -> None:
    checkout = shopper.checkout()

    anonymous = shopper.apply(checkout, client=api_client)
    stranger = shopper.apply(checkout, client=user2_api_client)

    assert anonymous["transactionEvent"]["message"] == "Sign in to use your budget in this store."
    assert (
        stranger["transactionEvent"]["message"]
        == "Only the checkout's own shopper can spend their budget."
    )
    assert balance_of(member).available == 30_000


def test_app_that_handles_checkouts_applies_the_budget_for_the_shopper(
    shopper: Shopper,
    member: Member,
    app_api_client: ApiClient,
    permission_handle_checkouts: Permission,
) -> None:
    app_api_client.app.permissions.add(permission_handle_checkouts)

    answer = shopper.apply(shopper.checkout(), client=app_api_client)

    assert answer["transactionEvent"]["type"] == "AUTHORIZATION_SUCCESS"
    assert balance_of(member).held == 7_500


def test_inactive_member_is_refused(store: ProgramStore, shopper: Shopper, member: Member) -> None:
    programs.deactivate_member(member=member, actor=ledger.Actor.system("tests"), at=timezone.now())

    answer = shopper.apply(shopper.checkout())

    assert answer["data"]["code"] == "MEMBER_INACTIVE"
    assert (balance_of(member).available, balance_of(member).withdrawn) == (0, 30_000)


def test_shopper_who_is_no_member_is_refused(store: ProgramStore, shopper: Shopper) -> None:
    answer = shopper.apply(shopper.checkout())

    assert answer["data"]["code"] == "NOT_A_MEMBER"
    assert not Hold.objects.exists()


def test_closed_program_is_refused_before_anything_else(
    store: ProgramStore, shopper: Shopper
) -> None:
    store.change(status="closed")

    answer = shopper.apply(shopper.checkout())

    assert answer["data"]["code"] == "PROGRAM_CLOSED"


def test_channel_without_a_program_takes_no_budget(shopper: Shopper, store: ProgramStore) -> None:
    programs.set_channels(program=store.program, channel_ids=[])

    answer = shopper.apply(shopper.checkout())

    assert answer["transactionEvent"]["message"] == "This channel is not a program store."


def test_charge_request_before_the_order_fails_and_keeps_the_hold(
    shopper: Shopper, member: Member, staff: Staff
) -> None:
    checkout = shopper.checkout()
    answer = shopper.apply(checkout)

    staff.request(answer["transaction"]["id"], "CHARGE", "75.00")

    event = TransactionEvent.objects.latest("pk")
    assert (event.type, event.message) == (
        "charge_failure",
        "A budget is charged when the order is placed.",
    )
    assert figures() == [(7_500, 0, 0, 0)]


def test_cancel_request_gives_the_hold_back(shopper: Shopper, member: Member, staff: Staff) -> None:
    checkout = shopper.checkout()
    answer = shopper.apply(checkout)

    staff.request(answer["transaction"]["id"], "CANCEL", None)

    checkout.refresh_from_db()
    item = TransactionItem.objects.get()
    assert (item.authorized_value, item.canceled_value) == (0, 75)
    assert checkout.authorize_status == "none"
    assert balance_of(member).available == 30_000
    assert not TransactionEvent.objects.filter(type__endswith="failure").exists()


def test_refund_request_in_parts_never_exceeds_what_was_captured(
    shopper: Shopper, member: Member, staff: Staff
) -> None:
    shopper.order()
    transaction_id = graphene.Node.to_global_id(
        "TransactionItem", TransactionItem.objects.get().token
    )

    staff.request(transaction_id, "REFUND", "30.00")
    staff.request(transaction_id, "REFUND", "45.00")
    staff.request(transaction_id, "REFUND", "0.01")

    assert figures() == [(7_500, 7_500, 0, 7_500)]
    item = TransactionItem.objects.get()
    assert (item.charged_value, item.refunded_value) == (0, 75)
    assert balance_of(member).available == 30_000


def test_gateway_says_what_can_be_applied(shopper: Shopper, member: Member) -> None:
    checkout = shopper.checkout(quantity=5)

    answer = shopper.call(GATEWAY_INITIALIZE, id=global_id(checkout), gateway=GATEWAY_ID)

    config = answer["gatewayConfigs"][0]
    assert config["errors"] == []
    assert config["data"] == {
        "program": {"name": "Acme store", "slug": "acme"},
        "overagePolicy": "BLOCK",
        "currency": "USD",
        "due": "335.00",
        "available": "300.00",
        "usable": "300.00",
        "held": "0.00",
        "applicable": "300.00",
        "shortfall": "35.00",
        "resetsAt": config["data"]["resetsAt"],
        "refusal": {
            "code": "BALANCE_SHORT",
            "message": config["data"]["refusal"]["message"],
        },
    }


def test_gateway_shows_nobody_elses_figures(
    shopper: Shopper, member: Member, api_client: ApiClient
) -> None:
    checkout = shopper.checkout()

    answer = shopper.call(
        GATEWAY_INITIALIZE, client=api_client, id=global_id(checkout), gateway=GATEWAY_ID
    )

    assert answer["gatewayConfigs"][0]["data"] is None
    assert [error["message"] for error in answer["gatewayConfigs"][0]["errors"]] == [
        "Sign in as the checkout's own shopper to see the budget."
    ]


GATEWAY_INITIALIZE = """
mutation ($id: ID!, $gateway: String!) {
  paymentGatewayInitialize(id: $id, paymentGateways: [{id: $gateway}]) {
    gatewayConfigs { id data errors { field message code } }
    errors { field message code }
  }
}
"""
