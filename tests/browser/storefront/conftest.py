"""A browser, the demo's store in a real Saleor, and a page with nothing but the component."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.storefront.scene import opened, token_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from dev.demo.shopper import Shopper
    from tests.browser.storefront.scene import Scene

_BARE = """() => {
  document.documentElement.lang = "en";
  document.body.style.maxWidth = "26rem";
  const button = (id) => Object.assign(document.createElement("button"), { id, textContent: id });
  document.body.replaceChildren(button("before"), button("after"));
  window.heard = [];
  for (const name of ["budget-changed", "budget-refused", "budget-signed-out"]) {
    addEventListener(name, ({ detail }) => heard.push([name, detail]));
  }
}"""


@pytest.fixture(scope="session")
def scene() -> Iterator[Scene]:
    """Open the store."""
    with opened() as scene:
        yield scene


@pytest.fixture
def problems() -> list[str]:
    """Collect what the browser reports as an error; a test that expects some takes them out."""
    return []


@pytest.fixture
def page(browser: Browser, problems: list[str]) -> Iterator[Page]:
    """Open a window; at the end nothing may have gone wrong in it."""
    context = browser.new_context(viewport={"width": 1000, "height": 900}, locale="en-US")
    page = context.new_page()
    page.set_default_timeout(8_000)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda message: problems.append(message.text) if message.type == "error" else None,
    )
    yield page
    context.close()
    assert problems == []


@pytest.fixture
def store(page: Page, scene: Scene) -> Page:
    """Open the demo's store."""
    page.goto(scene.store_url)
    page.get_by_role("button", name="Add Quarter-Zip to cart").wait_for()
    return page


@pytest.fixture
def shopper(scene: Scene) -> Shopper:
    """Enroll somebody with 300.00."""
    return scene.member()


@pytest.fixture
def pay_difference(scene: Scene) -> Iterator[None]:
    """Let shoppers pay the difference for the time of the test."""
    scene.program.set_overage_policy("PAY_DIFFERENCE")
    yield
    scene.program.set_overage_policy("BLOCK")


@pytest.fixture
def show(page: Page, scene: Scene) -> Callable[..., Any]:
    """Return what puts the component on a page of the store's origin."""
    # A document of the store's origin, emptied: what Chromium is handed by a test may not call
    # servers of this machine.
    address = f"{scene.store_url}settings.json"
    module = scene.api.url.replace(
        "/graphql/", "/plugins/global/program-budgets/storefront/program-budget.js"
    )

    def show(
        shopper: Shopper | None = None, *, token: str | None = None, setup: str = "", **attributes
    ) -> Any:
        page.goto(address)
        page.evaluate(_BARE)
        given = token or (shopper and token_of(shopper))
        words = {name.replace("_", "-"): value for name, value in attributes.items()}
        page.evaluate(
            f"""async ([module, words, token]) => {{
              const element = document.createElement("program-budget");
              for (const [name, value] of Object.entries(words)) element.setAttribute(name, value);
              element.token = token;
              {setup}
              document.body.insertBefore(element, document.getElementById("after"));
              await import(module);
            }}""",
            [module, words, given],
        )
        return page.locator("program-budget")

    return show


@pytest.fixture
def heard(page: Page) -> Callable[[], list[Any]]:
    """Return what tells the events heard so far."""
    return lambda: json.loads(page.evaluate("JSON.stringify(heard)"))
