"""Dataloaders for cycles: what became of them, and what the end of a period means for members."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import F, Q, Sum
from django.utils import timezone
from saleor.core.db.connection import allow_writer
from saleor.graphql.core.dataloaders import DataLoader

from saleor_program_budgets.models import Cycle, Lot, Member, Rollover
from saleor_program_budgets.money import ITEM
from saleor_program_budgets.programs import Outlook, outlook

if TYPE_CHECKING:
    from collections.abc import Iterable


class CycleFigures(NamedTuple):
    """What all members together were given for a cycle, and what became of it, in minor units."""

    granted: int = 0
    carried_in: int = 0
    spent: int = 0
    lapsed: int = 0
    withdrawn: int = 0
    carried_over: int = 0


class CyclesByProgramIdLoader(DataLoader):
    """All cycles of each program, the newest first."""

    context_key = "program_budgets_cycles_by_program_id"

    def batch_load(self, keys: Iterable[int]) -> list[list[Cycle]]:
        """Load in one query."""
        by_program: defaultdict[int, list[Cycle]] = defaultdict(list)
        cycles = Cycle.objects.using(self.database_connection_name).filter(program_id__in=keys)
        for cycle in cycles.select_related("program").order_by("-number"):
            by_program[cycle.program_id].append(cycle)
        return [by_program[key] for key in keys]


class FiguresByCycleIdLoader(DataLoader):
    """What each cycle came to, from the lots that were granted for it."""

    context_key = "program_budgets_figures_by_cycle_id"

    def batch_load(self, keys: Iterable[int]) -> list[CycleFigures]:
        """Load in two queries; what has lapsed counts from its instant, recorded or not."""
        keys = list(keys)
        left = F("amount") - F("held") - F("spent") - F("lapsed") - F("withdrawn") - F("moved")
        lots = Lot.objects.using(self.database_connection_name).exclude(unit=ITEM).order_by()
        is_new = ~Q(origin__in=[Lot.Origin.CARRY, Lot.Origin.REFUND])
        rows = (
            lots.filter(cycle_id__in=keys)
            .values("cycle_id")
            .annotate(
                granted=Sum("amount", filter=is_new, default=0),
                carried_in=Sum("amount", filter=Q(origin=Lot.Origin.CARRY), default=0),
                used=Sum("spent", default=0),
                gone=Sum("lapsed", default=0)
                + Sum(left, filter=Q(expires_at__lte=timezone.now()), default=0),
                taken=Sum("withdrawn", default=0),
            )
            .values_list("cycle_id", "granted", "carried_in", "used", "gone", "taken")
        )
        carried = dict(
            lots.filter(origin=Lot.Origin.CARRY, source__cycle_id__in=keys)
            .values("source__cycle_id")
            .annotate(total=Sum("amount"))
            .values_list("source__cycle_id", "total")
        )
        found = {
            cycle_id: CycleFigures(*figures)._replace(carried_over=carried.get(cycle_id, 0))
            for cycle_id, *figures in rows
        }
        return [found.get(key, CycleFigures()) for key in keys]


class OutlookByMemberIdLoader(DataLoader):
    """What is coming for each member."""

    context_key = "program_budgets_outlook_by_member_id"

    def batch_load(self, keys: Iterable[int]) -> list[Outlook]:
        """Load in a few queries, and two for each program among the members."""
        keys = list(keys)
        members = Member.objects.using(self.database_connection_name).select_related("program")
        # Terms are read where they are written: a reading for people, and few.
        with allow_writer():
            found = outlook(
                members=list(members.filter(pk__in=keys)),
                at=timezone.now(),
                using=self.database_connection_name,
            )
        return [found[key] for key in keys]


class RolloversByMemberIdLoader(DataLoader):
    """The ends of each member's periods, the newest first; of money."""

    context_key = "program_budgets_rollovers_by_member_id"

    def batch_load(self, keys: Iterable[int]) -> list[list[Rollover]]:
        """Load in one query."""
        by_member: defaultdict[int | None, list[Rollover]] = defaultdict(list)
        rollovers = (
            Rollover.objects.using(self.database_connection_name)
            .filter(limit__member_id__in=keys)
            .exclude(limit__unit=ITEM)
            .select_related("limit")
            .order_by("-ends_at")
        )
        for rollover in rollovers:
            by_member[rollover.limit.member_id].append(rollover)
        return [by_member[key] for key in keys]
