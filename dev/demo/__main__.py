"""Show a day of trading: in a running Saleor, or against the core alone where there is none.

    python -m dev.demo

SALEOR_ROOT names Saleor's checkout. With ONCE set it ends by itself, else it stays up until Ctrl-C.
"""

import subprocess
import sys

from dev.environment import python_for
from dev.paths import ROOT, SALEOR_ROOT
from dev.saleor import Checkout
from dev.templates import say

_CORE = ("--durable", "--", "python", "-m", "saleor_program_budgets.simulation")
_SALEOR = (
    *("--ring", "host", "--settings", "saleor.settings", "--durable", "--"),
    *("python", "-m", "dev.demo.play"),
)


def main() -> int:
    """Choose the stage and play; returns the exit status, which is 0 if all went as claimed."""
    checkout = Checkout(SALEOR_ROOT)
    if checkout.exists:
        say(f"A day at Acme Corp, in Saleor {checkout.version}")
        return _run(str(python_for(checkout)), *_SALEOR)
    say(
        f"No Saleor at {SALEOR_ROOT}: the same day is played against the core alone.\n"
        f"To see it in a Saleor: SALEOR_ROOT=/path/to/saleor make demo"
    )
    return _run(sys.executable, *_CORE)


def _run(python: str, *arguments: str) -> int:
    with subprocess.Popen([python, "-m", "dev.run", *arguments], cwd=ROOT) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # the terminal sent it to all of us; who is below stops its servers


if __name__ == "__main__":
    sys.exit(main())
