"""The year as it is told: a line for each notable event, and a table for each month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from saleor_program_budgets.money import Amount
from saleor_program_budgets.simulation.report.tables import table
from saleor_program_budgets.simulation.year import books
from saleor_program_budgets.simulation.year.books import Figures
from saleor_program_budgets.simulation.year.schemes import midnight

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from saleor_program_budgets.simulation.year.course import Course

HEADING = (
    *("program", "", "granted", "carried", "lapsed", "spent", "refunded", "taken back"),
    *("held", "available"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened in a program; a closing night is the end of a cycle of it."""

    at: datetime
    course: Course
    text: str
    is_closing_night: bool = False

    @property
    def local(self) -> datetime:
        """When it happened on the program's wall clock."""
        return self.at.astimezone(self.course.scheme.zone)

    def __str__(self) -> str:
        when = self.local
        return f"{when.day:>2} {when:%b %H:%M %Z}  {self.course.name}: {self.text}."


class Chronicle:
    """Collects lines until their month is over, and then tells it; keeps what the months were."""

    def __init__(self, *, year: int, write: Callable[[str], None]) -> None:
        """Begin with January."""
        self.year = year
        self.months: dict[str, Figures] = {}
        self.lines: list[Line] = []
        self._standing: dict[str, Figures] = {}
        self._write = write
        self._month = 1
        self._untold: list[Line] = []

    def add(self, line: Line) -> None:
        """Keep a line for its month."""
        self.lines.append(line)
        self._untold.append(line)

    def end_of_month(self) -> datetime:
        """Return when the month that is next to be told is over everywhere, jobs included."""
        return datetime(*_following(self.year, self._month), 1, 9, tzinfo=UTC)

    def tell(self, courses: Sequence[Course]) -> None:
        """Tell the month, from what is posted for it in each program's own time zone."""
        told = [line for line in self._untold if line.local.month == self._month]
        self._untold = [line for line in self._untold if line.local.month != self._month]
        rows = []
        for course in courses:
            figures = self._month_of(course)
            if figures.moves:
                rows.append(_row(course, figures, self._standing[course.name]))
        name = datetime(self.year, self._month, 1, tzinfo=UTC).strftime("%B %Y")
        self._write(name)
        for line in sorted(told, key=lambda line: line.at):
            self._write(f"  {line}")
        self._write(f"\n{table(HEADING, rows, right=set(range(2, len(HEADING))))}\n")
        self._month += 1

    def _month_of(self, course: Course) -> Figures:
        since, until = self._bounds(course)
        unit = course.program.currency
        figures = books.journal(course, unit, since=since, until=until)
        nothing = Figures()
        self.months[course.name] = self.months.get(course.name, nothing) + figures
        self._standing[course.name] = books.journal(course, unit, until=until)
        return figures

    def _bounds(self, course: Course) -> tuple[datetime | None, datetime]:
        """Return the month in the program's time zone; January has what was before it as well."""
        zone = course.scheme.rules.time_zone
        since = midnight(self.year, self._month, 1, zone) if self._month > 1 else None
        return since, midnight(*_following(self.year, self._month), 1, zone)


def accounts(found: Sequence[books.Account]) -> str:
    """The whole year by program, and whether it adds up."""
    heading = [
        "program",
        "",
        "granted =",
        "spent",
        "+ available",
        "+ held",
        "+ lapsed",
        "+ withdrawn",
        "",
    ]
    rows = []
    for account in found:
        figures = account.figures
        sums = (
            figures.granted,
            figures.spent - figures.refunded,
            figures.available,
            figures.held,
            figures.lapsed,
            figures.withdrawn,
        )
        verdict = "DOES NOT ADD UP" if account.findings else "adds up"
        rows.append(
            [account.name, account.unit, *(_value(each, account.unit) for each in sums), verdict]
        )
    return table(heading, rows, right=set(range(2, 8)))


def refusals(refused: Mapping[str, int]) -> str:
    """How many purchases were refused, by reason."""
    reasons = ", ".join(f"{number} {code}" for code, number in sorted(refused.items()))
    return f"Refused: {reasons or 'none'}."


def _row(course: Course, figures: Figures, standing: Figures) -> list[str]:
    unit = course.program.currency
    sums = (
        *(figures.granted, figures.carried, figures.lapsed, figures.spent, figures.refunded),
        *(figures.withdrawn, standing.held, standing.available),
    )
    return [course.name, unit, *(_value(each, unit) for each in sums)]


def _value(minor: int, unit: str) -> str:
    return f"{Amount(minor, unit).to_decimal():,}" if minor else "–"


def _following(year: int, month: int) -> tuple[int, int]:
    return (year, month + 1) if month < 12 else (year + 1, 1)
