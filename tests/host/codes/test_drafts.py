"""Drafts that staff make: a code is judged by the customer whom the draft is for."""

from __future__ import annotations

import graphene
import pytest
from saleor.discount.models import VoucherCode
from saleor.order.models import Order
from saleor.warehouse.models import Stock

from saleor_program_budgets.interfaces import code_gate
from saleor_program_budgets.models import CodeAttempt, Hold
from tests.host.support.codes import attempts, redemptions, saleors, voucher_in
from tests.host.support.shop import ADDRESS

pytestmark = pytest.mark.django_db

CREATE = """
mutation ($input: DraftOrderCreateInput!) {
  draftOrderCreate(input: $input) {
    order { id voucherCode } errors { field message code }
  }
}
"""
UPDATE = """
mutation ($id: ID!, $input: DraftOrderInput!) {
  draftOrderUpdate(id: $id, input: $input) {
    order { id voucherCode } errors { field message code }
  }
}
"""
COMPLETE = """
mutation ($id: ID!) {
  draftOrderComplete(id: $id) { order { id status } errors { field message code } }
}
"""
DELETE = """
mutation ($id: ID!) { draftOrderDelete(id: $id) { errors { field message code } } }
"""
UNKNOWN_TO_DRAFTS = [
    {
        "field": "voucherCode",
        "message": "Voucher code is invalid.",
        "code": "INVALID_VOUCHER_CODE",
    }
]
NOBODY = "0123-4567-89AB"


def user_id(user):
    return graphene.Node.to_global_id("User", user.pk)


@pytest.fixture
def create(staff, shopper):
    """Return what creates a draft for a customer of the program's channel."""

    def create(user, **given):
        listing = shopper.channel.shipping_method_listings.get()
        method = graphene.Node.to_global_id("ShippingMethod", listing.shipping_method_id)
        channel = graphene.Node.to_global_id("Channel", shopper.channel.pk)
        return staff.call(
            CREATE,
            input={
                "channelId": channel,
                "user": user and user_id(user),
                "lines": [{"variantId": shopper.variant_id, "quantity": 1}],
                "shippingAddress": ADDRESS,
                "billingAddress": ADDRESS,
                "shippingMethod": method,
            }
            | given,
        )

    return create


def order_id(answer):
    return graphene.Node.from_global_id(answer["order"]["id"])[1]


def test_draft_of_its_member_redeems_it(create, staff, owner, text) -> None:
    draft = create(owner.user, voucherCode=text.lower())
    assert (draft["errors"], draft["order"]["voucherCode"]) == ([], text)
    assert redemptions() == []

    completed = staff.call(COMPLETE, id=draft["order"]["id"])

    assert completed["errors"] == []
    assert redemptions() == [(order_id(draft), True)]
    assert (saleors(text), attempts()) == ((False, 0), [])


def test_customer_named_by_address(create, owner, text) -> None:
    draft = create(None, userEmail=owner.user.email, voucherCode=text)

    assert (draft["errors"], draft["order"]["voucherCode"]) == ([], text)


def test_draft_for_another_member(create, thief, staff, text) -> None:
    stolen = create(thief.client.user, voucherCode=text)
    unknown = create(thief.client.user, voucherCode=NOBODY)

    assert stolen == unknown == {"order": None, "errors": UNKNOWN_TO_DRAFTS}
    assert attempts() == [("draft", "not_yours"), ("draft", "unknown")]
    attempt = CodeAttempt.objects.get(reason="not_yours")
    assert attempt.actor == f"staff:{staff.client.user.pk}"
    assert attempt.user_reference == str(thief.client.user.pk)
    assert not Order.objects.exists()


def test_draft_for_nobody(create, text) -> None:
    answer = create(None, userEmail="nobody@example.com", voucherCode=text)

    assert answer["errors"] == UNKNOWN_TO_DRAFTS
    assert attempts() == [("draft", "anonymous")]


def test_code_put_on_a_draft_later(create, staff, owner, thief, text) -> None:
    mine, other = create(owner.user), create(thief.client.user)

    accepted = staff.call(UPDATE, id=mine["order"]["id"], input={"voucherCode": text})
    refused = staff.call(UPDATE, id=other["order"]["id"], input={"voucherCode": text})

    assert (accepted["errors"], accepted["order"]["voucherCode"]) == ([], text)
    assert refused["errors"] == UNKNOWN_TO_DRAFTS
    assert attempts() == [("draft", "not_yours")]
    assert CodeAttempt.objects.get().order_id == order_id(other)


