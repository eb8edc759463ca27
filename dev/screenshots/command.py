"""The work itself; started by `dev.screenshots` with a database around it."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType
from typing import Never

from playwright.sync_api import Browser, sync_playwright

from dev.bench import machine, report
from dev.bench.report import Part, say
from dev.browser import ARGUMENTS, chromium
from dev.demo import desk
from dev.paths import ROOT
from dev.screenshots import gallery, options, paint, stages
from dev.screenshots.options import Options
from dev.screenshots.photographs import Camera
from dev.screenshots.stages import Stage

_DOCUMENT = ROOT / "docs" / "dashboard.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns 1 if a page complained in the browser's console."""
    signal.signal(signal.SIGTERM, _leave)
    chosen = options.parse(arguments)
    described = machine.describe() if chosen.figures else ""
    with _browser() as browser, desk.bare() as frame_url:
        camera = Camera(browser, frame_url)
        for name in chosen.states:
            say(f"{name}:")
            with _opened(name, chosen) as stage:
                if name == "large" and chosen.figures:
                    parts = paint.measure(stage, browser=browser, frame_url=frame_url)
                    _report([*parts, described], chosen.figures)
                for path in camera.take_all(stage, name=name, folder=chosen.folder):
                    say(f"{path.name}: {report.size(path.stat().st_size)}")
    if chosen.folder == options.PICTURES:
        gallery.replace(_DOCUMENT, chosen.folder)
    for complaint in camera.complaints:
        say(complaint)
    return 1 if camera.complaints else 0


def _opened(name: str, chosen: Options) -> AbstractContextManager[Stage]:
    if name == "large":
        return stages.large(chosen.members)
    return stages.normal() if name == "normal" else stages.empty()


def _report(parts: Sequence[Part], document: Path) -> None:
    print(report.text(parts, markdown=False), flush=True)
    report.replace(document, "board", parts)


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        yield launched
        launched.close()


def _leave(number: int, _frame: FrameType | None) -> Never:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
