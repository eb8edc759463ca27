"""The shopper's component under the plugin's address."""

from __future__ import annotations

import gzip

import pytest
from django.test import Client
from saleor.plugins.models import PluginConfiguration

from saleor_program_budgets.interfaces.identity import PLUGIN_ID
from saleor_program_budgets.interfaces.storefront.serving import module

pytestmark = pytest.mark.django_db

HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cache-Control": "public, max-age=3600",
    "Content-Type": "text/javascript; charset=utf-8",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Origin",
    "X-Content-Type-Options": "nosniff",
}
ADDRESS = "/plugins/global/program-budgets/storefront/program-budget.js"


def test_the_module_is_served_to_every_origin() -> None:
    response = Client().get(ADDRESS, headers={"Origin": "https://store.example"})

    assert response.status_code == 200
    assert response.content == module()
    assert {name: response.headers.get(name) for name in HEADERS} == HEADERS


def test_it_is_small() -> None:
    assert len(gzip.compress(module())) < 9_500


def test_who_has_it_is_told_so() -> None:
    tag = Client().get(ADDRESS).headers["ETag"]

    response = Client().get(ADDRESS, headers={"If-None-Match": tag})

    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["ETag"] == tag
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_who_has_another_gets_it() -> None:
    response = Client().get(ADDRESS, headers={"If-None-Match": 'W/"another"'})

    assert (response.status_code, response.content) == (200, module())


def test_head_has_no_body() -> None:
    response = Client().head(ADDRESS)

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Length"] == str(len(module()))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_it_is_only_read(method: str) -> None:
    response = Client().generic(method, ADDRESS)

    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")
    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize(
    "path",
    [
        "storefront",
        "storefront/",
        "storefront/serving.py",
        "storefront/__init__.py",
        "storefront/../plugin.toml",
        "storefront/program-budget.js/more",
        "storefronts/program-budget.js",
    ],
)
def test_nothing_else_is_there(path: str) -> None:
    assert Client().get(f"/plugins/global/{PLUGIN_ID}/{path}").status_code == 404


@pytest.mark.parametrize("address", [ADDRESS, ADDRESS.replace("/global", "")])
def test_nothing_is_served_while_the_plugin_is_off(address: str) -> None:
    PluginConfiguration.objects.create(identifier=PLUGIN_ID, active=False, configuration=[])

    assert Client().get(address).status_code == 404
