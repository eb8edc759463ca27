"""The plugin class: one call per hook, nothing decided here."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, HttpResponseNotFound, JsonResponse
from django.utils import timezone
from saleor.plugins.base_plugin import BasePlugin

from saleor_program_budgets import ledger, tasks
from saleor_program_budgets.interfaces import (
    customers,
    gates,
    gateway,
    orders,
    saleor_versions,
    voucher_usage,
)
from saleor_program_budgets.interfaces.dashboard import pages
from saleor_program_budgets.interfaces.identity import (
    ACTIVE_BY_DEFAULT,
    GATEWAY_ID,
    PLUGIN_ID,
    actor_of,
)
from saleor_program_budgets.interfaces.scim import view as scim
from saleor_program_budgets.interfaces.storefront import serving as storefront
from saleor_program_budgets.manifest import manifest

if TYPE_CHECKING:
    from decimal import Decimal

    from saleor.account.models import User
    from saleor.checkout.fetch import CheckoutInfo, CheckoutLineInfo
    from saleor.checkout.models import Checkout
    from saleor.core.context import SaleorContext
    from saleor.order.models import Order
    from saleor.payment.interface import (
        PaymentGatewayData,
        TransactionActionData,
        TransactionSessionData,
        TransactionSessionResult,
    )

logger = logging.getLogger(__name__)

_VIEWS = {
    pages.ROOT: pages.handle,
    scim.ROOT: scim.handle,
    storefront.ROOT: storefront.handle,
}
"""What answers below the plugin's address, by the first part of the path."""


