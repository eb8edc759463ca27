"""Show a day of trading: in a running Saleor, or against the core alone where there is none.

    python -m dev.demo

SALEOR_ROOT names Saleor's checkout. With ONCE set it ends by itself, else it stays up until Ctrl-C.
"""

import os
import sys
from typing import Never

from dev.environment import python_for
from dev.paths import ROOT, SALEOR_ROOT
from dev.saleor import Checkout
from dev.templates import say

_CORE = ("--durable", "--", "python", "-m", "saleor_program_budgets.simulation")
_SALEOR = (
    *("--ring", "host", "--settings", "saleor.settings", "--durable", "--"),
    *("python", "-m", "dev.demo.play"),
)


def main() -> Never:
    """Choose the stage and play; the exit status is 0 if all went as claimed."""
    checkout = Checkout(SALEOR_ROOT)
    if checkout.exists:
        say(f"A day at Acme Corp, in Saleor {checkout.version}")
        _become(str(python_for(checkout)), *_SALEOR)
    say(
        f"No Saleor at {SALEOR_ROOT}: the same day is played against the core alone.\n"
        f"To see it in a Saleor: SALEOR_ROOT=/path/to/saleor make demo"
    )
    _become(sys.executable, *_CORE)


def _become(python: str, *arguments: str) -> Never:
    """Run `dev.run` in our place: signals meant for the demo then reach what stops its servers."""
    os.chdir(ROOT)
    os.execv(python, [python, "-m", "dev.run", *arguments])  # noqa: S606


if __name__ == "__main__":
    main()
