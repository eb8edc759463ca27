"""Break the ledger in one place after another, and name the test that notices.

    python -m dev.mutations [part of a name …]

Each break is written into the working tree, the tests named beside it in `breaks.py` are run until
the first failure, and the file is put back. Exits with 1 if a break goes unnoticed.
"""

import re
import subprocess
import sys
import time

from dev.mutations.breaks import BREAKS, Break
from dev.paths import ROOT

_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


def main(wanted: list[str]) -> int:
    """Try the breaks whose name contains one of *wanted* (all without); returns the exit status."""
    chosen = [each for each in BREAKS if not wanted or any(part in each.name for part in wanted)]
    unnoticed = 0
    for number, broken in enumerate(chosen, start=1):
        began = time.monotonic()
        test = _caught_by(broken)
        seconds = time.monotonic() - began
        unnoticed += test is None
        print(
            f"{number:2}. {broken.name}: {test or 'NOT NOTICED'} ({seconds:.0f} s)",
            flush=True,
        )
    print(f"{len(chosen) - unnoticed} of {len(chosen)} were noticed.")
    return 1 if unnoticed else 0


def _caught_by(broken: Break) -> str | None:
    file = ROOT / broken.file
    original = file.read_text(encoding="utf-8")
    if original.count(broken.text) != 1:
        raise SystemExit(f"{broken.file} has to contain exactly once: {broken.text!r}")
    file.write_text(original.replace(broken.text, broken.instead), encoding="utf-8")
    try:
        return _first_failure(broken.tests)
    finally:
        file.write_text(original, encoding="utf-8")


def _first_failure(tests: str) -> str | None:
    command = [sys.executable, "-m", "dev.run", "--", "pytest", "-q", "-x", "--tb=no", "-n", "2"]
    run = subprocess.run(
        [*command, "-p", "no:cacheprovider", tests],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if not run.returncode:
        return None
    found = _FAILED.search(run.stdout)
    if found is None:
        raise SystemExit(f"{tests} did not run:\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    return found.group(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
