"""Everything that differs between Saleor 3.21, 3.22, 3.23 and 3.24, and nothing else."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from saleor.checkout import calculations

if TYPE_CHECKING:
    from saleor.checkout.fetch import CheckoutInfo, CheckoutLineInfo
    from saleor.plugins.manager import PluginsManager


def refresh_totals(
    *, manager: PluginsManager, checkout_info: CheckoutInfo, lines: list[CheckoutLineInfo]
) -> None:
    """Recompute the checkout's totals where they have expired; reads nothing otherwise.

    Up to 3.22 the calculation takes the address; from 3.23 on it finds it by itself.
    """
    arguments: dict[str, Any] = {}
    if _takes_address():
        arguments["address"] = checkout_info.shipping_address or checkout_info.billing_address
    calculations.calculate_checkout_total_with_gift_cards(
        manager=manager, checkout_info=checkout_info, lines=lines, **arguments
    )


@lru_cache(maxsize=1)
def _takes_address() -> bool:
    signature = inspect.signature(calculations.calculate_checkout_total_with_gift_cards)
    return "address" in signature.parameters


def keep_webhooks_off(*, gateway_id: str) -> None:
    """Keep Saleor's webhook plugin from failing requests that this gateway answers itself.

    Before a charge, refund or cancel request reaches a plugin, the webhook plugin writes
    "Cannot find a webhook to process the action." into the transaction's history, on all
    versions, whichever gateway the transaction belongs to. It has no seam for that, so this is
    the one place where a method of Saleor's is replaced: it leaves this gateway's alone.
    """
    from saleor.plugins.webhook.plugin import WebhookPlugin

    original = WebhookPlugin._request_transaction_action  # noqa: SLF001
    if getattr(original, "spares_program_budgets", False):
        return

    def request_transaction_action(
        self: WebhookPlugin, transaction_data: Any, event_type: str
    ) -> None:
        if transaction_data.transaction.app_identifier != gateway_id:
            original(self, transaction_data, event_type)

    request_transaction_action.spares_program_budgets = True  # type: ignore[attr-defined]
    WebhookPlugin._request_transaction_action = request_transaction_action  # noqa: SLF001
