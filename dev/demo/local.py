"""Static pages of the demo's own, each served on a free port of this machine alone."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, override
from urllib.parse import urlsplit

_POLL_SECONDS = 0.05


class Page(SimpleHTTPRequestHandler):
    """Serves the files of a folder, and what their script is told as `settings.json`.

    Args:
        directory: the folder.
        security: the content security policy of all of it.
        settings: what the script is told; without any there is no `settings.json`.
    """

    def __init__(
        self,
        *args: Any,
        directory: Path,
        security: str,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self._security = security
        self._settings = settings
        super().__init__(*args, directory=str(directory))

    @override
    def do_GET(self) -> None:
        if self.path == "/settings.json" and self._settings is not None:
            self.answer(HTTPStatus.OK, self._settings)
        else:
            super().do_GET()

    @override
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", self._security)
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the terminal is for the demo's story."""

    def answer(self, status: HTTPStatus, body: object) -> None:
        """Answer with JSON."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(page: Callable[..., Page]) -> Iterator[str]:
    """Serve it until the end; yields its address, with a slash at its end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), page)
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def origin(url: str) -> str:
    """The origin of an address, as a content security policy names it."""
    address = urlsplit(url)
    return f"{address.scheme}://{address.netloc}"
