"""What all rules work with: the world, the model beside it, and running both."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import connection, models, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import (
    BudgetError,
    NotAvailable,
    NotHeld,
    NotReversible,
    Refusal,
)
from saleor_program_budgets.ledger.corrections import NOT_REVERSIBLE
from saleor_program_budgets.models import Account, Cycle, Member, Program
from saleor_program_budgets.money import Amount
from tests.properties.books import digest
from tests.properties.reference.model import Model
from tests.properties.reference.rows import MONEY, Hold, Person, Refused
from tests.support.database import tables
from tests.support.world import HOUR, World

ALLOTMENT = 40
AMOUNTS = st.integers(1, 60)
PLACES = st.integers(0, 99)
LIFETIMES = st.sampled_from([None, 1, 2, 5, 24])
SELDOM = st.sampled_from([False, False, False, False, True])
CHECKOUTS = 2


def cents(minor: int) -> Amount:
    return Amount(minor, MONEY)


@dataclass
class Request:
    """A keyed request that was answered, and the same key for another."""

    kind: str
    again: Callable[[], Any]
    misuse: Callable[[], Any]
    outcome: Any


class Bench(RuleBasedStateMachine):
    """The real ledger in a transaction of its own, and the model."""

    tally: ClassVar[Counter[tuple[str, str]]] = Counter()
    """How often each operation came to each outcome, over all histories of the process."""

    def __init__(self) -> None:
        super().__init__()
        # Each history runs in a transaction of its own, which counts as a TestCase's.
        self.atomic = transaction.atomic()
        self.atomic._from_testcase = True
        self.atomic.__enter__()
        self.world = World()
        self.model = Model(at=self.world.at)
        self.accounts: list[Account] = []
        self.programs: list[Program] = []
        self.cycles: dict[int, Cycle] = {}
        self.orders: list[str] = []
        self.requests: list[Request] = []
        self.members: dict[int, Member] = {}
        self.running: list[dt.datetime] = []
        self.steps = 0
        self.is_behind = False

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)
        # What was rolled back is swept out, or every history would run slower than the last.
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM {', '.join(tables())}")

    # Running

    def perform(
        self,
        kind: str,
        run: Callable[[], Any],
        refused: Refused | None = None,
        *,
        misuse: Callable[[], Any] | None = None,
        is_answer_kept: bool = False,
    ) -> Any:
        """Run what the model has decided on, and find it done, or refused for the same reason.

        What is refused leaves every row as it was, byte for byte; where refusals are answers
        that are kept (*is_answer_kept*), every row but those. With *misuse*, the same key for
        another request, the request is remembered: to be repeated, and its key to be misused.
        """
        if refused is None:
            outcome = run()
            self.count(kind, "done")
        else:
            kept = ("refused", "outcome") if is_answer_kept else ()
            before = digest(without=kept)
            outcome = attempt(run)
            assert observed(outcome) == refused
            # Even what is refused records the end of the raises that it met, and turns cycles.
            is_quiet = not self.is_behind and not self.unended(self.world.at)
            assert not is_quiet or digest(without=kept) == before
            self.count(kind, refused.because or refused.name)
        is_kept = is_answer_kept and refused != Refused("Behind")
        if misuse is not None and (refused is None or is_kept):
            self.requests.append(Request(kind, run, misuse, outcome))
        return outcome

    def unended(self, at: dt.datetime) -> bool:
        """Say whether there is a raise that is over at *at*, and nobody has recorded it."""
        return any(ends_at <= at for ends_at in self.running)

    def count(self, kind: str, outcome: str) -> None:
        self.tally[kind, outcome] += 1

    def catch_up(self) -> None:
        """Let the job do what is due, so that nothing else has a side effect."""
        for program in self.programs if self.is_behind else ():
            self.model.renew_all(program.pk)
            programs.renew_due(program=program, at=self.world.at)
        if self.unended(self.world.at):
            ledger.end_due_raises(at=self.world.at)

    def move_clock(self, at: dt.datetime) -> None:
        self.world.at = self.model.at = at

    # Choosing

    def person(self, place: int) -> tuple[Member, Person]:
        people = sorted(self.model.people)
        pk = people[place % len(people)]
        return self.members[pk], self.model.people[pk]

    def hold_where(self, place: int, condition: Callable[[Hold], bool]) -> Hold:
        """Return one of the holds that meet the condition, or of all if none does."""
        holds = list(self.model.holds.values())
        fitting = [hold for hold in holds if condition(hold)] or holds
        return fitting[-1 - place % len(fitting)]

    def account(self, place: int) -> Account:
        return self.accounts[place % len(self.accounts)]

    def checkout(self, member: Member, number: int) -> str:
        return f"checkout-{member.pk}-{number % CHECKOUTS}"

    def after(self, hours: int | None) -> dt.datetime | None:
        return self.world.at + hours * HOUR if hours else None


def attempt(run: Callable[[], Any]) -> Any:
    try:
        return run()
    except BudgetError as error:
        return error


def observed(outcome: Any) -> Refused:
    """Return an error in the model's terms."""
    name = type(outcome).__name__
    if isinstance(outcome, NotHeld):
        return Refused(
            name, outcome.left.minor, outcome.left.currency, items_left=outcome.items_left
        )
    if isinstance(outcome, NotAvailable):
        return Refused(name, outcome.available.minor, outcome.available.currency)
    if isinstance(outcome, NotReversible):
        [because] = [key for key, text in NOT_REVERSIBLE.items() if text == str(outcome)]
        return Refused(name, because=because)
    if isinstance(outcome, Refusal) and outcome.available is not None:
        available = outcome.available
        return Refused(name, available.minor, available.currency, outcome.limit_id)
    return Refused(name)


def identity(outcome: Any) -> Any:
    """Return what a replay has to have in common with the first outcome."""
    if isinstance(outcome, BudgetError):
        return observed(outcome)
    if isinstance(outcome, models.Model):
        return type(outcome), outcome.pk
    return {
        name: getattr(outcome, name)
        for name in type(outcome).__dataclass_fields__
        if name != "is_replay"
    }
