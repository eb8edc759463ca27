"""Run the tests, ring by ring, each with servers of its own.

    python -m dev.test core host [-- PYTEST ARGUMENTS]

The core ring needs no Saleor. The host ring runs inside the checkout that SALEOR_ROOT names; where
there is none it is left out, and said so.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dev.environment import python_for
from dev.paths import ROOT, SALEOR_ROOT
from dev.saleor import Checkout
from dev.templates import say

_FOLDERS = {
    "core": ["core", "properties", "concurrency", "faults", "examples", "dev"],
    "host": ["host"],
}
_WORKERS = ["-n", "2"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named rings; returns the exit status of the first that failed."""
    rings, for_pytest = _parse(sys.argv[1:] if arguments is None else arguments)
    checkout = Checkout(SALEOR_ROOT)
    statuses = [
        _run(ring, checkout, for_pytest)
        for ring in rings
        if _is_meant(ring, for_pytest) and (ring != "host" or checkout.exists)
    ]
    if "host" in rings and not checkout.exists:
        _report_left_out()
    return next((status for status in statuses if status), 0)


def _parse(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    words = [*arguments, "--"]
    end = words.index("--")
    parser = argparse.ArgumentParser(prog="python -m dev.test", description=__doc__)
    parser.add_argument("rings", nargs="+", choices=sorted(_FOLDERS))
    return parser.parse_args(words[:end]).rings, words[end + 1 : -1]


def _run(ring: str, checkout: Checkout, for_pytest: list[str]) -> int:
    python = python_for(checkout) if ring == "host" else Path(sys.executable)
    say(f"Tests of the {ring} ring" + (f" in Saleor {checkout.version}" if ring == "host" else ""))
    folders = [] if _named(for_pytest) else _folders(ring)
    return subprocess.run(
        [
            *(str(python), "-m", "dev.run", "--ring", ring, "--"),
            *("pytest", *_WORKERS, *for_pytest, *folders),
        ],
        cwd=ROOT,
        check=False,
    ).returncode


def _is_meant(ring: str, for_pytest: list[str]) -> bool:
    """Whether the arguments name a test of the ring, or none at all."""
    named = _named(for_pytest)
    folders = [ROOT / folder for folder in _folders(ring)]
    return not named or any(path.is_relative_to(folder) for path in named for folder in folders)


def _named(for_pytest: list[str]) -> list[Path]:
    """The files and folders that the arguments say to run."""
    paths = [ROOT / word.partition("::")[0] for word in for_pytest if not word.startswith("-")]
    return [path for path in paths if path.exists()]


def _folders(ring: str) -> list[str]:
    return [f"tests/{folder}" for folder in _FOLDERS[ring] if (ROOT / "tests" / folder).is_dir()]


def _report_left_out() -> None:
    files = len(list((ROOT / "tests" / "host").rglob("test_*.py")))
    line = "!" * 80
    say(
        f"{line}\n"
        f"NOT RUN: {files} files of tests that need a Saleor. There is none at {SALEOR_ROOT}.\n"
        f"Include them with: SALEOR_ROOT=/path/to/saleor make test\n"
        f"{line}"
    )


if __name__ == "__main__":
    sys.exit(main())
