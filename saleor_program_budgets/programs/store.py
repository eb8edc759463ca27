"""Which program, if any, a channel is the store of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import FilteredRelation, Q

from saleor_program_budgets import periods
from saleor_program_budgets.errors import ProgramClosed
from saleor_program_budgets.models import Program, ProgramChannel
from saleor_program_budgets.programs import calendar, cycles

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from saleor_program_budgets.models import Cycle


@dataclass(frozen=True, slots=True)
class Store:
    """A program as a channel's shoppers meet it: its rules and its open cycle."""

    program: Program
    cycle: Cycle | None

    def refusal_at(self, instant: datetime) -> ProgramClosed | None:
        """Return why no new purchase is taken at *instant*, or ``None`` when it is."""
        program = self.program
        if (
            program.status == Program.Status.OPEN
            and self.cycle is not None
            and (instant < self.cycle.ends_at or self._goes_on())
            and periods.is_open(instant, opens_at=program.opens_at, closes_at=program.closes_at)
        ):
            return None
        is_early = program.opens_at is not None and instant < program.opens_at
        return ProgramClosed(opens_at=program.opens_at if is_early else None)

    def _goes_on(self) -> bool:
        """Say whether a cycle follows: then its end, turned or not yet, closes nothing."""
        return (
            self.cycle is not None
            and calendar.following_period(program=self.program, cycle=self.cycle) is not None
        )

    def turned(self, *, at: datetime) -> Store:
        """Return the store as it is once the cycles that are over at *at* have been turned."""
        if self.cycle is None or at < self.cycle.ends_at:
            return self
        return Store(self.program, cycles.turn_due(program=self.program, at=at))


def find_store(*, channel_id: str, using: str | None = None) -> Store | None:
    """Return the channel's store; ``None`` for a channel that trades without budgets."""
    return find_stores(channel_ids=[channel_id], using=using).get(channel_id)


def find_stores(*, channel_ids: Iterable[str], using: str | None = None) -> dict[str, Store]:
    """Return the stores among the channels, by channel id, in one query.

    A draft program has no store yet. A closed one still has: it refuses every order until the
    channel is taken off the program.
    """
    rows = (
        ProgramChannel.objects.using(using)
        .filter(channel_id__in=channel_ids)
        .exclude(program__status=Program.Status.DRAFT)
        .annotate(
            open_cycle=FilteredRelation(
                "program__cycles", condition=Q(program__cycles__closed_at=None)
            )
        )
        .select_related("program", "open_cycle")  # type: ignore[misc] # known by annotate()
    )
    # Without an open cycle Django leaves the attribute out.
    return {row.channel_id: Store(row.program, getattr(row, "open_cycle", None)) for row in rows}
