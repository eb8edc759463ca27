"""Measure the ledger on a private PostgreSQL with default durability.

    python -m dev.bench [hot] [crumbs] [closing] [codes] [figures] [people] [reads] [size] [weight]
                        [--quick] [--markdown] [--output docs/benchmarks.md] [--entries 10000000] …

Without a section all are measured. docs/benchmarks.md says what each shows. Only ratios mean
something on another machine.
"""

import subprocess
import sys

from dev.bench import options
from dev.paths import ROOT


def main() -> int:
    """Run the measurement with a database around it; returns its exit status."""
    options.parse(sys.argv[1:])  # say what is wrong before a server is started
    command = [sys.executable, "-m", "dev.run", "--durable", "--", sys.executable]
    return subprocess.run(
        [*command, "-m", "dev.bench.command", *sys.argv[1:]], cwd=ROOT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
