"""Orders that come to be without ``checkoutComplete`` are gated too; see docs/order-paths.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import graphene
import pytest
from saleor.order.models import Order
from saleor.plugins.models import PluginConfiguration

from saleor_program_budgets import programs
from saleor_program_budgets.interfaces.identity import PLUGIN_ID
from saleor_program_budgets.models import Hold
from tests.host.support.shop import ADDRESS, REFUSED, balance_of, fields, global_id

if TYPE_CHECKING:
    from saleor.graphql.tests.fixtures import ApiClient
    from saleor.permission.models import Permission

    from saleor_program_budgets.models import Member
    from tests.host.support.shop import ProgramStore, Shopper, Staff

pytestmark = pytest.mark.django_db

USABLE = """
query ($id: ID!) {
  checkout(id: $id) { programBudget { applicable { amount } refusal { code } } }
}
"""


# automatic completion


def test_automatic_completion_is_gated(
    shopper: Shopper, member: Member, staff: Staff, django_capture_on_commit_callbacks: Any
) -> None:
    from saleor.checkout.tasks import automatic_checkout_completion_task

    covered, uncovered = shopper.checkout(), shopper.checkout()
    shopper.apply(covered)
    staff.pay(uncovered, "75.00")

    for checkout in (covered, uncovered):
        with django_capture_on_commit_callbacks(execute=True):
            automatic_checkout_completion_task(checkout.pk, None, None)

    assert [order.checkout_token for order in Order.objects.all()] == [str(covered.pk)]
    assert balance_of(member).spent == 7_500


# orderCreateFromCheckout


def test_order_from_checkout_by_an_app_is_gated(
    shopper: Shopper,
    member: Member,
    app_api_client: ApiClient,
    permission_handle_checkouts: Permission,
) -> None:
    app_api_client.app.permissions.add(permission_handle_checkouts)
    checkout = shopper.checkout()

    refused = shopper.call(ORDER_FROM_CHECKOUT, client=app_api_client, id=global_id(checkout))
    shopper.apply(checkout)
    created = shopper.call(ORDER_FROM_CHECKOUT, client=app_api_client, id=global_id(checkout))

    assert fields(refused) == REFUSED
    assert created["errors"] == []
    assert balance_of(member).spent == 7_500


# drafts


def test_draft_is_completed_from_its_members_budget(
    shopper: Shopper, member: Member, staff: Staff
) -> None:
    draft = _draft(shopper, staff, user=member.user)

    completed = staff.call(DRAFT_COMPLETE, id=draft)

    assert completed["errors"] == []
    order = Order.objects.get()
    assert balance_of(member).spent == 13_000
    assert order.charge_status == "full"
    assert Hold.objects.get().order_id == str(order.pk)


def test_draft_above_the_budget_stays_a_draft(
    shopper: Shopper, member: Member, staff: Staff
) -> None:
    draft = _draft(shopper, staff, user=member.user, quantity=5)  # 325.00 of 300.00

    completed = staff.call(DRAFT_COMPLETE, id=draft)

    assert [error["code"] for error in completed["errors"]] == ["INVALID"]
    assert "short by 25.00 USD" in completed["errors"][0]["message"]
    assert Order.objects.get().status == "draft"
    assert balance_of(member).available == 30_000


def test_draft_without_a_member_stays_a_draft(
    store: ProgramStore, shopper: Shopper, staff: Staff
) -> None:
    draft = _draft(shopper, staff, user=None)

    completed = staff.call(DRAFT_COMPLETE, id=draft)

    assert [error["code"] for error in completed["errors"]] == ["INVALID"]
    assert Order.objects.get().status == "draft"


def test_draft_status_changed_behind_the_mutation_is_refused(
    shopper: Shopper, member: Member, staff: Staff
) -> None:
    """Whatever code turns a draft into an order meets the gate in the order's own save."""
    from django.core.exceptions import ValidationError

    _draft(shopper, staff, user=member.user)
    Order.objects.update(total_net_amount=130, total_gross_amount=130)
    order = Order.objects.get()
    order.status = "unfulfilled"

    with pytest.raises(ValidationError, match="is not applied to this order"):
        order.save()


# the plugin switched off


def test_switched_off_the_store_stays_shut(
    shopper: Shopper, member: Member, staff: Staff, app_api_client: ApiClient
) -> None:
    checkout = shopper.checkout()
    shopper.apply(checkout)
    PluginConfiguration.objects.create(identifier=PLUGIN_ID, active=False, configuration=[])

    answer = shopper.complete(checkout)

    assert fields(answer) == REFUSED
    assert "activate Program Budgets" in answer["errors"][0]["message"]
    assert not Order.objects.exists()
    assert balance_of(member).held == 7_500


def test_switched_off_a_channel_taken_off_its_program_trades_as_usual(
    store: ProgramStore, shopper: Shopper, member: Member, staff: Staff
) -> None:
    PluginConfiguration.objects.create(identifier=PLUGIN_ID, active=False, configuration=[])
    programs.set_channels(program=store.program, channel_ids=[])
    checkout = shopper.checkout()
    staff.pay(checkout, "75.00")

    assert shopper.complete(checkout)["errors"] == []


@pytest.mark.parametrize("prefix", ["/plugins", "/plugins/global"])
def test_switched_off_its_addresses_are_not_found(client: Any, prefix: str) -> None:
    address = f"{prefix}/{PLUGIN_ID}/status"
    active = client.get(address)
    PluginConfiguration.objects.create(identifier=PLUGIN_ID, active=False, configuration=[])

    assert active.json()["plugin"] == PLUGIN_ID
    assert client.get(address).status_code == 404


# a channel without a program


def test_ordinary_channel_is_left_alone(
    store: ProgramStore, shopper: Shopper, staff: Staff
) -> None:
    programs.set_channels(program=store.program, channel_ids=[])
    checkout = shopper.checkout()
    staff.pay(checkout, "75.00")

    assert shopper.complete(checkout)["errors"] == []


def _draft(shopper: Shopper, staff: Staff, *, user: Any, quantity: int = 2) -> str:
    created = staff.call(
        DRAFT_CREATE,
        input={
            "channelId": graphene.Node.to_global_id("Channel", shopper.channel.pk),
            "user": user and graphene.Node.to_global_id("User", user.pk),
            "userEmail": None if user else "nobody@example.com",
            "lines": [{"variantId": shopper.variant_id, "quantity": quantity}],
            "shippingAddress": ADDRESS,
            "billingAddress": ADDRESS,
            "shippingMethod": graphene.Node.to_global_id(
                "ShippingMethod", shopper.channel.shipping_method_listings.get().shipping_method_id
            ),
        },
    )
    assert created["errors"] == []
    listing = shopper.channel.shipping_method_listings.get()
    Order.objects.update(base_shipping_price_amount=0, undiscounted_base_shipping_price_amount=0)
    listing.price_amount = 0
    listing.save()
    draft: str = created["order"]["id"]
    return draft


ORDER_FROM_CHECKOUT = """
mutation ($id: ID!) {
  orderCreateFromCheckout(id: $id) { order { id } errors { field message code } }
}
"""
DRAFT_CREATE = """
mutation ($input: DraftOrderCreateInput!) {
  draftOrderCreate(input: $input) { order { id } errors { field message code } }
}
"""
DRAFT_COMPLETE = """
mutation ($id: ID!) {
  draftOrderComplete(id: $id) { order { id } errors { field message code } }
}
"""
