"""Start a process that can't outlive us, if need be as another user.

PostgreSQL refuses to run as root, so a server that root starts runs as an unprivileged user.
"""

import ctypes
import os
import pwd
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

#: Exists on every Unix and owns nothing.
_UNPRIVILEGED = "nobody"
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Identity:
    """The user that servers run as."""

    uid: int
    gid: int
    name: str

    @property
    def is_current(self) -> bool:
        """Whether that is who we are already."""
        return self.uid == os.geteuid()

    def own(self, path: Path) -> None:
        """Hand a directory with everything in it to this user, readable by no other."""
        if not self.is_current:
            for entry in (path, *path.rglob("*")):
                os.chown(entry, self.uid, self.gid, follow_symlinks=False)
        path.chmod(0o700)

    def can_reach(self, path: Path) -> bool:
        """Whether this user may read a path, judged by the permissions on the way to it."""
        if self.is_current:
            return os.access(path, os.R_OK)
        resolved = path.resolve()
        may_pass = all(step.stat().st_mode & stat.S_IXOTH for step in (resolved, *resolved.parents))
        return may_pass and bool(resolved.stat().st_mode & stat.S_IROTH)


def server_identity() -> Identity:
    """Who servers run as: ourselves, unless we are root."""
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return Identity(uid=entry.pw_uid, gid=entry.pw_gid, name=entry.pw_name)
    try:
        entry = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError:
        raise RuntimeError(
            f"servers can't run as root, and there is no user {_UNPRIVILEGED!r} to run them"
        ) from None
    return Identity(uid=entry.pw_uid, gid=entry.pw_gid, name=_UNPRIVILEGED)


def start(
    command: Sequence[str | Path],
    *,
    identity: Identity,
    environment: Mapping[str, str],
    log: IO[bytes],
    death_signal: signal.Signals,
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own, which gets `death_signal` when we die.

    A session of its own keeps a Ctrl-C meant for the tests away from the database under them.
    """
    user: dict[str, object] = {}
    if not identity.is_current:
        user = {"user": identity.uid, "group": identity.gid, "extra_groups": []}
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=dict(environment),
        cwd="/",
        start_new_session=True,
        # Runs after the change of user, which would clear the signal again.
        preexec_fn=die_with_parent(death_signal),  # noqa: PLW1509 – no threads here
        **user,
    )


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel signal the child when its parent dies; Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask_for_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask_for_signal


def stop(process: subprocess.Popen[bytes], *signals: signal.Signals, seconds: float = 30) -> None:
    """Send each signal in turn until the process has ended, and kill it after the last."""
    for number in (*signals, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
