"""Letting a program's cycle end in a test: its dates are moved, and nothing is renewed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from saleor_program_budgets import periods
from saleor_program_budgets.models import Cycle, Limit, Lot, Program

if TYPE_CHECKING:
    from tests.host.support.shop import ProgramStore


def end_cycle(store: ProgramStore, *, ago: timedelta = timedelta(minutes=1)) -> datetime:
    """Let the open cycle of a year have ended some time *ago*; returns the instant."""
    program, boundary = store.program, timezone.now() - ago
    cycle = program.cycles.get(closed_at=None)
    start = periods.months_after(boundary, months=-12, time_zone=program.time_zone)
    old = {"starts_at": cycle.starts_at, "ends_at": cycle.ends_at}
    Cycle.objects.filter(pk=cycle.pk).update(starts_at=start, ends_at=boundary)
    Lot.objects.filter(cycle=cycle, starts_at=old["starts_at"]).update(starts_at=start)
    Lot.objects.filter(cycle=cycle, expires_at=old["ends_at"]).update(expires_at=boundary)
    Limit.objects.filter(program=program, renews_at=old["ends_at"]).update(renews_at=boundary)
    Program.objects.filter(pk=program.pk).update(cycle_anchor=start)
    program.refresh_from_db()
    return boundary
