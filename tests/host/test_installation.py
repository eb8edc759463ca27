"""Installed into Saleor, the plugin is found, and Saleor still answers."""

from importlib.metadata import entry_points

from django.apps import apps
from saleor import __version__ as saleor_version
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


def test_saleor_answers(db: None, staff_api_client, site_settings) -> None:
    response = staff_api_client.post_graphql(SHOP)

    assert response.status_code == 200
    assert response.json()["data"] == {
        "shop": {"name": site_settings.site.name, "version": saleor_version}
    }
