"""Measure the ledger's hold on a private PostgreSQL with default durability.

    python -m dev.bench [--seconds 2] [--rounds 3] [--clients 1 8]

Prints holds a second beside two yardsticks in the same run: the least the database has to do for
it, and the way it is usually done with an ORM. Only the ratios mean something on another machine.
"""

import subprocess
import sys

from dev.paths import ROOT


def main() -> int:
    """Run the measurement with a database around it; returns its exit status."""
    command = [sys.executable, "-m", "dev.run", "--durable", "--", sys.executable]
    return subprocess.run(
        [*command, "-m", "dev.bench.measure", *sys.argv[1:]], cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
