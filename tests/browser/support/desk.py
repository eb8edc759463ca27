"""A window of the Dashboard, as far as the frame inside it can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from dev.demo import desk

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, FrameLocator

    from tests.browser.support.saleor import RunningSaleor

serving = desk.bare


class Desk:
    """One window: it opens our pages, and remembers what they complained of."""

    def __init__(self, context: BrowserContext, address: str, saleor: RunningSaleor) -> None:
        self.window = context.new_page()
        self.complaints: list[str] = []
        self._address = address
        self._saleor = saleor
        self.window.on("console", self._hear)
        self.window.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str, *, session: str, **more: str) -> FrameLocator:
        """Show the page at *path* to whom *session* is a token of; returns the frame it is in."""
        query = urlencode(
            {
                "api": self._saleor.url,
                "app": self._saleor.app["appUrl"],
                "id": self._saleor.app["id"],
                "path": path,
                "session": session,
                **more,
            }
        )
        self.window.goto(f"{self._address}?{query}")
        return self.frame

    @property
    def frame(self) -> FrameLocator:
        """The frame that our pages are in."""
        return self.window.frame_locator("iframe")

    def tell(self, script: str) -> Any:
        """Have the Dashboard's side do something, such as ``theme("dark")``."""
        return self.window.evaluate(f"harness.{script}")

    def actions(self, kind: str) -> list[dict[str, Any]]:
        """What the page asked of the Dashboard, of one kind, without the ids of the asking."""
        found = self.window.evaluate("harness.actions")
        return [
            {key: value for key, value in each["payload"].items() if key != "actionId"}
            for each in found
            if each["type"] == kind
        ]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.text} ({message.location.get('url')})")
