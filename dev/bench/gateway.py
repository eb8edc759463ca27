"""Time transactionInitialize through this gateway beside Saleor's own gift-card gateway.

    python -m dev.bench.gateway

The measurement is tests/host/bench_gateway.py: it needs the host ring's fixtures. Saleor has the
gift-card gateway since 3.23.
"""

import subprocess
import sys

from dev.paths import ROOT


def main() -> int:
    """Run the measurement with Saleor's migrated database around it; returns its exit status."""
    command = [sys.executable, "-m", "dev.run", "--ring", "host", "--durable", "--"]
    arguments = ["pytest", "-q", "-s", "-o", "python_files=bench_*.py"]
    arguments += ["-o", "python_functions=measure_*", "tests/host/bench_gateway.py"]
    return subprocess.run([*command, *arguments], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
