"""Acme Corp at the beginning of the year: its tree, its people, and its programs."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING
from uuid import uuid4

from django.contrib.auth import get_user_model

from saleor_program_budgets import accounts, programs
from saleor_program_budgets.models import Account, Program
from saleor_program_budgets.money import Amount
from saleor_program_budgets.simulation.world import ORGANIZATION, SIZES, departments
from saleor_program_budgets.simulation.year.course import Course

if TYPE_CHECKING:
    from random import Random

    from saleor_program_budgets.simulation.year.agenda import Agenda
    from saleor_program_budgets.simulation.year.schemes import Scheme

FEWEST_MEMBERS = 40
JOIN_LATER = 0.08
"""What share of each program's people join in the course of the year."""
FIRST_NAMES = (
    *("Ann", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia", "Hugo", "Ida", "Jon", "Kim", "Leo", "Mia"),
    *("Noah", "Ona", "Pia", "Quin", "Rosa", "Sam", "Tara", "Uma", "Vic", "Wes", "Xena", "Yara"),
    "Zoe",
)


class Company:
    """The organization, and every course of it; ``later`` are those who will join, by program."""

    def __init__(self, *, agenda: Agenda, members: int, random: Random) -> None:
        """Make the tree and the people; no program yet."""
        self.agenda = agenda
        self.random = random
        self.run = uuid4().hex[:8]
        self.refused: Counter[str] = Counter()
        self.names: dict[str, str] = {}
        self.later: dict[int, list[tuple[int, str]]] = {}
        organization = self._account(ORGANIZATION, None)
        self.accounts = {ORGANIZATION: organization}
        self.people: dict[str, list[int]] = {}
        for department in departments(members=members, count=len(SIZES), for_story=False):
            self.accounts[department.name] = self._account(department.name, organization)
            self.people[department.name] = self._hire(department.size)

    def begin(self, scheme: Scheme) -> Course:
        """Draft a program and enroll its first people; it opens when the agenda says so."""
        channel = f"year-{scheme.rules.name.lower().replace(' ', '-')}-{self.run}"
        program = programs.create_program(
            slug=channel, rules=scheme.rules, channel_ids=[channel], at=self.agenda.now
        )
        if scheme.team:
            programs.create_group(
                program=program,
                name=scheme.team,
                overrides=programs.Overrides(
                    allotment=Amount(150_00, scheme.currency),
                    carries_forward=True,
                    carry_limit=Amount(50_00, scheme.currency),
                ),
                at=self.agenda.now,
            )
        course = Course(
            scheme=scheme,
            program=program,
            channel=channel,
            accounts=self.accounts,
            agenda=self.agenda,
            names=self.names,
            refused=self.refused,
        )
        self._enroll(course)
        return course

    def _enroll(self, course: Course) -> None:
        """Enroll most people in the draft; in a program of anniversaries each on their own day."""
        self.later[course.program.pk] = later = []
        for department in course.scheme.departments:
            first, *others = self.people[department]
            joining = self.random.sample(others, max(int(len(others) * JOIN_LATER), 1))
            later += [(person, department) for person in joining]
            at_once = [first, *(person for person in others if person not in joining)]
            if course.program.cycle_length != Program.CycleLength.ANNIVERSARY:
                course.enroll(at_once, department, at=self.agenda.now)
                continue
            for person in at_once:
                days = self.random.randrange(1, 1_100)
                course.enroll([person], department, at=self.agenda.now - timedelta(days=days))

    def _account(self, name: str, parent: Account | None) -> Account:
        kind = Account.Kind.DIVISION if parent else Account.Kind.ORGANIZATION
        slug = f"{name.lower().replace(' ', '-')}-year-{self.run}"
        return accounts.create_account(
            name=name, slug=slug, kind=kind, parent=parent, at=self.agenda.now
        )

    def _hire(self, size: int) -> list[int]:
        """Make so many users, of whatever model the installation has."""
        model = get_user_model()
        numbers = count(len(self.names))
        names = [_name(number) for number, _ in zip(numbers, range(size), strict=False)]
        users = model._default_manager.bulk_create(
            model(**{model.USERNAME_FIELD: f"{_mailbox(name)}.{self.run}@acme.example"})
            for name in names
        )
        self.names |= {str(user.pk): name for user, name in zip(users, names, strict=True)}
        return [user.pk for user in users]


def _name(number: int) -> str:
    again, which = divmod(number, len(FIRST_NAMES))
    return FIRST_NAMES[which] + (f" {again + 1}" if again else "")


def _mailbox(name: str) -> str:
    return name.lower().replace(" ", "-")
