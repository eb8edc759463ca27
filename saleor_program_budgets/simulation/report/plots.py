"""The report's plots, as SVG that takes its colours from the page around it.

Drawn with matplotlib, which is an optional extra: it writes plain SVG, so that the page needs no
script and no network, and prints.
"""

from __future__ import annotations

import re
from collections import defaultdict
from io import StringIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from saleor_program_budgets.simulation.options import Fault
from saleor_program_budgets.simulation.report.figures import percentile
from saleor_program_budgets.simulation.world import cents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from saleor_program_budgets.simulation.report.figures import Figures
    from saleor_program_budgets.simulation.trading.supervision import Traded
    from saleor_program_budgets.simulation.world import CapFigures

MOST_BINS, FINEST_BIN_SECONDS = 60, 0.5
MOST_CAPS = 8
WIDTH = 9.2
MILLISECONDS = 1_000
#: Stand-ins that no plot uses otherwise; each becomes a colour of the page, light or dark.
INK, MUTED, LINE = "#010101", "#020202", "#030303"
SERIES = ("#040404", "#050505", "#060606", "#070707", "#080808")
VARIABLES: Mapping[str, str] = {
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    **{stand_in: f"--series-{place}" for place, stand_in in enumerate(SERIES, start=1)},
}
STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": LINE,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "font.size": 9,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.labelcolor": MUTED,
    "svg.fonttype": "none",  # text stays text: it can be read, searched and scaled
    "text.color": INK,
    "xtick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.color": LINE,
    "ytick.labelcolor": MUTED,
    "ytick.left": False,
}


def throughput(found: Figures) -> str:
    """Draw orders a second over time, and under it each fault where it struck."""
    lanes = [fault for fault in Fault if any(struck.fault is fault for struck in found.faults)]
    with mpl.rc_context(STYLE):
        heights = [2.4, 0.4 + 0.2 * len(lanes)] if lanes else [2.4]
        figure = _figure(sum(heights))
        axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[
            :, 0
        ]
        edges, width = _bins(found.seconds)
        rates = [number / width for number in _histogram(found.orders_at, edges)]
        axes[0].stairs(rates, edges, fill=True, color=SERIES[0], alpha=0.18)
        axes[0].stairs(rates, edges, color=SERIES[0], linewidth=1.6)
        axes[0].set_ylabel("orders a second")
        axes[0].set_xlim(0, found.seconds)
        axes[0].set_ylim(bottom=0)
        for struck in found.faults:
            if struck.fault is Fault.RESTART:
                axes[0].axvline(struck.at, color=SERIES[3], linewidth=1.2, linestyle="--")
        if lanes:
            _draw_lanes(axes[1], found, lanes)
        axes[-1].set_xlabel("seconds of trading")
        return _svg(figure, "throughput")


def latency(found: Figures) -> str:
    """Draw how long each operation took: the middle half, and from the 1st to the 99th percent."""
    names = sorted(found.latencies, key=lambda name: len(found.latencies[name]))
    with mpl.rc_context(STYLE):
        figure = _figure(0.7 + 0.3 * len(names))
        axes = figure.subplots()
        for place, name in enumerate(names):
            taken = [seconds * MILLISECONDS for seconds in found.latencies[name]]
            low, first, middle, third, high = (
                percentile(taken, share) for share in (0.01, 0.25, 0.5, 0.75, 0.99)
            )
            axes.plot([low, high], [place, place], color=SERIES[0], linewidth=1.2)
            axes.plot(
                [first, third],
                [place, place],
                color=SERIES[0],
                linewidth=9,
                alpha=0.45,
                solid_capstyle="butt",
            )
            axes.plot([middle], [place], marker="o", markersize=5, color=SERIES[0])
            axes.plot([max(taken)], [place], marker="|", markersize=8, color=MUTED)
        axes.set_yticks(range(len(names)), names)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.set_xlabel("milliseconds, from asking to the answer, with all attempts")
        axes.grid(visible=False, axis="y")
        return _svg(figure, "latency")


