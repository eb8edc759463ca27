"""The report as one HTML file that needs nothing but itself."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from django.template import Context, Engine

from saleor_program_budgets.simulation import databases
from saleor_program_budgets.simulation.audit.auditor import summary
from saleor_program_budgets.simulation.options import Unfit
from saleor_program_budgets.simulation.report import text
from saleor_program_budgets.simulation.world import cents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from saleor_program_budgets.simulation.day import Day, Trading

TEMPLATE = "page.html"


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing, and what there is to see on it."""

    title: str
    caption: str
    svg: str


@dataclass(frozen=True, slots=True)
class Table:
    """Lines under a heading; the columns in ``right`` hold numbers."""

    title: str
    caption: str
    heading: Sequence[str]
    lines: Sequence[Sequence[str]]
    right: frozenset[int] = frozenset()


def require_plots() -> None:
    """Raise ``Unfit`` if what draws the plots isn't installed."""
    if find_spec("matplotlib") is None:
        raise Unfit(
            "the page's plots need matplotlib: pip install 'saleor-program-budgets[simulation]'"
        )


def write(path: Path, day: Day, *, at: datetime) -> None:
    """Write the report on *day*, which ended at *at*; raises ``Unfit`` if nobody came to trade."""
    if day.trading is None:
        raise Unfit("nobody came to trade: there is nothing for --html to show")
    context = {
        "plan": day.trading.plan,
        "when": f"{at:%d %B %Y, %H:%M} UTC",
        "about": _about(day.trading),
        "verdict": _verdict(day),
        "tone": "good" if day.is_proven else "bad",
        "tiles": list(_tiles(day, day.trading)),
        "plots": list(_plots(day.trading)),
        "tables": list(_tables(day, day.trading)),
    }
    engine = Engine(dirs=[str(Path(__file__).parent)])
    path.write_text(engine.get_template(TEMPLATE).render(Context(context)), encoding="utf-8")


def _verdict(day: Day) -> str:
    if day.is_proven:
        return "Nothing overspent; clients were told the truth; the books agree with the journal."
    return "NOT PROVEN: see what differs below."


def _about(trading: Trading) -> str:
    plan = trading.plan
    return (
        f"{plan.members} members in {plan.departments} departments, {plan.clients} clients, "
        f"seed {plan.seed}. Python {platform.python_version()}, PostgreSQL "
        f"{databases.show('server_version')}, {os.cpu_count()} cores."
    )


def _tiles(day: Day, trading: Trading) -> Iterator[tuple[str, str]]:
    found = trading.figures
    yield "orders", f"{found.orders:,}"
    yield "orders a second", f"{found.orders / found.seconds:,.1f}"
    yield "refused", f"{sum(map(len, found.refused_at.values())):,}"
    yield "faults", f"{len(found.faults):,}"
    yield "overspent", f"{cents(day.overspent).to_decimal():,}"
    yield "audit", "as told" if trading.is_clean else "DIFFERS"
    yield "verify", "clean" if day.verification.is_clean else "DIFFERS"


def _plots(trading: Trading) -> Iterator[Plot]:
    # An optional extra: whoever wants no page needs no matplotlib.
    from saleor_program_budgets.simulation.report import plots  # noqa: PLC0415

    found = trading.figures
    yield Plot(
        "Throughput",
        "Orders captured a second; below, each fault where it struck. A dashed line is a crash of "
        "the server.",
        plots.throughput(found),
    )
    yield Plot(
        "Latency by operation",
        "The bar is the middle half with the median as a dot, the line runs from the 1st to the "
        "99th percent, the tick is the longest. Attempts that had to be repeated are included.",
        plots.latency(found),
    )
    yield Plot("Refusals", "Purchases refused a second, by reason.", plots.refusals(found))
    yield Plot(
        "Caps",
        "What is held and spent under each cap, and its ceiling. A ceiling lowered below what is "
        "used leaves it as it is, and lets nothing new pass.",
        plots.caps(trading.traded),
    )


def _tables(day: Day, trading: Trading) -> Iterator[Table]:
    found = trading.figures
    yield Table(
        "Operations",
        "As clients saw them, all attempts included.",
        text.LATENCY_HEADING,
        text.latencies(found),
        frozenset(range(1, 7)),
    )
    refused = sorted(found.refused_at.items(), key=lambda item: -len(item[1]))
    yield Table(
        "Refusals",
        "By the rule that bound.",
        ["reason", "requests"],
        [[code, str(len(times))] for code, times in refused],
        frozenset({1}),
    )
    if found.faults:
        yield Table(
            "Faults",
            text.seen(found) or "No client saw an attempt fail.",
            ["fault", "times", "how it ended"],
            [[fault, str(number), ending] for fault, number, ending in found.endings()],
            frozenset({1}),
        )
    yield Table(
        "Audit",
        "What clients were told, compared with the journal row by row.",
        ["check", "compared", "different"],
        [[check, f"{number:,}", str(wrong)] for check, number, wrong in summary(trading.audit)],
        frozenset({1, 2}),
    )
    wrong = [str(finding) for finding in trading.audit.findings]
    wrong += [str(difference) for difference in day.verification.differences]
    wrong += trading.traded.counts.failures
    yield Table(
        "Verify",
        text.proof(day.verification).splitlines()[0],
        ["what differs"],
        [[line] for line in wrong] or [["nothing"]],
    )
