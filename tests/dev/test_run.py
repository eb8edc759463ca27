"""A command gets servers of its own, and they don't outlive it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from dev.paths import ROOT

GIVEN = {"DATABASE_URL", "CACHE_URL", "CELERY_BROKER_URL", "PROGRAM_BUDGETS_TEMPLATE"}
SHOW_AND_WAIT = "echo $DATABASE_URL $CACHE_URL; exec sleep 60"
SECONDS = 60


def run(script: str) -> subprocess.Popen[str]:
    """Start `dev.run` as a developer would, with nothing given."""
    environment = {name: value for name, value in os.environ.items() if name not in GIVEN}
    return subprocess.Popen(
        [sys.executable, "-m", "dev.run", "--", "sh", "-c", script],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def run_directory(database_url: str) -> Path:
    """Where the run keeps all that is its own."""
    socket_directory = unquote(urlsplit(database_url).netloc.rpartition("@")[2])
    return Path(socket_directory).parent.parent


def server_of(directory: Path) -> int:
    """The process id of the run's PostgreSQL."""
    return int((directory / "postgres" / "data" / "postmaster.pid").read_text().split()[0])


def is_alive(pid: int) -> bool:
    """Whether the process is there and not a zombie that somebody has yet to reap."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> None:
    """Fail if the process doesn't end."""
    deadline = time.monotonic() + SECONDS
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} goes on"
        time.sleep(0.05)


@pytest.fixture
def waiting() -> Iterator[subprocess.Popen[str]]:
    """A run whose command waits."""
    process = run(SHOW_AND_WAIT)
    yield process
    process.kill()
    process.communicate()


def test_exit_status_is_the_commands() -> None:
    process = run("echo $DATABASE_URL; exit 7")
    output, _ = process.communicate(timeout=SECONDS)

    assert process.returncode == 7
    assert not run_directory(output.strip()).exists()


def test_a_command_knows_which_server_is_its_own() -> None:
    output, _ = run("echo $DATABASE_URL $PROGRAM_BUDGETS_SERVER").communicate(timeout=SECONDS)

    database_url, server = output.split()
    assert Path(server) == run_directory(database_url) / "postgres" / "data"


def test_a_given_server_is_nobodys_own() -> None:
    inner = f'{sys.executable} -m dev.run -- sh -c "echo \\"\\$PROGRAM_BUDGETS_SERVER\\" inner"'
    output, _ = run(f"echo $PROGRAM_BUDGETS_SERVER outer; {inner}").communicate(timeout=SECONDS)

    outer, given = output.splitlines()
    assert outer.endswith("/postgres/data outer")
    assert given == " inner"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_servers_stop_when_the_run_is_ended(
    waiting: subprocess.Popen[str], number: signal.Signals
) -> None:
    assert waiting.stdout
    directory = run_directory(waiting.stdout.readline().split()[0])
    server = server_of(directory)

    waiting.send_signal(number)

    assert waiting.wait(SECONDS) == 128 + number
    assert not is_alive(server)
    assert not directory.exists()


def test_a_signal_that_comes_while_the_command_is_forked_is_not_lost() -> None:
    slow_to_fork = (
        "import os, signal, time; from dev import run;"
        "os.register_at_fork(after_in_parent=lambda: time.sleep(SECONDS));"
        "run._unwind_on(signal.SIGHUP);"
        "run._run(['sh', '-c', 'kill -HUP $PPID; exec sleep 60'], os.environ)"
    ).replace("SECONDS", "2")
    process = subprocess.run(
        [sys.executable, "-c", slow_to_fork],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (process.returncode, "Exception ignored" in process.stderr) == (129, True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other kernels leave them")
def test_servers_die_with_a_killed_run(waiting: subprocess.Popen[str]) -> None:
    assert waiting.stdout
    directory = run_directory(waiting.stdout.readline().split()[0])
    server = server_of(directory)

    waiting.kill()
    waiting.wait(SECONDS)

    wait_until_gone(server)
    # What is left on disk goes when the next run starts.
    run("true").communicate(timeout=SECONDS)
    assert not directory.exists()


def test_runs_at_once_have_nothing_in_common(waiting: subprocess.Popen[str]) -> None:
    other = run(SHOW_AND_WAIT)
    try:
        assert waiting.stdout
        assert other.stdout
        first = waiting.stdout.readline().split()
        second = other.stdout.readline().split()
    finally:
        other.terminate()
        other.communicate(timeout=SECONDS)

    assert len(first) == len(second) == 2
    assert not {run_directory(first[0]), first[1]} & {run_directory(second[0]), second[1]}
