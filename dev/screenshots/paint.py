"""How soon the live board is on the screen, and what a browser loads for it."""

import gzip
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, BrowserContext, ViewportSize

from dev import web
from dev.bench.report import MILLISECONDS, Part, Table, size
from dev.demo import desk
from dev.screenshots.photographs import address_of
from dev.screenshots.stages import Stage

_ROUNDS = 5
_UNMEASURED = 2
"""What Saleor's processes do once isn't a board's."""
_SECONDS_AT_MOST = 1.5
_BYTES_AT_MOST = 350_000
_VIEWPORT: ViewportSize = {"width": 1280, "height": 900}
_NOTE = (
    f"The middle one of {_ROUNDS} loads each, from the frame's request on, in headless Chromium on "
    "the machine that Saleor, its worker and PostgreSQL run on; the Dashboard's window asks for "
    "the frame first, and for its token."
)

#: Runs in every frame before the page's own scripts: notes when the first total was painted.
_WATCH = """
new MutationObserver((_, watching) => {
  const figure = document.querySelector("dl.figures dd");
  if (!figure || !/\\d/.test(figure.textContent)) return;
  watching.disconnect();
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => { window.totalsPainted = performance.timeOrigin + performance.now(); };
    port2.postMessage(null);
  });
}).observe(document, { childList: true, subtree: true, characterData: true });
"""
_PAINTED = """() => new Promise((done) => {
  const look = () => (window.totalsPainted ? done() : setTimeout(look, 5));
  look();
})"""
_TIMES = """() => ({
  frame: performance.timeOrigin,
  first: performance.timeOrigin
    + performance.getEntriesByName("first-contentful-paint")[0].startTime,
  totals: window.totalsPainted,
  scripts: performance.getEntriesByType("resource").map(({ name }) => name)
    .filter((name) => name.endsWith(".js")),
})"""


@dataclass(frozen=True, slots=True)
class Load:
    """One load of the board, in seconds.

    Attributes:
        first: from the frame's request to its first content.
        totals: from the frame's request to the totals.
        window: from the Dashboard's window to the totals, with the token's request between.
        scripts: the names of the scripts that it loaded.
    """

    first: float
    totals: float
    window: float
    scripts: frozenset[str]


def measure(stage: Stage, *, browser: Browser, frame_url: str) -> list[Part]:
    """Load the board with nothing in the browser's cache, and with everything."""
    address = f"{frame_url}?{urlencode({**address_of(stage), 'path': desk.BOARD})}"
    for _ in range(_UNMEASURED):
        _cold(browser, address)
    cold = [_cold(browser, address) for _ in range(_ROUNDS)]
    with browser.new_context(viewport=_VIEWPORT) as window:
        _load(window, address)
        warm = [_load(window, address) for _ in range(_ROUNDS)]
    return [_paint({"empty": cold, "full": warm}), _weight(cold[0].scripts), _NOTE]


def _cold(browser: Browser, address: str) -> Load:
    with browser.new_context(viewport=_VIEWPORT) as window:
        return _load(window, address)


def _load(window: BrowserContext, address: str) -> Load:
    page = window.new_page()
    page.add_init_script(_WATCH)
    page.goto(address)
    page.frame_locator("iframe").locator("dl.figures dd").first.wait_for()
    frame = page.frames[1]
    frame.evaluate(_PAINTED)
    times = frame.evaluate(_TIMES)
    began = page.evaluate("performance.timeOrigin")
    page.close()
    return Load(
        first=(times["first"] - times["frame"]) / MILLISECONDS,
        totals=(times["totals"] - times["frame"]) / MILLISECONDS,
        window=(times["totals"] - began) / MILLISECONDS,
        scripts=frozenset(name.rpartition("/")[2] for name in times["scripts"]),
    )


def _paint(loads: dict[str, list[Load]]) -> Table:
    lines = []
    for cache, taken in loads.items():
        for what, seconds in (
            ("first content", [load.first for load in taken]),
            ("the totals", [load.totals for load in taken]),
            ("the totals, from the Dashboard’s window on", [load.window for load in taken]),
        ):
            middle = statistics.median(seconds)
            is_met = "yes" if middle < _SECONDS_AT_MOST else "no"
            lines.append(
                [what, cache, *map(_milliseconds, (middle, min(seconds), max(seconds))), is_met]
            )
    heading = ("painted", "browser’s cache", "ms", "least", "most", f"< {_SECONDS_AT_MOST} s")
    return Table("The board on the screen", heading, lines)


def _milliseconds(seconds: float) -> str:
    return f"{seconds * MILLISECONDS:.0f}"


def _weight(loaded: frozenset[str]) -> Table:
    scripts = sorted((web.TARGET / "assets").glob("*.js"))
    lines = [
        _weighed("all pages", scripts),
        _weighed("the board", [path for path in scripts if path.name in loaded]),
    ]
    return Table("Its scripts", ("of", "files", "in all", "gzipped", "< 350 kB"), lines)


def _weighed(what: str, scripts: Sequence[Path]) -> list[str]:
    contents = [path.read_bytes() for path in scripts]
    packed = sum(len(gzip.compress(content)) for content in contents)
    is_met = "yes" if packed < _BYTES_AT_MOST else "no"
    return [what, f"{len(scripts)}", size(sum(map(len, contents))), size(packed), is_met]
