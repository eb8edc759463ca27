"""Each page comes up clean: figures shown, no fault in the console, none for assistive tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import FrameLocator

    from tests.browser.support.desk import Desk
    from tests.browser.support.saleor import Globex, Hooli, RunningSaleor

PAGES = {
    "/utilization": "Utilization",
    "/utilization?account={account}": "Utilization",
    "/entries": "Entries",
    "/purchases": "Purchases",
    "/programs": "Programs",
    "/programs/{program}": "Globex gear",
    "/setup": "Set up a program",
    "/setup/{program}/people": "Set up Globex gear",
    "/setup/{program}/codes": "Set up Globex gear",
    "/setup/{program}/review": "Set up Globex gear",
    "/accounts": "Accounts",
    "/members": "Members",
    "/members/{member}": "Ada Abara",
    "/codes": "Codes",
    "/jobs": "Jobs",
}
GRAVE = {"serious", "critical"}


def faults(frame: FrameLocator, axe: str) -> list[tuple[str, str, list[Any]]]:
    """What the accessibility engine finds grave in the frame."""
    body = frame.locator("body")
    body.evaluate(f"() => {{ {axe} }}")
    found = body.evaluate("() => axe.run({ runOnly: window.axeTags })")
    return [
        (fault["id"], fault["impact"], [node["html"] for node in fault["nodes"]])
        for fault in found["violations"]
        if fault["impact"] in GRAVE
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_page_is_clean(
    administrator: Callable, company: Globex, axe: str, path: str, theme: str
) -> None:
    address = path.format(program=company.program, member=company.member, account=company.account)

    frame = administrator(address, theme=theme)

    expect(frame.get_by_role("heading", name=PAGES[path], level=1)).to_be_visible()
    expect(frame.locator("[role=status]")).to_have_count(0)
    assert faults(frame, axe) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("widget", ["customer", "order"])
def test_widget_is_clean(
    administrator: Callable,
    saleor: RunningSaleor,
    trading: Hooli,
    axe: str,
    widget: str,
    theme: str,
) -> None:
    shown = {"customerId": _user(saleor, trading), "orderId": _order(saleor, trading)}

    frame = administrator(
        f"/widgets/{widget}", theme=theme, extension=saleor.extension(f"/widgets/{widget}"), **shown
    )

    expect(frame.locator("section").filter(has_text="Hooli gear")).to_contain_text("$70.00")
    expect(frame.locator("[role=status]")).to_have_count(0)
    assert faults(frame, axe) == []


def test_an_order_page_shows_which_budget_paid(
    administrator: Callable, saleor: RunningSaleor, trading: Hooli
) -> None:
    frame = administrator(
        "/widgets/order",
        orderId=_order(saleor, trading),
        extension=saleor.extension("/widgets/order"),
    )

    section = frame.locator("section")
    expect(section).to_contain_text("Ada Abara · Sales")
    assert [each.inner_text() for each in section.locator("dd").all()] == [
        "$70.00",
        "$0.00",
        "$0.00",
    ]


def test_members_are_found_by_name(administrator: Callable, company: Globex) -> None:
    frame = administrator(f"/members?program={company.program}")
    expect(frame.get_by_role("row")).to_have_count(3)

    frame.get_by_placeholder("Name or e-mail address").fill("bruun")

    expect(frame.get_by_role("row")).to_have_count(2)
    expect(frame.get_by_role("link", name="Ben Bruun")).to_be_visible()


def test_a_budget_is_adjusted_for_a_reason(
    administrator: Callable, company: Globex, desk: Desk
) -> None:
    frame = administrator(f"/members/{company.member}")
    frame.get_by_role("button", name="Adjust").click()
    dialog = frame.get_by_role("dialog")
    dialog.get_by_label("Amount").fill("12.50")
    dialog.get_by_label("Reason").fill("Won the quiz")
    dialog.get_by_role("button", name="Adjust").click()

    expect(dialog).to_have_count(0)
    expect(frame.get_by_role("row", name="Adjustment").first).to_contain_text("$12.50")
    assert desk.actions("notification") == [
        {"status": "success", "title": "The budget is adjusted."}
    ]


def test_an_error_stands_where_it_belongs(
    administrator: Callable, company: Globex, desk: Desk
) -> None:
    frame = administrator(f"/members/{company.member}")
    frame.get_by_role("button", name="Adjust").click()
    dialog = frame.get_by_role("dialog")
    dialog.get_by_label("Amount").fill("-9999")
    dialog.get_by_label("Reason").fill("Too much")
    dialog.get_by_role("button", name="Adjust").click()

    expect(dialog.get_by_text("available", exact=False).first).to_be_visible()
    assert desk.actions("notification") == []


@pytest.mark.parametrize(
    "path",
    [
        *("/utilization", "/programs", "/programs/{program}", "/accounts"),
        *("/members", "/members/{member}", "/codes"),
    ],
)
def test_finance_is_offered_no_change(finance: Callable, company: Globex, path: str) -> None:
    frame = finance(path.format(program=company.program, member=company.member))
    expect(frame.get_by_role("heading", level=1)).to_be_visible()
    expect(frame.locator("[role=status]")).to_have_count(0)

    offered = {
        *("Set up a program", "Edit rules", "Close", "Add an account", "Actions for Globex"),
        *("Adjust", "Move", "Deactivate", "Issue codes"),
    }
    shown = {button.text_content() for button in frame.get_by_role("button").all()}
    assert offered & shown == set()
    assert frame.get_by_label("Actions for Globex").count() == 0


def test_finance_is_kept_out_of_the_set_up(finance: Callable) -> None:
    frame = finance("/setup")

    expect(frame.get_by_text("You can’t see budgets.")).to_be_visible()


def test_customers_page_shows_what_they_have(
    administrator: Callable, saleor: RunningSaleor, company: Globex
) -> None:
    found = saleor.ask(
        "query ($id: ID!) { programBudgetMember(id: $id) { user { id } } }", id=company.member
    )
    user = found["programBudgetMember"]["user"]["id"]

    frame = administrator(
        "/widgets/customer", customerId=user, extension=saleor.extension("/widgets/customer")
    )

    shown = frame.locator("section").filter(has_text="Globex gear")
    expect(shown.locator("dd").first).to_contain_text("$2")


def test_orders_page_says_that_no_budget_paid(
    administrator: Callable, saleor: RunningSaleor
) -> None:
    frame = administrator(
        "/widgets/order",
        orderId="T3JkZXI6MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw",
        extension=saleor.extension("/widgets/order"),
    )

    expect(frame.get_by_text("No budget paid for this order.")).to_be_visible()


_BUYER = """
query ($program: ID!) {
  programBudgetMembers(first: 1, search: "abara", filter: {program: $program}) {
    edges { node { user { id } } }
  }
}
"""
_BOUGHT = """
query ($program: ID!) {
  programBudgetHolds(first: 10, filter: {program: $program, isOpen: false}) {
    edges { node { orderId } }
  }
}
"""


def _user(saleor: RunningSaleor, trading: Hooli) -> str:
    found = saleor.ask(_BUYER, program=trading.program)["programBudgetMembers"]["edges"]
    return str(found[0]["node"]["user"]["id"])


def _order(saleor: RunningSaleor, trading: Hooli) -> str:
    (found,) = saleor.ask(_BOUGHT, program=trading.program)["programBudgetHolds"]["edges"]
    return str(found["node"]["orderId"])
