"""Fixtures of the program store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import graphene
import pytest
from saleor.channel import TransactionFlowStrategy
from saleor.tax import TaxCalculationStrategy
from saleor.tax.models import TaxConfiguration

from saleor_program_budgets.interfaces.dashboard.app import register
from tests.host.support.mail import MailPlugin
from tests.host.support.shop import ProgramStore, Shopper, Staff, open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper
    from saleor.account.models import Group, User
    from saleor.channel.models import Channel
    from saleor.graphql.tests.fixtures import ApiClient
    from saleor.product.models import Product

    from saleor_program_budgets.models import Member


@pytest.fixture
def quarter_zip(product: Product, channel_USD: Channel) -> str:
    """Price the product's variant at 65.00, untaxed, with plenty in stock; return its id."""
    variant = product.variants.get()
    variant.channel_listings.update(price_amount=65, discounted_price_amount=65)
    product.channel_listings.update(discounted_price_amount=65)
    variant.stocks.update(quantity=10_000)
    return graphene.Node.to_global_id("ProductVariant", variant.pk)


@pytest.fixture
def store(channel_USD: Channel, shipping_zone: Any) -> ProgramStore:
    """Return an open program store whose channel delivers for 10.00, untaxed."""
    register()
    TaxConfiguration.objects.filter(channel=channel_USD).update(
        charge_taxes=False, tax_calculation_strategy=TaxCalculationStrategy.FLAT_RATES
    )
    channel_USD.default_transaction_flow_strategy = TransactionFlowStrategy.AUTHORIZATION
    channel_USD.save()
    return open_store(channel_USD)


@pytest.fixture
def member(store: ProgramStore, customer_user: User) -> Member:
    """Enroll the customer."""
    return store.enroll(customer_user)[0]


@pytest.fixture
def shopper(user_api_client: ApiClient, channel_USD: Channel, quarter_zip: str) -> Shopper:
    """Return the customer's way through a checkout."""
    return Shopper(user_api_client, channel_USD, quarter_zip)


@pytest.fixture
def staff(staff_api_client: ApiClient, permission_group_all_perms_all_channels: Group) -> Staff:
    """Return a staff member with every permission in every channel."""
    permission_group_all_perms_all_channels.user_set.add(staff_api_client.user)
    return Staff(staff_api_client)


@pytest.fixture
def mail(settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch) -> type[MailPlugin]:
    """Return a plugin that keeps the notifications it is to deliver."""
    settings.PLUGINS = [*settings.PLUGINS, f"{MailPlugin.__module__}.{MailPlugin.__name__}"]
    monkeypatch.setattr(MailPlugin, "sent", [])
    return MailPlugin


@pytest.fixture
def forget_tries(settings: SettingsWrapper) -> Callable[[], None]:
    """Return what lets counted tries of codes be forgotten; it has been called once.

    The cache outlives a test, and is everybody's: so it is left, and looked into elsewhere.
    """

    def forget() -> None:
        default = settings.CACHES["default"] | {"KEY_PREFIX": uuid4().hex}
        settings.CACHES = settings.CACHES | {"default": default}

    forget()
    return forget
