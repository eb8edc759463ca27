"""The pages live in the Dashboard's frame: its protocol, and nobody else's word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

    from tests.browser.support.desk import Desk
    from tests.browser.support.saleor import Globex, RunningSaleor


def test_handshake_brings_the_page_up(administrator: Callable, desk: Desk) -> None:
    frame = administrator("/programs")

    expect(frame.get_by_role("heading", name="Programs", level=1)).to_be_visible()
    assert len(desk.actions("notifyReady")) >= 1


def test_theme_follows_the_dashboard(administrator: Callable, desk: Desk) -> None:
    frame = administrator("/programs", theme="dark")
    root = frame.locator("html")

    expect(root).to_have_css("color-scheme", "dark")
    desk.tell("theme('light')")
    expect(root).to_have_css("color-scheme", "light")


def test_amounts_follow_the_dashboards_language(
    administrator: Callable, desk: Desk, company: Globex
) -> None:
    frame = administrator("/programs")
    row = frame.get_by_role("row", name="Globex gear")

    expect(row).to_contain_text("$250.00")
    desk.tell("locale('de')")
    expect(row).to_contain_text("250,00\N{NO-BREAK SPACE}$")


def test_a_new_token_is_used_from_then_on(
    administrator: Callable, desk: Desk, company: Globex
) -> None:
    frame = administrator("/programs")
    expect(frame.get_by_role("link", name="Globex gear")).to_be_visible()
    first = _token_sent(desk, lambda: frame.get_by_role("link", name="Members").click())

    desk.window.wait_for_timeout(1100)  # a token made in the same second is the same
    desk.window.evaluate("harness.refresh()")
    second = _token_sent(desk, lambda: frame.get_by_role("link", name="Jobs").click())

    assert first != second
    expect(frame.get_by_role("heading", name="Jobs", level=1)).to_be_visible()


def test_a_reload_of_the_dashboard_comes_back_to_the_same_page(
    administrator: Callable, desk: Desk, company: Globex
) -> None:
    frame = administrator("/programs")
    frame.get_by_role("link", name="Globex gear").click()
    expect(frame.get_by_role("heading", name="Globex gear", level=1)).to_be_visible()
    assert desk.actions("updateRouting")[-1] == {"newRoute": f"/programs/{company.program}"}

    desk.window.reload()

    expect(desk.frame.get_by_role("heading", name="Globex gear", level=1)).to_be_visible()


def test_the_dashboard_sends_the_page_elsewhere(administrator: Callable, desk: Desk) -> None:
    frame = administrator("/programs")
    expect(frame.get_by_role("heading", name="Programs", level=1)).to_be_visible()

    desk.tell("go('/jobs')")

    expect(frame.get_by_role("heading", name="Jobs", level=1)).to_be_visible()


def test_outside_of_a_frame_nothing_is_shown(browser: Browser, saleor: RunningSaleor) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(saleor.app["appUrl"])

        expect(page.get_by_text("These pages live in the Saleor Dashboard.")).to_be_visible()


def test_another_origins_messages_change_nothing(
    administrator: Callable, desk: Desk, company: Globex
) -> None:
    frame = administrator("/programs")
    expect(frame.get_by_role("link", name="Globex gear")).to_be_visible()

    # The frame's own origin isn't the Dashboard's.
    frame.locator("body").evaluate(
        "window.postMessage({type: 'redirect', payload: {path: '/jobs'}}, '*')"
    )
    desk.window.wait_for_timeout(300)

    expect(frame.get_by_role("heading", name="Programs", level=1)).to_be_visible()


def _token_sent(desk: Desk, act: Callable[[], None]) -> str:
    with desk.window.expect_request("**/graphql/") as waited:
        act()
    return waited.value.header_value("authorization-bearer") or ""
