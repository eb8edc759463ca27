"""Each page, light and dark, as a file of a few kilobytes."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from dev.screenshots.stages import Stage

THEMES = ("light", "dark")

_WIDTH, _SHOWN_WIDTH, _WIDGET_WIDTH = 1280, 900, 420
_LEAST_HEIGHT, _MOST_HEIGHT = 120, 2400
_QUALITY = 78
_PATIENCE_MS = 30_000
_SETTLE_MS = 400
#: Where the page ends; what it is in is as high as the window.
_END = """() => Math.ceil(Math.max(
  ...[...document.querySelectorAll("#root *")].map((each) => each.getBoundingClientRect().bottom)
))"""


@dataclass(frozen=True, slots=True)
class Subject:
    """A page, and what a picture of it is called.

    Attributes:
        name: of the picture.
        title: what it shows, in words.
        path: below the pages' address; names of ids stand in braces.
        place: what a widget is told of where it is, such as `customerId`, and which id that is.
    """

    name: str
    title: str
    path: str
    place: tuple[str, str] | None = None

    def query(self, stage: Stage) -> dict[str, str] | None:
        """What the frame is told; None where the stage has no such thing."""
        try:
            query = {"path": self.path.format(**stage.ids)}
            if self.place:
                name, of = self.place
                query |= {name: stage.ids[of], "extension": stage.extension(self.path)}
        except KeyError:
            return None
        return query


SUBJECTS = (
    Subject("utilization", "Utilization", "/utilization"),
    Subject("departments", "Its departments", "/utilization?account={account}"),
    Subject("entries", "Entries", "/entries"),
    Subject("programs", "Programs", "/programs"),
    Subject("program", "A program", "/programs/{program}"),
    Subject("setup", "Set-up", "/setup"),
    Subject("accounts", "Accounts", "/accounts"),
    Subject("members", "Members", "/members"),
    Subject("member", "A member", "/members/{member}"),
    Subject("codes", "Codes", "/codes"),
    Subject("batch", "A batch of codes", "/codes/{batch}"),
    Subject("jobs", "Jobs", "/jobs"),
    Subject("customer", "On a customer’s page", "/widgets/customer", ("customerId", "customer")),
    Subject("order", "On an order’s page", "/widgets/order", ("orderId", "order")),
)


@dataclass(slots=True)
class Camera:
    """Takes the pictures of a stage.

    Attributes:
        browser: the browser.
        frame_url: the frame that stands in for the Dashboard.
        complaints: what the browser's console had to say.
    """

    browser: Browser
    frame_url: str
    complaints: list[str] = field(default_factory=list)

    def take_all(self, stage: Stage, *, name: str, folder: Path) -> Iterator[Path]:
        """Photograph every page that the stage has; yields each file."""
        for theme in THEMES:
            with self._window(theme) as window:
                for subject in SUBJECTS:
                    query = subject.query(stage)
                    if query is not None:
                        shown = self._show(window, stage, {**query, "theme": theme})
                        path = folder / f"{name}-{subject.name}-{theme}.webp"
                        _save(self._take(shown, is_widget=subject.place is not None), path)
                        yield path
                        shown.close()

    def _window(self, theme: str) -> BrowserContext:
        return self.browser.new_context(
            locale="en-US",
            timezone_id="UTC",
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
        )

    def _show(self, window: BrowserContext, stage: Stage, query: dict[str, str]) -> Page:
        page = window.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        page.on("pageerror", lambda error: self.complaints.append(f"{query['path']}: {error}"))
        page.on(
            "console",
            lambda message: (
                self.complaints.append(f"{query['path']}: {message.text}")
                if message.type in {"error", "warning"}
                else None
            ),
        )
        page.goto(f"{self.frame_url}?{urlencode(address_of(stage) | query)}")
        return page

    def _take(self, page: Page, *, is_widget: bool) -> bytes:
        width = _WIDGET_WIDTH if is_widget else _WIDTH
        page.set_viewport_size({"width": width, "height": 900})
        frame = page.frame_locator("iframe")
        frame.locator("h1, dl, .empty, .notice").first.wait_for()
        expect(frame.locator("[role=status]")).to_have_count(0, timeout=_PATIENCE_MS)
        page.wait_for_timeout(_SETTLE_MS)
        end = frame.locator("html").evaluate(_END)
        height = min(max(end + 16, _LEAST_HEIGHT), _MOST_HEIGHT)
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(_SETTLE_MS)
        return page.locator("iframe").screenshot()


def address_of(stage: Stage) -> dict[str, str]:
    """What the frame is told of every page: where it is, and who looks."""
    return {
        "api": stage.api_url,
        "app": stage.app["appUrl"],
        "id": stage.app["id"],
        "session": stage.staff.token(),
    }


def _save(picture: bytes, path: Path) -> None:
    with Image.open(io.BytesIO(picture)) as taken:
        width = min(taken.width, _SHOWN_WIDTH)
        size = width, round(taken.height * width / taken.width)
        path.parent.mkdir(parents=True, exist_ok=True)
        taken.resize(size, Image.Resampling.LANCZOS).save(path, "WEBP", quality=_QUALITY, method=6)
