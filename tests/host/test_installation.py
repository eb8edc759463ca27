"""Installed into Saleor, the plugin is found, and Saleor still answers."""

from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points

import pytest
from django.apps import apps
from django.db import connections
from saleor import __version__ as saleor_version
from saleor.account.models import User
from saleor.plugins.manager import get_plugins_manager

from saleor_program_budgets.manifest import manifest

SHOP = "{ shop { name version } }"


def test_entry_point_names_app_and_plugin() -> None:
    found = entry_points(group="saleor.plugins", name="saleor_program_budgets")

    assert [entry.value for entry in found] == [manifest().entry_point]
    assert apps.get_app_config("program_budgets").name == "saleor_program_budgets"


def test_saleor_is_in_supported_range() -> None:
    assert manifest().saleor.includes(saleor_version)


def test_plugin_is_loaded(db: None) -> None:
    manager = get_plugins_manager(allow_replica=False)

    assert [plugin.PLUGIN_ID for plugin in manager.get_plugins()] == [manifest().id]


@pytest.mark.django_db(transaction=True)
def test_thread_reads_what_the_test_wrote(django_user_model: type[User]) -> None:
    """The replica's stand-in is the test's own thread's; others open a connection."""
    django_user_model.objects.create(email="ann@example.com")

    def read() -> int:
        try:
            return django_user_model.objects.using("replica").count()
        finally:
            connections.close_all()

    with ThreadPoolExecutor() as pool:
        assert pool.submit(read).result() == 1


def test_saleor_answers(db: None, staff_api_client, site_settings) -> None:
    response = staff_api_client.post_graphql(SHOP)

    assert response.status_code == 200
    assert response.json()["data"] == {
        "shop": {"name": site_settings.site.name, "version": saleor_version}
    }
