"""The component by itself, against a real Saleor."""

from __future__ import annotations

import json
import os
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from axe_playwright_python.sync_playwright import Axe

from dev.demo.api import Session
from dev.demo.people import Person
from dev.demo.shopper import Shopper
from tests.browser.storefront.scene import held, post, token_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page, Route

ONE_ZIP = {"quarter-zip": 1}
"""70.00, delivered."""
APPLY = "Use $70.00 of my budget"
TAKE_OFF = "Don’t use my budget"
FAILED_TO_LOAD = "Failed to load resource: net::ERR_FAILED"


@pytest.fixture
def checkout(shopper: Shopper) -> str:
    """Put one quarter-zip into a checkout."""
    return shopper.fill(ONE_ZIP)


@pytest.fixture
def asked(page: Page) -> list[dict[str, Any]]:
    """Return what fills with the requests that the page sends to the API."""
    sent: list[dict[str, Any]] = []
    page.on(
        "request",
        lambda request: (
            sent.append(request.post_data_json)
            if request.method == "POST" and request.url.endswith("/graphql/")
            else None
        ),
    )
    return sent


def named(asked: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Return the variables of the requests of one operation."""
    return [each["variables"] for each in asked if f" {name}(" in each["query"]]


def focused(page: Page) -> str:
    """Return the text of what has the focus in the component, or the id of what has it outside."""
    return page.evaluate(
        "(document.activeElement.shadowRoot?.activeElement ?? {}).textContent"
        " ?? document.activeElement.id"
    )


def expired(token: str) -> str:
    """Return a token of the same user's that ended a minute ago."""
    claims = jwt.decode(token, options={"verify_signature": False})
    claims |= {"iat": int(time.time()) - 360, "exp": int(time.time()) - 60}
    headers = {"kid": jwt.get_unverified_header(token)["kid"]}
    return jwt.encode(claims, os.environ["RSA_PRIVATE_KEY"], algorithm="RS256", headers=headers)


def test_it_tells_the_page_what_it_shows(show, heard, shopper, checkout) -> None:
    element = show(shopper, checkout_id=checkout)

    element.get_by_role("button", name=APPLY).wait_for()
    assert element.get_attribute("state") == "ready"
    [(name, detail)] = heard()
    assert (name, detail["cause"]) == ("budget-changed", "read")
    assert detail["budget"]["remainingToPay"] == {"amount": 70.0, "currency": "USD"}


def test_using_it_and_not_using_it(show, heard, shopper, checkout) -> None:
    element = show(shopper, checkout_id=checkout)

    element.get_by_role("button", name=APPLY).click()
    element.get_by_text("Your budget covers this order.").wait_for()
    assert held(shopper) == Decimal("70.00")
    spoken = "$70.00 of your budget is used for this order. $0.00 left to pay."
    assert element.get_by_role("status").inner_text() == spoken

    element.get_by_role("button", name=TAKE_OFF).click()
    element.get_by_role("button", name=APPLY).wait_for()
    assert held(shopper) == Decimal("0.00")
    assert [detail["cause"] for _, detail in heard()] == ["read", "apply", "remove"]


def test_a_double_click_is_one_click(show, asked, shopper, checkout) -> None:
    element = show(shopper, checkout_id=checkout)

    element.get_by_role("button", name=APPLY).dblclick()
    element.get_by_text("Your budget covers this order.").wait_for()

    assert len(named(asked, "ProgramBudgetApply")) == 1
    assert held(shopper) == Decimal("70.00")


def test_by_keyboard_alone(page, show, shopper, checkout) -> None:
    element = show(shopper, checkout_id=checkout)
    element.get_by_role("button", name=APPLY).wait_for()

    page.locator("#before").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert focused(page) == "after"  # the element stands between them
    page.keyboard.press("Shift+Tab")
    assert focused(page) == APPLY
    page.keyboard.press("Enter")
    element.get_by_role("button", name=TAKE_OFF).wait_for()
    assert focused(page) == TAKE_OFF
    page.keyboard.press("Space")
    element.get_by_role("button", name=APPLY).wait_for()
    assert focused(page) == APPLY


@pytest.mark.usefixtures("pay_difference")
def test_a_part_by_keyboard_alone(page, show, shopper, checkout) -> None:
    element = show(shopper, checkout_id=checkout)
    element.get_by_role("button", name=APPLY).focus()

    page.keyboard.press("Tab")
    assert focused(page) == "Use only a part"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("70.01")
    page.keyboard.press("Enter")
    assert element.get_by_label("Amount in USD").evaluate("input => input.validity.rangeOverflow")
    page.keyboard.press("Control+A")
    page.keyboard.type("20.5")
    page.keyboard.press("Enter")

    element.get_by_role("button", name="Use $49.50 more").wait_for()
    assert focused(page) == TAKE_OFF
    assert held(shopper) == Decimal("20.50")


def test_refused_because_another_window_was_faster(show, heard, shopper, checkout) -> None:
    element = show(shopper, checkout_id=checkout)
    element.get_by_role("button", name=APPLY).wait_for()
    other = shopper.fill({"quarter-zip": 4})
    assert shopper.apply_budget(other) is None

    element.get_by_role("button", name=APPLY).click()

    alert = element.get_by_role("alert")
    alert.wait_for()
    words = "Your budget is short by 35.00 USD: this needs 70.00 USD, and you have 35.00 USD left."
    assert alert.inner_text().startswith(f"{words} It resets on ")
    [refused] = [detail for name, detail in heard() if name == "budget-refused"]
    assert (refused["code"], refused["shortfall"]["amount"]) == ("BALANCE_SHORT", 35.0)

    release(shopper, other)
    element.get_by_role("button", name="Check again").click()
    element.get_by_role("button", name=APPLY).wait_for()
    assert alert.count() == 0


def test_a_token_that_is_over(show, heard, shopper, checkout) -> None:
    element = show(token=expired(token_of(shopper)), checkout_id=checkout)

    words = "You have been signed out. Sign in again to use your budget."
    element.get_by_text(words).wait_for()
    assert [name for name, _ in heard()] == ["budget-signed-out", "budget-changed"]


def test_a_function_that_gives_tokens_is_asked_for_another(page, show, shopper, checkout) -> None:
    token = token_of(shopper)
    tokens = json.dumps({"false": expired(token), "true": token})
    setup = f"""
      window.why = [];
      element.token = async ({{ isExpired }}) => {{
        why.push(isExpired);
        return {tokens}[isExpired];
      }};
    """
    element = show(setup=setup, checkout_id=checkout)

    element.get_by_role("button", name=APPLY).click()
    element.get_by_text("Your budget covers this order.").wait_for()
    assert page.evaluate("why").count(True) == page.evaluate("why").count(False) >= 3
    assert held(shopper) == Decimal("70.00")


def test_an_answer_that_comes_too_late_is_not_shown(page, show, shopper, checkout) -> None:
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        if checkout in (route.request.post_data or ""):
            waiting.append(route)
        else:
            route.continue_()

    page.route("**/graphql/", hold)
    element = show(shopper, checkout_id=checkout)
    element.get_by_text("Looking up your budget…").wait_for()
    other = shopper.fill({"water bottle": 1})

    element.evaluate("(element, id) => element.setAttribute('checkout-id', id)", other)
    element.get_by_role("button", name="Use $20.00 of my budget").wait_for()
    [late] = waiting
    late.continue_()
    page.wait_for_timeout(500)

    assert element.get_by_role("button", name="Use $20.00 of my budget").count() == 1


def test_a_lost_answer_and_another_try_hold_once(
    page, show, asked, problems, shopper, checkout
) -> None:
    element = show(shopper, checkout_id=checkout)
    element.get_by_role("button", name=APPLY).wait_for()

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/graphql/", lose)
    element.get_by_role("button", name=APPLY).click()
    words = "The store didn’t answer. Your budget is never used twice, so try again."
    element.get_by_text(words).wait_for()
    assert held(shopper) == Decimal("70.00")
    page.unroute("**/graphql/")
    element.get_by_role("button", name="Try again").click()
    element.get_by_text("Your budget covers this order.").wait_for()

    first, second = named(asked, "ProgramBudgetApply")
    assert first == second
    assert held(shopper) == Decimal("70.00")
    assert problems == [FAILED_TO_LOAD]
    problems.clear()


def test_who_waits_too_long_can_try_again(page, show, shopper, checkout) -> None:
    page.route("**/graphql/", lambda route: None)
    element = show(shopper, checkout_id=checkout, timeout_seconds="1")
    element.get_by_text("Your budget can’t be shown right now.").wait_for()
    page.unroute("**/graphql/")

    element.get_by_role("button", name="Try again").click()

    element.get_by_role("button", name=APPLY).wait_for()


def test_nobody_signed_in(show, scene) -> None:
    nobody = Shopper(Person("No", "Body", ""), Session(scene.api), scene.shop)

    element = show(checkout_id=nobody.fill(ONE_ZIP))

    element.get_by_text("Sign in to use your budget.").wait_for()
    assert element.get_by_role("button").count() == 0


def test_who_is_no_member_is_told_so(show, scene) -> None:
    newcomer = scene.newcomer()

    element = show(newcomer, checkout_id=newcomer.fill(ONE_ZIP))

    words = "You are not enrolled in this program. Ask its administrator to add you."
    element.get_by_text(words).wait_for()
    assert element.get_by_text("available").count() == 0


def test_another_store_has_nothing_to_show(show, scene, shopper) -> None:
    plain = scene.plain_checkout(shopper)

    element = show(shopper, checkout_id=plain)

    element.and_(element.page.locator("[state=none]")).wait_for(state="attached")
    assert element.is_hidden()


def test_a_cart_that_was_ordered_meanwhile(page, show, shopper, checkout) -> None:
    element = show(shopper, checkout_id=checkout)
    element.get_by_role("button", name=APPLY).wait_for()
    assert shopper.apply_budget(checkout) is None
    shopper.complete(checkout)

    page.evaluate("document.querySelector('program-budget').refresh()")

    element.get_by_text(
        "This cart is no longer there: it was ordered, or it has expired."
    ).wait_for()


def test_without_a_checkout_it_shows_what_there_is(show, heard, shopper) -> None:
    element = show(shopper)

    element.get_by_text("$300.00 available").wait_for()
    assert element.get_by_role("button").count() == 0
    assert element.get_by_text("Left to pay").is_hidden()
    [(_, detail)] = heard()
    assert detail["budget"]["available"] == {"amount": 300.0, "currency": "USD"}


def test_in_another_language(show, shopper, checkout) -> None:
    words = {"title": "Ihr Budget", "apply": "{amount} vom Budget nutzen"}

    element = show(shopper, checkout_id=checkout, locale="de", texts=json.dumps(words))

    element.get_by_role("heading", name="Ihr Budget").wait_for()
    element.get_by_role("button", name="70,00\N{NO-BREAK SPACE}$ vom Budget nutzen").wait_for()


def test_dark_as_the_browser_says_and_light_if_the_page_insists(page, show, shopper) -> None:
    page.emulate_media(color_scheme="dark")
    element = show(shopper)
    box = element.locator("section")
    box.wait_for()
    background = "box => getComputedStyle(box).backgroundColor"
    assert box.evaluate(background) == "rgb(22, 25, 29)"

    element.evaluate("element => element.setAttribute('theme', 'light')")

    assert box.evaluate(background) == "rgb(255, 255, 255)"


@pytest.mark.usefixtures("pay_difference")
@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_axe_finds_no_fault(color_scheme, page, show, shopper) -> None:
    page.emulate_media(color_scheme=color_scheme)
    element = show(shopper, checkout_id=shopper.fill({"quarter-zip": 5}))
    element.get_by_text("Use only a part").click()

    found = Axe().run(page, context="program-budget").response["violations"]

    assert [(each["id"], each["impact"]) for each in found] == []


def release(shopper: Shopper, checkout: str) -> None:
    """Take the budget off a checkout."""
    post(shopper.session._api.url, REMOVE, {"id": checkout}, token=token_of(shopper))


REMOVE = "mutation ($id: ID!) { programBudgetRemove(checkoutId: $id) { errors { code } } }"


# What needs rules that the demo's program doesn't have is answered in Saleor's place.

EUR = {"currency": "EUR"}
PROGRAM = {"id": "P", "slug": "kit", "timeZone": "Europe/Berlin"}
KIT = {
    "program": PROGRAM,
    "overagePolicy": "PAY_DIFFERENCE",
    "resetsAt": "2027-01-01T00:00:00+01:00",
    "due": EUR | {"amount": 0},
    "available": EUR | {"amount": 25},
    "heldOnThisCheckout": EUR | {"amount": 0},
    "applicable": EUR | {"amount": 0},
    "covered": EUR | {"amount": 0},
    "shortfall": EUR | {"amount": 0},
    "remainingToPay": EUR | {"amount": 0},
    "items": {"due": 1, "available": 1, "heldOnThisCheckout": 0, "shortfall": 0},
    "refusal": None,
}
MEMBER = {
    "program": PROGRAM,
    "available": EUR | {"amount": 25},
    "resetsAt": KIT["resetsAt"],
    "lapses": [
        {
            "at": "2027-01-01T00:00:00+01:00",
            "lapses": EUR | {"amount": 5},
            "carried": EUR | {"amount": 20},
            "carriedUntil": "2027-04-01T00:00:00+02:00",
        }
    ],
}


@pytest.fixture
def answer(page: Page) -> Callable[[dict[str, Any]], None]:
    """Return what has every question answered with a checkout's budget."""

    def answer(budget: dict[str, Any]) -> None:
        data = {
            "checkout": {"programBudget": budget},
            "me": {"programBudgets": [MEMBER]},
        }
        body = json.dumps({"data": data})
        headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*"}
        page.route(
            "**/graphql/",
            lambda route: route.fulfill(
                body=body, content_type="application/json", headers=headers
            ),
        )

    return answer


def test_what_lapses_and_what_is_carried_is_said_in_the_programs_time_zone(show, answer) -> None:
    answer(KIT)

    element = show(checkout_id="C")

    element.get_by_text("lapses").wait_for()
    assert element.locator("[part=notes] p").all_inner_texts() == [
        "€5.00 lapses after December 31, 2026.",
        "€20.00 carries forward until March 31, 2027.",
        "Your budget renews on January 1, 2027.",
    ]


def test_a_kit_without_a_price_is_used_too(show, answer) -> None:
    answer(KIT)

    element = show(checkout_id="C")

    element.get_by_role("button", name="Use my budget", exact=True).wait_for()
    assert element.get_by_text("1 of 1 that you may have").count() == 1


def test_no_payment_stands_in_for_a_missing_piece(show, answer) -> None:
    message = "Your budget is short by 1 item."
    pieces = {"currency": "ITEM"}
    refusal = {
        "code": "BALANCE_SHORT",
        "message": message,
        "requested": pieces | {"amount": 2},
        "available": pieces | {"amount": 1},
        "shortfall": pieces | {"amount": 1},
        "resetsAt": None,
    }
    items = {"due": 2, "available": 1, "heldOnThisCheckout": 0, "shortfall": 1}
    answer(KIT | {"items": items, "refusal": refusal})

    element = show(
        checkout_id="C", texts=json.dumps({"BALANCE_SHORT": "{shortfall} of {requested} missing"})
    )

    assert element.get_by_role("alert").inner_text() == "1 of 2 missing"
    assert element.get_by_role("button", name="Use").count() == 0
