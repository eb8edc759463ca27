"""The clock of the year: what is to happen, by the instant."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class Agenda:
    """Acts in the order of their instants; at the same one, what was entered first goes first."""

    def __init__(self, now: datetime) -> None:
        """Start with nothing to do; *now* stands until the first act."""
        self.now = now
        self._acts: list[tuple[datetime, int, Callable[[], object]]] = []
        self._numbers = count()

    def enter(self, at: datetime, act: Callable[[], object]) -> None:
        """Have *act* happen at *at*, or at once where that has passed."""
        heappush(self._acts, (max(at, self.now), next(self._numbers), act))

    def run(self, *, until: datetime) -> None:
        """Let everything happen that is due before *until*, and whatever that leads to."""
        while self._acts and self._acts[0][0] < until:
            self.now, _, act = heappop(self._acts)
            act()
        self.now = until
