"""Redemption codes in tests: issued, entered as shoppers do, and looked at on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from saleor.discount.models import Voucher, VoucherChannelListing, VoucherCode

from saleor_program_budgets import codes
from saleor_program_budgets.interfaces import vouchers
from saleor_program_budgets.models import CodeAttempt, CodeBatch, CodeRedemption, RedemptionCode
from tests.host.support.shop import ACTOR, global_id

if TYPE_CHECKING:
    import pytest
    from saleor.channel.models import Channel
    from saleor.checkout.models import Checkout
    from saleor.graphql.tests.fixtures import ApiClient

    from saleor_program_budgets.models import Member
    from saleor_program_budgets.money import Amount
    from tests.host.support.shop import Shopper

UNKNOWN = "WXYZ-0123-4567"
"""A text of the right form that nobody was issued."""
INVALID = [{"field": "promoCode", "code": "INVALID", "message": "Promo code is invalid"}]
NOT_APPLICABLE = [
    {"field": "voucherCode", "code": "VOUCHER_NOT_APPLICABLE", "message": "Voucher not applicable"}
]


def voucher_in(*channels: Channel, single_use: bool = True, **fields: Any) -> Voucher:
    """Create a voucher of 20.00 off the whole order."""
    voucher = Voucher.objects.create(name="Twenty off", single_use=single_use, **fields)
    for channel in channels:
        VoucherChannelListing.objects.create(
            voucher=voucher, channel=channel, discount_value=20, currency=channel.currency_code
        )
    return voucher


def issue_all(*members: Member, voucher: Voucher | None = None, **fields: Any) -> list[str]:
    """Issue a code of one batch to each of *members*, as staff do; returns their texts.

    For a discount with *voucher*, else for store credit.
    """
    lines = "\n".join(["member_id", *(str(member.pk) for member in members)])
    batch = codes.create_batch(
        program=members[0].program,
        name="Spring",
        kind=CodeBatch.Kind.DISCOUNT if voucher else CodeBatch.Kind.STORE_CREDIT,
        csv=lines.encode(),
        delivery=CodeBatch.Delivery.DOWNLOAD,
        voucher_reference=str(voucher.pk) if voucher else "",
        actor=ACTOR,
        at=timezone.now(),
        **fields,
    )
    codes.generate(batch=batch, publish=vouchers.publish if voucher else None, at=timezone.now())
    issued = codes.hand_out(batch=batch, actor=ACTOR, at=timezone.now())
    texts = {each.member_id: each.text for each in issued}
    return [texts[member.pk] for member in members]


def discount(member: Member, voucher: Voucher, **fields: Any) -> str:
    """Issue one discount code."""
    [text] = issue_all(member, voucher=voucher, **fields)
    return text


def credit(member: Member, amount: Amount, **fields: Any) -> str:
    """Issue one store-credit code."""
    [text] = issue_all(member, amount=amount, **fields)
    return text


def enter(
    shopper: Shopper, checkout: Checkout, text: str, *, client: ApiClient | None = None
) -> Any:
    """Type *text* into the promo-code box."""
    return shopper.call(ADD_PROMO_CODE, client=client, id=global_id(checkout), code=text)


def entered(shopper: Shopper, text: str) -> Checkout:
    """Return a checkout of 55.00 with the code on it."""
    checkout = shopper.checkout()
    answer = enter(shopper, checkout, text)
    assert answer["errors"] == []
    assert answer["checkout"]["voucherCode"] == text
    checkout.refresh_from_db()
    return checkout


def attempts() -> list[tuple[str, str]]:
    """Return place and reason of each refused try, by age."""
    return list(CodeAttempt.objects.order_by("pk").values_list("place", "reason"))


def redemptions() -> list[tuple[str, bool]]:
    """Return for each redemption, by age, the order (if any), and whether it stands."""
    rows = CodeRedemption.objects.order_by("pk")
    return [(row.order_id, row.returned_at is None) for row in rows]


def saleors(text: str) -> tuple[bool, int]:
    """Return whether Saleor has the code active, and how often it counts it as used."""
    code = VoucherCode.objects.get(code=text)
    return code.is_active, code.used


def code_of(text: str) -> RedemptionCode:
    """Return the row of a discount code."""
    return RedemptionCode.objects.get(text=text)


class Broker:
    """Keeps what a gate wants recorded until the transaction that it rolls back is over.

    In tests a task runs at once, on the connection and in the transaction of who calls it. A
    worker is another process.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.messages: list[dict[str, Any]] = []
        target = "saleor_program_budgets.interfaces.code_gate._record_attempt"
        monkeypatch.setattr(target, self.messages.append)

    def deliver(self) -> None:
        """Run the tasks."""
        from saleor_program_budgets import tasks

        while self.messages:
            tasks.record_attempt.delay(self.messages.pop(0))


ADD_PROMO_CODE = """
mutation ($id: ID!, $code: String!) {
  checkoutAddPromoCode(id: $id, promoCode: $code) {
    checkout { id voucherCode totalPrice { gross { amount } } discount { amount } }
    errors { field code message }
    checkoutErrors { field code message }
  }
}
"""
REMOVE_PROMO_CODE = """
mutation ($id: ID!, $code: String) {
  checkoutRemovePromoCode(id: $id, promoCode: $code) {
    checkout { voucherCode }
    errors { field code message }
  }
}
"""
REDEEM = """
mutation ($code: String!) {
  programBudgetCodeRedeem(code: $code) {
    amount { amount currency } expiresAt budget { available { amount } program { slug } }
    errors { field code message }
  }
}
"""
ORDER_FROM_CHECKOUT = """
mutation ($id: ID!, $keep: Boolean) {
  orderCreateFromCheckout(id: $id, removeCheckout: $keep) {
    order { id } errors { field code message }
  }
}
"""
