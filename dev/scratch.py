"""Directories that live as long as one run.

Each run has its own, so that two never meet. The run holds a lock on it; a directory whose lock
is free was left by a run that was killed, and the next run clears it away.
"""

import fcntl
import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.processes import Identity

_RUN = "run-"
_LOCK = "lock"
#: A Unix socket's path may have 107 bytes; this is what names below the base take of them.
_LONGEST_BASE = 60


def base(identity: Identity) -> Path:
    """The directory under which runs are made; `identity` can pass through it."""
    fallbacks = [Path(tempfile.gettempdir()), Path("/var/tmp"), Path("/tmp")]  # noqa: S108
    for parent in fallbacks:
        if len(str(parent)) <= _LONGEST_BASE and parent.is_dir() and identity.can_reach(parent):
            break
    else:
        raise RuntimeError(f"no temporary directory is open to {identity.name}")
    path = parent / f"program-budgets-{os.geteuid()}"
    path.mkdir(mode=0o711, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise RuntimeError(f"{path} exists and isn't ours; remove it")
    path.chmod(0o711)
    return path


@contextmanager
def run_directory(identity: Identity) -> Iterator[Path]:
    """A new directory, removed at the end, and by the next run if we are killed before."""
    parent = base(identity)
    with exclusive(parent / "sweep.lock"):
        _sweep(parent)
        path = parent / f"{_RUN}{secrets.token_hex(4)}"
        path.mkdir(mode=0o711)
        path.chmod(0o711)  # whatever the umask left of it
        held = _try_lock(path / _LOCK)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if held is not None:
            os.close(held)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a file lock; whoever comes second waits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a directory, sharing blocks where the file system can."""
    subprocess.run(
        ["cp", "-R", *_reflink_option(), str(source), str(target)],
        check=True,
        stdin=subprocess.DEVNULL,
    )


def _reflink_option() -> list[str]:
    return ["--reflink=auto"] if sys.platform.startswith("linux") else []


def _sweep(parent: Path) -> None:
    for path in parent.glob(f"{_RUN}*"):
        held = _try_lock(path / _LOCK)
        if held is None:
            continue
        _end_servers_of(path)
        shutil.rmtree(path, ignore_errors=True)
        os.close(held)


def _end_servers_of(path: Path) -> None:
    """End a database that outlived its run: where the kernel can't tie the two together."""
    try:
        pid = int((path / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
        command = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout
        if str(path) in command:  # and not another process that got its number since
            os.kill(pid, signal.SIGQUIT)
    except (OSError, ValueError, IndexError):
        return


def _try_lock(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