def refusals(found: Figures) -> str:
    """Draw how many purchases were refused, by reason, over time."""
    codes = sorted(found.refused_at, key=lambda code: -len(found.refused_at[code]))
    with mpl.rc_context(STYLE):
        figure = _figure(2.6)
        axes = figure.subplots()
        edges, width = _bins(found.seconds)
        below = [0.0] * (len(edges) - 1)
        for place, code in enumerate(codes):
            rates = [number / width for number in _histogram(found.refused_at[code], edges)]
            axes.bar(
                edges[:-1],
                rates,
                width=width * 0.86,
                bottom=below,
                align="edge",
                color=SERIES[place % len(SERIES)],
                label=code,
            )
            below = [sum(pair) for pair in zip(below, rates, strict=True)]
        axes.set_xlim(0, found.seconds)
        axes.set_ylim(0, max(below, default=0.0) * 1.1 or 1.0)
        axes.set_ylabel("refusals a second")
        axes.set_xlabel("seconds of trading")
        if codes:
            _legend(axes, len(codes))
        return _svg(figure, "refusals")


def caps(traded: Traded) -> str:
    """Draw what of each cap was used over time, under its ceiling; the most used caps first."""
    lines: dict[str, list[tuple[float, CapFigures]]] = defaultdict(list)
    for sample in traded.samples:
        for cap in sample.caps:
            lines[cap.account].append((sample.at - traded.began, cap))
    names = sorted(lines, key=lambda name: -_fullness(lines[name]))[:MOST_CAPS]
    rows = (len(names) + 1) // 2
    with mpl.rc_context(STYLE):
        figure = _figure(0.3 + 1.7 * rows)
        grid = figure.subplots(rows, 2, squeeze=False, sharex=True).ravel()
        for axes, name in zip(grid, names, strict=False):
            _draw_cap(axes, name, lines[name])
        for axes in grid[len(names) :]:
            axes.set_visible(False)
        if names:
            handles, labels = grid[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper left", ncols=2)
        figure.supxlabel("seconds of trading", color=MUTED, fontsize=9)
        return _svg(figure, "caps")


def _draw_lanes(axes: Axes, found: Figures, lanes: Sequence[Fault]) -> None:
    for place, fault in enumerate(lanes):
        times = [struck.at for struck in found.faults if struck.fault is fault]
        axes.plot(
            times,
            [place] * len(times),
            linestyle="none",
            marker="|",
            markersize=8,
            color=SERIES[3] if fault is Fault.RESTART else MUTED,
        )
    axes.set_yticks(range(len(lanes)), list(lanes))
    axes.set_ylim(len(lanes) - 0.4, -0.6)


def _draw_cap(axes: Axes, name: str, line: Sequence[tuple[float, CapFigures]]) -> None:
    times = [at for at, _ in line]
    used = [float(cents(cap.used).to_decimal()) for _, cap in line]
    ceilings = [float(cents(cap.ceiling).to_decimal()) for _, cap in line]
    axes.fill_between(times, used, step="post", alpha=0.3, color=SERIES[0])
    axes.step(times, used, where="post", color=SERIES[0], linewidth=1.4, label="held and spent")
    axes.step(times, ceilings, where="post", color=SERIES[3], linewidth=1.4, label="ceiling")
    axes.set_title(name, loc="left", fontsize=9, color=INK)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


def _fullness(line: Sequence[tuple[float, CapFigures]]) -> float:
    return max(cap.used / max(cap.ceiling, 1) for _, cap in line)


def _figure(height: float) -> Figure:
    return Figure(figsize=(WIDTH, height), layout="constrained")


def _legend(axes: Axes, columns: int) -> None:
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.08), ncols=columns, borderaxespad=0)


def _bins(seconds: float) -> tuple[list[float], float]:
    number = min(max(round(seconds / FINEST_BIN_SECONDS), 1), MOST_BINS)
    width = seconds / number
    return [width * place for place in range(number + 1)], width


def _histogram(times: Sequence[float], edges: Sequence[float]) -> list[int]:
    numbers = [0] * (len(edges) - 1)
    width = edges[1] - edges[0]
    for at in times:
        numbers[min(max(int(at / width), 0), len(numbers) - 1)] += 1
    return numbers


def _svg(figure: Figure, name: str) -> str:
    """Write the figure as an element to stand in a page, its ids unlike any other plot's."""
    text = StringIO()
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    svg = text.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'(<svg [^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg [^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'id="((?:figure|axes|patch|text|line2d|matplotlib|xtick|ytick)[^"]*)"', "", svg)
    for stand_in, variable in VARIABLES.items():
        svg = svg.replace(stand_in, f"var({variable})")
    return svg
