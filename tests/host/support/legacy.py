"""A payment gateway of the legacy kind, which says what a test wants it to say."""

from __future__ import annotations

from typing import Any, ClassVar

from saleor.payment import TransactionKind
from saleor.payment.interface import GatewayResponse, PaymentData
from saleor.plugins.base_plugin import BasePlugin

GATEWAY = "tests.legacy"
PLUGIN = f"{__name__}.LegacyGateway"


class LegacyGateway(BasePlugin):
    """Charges at once, declines, or asks for a confirmation first."""

    PLUGIN_ID = GATEWAY
    PLUGIN_NAME = "Legacy"
    DEFAULT_ACTIVE = True
    CONFIGURATION_PER_CHANNEL = False

    declines: ClassVar[bool] = False
    confirms: ClassVar[bool] = False
    calls: ClassVar[list[str]] = []

    def process_payment(self, payment_information: PaymentData, previous_value: Any) -> Any:
        if self.declines:
            return _answer("process", TransactionKind.CAPTURE, payment_information, error="no")
        if self.confirms:
            return _answer("process", TransactionKind.ACTION_TO_CONFIRM, payment_information)
        return _answer("process", TransactionKind.CAPTURE, payment_information)

    def confirm_payment(self, payment_information: PaymentData, previous_value: Any) -> Any:
        return _answer("confirm", TransactionKind.CAPTURE, payment_information)

    def refund_payment(self, payment_information: PaymentData, previous_value: Any) -> Any:
        return _answer("refund", TransactionKind.REFUND, payment_information)

    def void_payment(self, payment_information: PaymentData, previous_value: Any) -> Any:
        return _answer("void", TransactionKind.VOID, payment_information)


def _answer(
    call: str, kind: str, payment: PaymentData, *, error: str | None = None
) -> GatewayResponse:
    LegacyGateway.calls.append(call)
    return GatewayResponse(
        is_success=error is None,
        action_required=kind == TransactionKind.ACTION_TO_CONFIRM,
        action_required_data={"confirm": "at the bank"},
        kind=kind,
        amount=payment.amount,
        currency=payment.currency,
        transaction_id=payment.token or "paid",
        error=error,
    )
