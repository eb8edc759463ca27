"""What a board shows as a flat table, for CSV."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING

from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from saleor_program_budgets.figures.board import Board
    from saleor_program_budgets.figures.lines import Line

COLUMNS = (
    "account",
    "unit",
    "allocated",
    "held",
    "redeemed",
    "remaining",
    "cap",
    "cap_available",
    "overhang",
    "coverage_ratio",
    "burn_rate_per_day",
    "runs_out_at",
    "active_members",
    "spenders",
    "redemptions",
    "refusals",
    "overspent",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(board: Board) -> str:
    """Return the accounts shown, and the total last, as CSV with a heading.

    A name that a spreadsheet would take for a formula is preceded by an apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(flat_rows(board))
    return text.getvalue()


def flat_rows(board: Board) -> Iterator[tuple[str, ...]]:
    """Yield one row for each account and unit, and one for each unit in total."""
    for row in board.rows:
        for line in row.lines:
            yield _flat(_harmless(row.place.name), line)
    for line in board.totals:
        yield _flat("", line)


def _flat(name: str, line: Line) -> tuple[str, ...]:
    sums = line.sums
    cap = min(line.caps, key=lambda cap: cap.available, default=None)
    ratio = cap.coverage_ratio if cap else None
    return (
        name,
        line.unit,
        _money(sums.allocated, line.unit),
        _money(sums.held, line.unit),
        _money(sums.redeemed_in_cycle, line.unit),
        _money(sums.remaining, line.unit),
        _money(cap.ceiling, line.unit) if cap else "",
        _money(cap.available, line.unit) if cap else "",
        _money(cap.overhang, line.unit) if cap else "",
        f"{ratio:.4f}" if ratio is not None else "",
        _money(round(sums.burn_rate), line.unit),
        line.runs_out_at.date().isoformat() if line.runs_out_at else "",
        str(sums.members),
        str(sums.spenders),
        str(sums.redemptions),
        str(sums.refusals),
        _money(line.overspent, line.unit),
    )


def _money(minor: int, unit: str) -> str:
    value: Decimal = Amount(minor, unit).to_decimal()
    return f"{value}"


def _harmless(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULA) else name
