"""What people do in the course of the year, drawn from the seed: they shop, join, leave, move."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from saleor_program_budgets.errors import Refusal
from saleor_program_budgets.models import Program
from saleor_program_budgets.programs import calendar
from saleor_program_budgets.simulation.world import SIZES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from random import Random

    from saleor_program_budgets.models import Member
    from saleor_program_budgets.money import Amount
    from saleor_program_budgets.simulation.year.course import Course

MODEST = 0.8
"""How many shoppers buy only what their budget covers."""
RETURNED = 0.15
LEAVERS = 0.06
COME_BACK = 0.5
MOVERS = 0.04
CORRECTED = 0.05
SMALLEST = 1_00
EARLY_BIRDS = 2
"""How many shop in the first two hours of a cycle, mostly before its job."""


class Life:
    """What goes on in one program between *starts_at* and *ends_at*; *leads* live by the story."""

    def __init__(
        self,
        course: Course,
        *,
        random: Random,
        leads: Sequence[Member],
        starts_at: datetime,
        ends_at: datetime,
    ) -> None:
        """Nothing happens before ``plan``."""
        self.course = course
        self.random = random
        self.leads = {member.pk for member in leads}
        self.starts_at = starts_at
        self.ends_at = ends_at

    @property
    def others(self) -> list[Member]:
        """Everybody but the leads."""
        return [member for member in self.course.members if member.pk not in self.leads]

    def plan(self, later: Sequence[tuple[int, str]]) -> None:
        """Enter everything into the agenda; *later* are the users who join in mid-year."""
        members = self.others
        for _ in range(round(len(members) * self.course.scheme.orders)):
            self._enter(self.shop)
        for boundary in self._boundaries():
            for _ in range(EARLY_BIRDS):
                minutes = self.random.randrange(5, 120)
                early = partial(self.shop, is_early=True)
                self.course.agenda.enter(boundary + timedelta(minutes=minutes), early)
        for person, department in later:
            self._enter(partial(self._join, person, department))
        for member in self._some(members, LEAVERS):
            self._enter(partial(self._leave, member))
        for member in self._some(members, MOVERS):
            self._enter(partial(self.course.move, member, self.random.choice(list(SIZES))))
        for member in self._some(members, CORRECTED):
            self._enter(partial(self._correct, member))

    def shop(self, *, is_early: bool = False) -> None:
        """Have somebody try to buy something; who comes before the job sees no new budget yet."""
        course = self.course
        member = self.random.choice(self.others)
        due = course.amount(self.random.randrange(*course.scheme.prices))
        if not is_early and self.random.random() < MODEST:
            due = min(due, course.left(member))
            if due.minor < SMALLEST:
                return
        checkout = course.key("checkout")
        try:
            course.reserve(member, due, checkout=checkout)
        except Refusal as refusal:
            course.refused[refusal.code] += 1
            return
        self._decide(member, due, checkout)

    def _decide(self, member: Member, due: Amount, checkout: str) -> None:
        """Choose what becomes of a checkout: mostly an order that is settled at once."""
        course, choice = self.course, self.random.random()
        if choice < 0.06:
            return  # left behind: it expires
        if choice < 0.12:
            self._after_days(0.05, 1, partial(course.abandon, checkout))
            return
        order = course.place(member, due, checkout=checkout)
        if choice < 0.2:
            self._after_days(1, 12, partial(course.cancel, order))
        elif choice < 0.35:
            self._after_days(1, 12, partial(course.settle, order, due))
        else:
            course.settle(order, due)
            if self.random.random() < RETURNED:
                share = self.random.choice((0.5, 1))
                self._after_days(3, 70, partial(course.refund, order, share))

    def _join(self, person: int, department: str) -> None:
        self.course.enroll([person], department, at=self.course.now)

    def _leave(self, member: Member) -> None:
        self.course.leave(member)
        if self.random.random() < COME_BACK:
            self._after_days(5, 80, partial(self.course.come_back, member))

    def _correct(self, member: Member) -> None:
        """Give or take away 5.00, but never more than there is."""
        less = self.course.amount(-5_00)
        if self.random.random() < 0.5 and self.course.left(member).minor >= 5_00:
            self.course.adjust(member, less, "booked twice")
        else:
            self.course.adjust(member, self.course.amount(5_00), "forgotten")

    def _boundaries(self) -> Iterator[datetime]:
        """Yield the ends of the program's cycles within the year."""
        program = self.course.program
        if program.cycle_length == Program.CycleLength.ANNIVERSARY:
            return
        cycle = program.cycles.last()
        while cycle is not None and cycle.ends_at < self.ends_at:
            yield cycle.ends_at
            following = calendar.following_period(program=program, cycle=cycle)
            if following is None:
                return
            cycle.starts_at, cycle.ends_at = following.starts_at, following.ends_at

    def _some(self, members: Sequence[Member], share: float) -> list[Member]:
        return self.random.sample(members, min(max(round(len(members) * share), 1), len(members)))

    def _enter(self, act: Callable[[], object]) -> None:
        span = (self.ends_at - self.starts_at).total_seconds()
        at = self.starts_at + timedelta(seconds=int(self.random.random() * span))
        self.course.agenda.enter(at, act)

    def _after_days(self, fewest: float, most: float, act: Callable[[], object]) -> None:
        days = self.random.uniform(fewest, most)
        at = self.course.now + timedelta(seconds=int(days * 86_400))
        self.course.agenda.enter(at, act)
