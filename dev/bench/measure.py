"""The measurement itself; started by `dev.bench` with a database around it."""

import argparse
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connection

django.setup()

from dev.bench import crowd, scene, workloads  # noqa: E402 models need the set-up
from dev.bench.crowd import Run  # noqa: E402
from saleor_program_budgets import ledger  # noqa: E402
from saleor_program_budgets.simulation.report import table  # noqa: E402

_CLIENTS = (1, 8)
_MILLISECONDS = 1_000
_SHOWN_SETTINGS = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the command line says; returns 1 if the books don't balance afterwards."""
    options = _parse(arguments)
    call_command("migrate", verbosity=0, interactive=False)
    stage = scene.build(clients=max(options.clients))
    runs: dict[tuple[str, int], list[Run]] = {}
    for number in range(1, options.rounds + 1):
        print(f"Round {number} of {options.rounds}…", flush=True)
        for clients in options.clients:
            for workload in workloads.ALL:
                run = crowd.measure(workload, stage, clients=clients, seconds=options.seconds)
                runs.setdefault((workload.name, clients), []).append(run)
    print(f"\n{_results({key: _typical(repeated) for key, repeated in runs.items()})}\n")
    print(f"Each line is the middle one of {options.rounds} rounds of {options.seconds:g} s.")
    print(_machine())
    verification = ledger.verify()
    print(
        f"verify: {verification.postings} postings: "
        f"{'all agree' if verification.is_clean else 'THEY DIFFER'}"
    )
    return 0 if verification.is_clean else 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="per line and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, nargs="+", default=list(_CLIENTS))
    return parser.parse_args(arguments)


def _typical(repeated: Sequence[Run]) -> Run:
    return sorted(repeated, key=lambda run: run.per_second)[len(repeated) // 2]


def _results(runs: Mapping[tuple[str, int], Run]) -> str:
    heading = ["purchase", "clients", "per second", "median ms", "99 % ms", "of bare", "of ORM"]
    lines = []
    for (name, clients), run in runs.items():
        yardsticks = [runs[yard.name, clients] for yard in (workloads.BARE, workloads.ORM)]
        lines.append(
            [
                name,
                str(clients),
                f"{run.per_second:,.0f}",
                *(f"{value * _MILLISECONDS:.2f}" for value in (run.median, run.percentile_99)),
                *(f"{run.per_second / yardstick.per_second:.2f}" for yardstick in yardsticks),
            ]
        )
    return table(heading, lines, right=set(range(1, 7)))


def _machine() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        (version,) = cursor.fetchone()
        cursor.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s)",
            [list(_SHOWN_SETTINGS)],
        )
        settings = ", ".join(f"{name} {value}" for name, value in cursor.fetchall())
    return (
        f"{os.cpu_count()} cores ({_processor()}), Python {platform.python_version()}, "
        f"PostgreSQL {version}: {settings}."
    )


def _processor() -> str:
    """The processor's name where the system says it."""
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
