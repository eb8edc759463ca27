"""One Saleor and one browser for all tests here; each has a window of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from dev import scratch
from dev.browser import ARGUMENTS, chromium
from dev.demo import servers
from dev.demo.shopper import Placed
from tests.browser.support import desk as desks
from tests.browser.support.desk import Desk
from tests.browser.support.saleor import (
    ADA,
    BEN,
    Globex,
    Hooli,
    RunningSaleor,
    globex,
    hooli,
    token_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, FrameLocator

    type Opener = Callable[..., FrameLocator]

_PATIENCE_MS = 15_000


@pytest.fixture(scope="session")
def saleor() -> Iterator[RunningSaleor]:
    """Start Saleor's API, worker and beat, with a store."""
    with (
        scratch.run_directory(servers.ourselves()) as directory,
        servers.running(Path(directory)) as running,
    ):
        prepared = RunningSaleor(running.api_url)
        yield prepared
        prepared.close()


@pytest.fixture(scope="session")
def company(saleor: RunningSaleor) -> Globex:
    """Return a program that runs."""
    return globex(saleor)


@pytest.fixture(scope="session")
def trading(saleor: RunningSaleor) -> Hooli:
    """Return a program that somebody has bought from, holds of, and was refused by."""
    company = hooli(saleor)
    ada, ben = saleor.shopper(ADA), saleor.shopper(BEN)
    bought = ada.fill({"quarter-zip": 1})
    assert ada.apply_budget(bought) is None
    assert isinstance(ada.complete(bought), Placed)
    assert ada.apply_budget(ada.fill({"water bottle": 1})) is None
    assert ben.apply_budget(ben.fill({"quarter-zip": 4})) is not None
    return company


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium."""
    expect.set_options(timeout=_PATIENCE_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def dashboard() -> Iterator[str]:
    """Serve the Dashboard's stand-in."""
    with desks.serving() as address:
        yield address


@pytest.fixture
def desk(browser: Browser, dashboard: str, saleor: RunningSaleor) -> Iterator[Desk]:
    """Open a window; at the end, nothing may have been complained of in its console."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.set_default_timeout(_PATIENCE_MS)
        window = Desk(context, dashboard, saleor)
        yield window
        assert window.complaints == []


@pytest.fixture
def administrator(desk: Desk, saleor: RunningSaleor) -> Opener:
    """Open pages as somebody who may do everything."""
    return lambda path, **more: desk.open(path, session=token_of(saleor.staff), **more)


@pytest.fixture
def finance(desk: Desk, saleor: RunningSaleor) -> Opener:
    """Open pages as somebody who may only read figures."""
    return lambda path, **more: desk.open(path, session=token_of(saleor.finance), **more)


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the accessibility engine's script, and what to run with it."""
    import axe_playwright_python

    source = Path(axe_playwright_python.__file__).with_name("axe.min.js")
    return (
        source.read_text(encoding="utf-8")
        + f"\n;window.axeTags = {json.dumps(['wcag2a', 'wcag2aa'])};"
    )
