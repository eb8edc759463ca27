"""Telling what happens while it happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

from saleor_program_budgets.simulation.world import cents

if TYPE_CHECKING:
    from saleor_program_budgets.simulation.options import Plan
    from saleor_program_budgets.simulation.trading.supervision import Counts

LINE_EVERY_SECONDS = 5.0
CLEAR = "\r\x1b[K"


class Progress:
    """One line that changes on a terminal; elsewhere a line every few seconds."""

    def __init__(self, plan: Plan, stream: TextIO) -> None:
        self._plan = plan
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._next = time.monotonic() + LINE_EVERY_SECONDS

    def __call__(self, counts: Counts) -> None:
        """Show how far things are."""
        if self._is_terminal:
            self._stream.write(f"{CLEAR}{said(self._plan, counts)}")
            self._stream.flush()
        elif time.monotonic() >= self._next:
            self._next += LINE_EVERY_SECONDS
            self._stream.write(f"{said(self._plan, counts)}\n")
            self._stream.flush()

    def end(self) -> None:
        """Leave nothing behind on a terminal."""
        if self._is_terminal:
            self._stream.write(CLEAR)
            self._stream.flush()


def said(plan: Plan, counts: Counts) -> str:
    """Put what has happened into one line."""
    of_seconds = f"/{plan.seconds:g}" if plan.seconds is not None else ""
    parts = [
        f"{counts.seconds:.0f}{of_seconds} s",
        f"{counts.orders} orders",
        f"{counts.orders / max(counts.seconds, 0.1):.0f}/s",
        f"{counts.refused.total()} refused",
    ]
    if plan.faults:
        parts.append(f"{counts.faults.total()} faults")
    parts.append(f"overspent {cents(counts.overspent).to_decimal():,}")
    return "  ·  ".join(parts)
