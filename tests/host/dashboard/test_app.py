"""The App carries the pages into the Dashboard, as far as this Saleor knows the places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saleor import __version__ as saleor_version
from saleor.app.models import App, AppExtension
from saleor.core.db.connection import allow_writer
from saleor.core.jwt import create_access_token_for_app
from saleor.permission.enums import get_permission_names, get_permissions_from_names

from saleor_program_budgets.interfaces.dashboard.app import PERMISSIONS, register
from saleor_program_budgets.interfaces.identity import GATEWAY_ID

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper
    from saleor.account.models import User
    from saleor.graphql.tests.fixtures import ApiClient

pytestmark = pytest.mark.django_db

ADDRESS = "https://shop.example/plugins/global/program-budgets/ui"
ENTRIES = {
    ("navigation_discounts", "app_page", "/programs"),
    ("navigation_discounts", "app_page", "/codes"),
    ("navigation_orders", "app_page", "/utilization"),
    ("navigation_customers", "app_page", "/members"),
    ("navigation_customers", "app_page", "/accounts"),
}
WIDGETS = {
    ("customer_details_widgets", "widget", f"{ADDRESS}/widgets/customer"),
    ("order_details_widgets", "widget", f"{ADDRESS}/widgets/order"),
}
HAS_WIDGETS = not saleor_version.startswith("3.21.")
HAS_IDENTIFIERS = not saleor_version.startswith(("3.21.", "3.22."))

MEMBERS = "{ programBudgetMembers(first: 1) { totalCount } }"
CREATE = """
mutation {
  programBudgetAccountCreate(input: {name: "Acme", kind: ORGANIZATION}) { errors { field } }
}
"""


@pytest.fixture
def app(settings: SettingsWrapper) -> App:
    """Register into a shop that knows its own address, as if for the first time."""
    settings.PUBLIC_URL = "https://shop.example"
    App.objects.filter(identifier=GATEWAY_ID).delete()
    registered = register()
    assert registered is not None
    return registered


def places() -> set[tuple[str, str, str]]:
    return set(AppExtension.objects.values_list("mount", "target", "url"))


def rows() -> list[dict[str, object]]:
    return list(AppExtension.objects.order_by("pk").values())


def test_address_has_no_slash_at_its_end(app: App) -> None:
    assert app.app_url == ADDRESS


def test_pages_stand_where_this_version_has_a_place(app: App) -> None:
    assert places() == (ENTRIES | WIDGETS if HAS_WIDGETS else ENTRIES)


@pytest.mark.skipif(not HAS_WIDGETS, reason="Saleor 3.21 has no widgets")
def test_widgets_are_loaded_by_get_and_ask_for_what_they_read(app: App) -> None:
    widgets = AppExtension.objects.filter(target="widget")

    assert [
        (row.http_target_method, row.settings, get_permission_names(row.permissions.all()))
        for row in widgets
    ] == [("GET", {"widgetTarget": {"method": "GET"}}, {"MANAGE_ORDERS"})] * 2


@pytest.mark.skipif(not HAS_IDENTIFIERS, reason="extensions have identifiers since 3.23")
def test_extensions_have_identifiers(app: App) -> None:
    assert set(AppExtension.objects.values_list("identifier", flat=True)) == {
        *("programs", "codes", "utilization", "members", "accounts", "customer", "order")
    }


def test_registering_again_changes_nothing(app: App) -> None:
    before = rows()

    register()

    assert rows() == before


def test_what_is_no_longer_a_page_goes_and_what_is_missing_comes_back(app: App) -> None:
    before = places()
    kept = AppExtension.objects.get(url="/programs").pk
    AppExtension.objects.filter(url="/codes").delete()
    AppExtension.objects.create(
        app=app, label="Old", url="/old", mount="navigation_orders", target="app_page"
    )
    AppExtension.objects.filter(pk=kept).update(label="Something else")

    register()

    assert places() == before
    assert AppExtension.objects.get(pk=kept).label == "Budget programs"


def test_other_apps_keep_their_extensions(app: App) -> None:
    other = App.objects.create(name="Other", identifier="other")
    theirs = AppExtension.objects.create(
        app=other, label="x", url="/x", mount="navigation_orders", target="app_page"
    )

    register()

    assert AppExtension.objects.get(app=other) == theirs


def test_pages_move_with_the_shop(app: App, settings: SettingsWrapper) -> None:
    settings.PUBLIC_URL = "https://other.example"

    register()

    app.refresh_from_db()
    assert app.app_url == "https://other.example/plugins/global/program-budgets/ui"
    assert not AppExtension.objects.filter(url__startswith="https://shop.example").exists()


def test_permissions_are_given_once_and_then_the_merchants(app: App) -> None:
    assert get_permission_names(app.permissions.all()) == set(PERMISSIONS)
    app.permissions.set(get_permissions_from_names(["MANAGE_ORDERS"]))

    register()

    assert get_permission_names(app.permissions.all()) == {"MANAGE_ORDERS"}


def test_an_app_from_before_the_pages_gets_their_permissions(app: App) -> None:
    App.objects.filter(pk=app.pk).update(app_url=None)
    app.permissions.clear()

    register()

    assert get_permission_names(app.permissions.all()) == set(PERMISSIONS)


def ask(client: ApiClient, query: str, token: str) -> dict[str, object]:
    with allow_writer():  # Saleor reads the permissions of such a token from there
        answer = client.post(
            {"query": query}, HTTP_AUTHORIZATION_BEARER=token, HTTP_AUTHORIZATION=""
        ).json()
    return {
        "data": answer["data"],
        "codes": [error["extensions"]["exception"]["code"] for error in answer.get("errors", ())],
    }


def test_finance_reads_with_the_pages_token_and_changes_nothing(
    app: App, staff_user: User, api_client: ApiClient
) -> None:
    staff_user.user_permissions.set(get_permissions_from_names(["MANAGE_ORDERS"]))
    token = create_access_token_for_app(app, staff_user)

    assert ask(api_client, MEMBERS, token) == {
        "data": {"programBudgetMembers": {"totalCount": 0}},
        "codes": [],
    }
    assert ask(api_client, CREATE, token) == {
        "data": {"programBudgetAccountCreate": None},
        "codes": ["PermissionDenied"],
    }


def test_another_apps_token_opens_only_what_that_app_may(
    app: App, staff_user: User, api_client: ApiClient
) -> None:
    staff_user.user_permissions.set(get_permissions_from_names(list(PERMISSIONS)))
    other = App.objects.create(name="Other", identifier="other", is_active=True)

    token = create_access_token_for_app(other, staff_user)

    assert ask(api_client, MEMBERS, token) == {
        "data": {"programBudgetMembers": None},
        "codes": ["PermissionDenied"],
    }


def test_a_shoppers_token_opens_nothing(app: App, user_api_client: ApiClient) -> None:
    answer = user_api_client.post_graphql(MEMBERS).json()

    assert answer["data"] == {"programBudgetMembers": None}
    assert answer["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"
