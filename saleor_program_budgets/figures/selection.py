"""What a board shows: which programs, under which account, of which days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.figures import pace, queries, weeks

if TYPE_CHECKING:
    from collections.abc import Collection

    from saleor_program_budgets.figures.weeks import Weeks

LONGEST_PERIOD_DAYS = 1_100


@dataclass(frozen=True, slots=True)
class ShownProgram:
    """A program, with its open cycle if there is one."""

    id: int
    name: str
    currency: str
    time_zone: str
    cycle_id: int | None
    cycle_number: int | None
    starts_at: datetime | None
    ends_at: datetime | None

    def today(self, at: datetime) -> date:
        """Return the date of *at* where the program is."""
        return at.astimezone(ZoneInfo(self.time_zone)).date()

    @property
    def began_on(self) -> date | None:
        """The first day of the open cycle."""
        return None if self.starts_at is None else self.today(self.starts_at)

    def burns_from(self, at: datetime) -> date:
        """Return the first day over which the pace is taken."""
        return pace.burns_from(today=self.today(at), began_on=self.began_on)

    def burns_from_week(self, at: datetime) -> date | None:
        """Return the week in which the pace's window begins; ``None`` where it is the cycle."""
        monday = pace.window_begins(self.today(at))
        return None if self.began_on is not None and self.began_on >= monday else monday


@dataclass(frozen=True, slots=True)
class Selection:
    """Programs, an account (``None``: the whole tree), a period, an instant.

    ``has_period`` says whether the period was asked for; without one the days are those since the
    open cycles began, and flows are those of the cycles.
    """

    programs: tuple[ShownProgram, ...]
    account_id: int | None
    since: date
    until: date
    has_period: bool
    at: datetime
    version: str

    @property
    def weeks(self) -> Weeks:
        """The period's weeks and single days; none where no period was asked for."""
        return weeks.divide(self.since, self.until) if self.has_period else weeks.NONE

    @property
    def program_ids(self) -> list[int]:
        """The programs' ids."""
        return [program.id for program in self.programs]

    @property
    def cycle_ids(self) -> list[int | None]:
        """The open cycle of each program, in the same order."""
        return [program.cycle_id for program in self.programs]

    @property
    def ends_at(self) -> datetime | None:
        """When the last of the open cycles ends."""
        ends = [program.ends_at for program in self.programs if program.ends_at is not None]
        return max(ends, default=None)


def select(
    *,
    program_ids: Collection[int] | None = None,
    account_id: int | None = None,
    since: date | None = None,
    until: date | None = None,
    at: datetime,
    using: str | None = None,
) -> Selection:
    """Choose programs (``None``: all) and a period, both ends included; one query.

    Raises ``InvalidInput`` for a period that ends before it begins, or is longer than three years.
    """
    given = None if program_ids is None else list(program_ids)
    found = queries.rows("programs", {"programs": given}, using=using)
    shown = tuple(ShownProgram(*row[:8]) for row in found if row[0] is not None)
    first, last = _period(shown, since, until, at)
    return Selection(
        programs=shown,
        account_id=account_id,
        since=first,
        until=last,
        has_period=since is not None or until is not None,
        at=at,
        version=_version(found[0][8], at),
    )


def version(*, at: datetime, using: str | None = None) -> str:
    """Return a value that changes when anything that is shown may have; one small query.

    Compare it, and nothing else: every change of a figure, a cap, an account or a program gives
    another one, and so does each minute, for what ends by time alone.
    """
    [[count]] = queries.rows("version", {}, using=using)
    return _version(count, at)


def _version(count: int, at: datetime) -> str:
    return f"{count}-{int(at.timestamp()) // 60}"


def _period(
    programs: tuple[ShownProgram, ...], since: date | None, until: date | None, at: datetime
) -> tuple[date, date]:
    last = until or max((program.today(at) for program in programs), default=at.date())
    begun = [program.began_on for program in programs if program.began_on is not None]
    usual = min(begun, default=last - timedelta(days=pace.WINDOW_DAYS - 1))
    shortest = last - timedelta(days=LONGEST_PERIOD_DAYS)
    first = since or max(min(usual, last), shortest)
    if last < first:
        raise InvalidInput("until", "A period can't end before it begins.")
    if first < shortest:
        raise InvalidInput("since", f"A period has at most {LONGEST_PERIOD_DAYS:,} days.")
    return first, last
