"""Run every check that isn't a test, and say how long each took.

All of them run, also after one has failed: one round shows everything that is to be repaired.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.environment import python_for
from dev.paths import ROOT, SALEOR_ROOT
from dev.saleor import Checkout


@dataclass(frozen=True, slots=True)
class Step:
    """A command, and the name it goes by in the summary."""

    name: str
    command: Sequence[str]


def main() -> int:
    """Run all steps; returns 1 if any failed."""
    results = [(step, *_timed(step)) for step in _steps(Checkout(SALEOR_ROOT))]
    width = max(len(step.name) for step, *_ in results)
    for step, passed, seconds in results:
        print(f"{step.name:<{width}}  {'ok' if passed else 'FAILED':<6}  {seconds:6.1f} s")
    return 0 if all(passed for _, passed, _ in results) else 1


def _steps(checkout: Checkout) -> list[Step]:
    python = sys.executable
    steps = [
        Step("lint", [python, "-m", "ruff", "check", "."]),
        Step("format", [python, "-m", "ruff", "format", "--check", "."]),
        Step("types", [python, "-m", "mypy"]),
        Step("layers", [str(Path(python).with_name("lint-imports"))]),
        Step("pages", [python, "-m", "dev.web", "--check"]),
        Step("migrations of the core", _missing_migrations(python, "core")),
    ]
    if checkout.exists:
        host = str(python_for(checkout))
        steps += [
            Step(f"migrations in Saleor {checkout.version}", _missing_migrations(host, "host")),
            Step("schema", [python, "-m", "dev.schema", "--check"]),
        ]
    return steps


def _missing_migrations(python: str, ring: str) -> list[str]:
    check = ["python", "-m", "django", "makemigrations", "--check", "--dry-run", "program_budgets"]
    return [python, "-m", "dev.run", "--ring", ring, "--", *check]


def _timed(step: Step) -> tuple[bool, float]:
    print(f"== {step.name}", flush=True)
    began = time.monotonic()
    finished = subprocess.run(step.command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL)
    return finished.returncode == 0, time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
