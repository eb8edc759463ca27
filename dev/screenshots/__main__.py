"""Photograph the Dashboard pages, and time the live board.

    python -m dev.screenshots [empty] [normal] [large] [--measure docs/benchmarks.md]

Each page, light and dark: in an empty installation, after the demo's day of trading, and with
84,000 members; there the board is timed too, if asked for. Needs a Saleor and Chromium, and
`make web` to have run.
"""

import subprocess
import sys

from dev.paths import ROOT
from dev.screenshots import options


def main() -> int:
    """Do it with a database around it; returns the exit status."""
    options.parse(sys.argv[1:])  # say what is wrong before a server is started
    around = [sys.executable, "-m", "dev.run", "--ring", "host", "--settings", "saleor.settings"]
    command = [sys.executable, "-m", "dev.screenshots.command", *sys.argv[1:]]
    return subprocess.run([*around, "--durable", "--", *command], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
