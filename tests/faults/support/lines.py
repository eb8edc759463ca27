"""A line between client and server that breaks at a given moment: a proxy with its own socket."""

from __future__ import annotations

import select
import socket
import tempfile
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator

Moment = Literal["unsent", "sent", "answered", "half_answered"]
STATEMENT = b"SELECT program_budgets_"
READY = b"Z\x00\x00\x00\x05"
"""How an answer ends, but for one byte: the server is ready for the next query."""


class Line:
    """Carries bytes both ways, until a statement of the ledger comes that it is to break at."""

    def __init__(self, upstream: tuple[str, str], directory: Path) -> None:
        self._upstream = upstream
        self._moment: Moment | None = None
        self._left = 0
        self.breaks = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(directory / ".s.PGSQL.5432"))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def break_at(self, moment: Moment, *, call: int = 0) -> None:
        """Break once, at the ledger's statement number *call* from now on.

        ``unsent``: the server never sees it. ``sent``: it does, and the line is gone before it
        has answered. ``answered``: it has answered, and the client gets none of it;
        ``half_answered``: the first half.
        """
        self._left = call
        self._moment = moment

    def close(self) -> None:
        """Take no more clients."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, self._connect() as server, suppress(OSError):
            while True:
                ready, _, _ = select.select([client, server], [], [])
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is client and STATEMENT in data and self._is_due():
                        client.sendall(self._last_words(server, data))
                        return
                    (server if source is client else client).sendall(data)

    def _is_due(self) -> bool:
        if self._moment is None:
            return False
        self._left -= 1
        return self._left < 0

    def _last_words(self, server: socket.socket, request: bytes) -> bytes:
        """Return what the client still gets, after the server has got what it is to get."""
        moment, self._moment = self._moment, None
        self.breaks += 1
        if moment == "unsent":
            return b""
        server.sendall(request)
        if moment == "sent":
            return b""
        answer = b""
        while not answer[:-1].endswith(READY):
            answer += server.recv(65536)
        return answer[: len(answer) // 2] if moment == "half_answered" else b""

    def _connect(self) -> socket.socket:
        host, port = self._upstream
        if not host.startswith("/"):
            return socket.create_connection((host or "localhost", int(port or 5432)))
        upstream = socket.socket(socket.AF_UNIX)
        upstream.connect(f"{host}/.s.PGSQL.{port or 5432}")
        return upstream


@contextmanager
def breakable_line() -> Iterator[Line]:
    """Lead this thread's connection to the database over a line that can break."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="line-")))
        settings = connection.settings_dict
        host, port = settings["HOST"], str(settings["PORT"] or "")
        line = Line((host, port), directory)
        stack.callback(line.close)
        connection.close()
        settings.update(HOST=str(directory), PORT="5432")
        try:
            yield line
        finally:
            connection.close()
            settings.update(HOST=host, PORT=port)
