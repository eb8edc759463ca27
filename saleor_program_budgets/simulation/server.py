"""The server under the simulation, as far as it may be crashed."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from saleor_program_budgets.simulation import databases
from saleor_program_budgets.simulation.databases import NO_ANSWER

#: Set by whoever starts a server that nobody else uses: the directory of its data.
OWNED = "PROGRAM_BUDGETS_SERVER"
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Server:
    """A server of our own on this machine."""

    def crash(self) -> float:
        """Kill a process of the server's and wait until it serves again; returns the seconds.

        PostgreSQL takes the memory that its processes share for damaged then: it ends all of
        them on the spot and recovers from its log, as after an immediate shutdown.
        """
        with databases.connection().cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            [pid] = cursor.fetchone()
        began = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        while time.monotonic() < began + PATIENCE_SECONDS:
            try:
                databases.connection().close()
                databases.show("server_version")
            except NO_ANSWER:
                time.sleep(0.02)
            else:
                return time.monotonic() - began
        raise TimeoutError("the server didn't come back from its crash")


def find_own() -> Server | None:
    """Return the server if it was started for this run alone, and nothing if it may be shared."""
    directory = os.environ.get(OWNED)
    if not directory:
        return None
    served = databases.show("data_directory")
    return Server() if Path(served).resolve() == Path(directory).resolve() else None
