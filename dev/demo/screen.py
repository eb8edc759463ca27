"""Whether somebody sits in front of a screen, and how they are shown a page there."""

import os
import sys
import webbrowser

_HAVE_ALWAYS_ONE = {"darwin", "win32"}
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")


def show(url: str) -> None:
    """Open the address in a browser, where a person has started us and has a display."""
    if sys.stdout.isatty() and _has_display():
        webbrowser.open(url)


def _has_display() -> bool:
    return sys.platform in _HAVE_ALWAYS_ONE or any(map(os.environ.get, _DISPLAYS))
