"""Many days one after another, each with a seed and a database of its own."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from saleor_program_budgets.simulation import databases, day
from saleor_program_budgets.simulation.report.tables import table
from saleor_program_budgets.simulation.world import cents

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from saleor_program_budgets.simulation.day import Day
    from saleor_program_budgets.simulation.options import Plan
    from saleor_program_budgets.simulation.report.progress import Progress


def play(
    plan: Plan,
    *,
    seeds: int,
    clock: Callable[[], datetime],
    write: Callable[[str], None],
    progress: Progress,
) -> bool:
    """Play the plan with *seeds* seeds from its own on; returns whether all were proven.

    One line a seed; those that fail are named at the end, with the commands that repeat them.
    """
    began = time.monotonic()
    sums: Counter[str] = Counter()
    failed: list[Plan] = []
    for seed in range(plan.seed, plan.seed + seeds):
        one = replace(plan, seed=seed)
        said: list[str] = []
        started = time.monotonic()
        with databases.copied():
            played = day.play(one, clock=clock, write=said.append, progress=progress)
        write(_line(seed, played, time.monotonic() - started))
        if not played.is_proven:
            failed.append(one)
            write("\n".join(said))
        _add(sums, played)
    lines = [[name, f"{number:,}"] for name, number in sums.items()]
    write(f"\n{table([f'{seeds} seeds', 'in all'], lines, right={1})}")
    write(
        f"{seeds - len(failed)} of {seeds} seeds ended in 0.00 overspent, an audit and a verify "
        f"without differences; {time.monotonic() - began:,.0f} s."
    )
    for one in failed:
        write(f"FAILED: seed {one.seed}. Again: {one.command()}")
    return not failed


def _line(seed: int, played: Day, seconds: float) -> str:
    verdict = "ok" if played.is_proven else "FAILED"
    parts = [f"seed {seed:>5}", f"{verdict:<6}", f"{seconds:5.1f} s"]
    if played.trading is not None:
        counts = played.trading.traded.counts
        parts += [
            f"{counts.orders:>4} orders",
            f"{counts.refused.total():>4} refused",
            f"{counts.faults.total():>4} faults",
        ]
    parts.append(f"overspent {cents(played.overspent).to_decimal():,}")
    parts.append("verify clean" if played.verification.is_clean else "VERIFY DIFFERS")
    return "  ".join(parts)


def _add(sums: Counter[str], played: Day) -> None:
    if played.trading is None:
        return
    counts = played.trading.traded.counts
    sums["orders"] += counts.orders
    sums["refusals"] += counts.refused.total()
    for fault, number in sorted(counts.faults.items()):
        sums[f"fault: {fault}"] += number
    sums["attempts without an answer"] += played.trading.figures.errors.total()
    sums["processes replaced"] += played.trading.traded.replaced.total()
    sums["postings verified"] += played.verification.postings
