"""Everything that differs between Saleor 3.21, 3.22, 3.23 and 3.24, and nothing else."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from saleor.account import search
from saleor.account import utils as account_utils
from saleor.app import types as app_types
from saleor.app.models import AppExtension
from saleor.checkout import calculations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from saleor.account.models import User
    from saleor.checkout.fetch import CheckoutInfo, CheckoutLineInfo
    from saleor.plugins.manager import PluginsManager

    from saleor_program_budgets.roster.shop import Profile


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


def shows_extension(*, mount: str, target: str) -> bool:
    """Say whether an App's extension can be mounted there: 3.21 knows no widgets.

    Up to 3.22 mounts and targets are choices; from 3.23 on they are whatever the Dashboard knows.
    """
    if not hasattr(app_types, "AppExtensionMount"):
        return True
    mounts = dict(app_types.AppExtensionMount.CHOICES)
    targets = dict(app_types.AppExtensionTarget.CHOICES)
    return mount in mounts and target in targets


def extension_fields(*, target: str, identifier: str) -> dict[str, Any]:
    """Return the columns of an App's extension beside those that all versions have.

    A widget says how its frame is loaded: on 3.22 in a column, from 3.23 on in its settings, which
    3.22 has too. From 3.23 on an extension has an identifier.
    """
    known = {column.name for column in AppExtension._meta.get_fields()}
    is_widget = target == "widget"
    fields = {
        "http_target_method": "GET" if is_widget else None,
        "settings": {"widgetTarget": {"method": "GET"}} if is_widget else {},
        "identifier": identifier,
    }
    return {name: value for name, value in fields.items() if name in known}


def customer_defaults() -> dict[str, Any]:
    """Return what a new customer gets beside the model's defaults: since 3.23 they have a type."""
    if not hasattr(account_utils, "get_default_customer_type"):
        return {}
    return {"customer_type": account_utils.get_default_customer_type()}


@dataclass(frozen=True, slots=True)
class SearchColumns:
    """What the search for customers needs of new ones; see ``rows.insert()``."""

    columns: Mapping[str, Sequence[str]]
    formulas: Mapping[str, str] = field(default_factory=dict)


def search_columns(customers: Sequence[Profile]) -> SearchColumns:
    """Return by what customers without addresses are found.

    Up to 3.22 that is a text; from 3.23 on a vector, as ``generate_user_search_vector_value()``
    makes it.
    """
    if not _has_search_vector():
        documents = [
            search.prepare_user_search_document_value(customer, attach_addresses_data=False)
            for customer in customers
        ]
        return SearchColumns({"search_document": documents})
    from saleor.core.utils.text import strip_accents

    emails = [strip_accents(customer.email) for customer in customers]
    return SearchColumns(
        {
            "search_name": [
                strip_accents(f"{customer.first_name} {customer.last_name}")
                for customer in customers
            ],
            "search_email": emails,
            "search_domain": [email.rpartition("@")[2] for email in emails],
        },
        {"search_vector": _SEARCH_VECTOR},
    )


def refresh_search(user: User) -> str:
    """Let *user*, whose addresses are prefetched, be found as they are now; returns which field."""
    if _has_search_vector():
        search.update_user_search_vector(user, save=False)
        return "search_vector"
    user.search_document = search.prepare_user_search_document_value(user, already_prefetched=True)
    return "search_document"


@lru_cache(maxsize=1)
def _has_search_vector() -> bool:
    return hasattr(search, "update_user_search_vector")


_SEARCH_VECTOR = """
  setweight(to_tsvector('simple', each.search_name), 'A')
  || setweight(to_tsvector('simple', each.search_email), 'A')
  || setweight(to_tsvector('simple', each.search_domain), 'B')
"""
