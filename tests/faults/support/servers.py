"""A PostgreSQL of one's own, to kill without disturbing other tests."""

from __future__ import annotations

import os
import resource
import signal
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from django.core.management import call_command
from django.db import OperationalError, connection

from dev import clusters, postgres, scratch, templates
from dev.processes import server_identity
from tests.faults.support.killing import wait_until
from tests.support.database import let_tests_flush

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.db.backends.utils import CursorWrapper


class PrivateServer:
    """A durable server on a cluster of its own; it can crash, and comes back."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._running = ExitStack()
        self.socket_directory = self._start()

    def kill(self, pid: int) -> None:
        """SIGKILL one client's server: PostgreSQL ends all others and recovers from its log."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")  # on a line that is up
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not _answers(cursor))
        self._wait_until_back()

    def restart_immediately(self, _pid: int) -> None:
        """What ``pg_ctl restart -m immediate`` does: no goodbye, no checkpoint, and recovery."""
        os.kill(int((self._data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        self._running.close()
        self._start()
        self._wait_until_back()

    @contextmanager
    def short_of_disk(self, limit: int) -> Iterator[None]:
        """Let it make no file longer than *limit* bytes: writing beyond fails."""
        self._restart(limit)
        try:
            yield
        finally:
            self._restart()

    def stop(self) -> None:
        """Stop it for good."""
        self._running.close()

    def _restart(self, limit: int | None = None) -> None:
        connection.close()
        self._running.close()
        before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (before if limit is None else limit, most))
        try:
            self._start()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))

    def _start(self) -> str:
        server = postgres.running(self._data, identity=server_identity(), durable=True)
        return str(self._running.enter_context(server).socket_directory)

    def _wait_until_back(self) -> None:
        def is_back() -> bool:
            connection.close()
            try:
                with connection.cursor() as cursor:
                    return _answers(cursor)
            except OperationalError:
                return False

        wait_until(is_back)


def _answers(cursor: CursorWrapper) -> bool:
    try:
        cursor.execute("SELECT 1")
    except OperationalError:
        return False
    return True


@contextmanager
def private_server() -> Iterator[PrivateServer]:
    """Run a server with this app's tables, and lead this process's connections there."""
    identity = server_identity()
    with ExitStack() as stack:
        directory = stack.enter_context(scratch.run_directory(identity))
        data = clusters.provide(templates.empty(), directory / "postgres", identity=identity)
        server = PrivateServer(data)
        stack.callback(server.stop)
        settings = connection.settings_dict
        before = {name: settings[name] for name in ("HOST", "PORT", "NAME", "USER", "PASSWORD")}
        stack.callback(settings.update, before)
        stack.callback(connection.close)
        connection.close()
        settings.update(
            HOST=server.socket_directory,
            PORT="",
            NAME=clusters.DATABASE,
            USER=postgres.SUPERUSER,
            PASSWORD="",
        )
        call_command("migrate", verbosity=0, interactive=False)
        let_tests_flush()
        yield server
