"""The real ledger and the model side by side, driven by Hypothesis and compared at each step."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant

from saleor_program_budgets import figures, ledger
from saleor_program_budgets.models import Cycle, Program
from tests.properties import books, expectations
from tests.properties.machine.codes import CodeRules
from tests.properties.machine.corrections import CorrectionRules
from tests.properties.machine.orders import OrderRules
from tests.properties.machine.purchases import PurchaseRules
from tests.properties.machine.value import ValueRules
from tests.properties.machine.world import WorldRules

SHOWN_EVERY = 10
FOLDED_AT_ONCE = 20
"""Some of what waits: figures are exact whatever is folded."""


class LedgerMachine(WorldRules, ValueRules, PurchaseRules, OrderRules, CorrectionRules, CodeRules):
    """Every operation there is, in any order, on a small world."""

    @initialize(
        pays_difference=st.booleans(),
        policies=st.tuples(*[st.sampled_from(Program.RefundPolicy.values)] * 2),
        ceiling=st.integers(20, 150),
        spread=st.integers(1, 16),
        amount=st.integers(1, 40),
        items=st.integers(0, 2),
        is_refunded=st.booleans(),
    )
    def begin(
        self,
        pays_difference: bool,
        policies: tuple[str, str],
        ceiling: int,
        spread: int,
        amount: int,
        items: int,
        is_refunded: bool,
    ) -> None:
        """Start with some trade, so that whatever comes first has something to work on."""
        self.set_up(pays_difference=pays_difference, policies=policies)
        self.set_cap(place=0, ceiling=ceiling, program=0, of_items=False)
        self.divide(place=0, spread=spread)
        for place in (0, 2):
            self.grant(place=place, more=0, amount=30, hours=2)
            self.grant_items(place=place, count=3, hours=2, with_budget=1)
            self.the_ledger_agrees_with_the_model()
            self.hold(place=place, asked=(amount, items), minutes=60, checkout=place, order=1)
        self.capture(place=0, amount=amount, items=items, whole="both", fits=True, any_hold=False)
        if is_refunded:
            self.refund(place=0, amount=None, items=None, whole="", fits=True, any_hold=False)
        self.the_ledger_agrees_with_the_model()
        # What it took isn't counted as steps.
        self.tally["steps", "done"] -= self.steps + 1
        self.tally["steps", "histories"] += 1
        self.steps = -1

    @invariant()
    def the_ledger_agrees_with_the_model(self) -> None:
        """Compare every figure, and find no rule broken."""
        rows = books.Books(self.model)
        expectations.learn(self.model, rows)
        assert rows.figures() == expectations.expected(self.model)
        assert rows.broken_rules(self.model) == []
        assert books.differences() == []
        self.is_behind = self.model.is_behind()
        self.cycles = {
            cycle.program_id: cycle
            for cycle in Cycle.objects.filter(closed_at=None).select_related("program")
        }
        self.running = [extra.ends_at for extra in rows.raises if extra.ended_at is None]
        self.steps += 1
        self.count("steps", "done")

    @invariant()
    def what_is_shown_agrees(self) -> None:
        """Now and then, compare what a member sees, each in turn, and what ``verify`` says."""
        if self.steps % SHOWN_EVERY:
            return
        people = list(self.model.people.values())
        person = people[self.steps // SHOWN_EVERY % len(people)]
        cycle = self.cycles[person.program]
        assert expectations.shown(person, cycle, self.model.at) == expectations.to_be_shown(
            self.model, person
        )
        verification = ledger.verify()
        assert verification.is_clean
        assert set(verification.overspent.values()) <= {0}
        assert figures.verify() == ()
        figures.fold_batch(at=self.model.at, batch=FOLDED_AT_ONCE)
