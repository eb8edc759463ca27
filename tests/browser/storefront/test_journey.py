"""The whole journey through the demo's store, clicked."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from dev.demo.shopper import Shopper
    from tests.browser.storefront.scene import Scene


@pytest.fixture
def signed_in(store: Page, scene: Scene, shopper: Shopper) -> Page:
    """Sign a new member in; the page's list has only the scene's first one."""
    store.evaluate(
        "email => document.getElementById('shopper').append(new Option(email, email))",
        shopper.person.email,
    )
    store.get_by_label("Signed in as").select_option(shopper.person.email)
    store.get_by_text("$300.00 available").wait_for()
    return store


def fill(page: Page, *, zips: int) -> None:
    """Put quarter-zips into the cart, 65.00 each, and have them delivered for 5.00."""
    for number in range(1, zips + 1):
        page.get_by_role("button", name="Add Quarter-Zip to cart").click()
        page.locator("#lines output").get_by_text(f"{number}", exact=True).wait_for()
    page.get_by_role("button", name="Deliver here").click()
    page.locator("#shipping").get_by_text("$5.00").wait_for()


def outcome(page: Page) -> str:
    """Return what the store says of the order."""
    page.locator("#outcome:not(:empty)").wait_for()
    return page.locator("#outcome").inner_text()


def test_an_order_that_the_budget_pays(signed_in: Page, scene: Scene, shopper: Shopper) -> None:
    fill(signed_in, zips=2)

    signed_in.get_by_role("button", name="Use $135.00 of my budget").click()
    signed_in.get_by_text("Your budget covers this order.").wait_for()
    signed_in.get_by_role("button", name="Place order").click()

    assert outcome(signed_in).startswith("Thank you! Your order has the number ")
    signed_in.locator("#account-budget").get_by_text("$165.00 available").wait_for()
    assert shopper.available() == Decimal("165.00")
    assert scene.program.verify()["isClean"] is True


def test_an_order_above_the_budget_is_refused(signed_in: Page, shopper: Shopper) -> None:
    fill(signed_in, zips=5)

    alert = signed_in.get_by_role("alert").filter(has_text="330.00 USD")
    alert.wait_for()
    words = "Your budget is short by 30.00 USD: this needs 330.00 USD, and you have 300.00 USD left"
    assert alert.inner_text().startswith(f"{words}. It resets on ")
    assert signed_in.get_by_role("button", name="of my budget").count() == 0
    signed_in.get_by_role("button", name="Place order").click()

    assert outcome(signed_in).startswith("No order yet. ")
    assert shopper.available() == Decimal("300.00")


def test_less_in_the_cart_and_it_is_covered(signed_in: Page) -> None:
    fill(signed_in, zips=5)
    signed_in.get_by_role("alert").wait_for()

    signed_in.get_by_role("button", name="One less Quarter-Zip").click()

    signed_in.get_by_role("button", name="Use $265.00 of my budget").wait_for()
    assert signed_in.get_by_role("alert").count() == 0


@pytest.mark.usefixtures("pay_difference")
def test_the_difference_is_paid_by_card(signed_in: Page, shopper: Shopper) -> None:
    fill(signed_in, zips=5)
    words = "Your budget covers $300.00 of $330.00. Pay the other $30.00 by another method."
    signed_in.get_by_text(words).wait_for()

    signed_in.get_by_role("button", name="Use $300.00 of my budget").click()
    signed_in.get_by_role("button", name="Pay $30.00 by card").click()
    signed_in.locator("#card").wait_for(state="hidden")
    signed_in.get_by_role("button", name="Place order").click()

    assert outcome(signed_in).startswith("Thank you! Your order has the number ")
    assert shopper.available() == Decimal("0.00")


@pytest.mark.usefixtures("pay_difference")
def test_a_part_of_the_budget(signed_in: Page, shopper: Shopper) -> None:
    fill(signed_in, zips=1)

    signed_in.get_by_text("Use only a part").click()
    signed_in.get_by_label("Amount in USD").fill("20")
    signed_in.get_by_role("button", name="Use this amount").click()
    signed_in.get_by_role("button", name="Pay $50.00 by card").click()
    signed_in.locator("#card").wait_for(state="hidden")
    signed_in.get_by_role("button", name="Place order").click()

    assert outcome(signed_in).startswith("Thank you! Your order has the number ")
    assert shopper.available() == Decimal("280.00")


def test_nobody_is_asked_to_sign_in(store: Page) -> None:
    fill(store, zips=1)

    store.locator("#budget").get_by_text("Sign in to use your budget.").wait_for()
    assert store.locator("#budget").get_by_role("button").count() == 0
