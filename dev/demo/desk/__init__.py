"""The Dashboard's stand-in: Saleor's core serves none, and our pages live in a frame of it.

It signs staff in, shows the App's pages in a frame, and speaks the Dashboard's side of the frame
protocol with them. `page/frame.js` is that side: the demo, the tests in a browser and the
screenshots all use it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from dev.demo import local
from saleor_program_budgets.manifest import manifest

BOARD = "/utilization"
"""The page with the live figures."""

_PAGE = Path(__file__).parent / "page"
_NAVIGATION = "navigation_"
_SECURITY = (
    "default-src 'none'; connect-src 'self' {saleor}; frame-src {saleor}; script-src 'self'; "
    "style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@contextmanager
def running(
    api_url: str, *, email: str, password: str, program_id: str, store_url: str
) -> Iterator[str]:
    """Serve the desk on a free port of this machine alone; yields its address, the board open.

    Args:
        api_url: where it finds Saleor, and the pages beside it.
        email: of the member of staff whom it signs in.
        password: theirs.
        program_id: the program that the board shows at first.
        store_url: the store that it leads to.
    """
    settings = {
        "apiUrl": api_url,
        "app": manifest().gateway,
        "board": f"{BOARD}?{urlencode({'program': program_id})}",
        "email": email,
        "password": password,
        "sections": _sections(),
        "storeUrl": store_url,
    }
    with _serving(local.origin(api_url), settings) as address:
        yield address


@contextmanager
def bare() -> Iterator[str]:
    """Serve the frame alone; which page it shows, where and for whom, its query says."""
    with _serving("*", None) as address:
        yield f"{address}bare.html"


@contextmanager
def _serving(saleor: str, settings: dict[str, Any] | None) -> Iterator[str]:
    security = _SECURITY.format(saleor=saleor)
    page = partial(local.Page, directory=_PAGE, security=security, settings=settings)
    with local.serving(page) as address:
        yield address


def _sections() -> list[dict[str, Any]]:
    """The pages, under the heads that the Dashboard's own navigation shows them under."""
    pages = sorted(
        (page for page in manifest().pages if page.mount.startswith(_NAVIGATION)),
        key=lambda page: (page.path != BOARD, page.mount),
    )
    return [
        {
            "title": mount.removeprefix(_NAVIGATION).capitalize(),
            "pages": [{"label": page.label, "path": page.path} for page in found],
        }
        for mount, found in groupby(pages, key=lambda page: page.mount)
    ]
