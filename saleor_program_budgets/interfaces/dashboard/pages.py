"""The Dashboard pages over HTTP: one page under every path, and the files that it loads.

The Dashboard shows them in a frame, at the App's address and below it. `make web` builds them into
``static``, beside this file. They are the same for everybody and hold no figures: all of those come
from ``/graphql/``, for the token that the Dashboard hands to the page.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseNotFound
from django.urls import reverse
from saleor.core.utils import build_absolute_uri

from saleor_program_budgets.interfaces.identity import PLUGIN_ID

if TYPE_CHECKING:
    from django.http import HttpRequest

ROOT = "ui"
"""Under the plugin's address, without a slash at its end: the Dashboard appends to it."""
STATIC = Path(__file__).with_name("static")

_ASSETS = f"{ROOT}/assets/"
_ASSET_NAME = re.compile(r"\w[\w.-]*")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
"""By suffix: Saleor forbids browsers to guess."""
_FOREVER = "public, max-age=31536000, immutable"
_ORIGIN = re.compile(r"https?://(\*\.)?[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*(:(\d+|\*))?")
_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",  # the components' own, set while they run
    "font-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
)


def address() -> str:
    """Return where the pages are, as the shop gives its own address."""
    return build_absolute_uri(f"{reverse('plugins-global', args=[PLUGIN_ID])}{ROOT}")


def handle(request: HttpRequest, path: str) -> HttpResponse:
    """Answer a request for *path* below the plugin's address, such as ``/ui/programs``.

    Never redirects: a redirect empties the referrer, by which the page knows the Dashboard.
    """
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    wanted = path.lstrip("/")
    if wanted.startswith(_ASSETS):
        return _asset(wanted.removeprefix(_ASSETS))
    return _page()


def _page() -> HttpResponse:
    page = STATIC / "index.html"
    if not page.is_file():
        return HttpResponse(
            "The pages aren't built: run `make web` in the plugin's source tree.",
            status=503,
            content_type="text/plain; charset=utf-8",
        )
    return HttpResponse(
        page.read_bytes(),
        content_type="text/html; charset=utf-8",
        headers={"Cache-Control": "no-cache", "Content-Security-Policy": _policy()},
    )


def _asset(name: str) -> HttpResponse:
    """Serve a built file. Its name changes with its content, so it may be kept for ever."""
    file = STATIC / "assets" / name
    if not _ASSET_NAME.fullmatch(name) or file.suffix not in _TYPES or not file.is_file():
        return HttpResponseNotFound()
    return HttpResponse(
        file.read_bytes(),
        content_type=_TYPES[file.suffix],
        headers={"Cache-Control": _FOREVER},
    )


def _policy() -> str:
    """Say what the page may load, and who may show it in a frame.

    Saleor isn't told where its Dashboard is. Where a merchant has restricted who may call its API
    from a browser, the Dashboard is among those; where they haven't, anybody may frame the page,
    which can't do a thing before the Dashboard has handed it a token.
    """
    origins = settings.ALLOWED_GRAPHQL_ORIGINS
    if not all(_ORIGIN.fullmatch(origin) for origin in origins):
        return "; ".join(_POLICY)
    return "; ".join([*_POLICY, " ".join(["frame-ancestors 'self'", *origins])])
