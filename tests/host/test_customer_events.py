"""Plugins and webhooks hear of the customers that a roster makes and changes."""

from __future__ import annotations

from typing import Any

import pytest
from saleor.account.models import User
from saleor.webhook.event_types import WebhookEventAsyncType

from saleor_program_budgets import tasks
from saleor_program_budgets.interfaces import customer_events
from saleor_program_budgets.interfaces.shop import SaleorShop
from saleor_program_budgets.roster.shop import Profile
from tests.host.support.listener import ListeningPlugin

ADA = Profile("ada@acme.example", "Ada", "Abara")
BEN = Profile("ben@acme.example", "Ben", "Bruun")


@pytest.fixture
def shop(db) -> SaleorShop:
    return SaleorShop()


@pytest.fixture
def listener(settings, monkeypatch) -> type[ListeningPlugin]:
    path = f"{ListeningPlugin.__module__}.{ListeningPlugin.__name__}"
    settings.PLUGINS = [*settings.PLUGINS, path]
    monkeypatch.setattr(ListeningPlugin, "heard", [])
    return ListeningPlugin


def create(shop: SaleorShop, *profiles: Profile) -> list[User]:
    ids = shop.create(profiles)
    return [User.objects.get(pk=ids[profile.email]) for profile in profiles]


def test_listeners_hear_of_customers_once_committed(
    shop, listener, django_capture_on_commit_callbacks
) -> None:
    ada, ben = create(shop, ADA, BEN)

    with django_capture_on_commit_callbacks(execute=True):
        shop.announce(created=[ada.pk], updated=[ben.pk, ada.pk])
        assert listener.heard == []

    assert listener.heard == [("created", ada.email), ("updated", ben.email)]


def test_what_a_listener_raises_is_logged(
    shop, listener, monkeypatch, caplog, django_capture_on_commit_callbacks
) -> None:
    [ada] = create(shop, ADA)
    monkeypatch.setattr(listener, "is_broken", True)

    with django_capture_on_commit_callbacks(execute=True):
        shop.announce(created=[ada.pk], updated=[])

    assert "customer_created failed" in caplog.text


def test_many_are_announced_in_tasks(
    shop, listener, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    users = shop.create([Profile(f"{n:03}@acme.example", "A", "B") for n in range(250)])
    queued: list[tuple[str, list[int]]] = []
    monkeypatch.setattr(tasks.announce_customers, "delay", lambda *said: queued.append(said))

    with django_capture_on_commit_callbacks(execute=True):
        shop.announce(created=users.values(), updated=[])

    assert (listener.heard, [len(each[1]) for each in queued]) == ([], [200, 50])
    for method, ids in queued:
        tasks.announce_customers(method, ids)
    assert listener.heard == [("created", email) for email in users]


def test_a_broker_that_is_away_is_logged(
    shop, listener, monkeypatch, caplog, django_capture_on_commit_callbacks
) -> None:
    users = shop.create([Profile(f"{n}@acme.example", "A", "B") for n in range(21)])

    def fail(*_said: Any) -> None:
        raise OSError("no broker")

    monkeypatch.setattr(tasks.announce_customers, "delay", fail)

    with django_capture_on_commit_callbacks(execute=True):
        shop.announce(created=users.values(), updated=[])

    assert "wasn't announced for 21 users" in caplog.text


def test_nothing_is_done_where_nobody_listens(
    shop, monkeypatch, settings, django_capture_on_commit_callbacks, django_assert_max_num_queries
) -> None:
    settings.PLUGINS = [*settings.PLUGINS, "saleor.plugins.webhook.plugin.WebhookPlugin"]
    monkeypatch.setattr(customer_events, "tell", None)
    users = range(1, 84_001)

    with (
        django_assert_max_num_queries(12),
        django_capture_on_commit_callbacks(execute=True),
    ):
        shop.announce(created=users, updated=users)


@pytest.mark.parametrize("event", ["created", "updated"])
def test_a_webhook_hears_of_customers(
    shop,
    webhook,
    permission_manage_users,
    settings,
    monkeypatch,
    django_capture_on_commit_callbacks,
    event,
) -> None:
    webhook.app.permissions.add(permission_manage_users)
    settings.PLUGINS = [*settings.PLUGINS, "saleor.plugins.webhook.plugin.WebhookPlugin"]
    kinds = {
        "created": WebhookEventAsyncType.CUSTOMER_CREATED,
        "updated": WebhookEventAsyncType.CUSTOMER_UPDATED,
    }
    webhook.events.create(event_type=kinds[event])
    told: list[tuple[str, list[int]]] = []
    monkeypatch.setattr(
        customer_events, "tell", lambda *, method, users: told.append((method, users))
    )
    [ada] = create(shop, ADA)

    with django_capture_on_commit_callbacks(execute=True):
        shop.announce(created=[ada.pk], updated=[ada.pk + 1])

    users = {"created": [ada.pk], "updated": [ada.pk + 1]}
    assert told == [(f"customer_{event}", users[event])]
