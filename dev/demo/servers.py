"""Saleor's own processes: the API, a Celery worker and the scheduler."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from dev import processes
from dev.processes import Identity
from dev.templates import say

STAFF_EMAIL = "staff@acme.example"
STAFF_PASSWORD = "merchandise-staff"  # noqa: S105  # Printed at the end: there to be used.

_START_SECONDS = 180
_STOP_SECONDS = 8
_TAIL_LINES = 40

_API = (
    *("-m", "uvicorn", "saleor.asgi:application", "--host=127.0.0.1", "--port={port}"),
    *("--lifespan=auto", "--ws=none", "--no-access-log"),
)
_CELERY = ("-m", "celery", "--app=saleor.celeryconf:app", "--quiet")
_WORKER = (*_CELERY, "worker", "--concurrency=2", "--loglevel=warning")
_BEAT = (
    *_CELERY,
    "beat",
    "--scheduler=saleor.schedulers.schedulers.DatabaseScheduler",
    "--pidfile=",
)


class ServerFailed(Exception):
    """A server process ended, or didn't answer; the message ends with what it logged."""


@dataclass(frozen=True, slots=True)
class Server:
    """One running process and where it writes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def require_alive(self) -> None:
        """Raise `ServerFailed` if it has ended."""
        if self.process.poll() is not None:
            raise ServerFailed(f"{self.name} ended with {self.process.returncode}.\n{self.tail()}")

    def tail(self) -> str:
        """The last lines it logged, without what only reports that all is well."""
        written = self.log.read_text(errors="replace").splitlines()
        lines = [line for record in written for line in _readable(record)]
        return "\n".join([f"{self.log.name}:", *(f"  {line}" for line in lines[-_TAIL_LINES:])])


@dataclass(slots=True)
class Saleor:
    """A running Saleor."""

    port: int
    servers: list[Server] = field(default_factory=list)

    @property
    def api_url(self) -> str:
        """Where GraphQL is answered, and where a browser gets the playground."""
        return f"http://localhost:{self.port}/graphql/"

    def require_alive(self) -> None:
        """Raise `ServerFailed` if any process has ended."""
        for server in self.servers:
            server.require_alive()

    def tails(self) -> str:
        """The last lines that each process logged."""
        return "\n".join(server.tail() for server in self.servers)


@contextmanager
def running(directory: Path) -> Iterator[Saleor]:
    """Start Saleor on a free port, wait until it answers, and stop it at the end.

    The environment names the database, the cache and the settings.

    Args:
        directory: where the logs are written.

    Raises:
        ServerFailed: a process ended, or the API didn't answer in time.
    """
    saleor = Saleor(port=_free_port())
    environment = _environment(saleor.port)
    with ExitStack() as stack:

        def start(name: str, arguments: Sequence[str]) -> None:
            words = [word.format(port=saleor.port) for word in arguments]
            saleor.servers.append(
                stack.enter_context(_running(name, words, environment, directory))
            )

        try:
            start("api", _API)
            start("worker", _WORKER)
            _prepare(environment)
            _wait_until_ready(saleor)
            start("beat", _BEAT)
            yield saleor
        finally:
            _ask_to_stop(saleor)


@contextmanager
def _running(
    name: str, arguments: Sequence[str], environment: dict[str, str], directory: Path
) -> Iterator[Server]:
    log_path = directory / f"{name}.log"
    with log_path.open("ab") as log:
        process = processes.start(
            [sys.executable, *arguments],
            identity=ourselves(),
            environment=environment,
            log=log,
            death_signal=signal.SIGTERM,
        )
    try:
        yield Server(name, process, log_path)
    finally:
        processes.stop(process, signal.SIGTERM, seconds=_STOP_SECONDS)
        # Its own workers too, if they are left. Nothing is lost: the database goes away as well.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _ask_to_stop(saleor: Saleor) -> None:
    """Have all processes stop at the same time, before each is waited for."""
    for server in saleor.servers:
        server.process.send_signal(signal.SIGTERM)


def _prepare(environment: dict[str, str]) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "dev.demo.prepare", STAFF_EMAIL],
        env={**environment, "DJANGO_SUPERUSER_PASSWORD": STAFF_PASSWORD},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if finished.returncode:
        raise ServerFailed(f"Migrating or createsuperuser failed:\n{finished.stderr}")


def fast_forward() -> str:
    """Let a year pass in the database, for other programs; returns what it came to.

    Raises:
        ServerFailed: not all of its money is accounted for.
    """
    finished = subprocess.run(
        [sys.executable, "-m", "dev.demo.year"],
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if finished.returncode:
        raise ServerFailed(f"The year went otherwise:\n{finished.stdout}\n{finished.stderr}")
    return finished.stdout


def _wait_until_ready(saleor: Saleor) -> None:
    """Ask for the shop's name, which builds the schema on the way."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        saleor.require_alive()
        try:
            answer = httpx.post(saleor.api_url, json={"query": "{ shop { name } }"}, timeout=60)
        except httpx.TransportError:
            time.sleep(0.2)
            continue
        if answer.is_success:
            return
        raise ServerFailed(f"The API answers with HTTP {answer.status_code}.\n{saleor.tails()}")
    say(saleor.tails())
    raise ServerFailed(f"The API didn't answer within {_START_SECONDS} s.")


def _environment(port: int) -> dict[str, str]:
    """What Saleor reads, beside what `dev.run` has put there."""
    return {
        **os.environ,
        "DEBUG": "False",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "ALLOWED_CLIENT_HOSTS": "localhost,127.0.0.1",
        "PUBLIC_URL": f"http://localhost:{port}",
        "EMAIL_URL": "consolemail://",
        "SEND_USAGE_TELEMETRY": "False",
        "OTEL_SDK_DISABLED": "true",
        "PYTHONWARNINGS": "ignore",  # Saleor's and its libraries', which would bury its errors
    }


def _readable(record: str) -> list[str]:
    """What a person needs of one line of a log; Saleor writes records in JSON."""
    try:
        fields = json.loads(record)
    except ValueError:
        return [record]
    if not isinstance(fields, dict) or fields.get("levelname") in {"DEBUG", "INFO"}:
        return []
    trace = str(fields.get("exc_info") or "").splitlines()
    return [*f"{fields.get('levelname')}: {fields.get('message')}".splitlines(), *trace]


def ourselves() -> Identity:
    """The user that we run as: no server of these has to be another."""
    return Identity(uid=os.geteuid(), gid=os.getegid(), name="ourselves")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
