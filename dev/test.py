"""Run the tests, ring by ring, each with servers of its own.

    python -m dev.test core host browser [-- PYTEST ARGUMENTS]

The core ring needs no Saleor. The host ring runs inside the checkout that SALEOR_ROOT names, and
the browser ring beside it, in Chromium; where there is none they are left out, and said so.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dev.browser import chromium
from dev.environment import python_for
from dev.paths import ROOT, SALEOR_ROOT
from dev.saleor import Checkout
from dev.templates import say

_FOLDERS = {
    "core": ["core", "properties", "concurrency", "faults", "examples", "dev"],
    "host": ["host"],
    "browser": ["browser"],
}
_NEEDS_SALEOR = {"host", "browser"}
#: What runs around the tests of a ring. Those in a browser start a whole Saleor, as the demo does.
_AROUND = {
    "core": ["--ring", "core"],
    "host": ["--ring", "host"],
    "browser": ["--ring", "host", "--settings", "saleor.settings"],
}
#: One Saleor serves all tests in a browser, so they take turns; Django is only in its processes.
_WITH = {"core": ["-n", "2"], "host": ["-n", "2"], "browser": ["-p", "no:django"]}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named rings; returns the exit status of the first that failed."""
    rings, for_pytest = _parse(sys.argv[1:] if arguments is None else arguments)
    checkout = Checkout(SALEOR_ROOT)
    meant = [ring for ring in rings if _is_meant(ring, for_pytest)]
    missing = {ring: reason for ring in meant if (reason := _missing(ring, checkout))}
    statuses = [_run(ring, checkout, for_pytest) for ring in meant if ring not in missing]
    for ring, reason in missing.items():
        _report_left_out(ring, reason)
    return next((status for status in statuses if status), 0)


def _missing(ring: str, checkout: Checkout) -> str | None:
    """Say what a ring needs that isn't there, and how to name it; None if all is."""
    if ring in _NEEDS_SALEOR and not checkout.exists:
        return (
            f"a Saleor. There is none at {SALEOR_ROOT}.\n"
            "Include them with: SALEOR_ROOT=/path/to/saleor make test"
        )
    if ring != "browser":
        return None
    if chromium() is None:
        return "Chromium.\nInclude them with: CHROMIUM=/path/to/chromium make test"
    if python_for(checkout) != Path(sys.executable):
        return (
            f"the Saleor that the lock is for; {checkout.version} has no browser beside it.\n"
            "Include them by leaving SALEOR_ROOT alone."
        )
    return None


def _parse(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    words = [*arguments, "--"]
    end = words.index("--")
    parser = argparse.ArgumentParser(prog="python -m dev.test", description=__doc__)
    parser.add_argument("rings", nargs="+", choices=sorted(_FOLDERS))
    return parser.parse_args(words[:end]).rings, words[end + 1 : -1]


def _run(ring: str, checkout: Checkout, for_pytest: list[str]) -> int:
    python = python_for(checkout) if ring in _NEEDS_SALEOR else Path(sys.executable)
    inside = f" in Saleor {checkout.version}" if ring in _NEEDS_SALEOR else ""
    say(f"Tests of the {ring} ring{inside}")
    folders = [] if _named(for_pytest) else _folders(ring)
    return subprocess.run(
        [
            *(str(python), "-m", "dev.run", *_AROUND[ring], "--"),
            *("pytest", *_WITH[ring], *for_pytest, *folders),
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


def _report_left_out(ring: str, reason: str) -> None:
    files = sum(len(list((ROOT / folder).rglob("test_*.py"))) for folder in _folders(ring))
    line = "!" * 80
    say(f"{line}\nNOT RUN: {files} files of tests that need {reason}\n{line}")


if __name__ == "__main__":
    sys.exit(main())
