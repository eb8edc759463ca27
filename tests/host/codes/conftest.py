"""A program where the difference may be paid, two members, and a voucher for their codes."""

from __future__ import annotations

import pytest

from tests.host.support.codes import Broker, discount, voucher_in
from tests.host.support.shop import Shopper


@pytest.fixture(autouse=True)
def _nobody_locked_out(forget_tries):
    """Start without counted tries."""


@pytest.fixture
def open_store(store):
    """Let orders be made without budget, so that the code alone decides."""
    store.change(overage_policy="pay_difference")
    store.channel.allow_unpaid_orders = True
    store.channel.save()
    return store


@pytest.fixture
def voucher(open_store):
    return voucher_in(open_store.channel)


@pytest.fixture
def owner(open_store, member):
    """Return the member whose the code is: the shopper's."""
    return member


@pytest.fixture
def text(owner, voucher):
    return discount(owner, voucher)


@pytest.fixture
def thief(open_store, user2_api_client, shopper):
    """Return another member of the program, who has got hold of the code."""
    open_store.enroll(user2_api_client.user)
    return Shopper(user2_api_client, shopper.channel, shopper.variant_id)


@pytest.fixture
def broker(monkeypatch):
    return Broker(monkeypatch)


@pytest.fixture
def handling_app(app_api_client, permission_handle_checkouts):
    """Return an app that may handle checkouts."""
    app_api_client.app.permissions.add(permission_handle_checkouts)
    return app_api_client
