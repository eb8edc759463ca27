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
    "core": ["core", "properties", "concurrency", "examples", "dev"],
    "host": ["host"],
}
_WORKERS = ["-n", "2"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the named rings; returns the exit status of the first that failed."""
    options = _parse(arguments)
    checkout = Checkout(SALEOR_ROOT)
    left_out = "host" in options.rings and not checkout.exists
    statuses = [
        _run(ring, checkout, options.pytest)
        for ring in options.rings
        if not (ring == "host" and left_out)
    ]
    if left_out:
        _report_left_out()
    return next((status for status in statuses if status), 0)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.test", description=__doc__)
    parser.add_argument("rings", nargs="+", choices=sorted(_FOLDERS))
    given = list(sys.argv[1:] if arguments is None else arguments)
    ours, _, for_pytest = (
        (given[: given.index("--")], None, given[given.index("--") + 1 :])
        if "--" in given
        else (given, None, [])
    )
    options = parser.parse_args(ours)
    options.pytest = for_pytest
    return options


def _run(ring: str, checkout: Checkout, for_pytest: list[str]) -> int:
    python = python_for(checkout) if ring == "host" else Path(sys.executable)
    say(f"Tests of the {ring} ring" + (f" in Saleor {checkout.version}" if ring == "host" else ""))
    return subprocess.run(
        [
            *(str(python), "-m", "dev.run", "--ring", ring, "--"),
            *("pytest", *_WORKERS, *for_pytest),
            *([] if _names_tests(for_pytest) else _folders(ring)),
        ],
        cwd=ROOT,
        check=False,
    ).returncode


def _names_tests(for_pytest: list[str]) -> bool:
    """Whether the arguments say which files to run, so that the ring's folders aren't added."""
    return any(
        (ROOT / argument.partition("::")[0]).exists()
        for argument in for_pytest
        if not argument.startswith("-")
    )


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
