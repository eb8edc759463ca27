"""The year from its first opening to its reconciliation."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from saleor_program_budgets import figures, ledger, programs
from saleor_program_budgets.models import Program
from saleor_program_budgets.simulation.options import Unfit
from saleor_program_budgets.simulation.report import text
from saleor_program_budgets.simulation.year import books, chronicle
from saleor_program_budgets.simulation.year.agenda import Agenda
from saleor_program_budgets.simulation.year.chronicle import Chronicle, Line
from saleor_program_budgets.simulation.year.company import FEWEST_MEMBERS, Company
from saleor_program_budgets.simulation.year.course import OFFICE, Course
from saleor_program_budgets.simulation.year.life import Life
from saleor_program_budgets.simulation.year.nights import Nights
from saleor_program_budgets.simulation.year.schemes import schemes
from saleor_program_budgets.simulation.year.story import Story

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from saleor_program_budgets.ledger import Verification

PREPARED_DAYS = 1_200
"""How long before the year its people begin to be enrolled: anniversaries count from then."""
DOWN_ON = frozenset({(3, 1), (3, 2), (9, 1)})
"""Days on which the jobs don't run, closing night or not."""
CAP_PERCENT = 95
"""What a department may use of what all members together are allotted."""


@dataclass(frozen=True, slots=True)
class Year:
    """How a year went, and what proves it."""

    lines: Sequence[Line]
    accounts: Sequence[books.Account]
    findings: Sequence[str]
    verification: Verification

    @property
    def overspent(self) -> int:
        """What was overspent, in minor units."""
        return sum(self.verification.overspent.values())

    @property
    def is_proven(self) -> bool:
        """Whether all money is accounted for, the story went as claimed, and the books agree."""
        return not self.findings and self.verification.is_clean and not self.overspent


class Performance:
    """A year under way."""

    def __init__(self, *, year: int, members: int, seed: int, write: Callable[[str], None]) -> None:
        """Make the company; nobody has a budget yet."""
        self.year = year
        self.write = write
        self.random = Random(seed)  # noqa: S311 what is drawn has to be drawn again
        self.starts_at = datetime(year, 1, 1, tzinfo=UTC)
        self.ends_at = datetime(year, 12, 31, 18, tzinfo=UTC)
        self.agenda = Agenda(self.starts_at - timedelta(days=40))
        self.chronicle = Chronicle(year=year, write=write)
        self.nights = Nights(self.chronicle, self.random)
        self.company = Company(agenda=self.agenda, members=members, random=self.random)
        self.stories: list[Story] = []

    @property
    def courses(self) -> list[Course]:
        """All programs."""
        return self.nights.courses

    def run(self) -> None:
        """Let the year pass."""
        for scheme in schemes(self.year):
            course = self.company.begin(scheme)
            self.courses.append(course)
            self.agenda.enter(scheme.opens_at, partial(self._open, course))
        day = self.starts_at + timedelta(hours=9)
        while day < self.ends_at:
            self.agenda.enter(day, self._night)
            day += timedelta(days=1)
        self.agenda.run(until=self.ends_at)
        self.nights.run(self.ends_at, is_sure=True)
        self.chronicle.tell(self.courses)

    def _open(self, course: Course) -> None:
        """Open a program, cap its departments, and plan what will go on in it."""
        programs.open_program(program=course.program, actor=OFFICE, at=course.now)
        scheme = course.scheme
        for department in scheme.departments:
            room = course.program.allotment_minor * CAP_PERCENT * len(course.members) // 100
            course.cap(department, course.amount(max(room, 1_000_00)), "budget for the cycle")
        self.nights.watch(course)
        lead = course.members[0]
        granted = books.journal(course, course.program.currency).granted
        self.chronicle.add(
            Line(
                course.now,
                course,
                f"opens with {len(course.members)} members, who are granted "
                f"{course.amount(granted)}",
            )
        )
        story = Story(course, lead, self.chronicle, self.year)
        story.plan()
        self.stories.append(story)
        later = self.company.later[course.program.pk]
        if scheme.rules.proration != Program.Proration.FULL:
            (person, department), *later = later
            story.on(1, 15, lambda: story.join(person, department))
        Life(
            course,
            random=self.random,
            leads=[lead],
            starts_at=course.program.opens_at or course.now,
            ends_at=course.program.closes_at or self.ends_at,
        ).plan(later)

    def _night(self) -> None:
        """Run the jobs, and tell the month when it is over and nothing of it is left to post."""
        now = self.agenda.now
        if (now.month, now.day) in DOWN_ON:
            return
        is_over = now >= self.chronicle.end_of_month()
        if self.nights.run(now, is_sure=is_over) and is_over:
            self.chronicle.tell(self.courses)


def require_enough(*, members: int) -> None:
    """Raise ``Unfit`` for fewer people than the programs need."""
    if members < FEWEST_MEMBERS:
        raise Unfit(f"a year needs {FEWEST_MEMBERS} members at least")


def play(
    *,
    year: int,
    members: int,
    seed: int,
    clock: Callable[[], datetime],
    write: Callable[[str], None],
) -> Year:
    """Play the year in the database as it is, and prove it; *clock* is for what is sealed now."""
    began = time.monotonic()
    performance = Performance(year=year, members=members, seed=seed, write=write)
    write(f"{year} in fast-forward: {members} people, seed {seed}.\n")
    performance.run()
    while ledger.seal(at=clock()).ending is ledger.Ending.MORE_LEFT:
        pass
    played = prove(performance)
    write(chronicle.refusals(performance.company.refused))
    write(f"\n{proof(played)}")
    write(
        f"Again: python -m saleor_program_budgets.simulation --year {year} --members {members} "
        f"--seed {seed}; {time.monotonic() - began:.0f} s."
    )
    return played


def prove(performance: Performance) -> Year:
    """Account for all money of the year, and verify the ledger."""
    accounts = [
        account
        for course in performance.courses
        for account in books.account_for(
            course,
            months=performance.chronicle.months[course.name],
            until=performance.ends_at,
        )
    ]
    findings = [
        *(finding for story in performance.stories for finding in story.findings),
        *performance.nights.findings,
        *(f"{each.name}: {finding}" for each in accounts for finding in each.findings),
    ]
    return Year(performance.chronicle.lines, accounts, findings, figures.prove())


def proof(played: Year) -> str:
    """Return whether all money of the year is accounted for, and what ``verify`` found."""
    sections = [
        chronicle.accounts(played.accounts),
        *(f"OTHERWISE: {finding}" for finding in played.findings),
        text.proof(played.verification),
    ]
    return "\n\n".join(sections)
