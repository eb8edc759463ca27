"""Half-open periods ``[starts_at, ends_at)`` and the calendar they are cut from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
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


def months_after(anchor: datetime, *, months: int, time_zone: str) -> datetime:
    """Return the same time of day *months* after *anchor* on the wall clock of *time_zone*.

    A day that the month hasn't clamps to its last: 31 January is followed by 28 or 29 February,
    and two months after 31 January is 31 March.
    """
    local = anchor.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
    return (local + relativedelta(months=months)).replace(tzinfo=ZoneInfo(time_zone))


def period_around(instant: datetime, *, anchor: datetime, months: int, time_zone: str) -> Period:
    """Return the period *instant* lies in, of those *months* long that are cut from *anchor*."""
    here = instant.astimezone(ZoneInfo(time_zone))
    there = anchor.astimezone(ZoneInfo(time_zone))
    number = ((here.year - there.year) * 12 + here.month - there.month) // months
    while months_after(anchor, months=number * months, time_zone=time_zone) > instant:
        number -= 1
    while months_after(anchor, months=(number + 1) * months, time_zone=time_zone) <= instant:
        number += 1
    return Period(
        months_after(anchor, months=number * months, time_zone=time_zone),
        months_after(anchor, months=(number + 1) * months, time_zone=time_zone),
    )


def days_left(period: Period, instant: datetime, *, time_zone: str) -> Fraction:
    """Return the share of *period*'s days that are left at *instant*, its own day included."""
    zone = ZoneInfo(time_zone)
    first, today, end = (
        day.astimezone(zone).date() for day in (period.starts_at, instant, period.ends_at)
    )
    days = max((end - first).days, 1)
    return Fraction(min(max((end - today).days, 0), days), days)


def months_left(period: Period, instant: datetime, *, time_zone: str) -> Fraction:
    """Return the share of *period*'s months that are left at *instant*, the one begun included."""

    def starts(number: int) -> datetime:
        return months_after(period.starts_at, months=number, time_zone=time_zone)

    months = begun = 1
    while starts(months) < period.ends_at:
        months += 1
    while begun < months and starts(begun) <= instant:
        begun += 1
    return Fraction(months - begun + 1, months)


def days_after(instant: datetime, *, days: int, time_zone: str) -> datetime:
    """Return the same time of day *days* later on the wall clock of *time_zone*."""
    local = instant.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
    return (local + timedelta(days=days)).replace(tzinfo=ZoneInfo(time_zone))


def is_open(instant: datetime, *, opens_at: datetime | None, closes_at: datetime | None) -> bool:
    """Say whether *instant* lies in ``[opens_at, closes_at)``; ``None`` is unbounded."""
    return (opens_at is None or opens_at <= instant) and (closes_at is None or instant < closes_at)
