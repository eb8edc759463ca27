"""Half-open periods ``[starts_at, ends_at)`` and the calendar they are cut from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta


@dataclass(frozen=True, slots=True)
class Period:
    """Instants from *starts_at*, included, to *ends_at*, excluded."""

    starts_at: datetime
    ends_at: datetime

    def __contains__(self, instant: datetime) -> bool:
        """Say whether *instant* lies in the period; its end doesn't."""
        return self.starts_at <= instant < self.ends_at


def year_from(starts_at: datetime, *, time_zone: str) -> Period:
    """Return the year that begins at *starts_at* on the wall clock of *time_zone*.

    29 February clamps to 28 February in a year that has no 29th.
    """
    local = starts_at.astimezone(ZoneInfo(time_zone))
    ends_local = local.replace(tzinfo=None) + relativedelta(years=1)
    return Period(starts_at, ends_local.replace(tzinfo=ZoneInfo(time_zone)))


def days_after(instant: datetime, *, days: int, time_zone: str) -> datetime:
    """Return the same time of day *days* later on the wall clock of *time_zone*."""
    local = instant.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
    return (local + timedelta(days=days)).replace(tzinfo=ZoneInfo(time_zone))


def is_open(instant: datetime, *, opens_at: datetime | None, closes_at: datetime | None) -> bool:
    """Say whether *instant* lies in ``[opens_at, closes_at)``; ``None`` is unbounded."""
    return (opens_at is None or opens_at <= instant) and (closes_at is None or instant < closes_at)
