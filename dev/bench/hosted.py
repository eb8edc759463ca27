"""Measure inside a real Saleor, beside what it does itself.

    python -m dev.bench.hosted [gateway] [discounts] [guessing] [roster]

Each is a file tests/host/bench_….py, since it needs the host ring's fixtures: `gateway` times
transactionInitialize beside Saleor's own gift-card gateway (which it has since 3.23), `discounts`
100,000 codes with Saleor's rows and the promo-code box, `guessing` what a thief can tell by time,
`roster` files of 84,000 people with Saleor's own users.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence

from dev.paths import ROOT

SUBJECTS = ("gateway", "discounts", "guessing", "roster")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the measurements with Saleor's migrated database around; returns their exit status."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench.hosted", description=__doc__)
    parser.add_argument("subjects", nargs="*", choices=SUBJECTS, default=SUBJECTS)
    chosen = parser.parse_args(arguments).subjects
    command = [sys.executable, "-m", "dev.run", "--ring", "host", "--durable", "--"]
    command += ["pytest", "-q", "-s", "-o", "python_files=bench_*.py"]
    command += ["-o", "python_functions=measure_*"]
    files = [f"tests/host/bench_{subject}.py" for subject in chosen]
    return subprocess.run([*command, *files], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