class ProgramBudgetsPlugin(BasePlugin):
    """Program Budgets, as Saleor calls it."""

    PLUGIN_ID = PLUGIN_ID
    PLUGIN_NAME = manifest().name
    PLUGIN_DESCRIPTION = manifest().description
    CONFIGURATION_PER_CHANNEL = False
    DEFAULT_ACTIVE = ACTIVE_BY_DEFAULT
    DEFAULT_CONFIGURATION = [  # noqa: RUF012 - Saleor's class attribute
        {"name": field.name, "value": field.default} for field in manifest().configuration
    ]
    CONFIG_STRUCTURE = {  # noqa: RUF012 - Saleor's class attribute
        field.name: {"type": field.type.value, "label": field.label, "help_text": field.help}
        for field in manifest().configuration
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        saleor_versions.keep_webhooks_off(gateway_id=GATEWAY_ID)

    # Gateway

    def payment_gateway_initialize_session(
        self,
        amount: Decimal,
        payment_gateways: list[PaymentGatewayData] | None,
        source_object: Checkout | Order,
        previous_value: list[PaymentGatewayData] | None,
    ) -> list[PaymentGatewayData]:
        """Say what the shopper can apply; other gateways' answers are passed on."""
        others = [answer for answer in previous_value or [] if answer.app_identifier != GATEWAY_ID]
        if payment_gateways and GATEWAY_ID not in {
            asked.app_identifier for asked in payment_gateways
        }:
            return others
        return [*others, gateway.describe(source=source_object, requestor=self.requestor)]

    def transaction_initialize_session(
        self,
        transaction_session_data: TransactionSessionData,
        previous_value: TransactionSessionResult | None,
    ) -> TransactionSessionResult | None:
        """Hold the budget for a transaction of this gateway."""
        if transaction_session_data.payment_gateway_data.app_identifier != GATEWAY_ID:
            return previous_value
        return gateway.initialize(data=transaction_session_data, requestor=self.requestor)

    def transaction_process_session(
        self,
        transaction_session_data: TransactionSessionData,
        previous_value: TransactionSessionResult | None,
    ) -> TransactionSessionResult | None:
        """Repeat the first answer: this gateway never needs a second step."""
        return self.transaction_initialize_session(transaction_session_data, previous_value)

    def transaction_charge_requested(
        self, transaction_data: TransactionActionData, previous_value: Any
    ) -> Any:
        """Capture."""
        if _is_ours(transaction_data):
            gateway.charge(data=transaction_data, requestor=self.requestor)
        return previous_value

    def transaction_refund_requested(
        self, transaction_data: TransactionActionData, previous_value: Any
    ) -> Any:
        """Give captured budget back."""
        if _is_ours(transaction_data):
            gateway.refund(data=transaction_data, requestor=self.requestor)
        return previous_value

    def transaction_cancelation_requested(
        self, transaction_data: TransactionActionData, previous_value: Any
    ) -> Any:
        """Give held budget back."""
        if _is_ours(transaction_data):
            gateway.cancel(data=transaction_data, requestor=self.requestor)
        return previous_value

    # Checkouts and orders

    def preprocess_order_creation(
        self,
        checkout_info: CheckoutInfo,
        lines: list[CheckoutLineInfo] | None,
        previous_value: Any,
    ) -> Any:
        """Refuse early what the gate would refuse."""
        gates.check_checkout(checkout_info=checkout_info)
        return previous_value

    def checkout_updated(
        self,
        checkout: Checkout,
        previous_value: Any,
        webhooks: Any = None,
    ) -> Any:
        """Give back what is held beyond a total that went down.

        Completion settles that too, so a broker that can't be reached must not stop the shopper.
        """
        if ledger.holds_of_checkout(checkout_id=str(checkout.pk)).exists():
            try:
                tasks.trim_checkout.delay(str(checkout.pk))
            except Exception:
                logger.exception("Checkout %s keeps all that is held for it", checkout.pk)
        return previous_value

    def order_created(self, order: Order, previous_value: Any, webhooks: Any = None) -> Any:
        """Capture what the order needs."""
        self._settle(order)
        return previous_value

    def order_cancelled(self, order: Order, previous_value: Any, webhooks: Any = None) -> Any:
        """Give the order's budget back, and its code."""
        self._settle(order)
        self._give_code_back(order, cause="order cancelled")
        return previous_value

    def order_expired(self, order: Order, previous_value: Any, webhooks: Any = None) -> Any:
        """Give the order's budget back, and its code."""
        self._settle(order)
        self._give_code_back(order, cause="order expired")
        return previous_value

    # Customers and staff

    def customer_updated(self, customer: User, previous_value: Any, webhooks: Any = None) -> Any:
        """Let memberships follow the user in and out."""
        self._follow(customer)
        return previous_value

    def staff_updated(self, staff_user: User, previous_value: Any, webhooks: Any = None) -> Any:
        """Let memberships follow the user in and out."""
        self._follow(staff_user)
        return previous_value

    def customer_deleted(self, customer: User, previous_value: Any, webhooks: Any = None) -> Any:
        """Deactivate the members that the user leaves behind."""
        self._leave(customer)
        return previous_value

    def staff_deleted(self, staff_user: User, previous_value: Any, webhooks: Any = None) -> Any:
        """Deactivate the members that the user leaves behind."""
        self._leave(staff_user)
        return previous_value

    def account_deleted(self, user: User, previous_value: Any) -> Any:
        """Deactivate the members that the user leaves behind."""
        self._leave(user)
        return previous_value

    def webhook(self, request: SaleorContext, path: str, previous_value: Any) -> HttpResponse:
        """Answer under the plugin's address; 404 for everything while it is switched off.

        Saleor routes the address without a channel here even when the plugin is inactive.
        """
        if not self.active:
            return HttpResponseNotFound()
        if path.strip("/") == "status":
            return JsonResponse({"plugin": PLUGIN_ID, "version": manifest().version})
        root = next((root for root in _VIEWS if f"{path.strip('/')}/".startswith(f"{root}/")), None)
        return _VIEWS[root](request, path) if root else HttpResponseNotFound()

    def _follow(self, user: User) -> None:
        """Bring memberships in line; what fails is left to the job that sweeps leavers."""
        try:
            customers.follow(user=user, actor=actor_of(self.requestor), at=timezone.now())
        except Exception:
            logger.exception("Memberships of user %s are left to the sweeping job", user.pk)

    def _leave(self, user: User) -> None:
        try:
            customers.leave(user_id=user.pk, actor=actor_of(self.requestor), at=timezone.now())
        except Exception:
            logger.exception("Memberships of user %s are left to the sweeping job", user.pk)

    def _settle(self, order: Order) -> None:
        """Settle the order's holds; the order stands already, so a failure must not surface.

        An exception here would cost the shopper the rest of Saleor's work on commit, such as the
        confirmation mail. The reconciling job settles what is left over.
        """
        try:
            orders.settle(order_id=str(order.pk), actor=actor_of(self.requestor), at=timezone.now())
        except Exception:
            logger.exception("Order %s is left to the reconciling job", order.pk)

    def _give_code_back(self, order: Order, *, cause: str) -> None:
        """Give the order's code back; as with its budget, a failure is left to a job."""
        if not order.voucher_code:
            return
        try:
            voucher_usage.give_back(order_id=str(order.pk), cause=cause, at=timezone.now())
        except Exception:
            logger.exception("The code of order %s is left to the restoring job", order.pk)


def _is_ours(data: TransactionActionData) -> bool:
    return data.transaction.app_identifier == GATEWAY_ID