def test_code_and_customer_changed_together(create, staff, owner, thief, text) -> None:
    draft = create(thief.client.user)["order"]["id"]

    answer = staff.call(UPDATE, id=draft, input={"user": user_id(owner.user), "voucherCode": text})

    assert (answer["errors"], answer["order"]["voucherCode"]) == ([], text)


def test_code_taken_off_a_draft(create, staff, owner, text) -> None:
    draft = create(owner.user, voucherCode=text)["order"]["id"]

    answer = staff.call(UPDATE, id=draft, input={"voucherCode": None})

    assert (answer["errors"], answer["order"]["voucherCode"]) == ([], None)


@pytest.mark.parametrize("is_checked_first", [True, False])
def test_draft_handed_to_another_customer_stays_a_draft(
    is_checked_first, create, staff, owner, thief, text, broker, monkeypatch
) -> None:
    if not is_checked_first:
        monkeypatch.setattr(code_gate, "check_draft", lambda **_: None)
    draft = create(owner.user, voucherCode=text)["order"]["id"]
    handed = staff.call(UPDATE, id=draft, input={"user": user_id(thief.client.user)})
    assert handed["errors"] == []

    completed = staff.call(COMPLETE, id=draft)
    broker.deliver()

    assert completed == {"order": None, "errors": UNKNOWN_TO_DRAFTS}
    assert Order.objects.get().status == "draft"
    assert (attempts(), redemptions()) == ([("draft", "not_yours")], [])
    assert (saleors(text), Hold.objects.count()) == ((True, 0), 0)


def test_code_redeemed_meanwhile(create, staff, shopper, owner, text) -> None:
    from tests.host.support.codes import entered
    from tests.host.support.shop import order_of

    draft = create(owner.user, voucherCode=text)["order"]["id"]
    order = order_of(shopper.complete(entered(shopper, text)))

    completed = staff.call(COMPLETE, id=draft)

    assert completed["errors"] == UNKNOWN_TO_DRAFTS
    assert redemptions() == [(str(order.pk), True)]
    assert attempts() == [("draft", "redeemed")]


def test_draft_short_of_stock_leaves_the_code(create, staff, owner, text) -> None:
    draft = create(owner.user, voucherCode=text)["order"]["id"]
    Stock.objects.update(quantity=0)
    assert staff.call(COMPLETE, id=draft)["errors"] != []
    assert (redemptions(), saleors(text)) == ([], (True, 0))

    Stock.objects.update(quantity=100)

    assert staff.call(COMPLETE, id=draft)["errors"] == []
    assert len(redemptions()) == 1


def test_draft_that_counts_codes_gives_it_back_when_deleted(
    create, staff, owner, open_store, text
) -> None:
    """With that setting of the channel Saleor counts a code when it is put on a draft."""
    open_store.channel.include_draft_order_in_voucher_usage = True
    open_store.channel.save()
    draft = create(owner.user, voucherCode=text)["order"]["id"]
    assert saleors(text) == (False, 0)

    assert staff.call(DELETE, id=draft)["errors"] == []

    assert (redemptions(), saleors(text)) == ([], (True, 0))


def test_voucher_by_its_id_names_nobodys_code(create, staff, owner, voucher, text) -> None:
    """Saleor would take any active code of the voucher: somebody's."""
    by_id = {"voucher": graphene.Node.to_global_id("Voucher", voucher.pk)}
    draft = create(owner.user)["order"]["id"]

    created = create(owner.user, **by_id)
    updated = staff.call(UPDATE, id=draft, input=by_id)

    [error] = created["errors"]
    assert (error["field"], error["code"]) == ("voucher", "INVALID_VOUCHER")
    assert "Enter the customer's own code" in error["message"]
    assert updated["errors"] == created["errors"]
    assert (Order.objects.count(), attempts()) == (1, [])


def test_ordinary_vouchers_are_saleors_affair(create, staff, owner, open_store, text) -> None:
    ordinary = voucher_in(open_store.channel)
    VoucherCode.objects.create(code="SAVE20", voucher=ordinary)
    by_id = {"voucher": graphene.Node.to_global_id("Voucher", ordinary.pk)}

    by_code, by_voucher = create(owner.user, voucherCode="SAVE20"), create(owner.user, **by_id)

    assert [answer["order"]["voucherCode"] for answer in (by_code, by_voucher)] == ["SAVE20"] * 2
    assert staff.call(COMPLETE, id=by_code["order"]["id"])["errors"] == []
    assert (saleors("SAVE20"), redemptions(), attempts()) == ((False, 0), [], [])
