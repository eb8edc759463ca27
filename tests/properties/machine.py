"""The real ledger and the model side by side, driven by Hypothesis and compared at each step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from saleor_program_budgets import accounts, ledger, programs
from saleor_program_budgets.errors import BudgetError, KeyConflict, NotHeld, Refusal
from saleor_program_budgets.models import Account, Lot, Member, Program
from saleor_program_budgets.money import Amount
from tests.properties import books
from tests.properties.model import Hold as ModelHold
from tests.properties.model import Lot as ModelLot
from tests.properties.model import Model, Person, Refused
from tests.support.database import money, snapshot
from tests.support.world import HOUR, World

ALLOTMENT = 40
AMOUNTS = st.integers(1, 60)
PLACES = st.integers(0, 99)
LIFETIMES = st.sampled_from([None, 1, 2, 5, 24])
CHECKOUTS = 2


def cents(minor: int) -> Amount:
    return Amount(minor, "USD")


class LedgerMachine(RuleBasedStateMachine):
    """Every operation there is, in any order, on a small world."""

    def __init__(self) -> None:
        super().__init__()
        # Each example runs in a transaction of its own, which counts as the test's.
        self.atomic = transaction.atomic()
        self.atomic._from_testcase = True
        self.atomic.__enter__()
        self.world = World()
        self.model = Model(at=self.world.at)
        self.orders: list[str] = []
        self.requests: list[tuple[Callable[[], Any], Callable[[], Any] | None, Any]] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    # The world

    @initialize(pays_difference=st.booleans(), cap=st.integers(50, 200))
    def begin(self, pays_difference: bool, cap: int) -> None:
        policy = Program.OveragePolicy
        self.world.open_program(
            allotment=f"{ALLOTMENT / 100}",
            overage_policy=policy.PAY_DIFFERENCE if pays_difference else policy.BLOCK,
        )
        self.cycle = self.world.cycle
        self.model.pays_difference = pays_difference
        acme = self.world.account("Acme")
        divisions = [self.world.account(name, under=acme) for name in ("East", "West")]
        team = self.world.account("Team", under=divisions[0])
        self.accounts = [acme, *divisions, team]
        self.model.parents = {account.pk: account.parent_id for account in self.accounts}
        self._set_cap(acme, cap, everywhere=False)
        for place in (1, 3):
            self.enroll(place)

    @rule(place=PLACES)
    def enroll(self, place: int) -> None:
        if len(self.model.people) == 5:
            return
        account = self.accounts[place % len(self.accounts)]
        member = self.world.member(account)
        lot = Lot.objects.get(limit__member=member)
        person = Person(account.pk)
        person.lots.append(ModelLot(lot.pk, ALLOTMENT, lot.expires_at, self.world.at))
        self.model.people[member.pk] = person

    @rule(minutes=st.sampled_from([1, 30, 60, 61, 150]))
    def wait(self, minutes: int) -> None:
        self.world.at += dt.timedelta(minutes=minutes)
        self.model.at = self.world.at

    @rule()
    def wait_for_the_next_instant_that_matters(self) -> None:
        """Stand exactly on a boundary, where an off-by-one would show."""
        lots = [lot.expires_at for person in self.model.people.values() for lot in person.lots]
        ends = [hold.expires_at for hold in self.model.holds.values()]
        coming = [end for end in (*lots, *ends) if end is not None and end > self.world.at]
        near = [end for end in coming if end < self.world.at + 30 * HOUR]
        if near:
            self.world.at = self.model.at = min(near)

    @rule(place=PLACES, to=PLACES)
    def move_member(self, place: int, to: int) -> None:
        member, account = self._member(place), self.accounts[to % len(self.accounts)]
        programs.move_member(member=member, account=account)
        self.model.people[member.pk].account = account.pk

    @rule(place=PLACES)
    def deactivate(self, place: int) -> None:
        member = self._member(place)
        programs.deactivate_member(member=member, at=self.world.at)
        self.model.people[member.pk].is_active = False

    @rule(place=PLACES)
    def reactivate(self, place: int) -> None:
        member = self._member(place)
        programs.reactivate_member(member=member, actor=self.world.actor, at=self.world.at)
        self.model.people[member.pk].is_active = True

    @rule(under=st.sampled_from([0, 1, 2]))
    def move_team(self, under: int) -> None:
        team, parent = self.accounts[3], self.accounts[under]
        accounts.move_account(account=team, parent=parent)
        self.model.parents[team.pk] = parent.pk

    @rule()
    def close_or_open(self) -> None:
        program = self.world.program
        if self.model.is_open:
            programs.close_program(program=program)
        else:
            programs.open_program(program=program, actor=self.world.actor, at=self.world.at)
        self.model.is_open = not self.model.is_open

    # Value

    @rule(place=PLACES, amount=AMOUNTS, hours=LIFETIMES)
    def grant(self, place: int, amount: int, hours: int | None) -> None:
        member = self._member(place)
        if not member.is_active:
            return
        expires_at = self.world.at + hours * HOUR if hours else None
        request = {
            "members": [member.pk],
            "origin": Lot.Origin.GRANT,
            "cycle": self.cycle,
            "expires_at": expires_at,
            "reason": "a test",
            "key": self.world.key("grant"),
            "actor": self.world.actor,
        }
        granted = self._keyed(
            lambda amount: ledger.grant(**request, amount=cents(amount), at=self.world.at), amount
        )
        assert (granted.count, granted.total) == (1, cents(amount))
        lot = Lot.objects.filter(limit__member=member).latest("pk")
        self.model.people[member.pk].lots.append(
            ModelLot(lot.pk, amount, expires_at, self.world.at)
        )

    @rule(place=PLACES, ceiling=st.integers(0, 200), everywhere=st.booleans())
    def set_cap(self, place: int, ceiling: int, everywhere: bool) -> None:
        self._set_cap(self.accounts[place % len(self.accounts)], ceiling, everywhere=everywhere)

    def _set_cap(self, account: Account, ceiling: int, *, everywhere: bool) -> None:
        limit = self.world.cap(account, f"{ceiling / 100:.2f}", everywhere=everywhere)
        self.model.set_cap(account.pk, limit.pk, ceiling)

    # Purchases

    @rule(place=PLACES, amount=AMOUNTS, minutes=st.sampled_from([30, 60, 120]), checkout=PLACES)
    def hold(self, place: int, amount: int, minutes: int, checkout: int) -> None:
        member = self._member(place)
        expires_at = self.world.at + dt.timedelta(minutes=minutes)
        checkout_id = self._checkout(member, checkout)
        key = self.world.key("hold")

        def run(amount: int) -> ledger.Held:
            return ledger.hold(
                member=member,
                cycle=self.cycle,
                amount=cents(amount),
                checkout_id=checkout_id,
                key=key,
                expires_at=expires_at,
                actor=self.world.actor,
                at=self.world.at,
            )

        refused = self.model.refusal(member.pk, amount)
        if refused:
            self._expect(refused, lambda: self._keyed(run, amount))
            return
        held = self._keyed(run, amount)
        self.model.hold(
            held.hold_id, member.pk, amount, checkout=checkout_id, expires_at=expires_at
        )
        assert held.available == cents(self.model.available(member.pk))

    @precondition(lambda self: self.model.holds)
    @rule(
        place=PLACES,
        amount=AMOUNTS,
        kind=st.sampled_from(["capture", "release", "refund"]),
        wants_all=st.booleans(),
    )
    def settle(self, place: int, amount: int, kind: str, wants_all: bool) -> None:
        hold = self._hold(place)
        request = {
            "hold_id": hold.pk,
            "key": self.world.key(kind),
            "actor": self.world.actor,
        }
        whole = wants_all and kind != "capture"
        if kind == "capture":
            request["order_id"] = "order"
            amount = min(amount, hold.remaining) or amount if wants_all else amount

        def run(amount: int) -> ledger.Settlement:
            asked = None if whole and amount == wanted else cents(amount)
            return getattr(ledger, kind)(**request, amount=asked, at=self.world.at)

        wanted = amount
        refused = getattr(self.model, kind)(hold, None if whole else amount)
        if refused:
            self._expect(refused, lambda: run(amount))
            return
        settlement = self._keyed(run, amount)
        for column in ("captured", "released", "refunded", "remaining"):
            assert getattr(settlement, column) == cents(hold.total(column))

    @precondition(lambda self: self.model.holds)
    @rule(place=PLACES)
    def expire(self, place: int) -> None:
        hold = self._hold(place)
        is_due = self.model.is_due(hold)
        before = snapshot()
        settlement = ledger.expire(hold_id=hold.pk, at=self.world.at)
        if is_due:
            assert settlement is not None
            assert settlement.amount == cents(hold.remaining)
            self.model.release(hold, None)
        elif settlement is None or settlement.is_replay:
            assert snapshot() == before
        else:
            raise AssertionError(f"{hold.pk} expired before its time")

    @rule()
    def expire_all_that_is_due(self) -> None:
        due = [hold for hold in self.model.holds.values() if self.model.is_due(hold)]
        settled = programs.expire_due_holds(at=self.world.at)
        assert {settlement.hold_id for settlement in settled} == {hold.pk for hold in due}
        for hold in due:
            self.model.release(hold, None)

    # Orders

    @rule(place=PLACES, checkout=PLACES, due=st.integers(0, 80))
    def place_order(self, place: int, checkout: int, due: int) -> None:
        member = self._member(place)
        checkout_id, order_id = self._checkout(member, checkout), self.world.key("order")
        if due > 60:  # more often than chance would have it, exactly what is held
            due = sum(hold.remaining for hold in self.model.usable(member.pk, checkout_id))

        def run() -> None:
            store = programs.find_store(channel_id="shop")
            assert store is not None
            with transaction.atomic():
                programs.bind_to_order(
                    store=store,
                    user_id=member.user_id,
                    checkout_id=checkout_id,
                    order_id=order_id,
                    due=cents(due),
                    at=self.world.at,
                )

        refused = self.model.bind(member.pk, checkout_id, order_id, due)
        if refused:
            self._expect(refused, run)
        else:
            run()
            self.orders.append(order_id)

    @precondition(lambda self: self.orders)
    @rule(place=PLACES, due=st.integers(0, 80))
    def settle_order(self, place: int, due: int) -> None:
        order_id = self.orders[place % len(self.orders)]
        settled = programs.settle_order(
            order_id=order_id, due=cents(due), actor=self.world.actor, at=self.world.at
        )
        assert [step.amount.minor for step in settled] == self.model.settle(order_id, due)

    @precondition(lambda self: self.orders)
    @rule(place=PLACES)
    def return_order(self, place: int) -> None:
        order_id = self.orders[place % len(self.orders)]
        for expected in (self.model.give_back_order(order_id), []):
            returned = programs.return_order(
                order_id=order_id, cause="a test", actor=self.world.actor, at=self.world.at
            )
            assert [step.amount.minor for step in returned] == expected

    @rule(place=PLACES, checkout=PLACES, keep=st.integers(0, 60))
    def release_checkout(self, place: int, checkout: int, keep: int) -> None:
        checkout_id = self._checkout(self._member(place), checkout)
        released = programs.release_checkout(
            checkout_id=checkout_id,
            keep=cents(keep) if keep else None,
            cause="a test",
            actor=self.world.actor,
            at=self.world.at,
        )
        expected = self.model.give_back_checkout(checkout_id, keep)
        assert [step.amount.minor for step in released] == expected

    # Retries

    @precondition(lambda self: self.requests)
    @rule(place=PLACES)
    def repeat_a_request(self, place: int) -> None:
        again, _, first = self.requests[-1 - place % len(self.requests)]
        before = snapshot()
        outcome = _outcome(again)
        assert snapshot() == before
        if isinstance(first, Refusal):
            assert (type(outcome), outcome.available) == (type(first), first.available)
        else:
            assert outcome.is_replay
            assert _without_replay(outcome) == _without_replay(first)

    @precondition(lambda self: self.requests)
    @rule(place=PLACES)
    def reuse_a_key(self, place: int) -> None:
        _, another, _ = self.requests[-1 - place % len(self.requests)]
        before = snapshot()
        assert isinstance(_outcome(another), KeyConflict)
        assert snapshot() == before

    # After each step

    @invariant()
    def the_ledger_agrees_with_the_model(self) -> None:
        assert books.written() == books.expected(self.model)

    @invariant()
    def the_books_balance(self) -> None:
        assert books.broken_rules() == []
        verification = ledger.verify()
        assert [str(difference) for difference in verification.differences] == []
        assert set(verification.overspent.values()) <= {0}

    # Helpers

    def _member(self, place: int) -> Member:
        people = sorted(self.model.people)
        return Member.objects.get(pk=people[place % len(people)])

    def _hold(self, place: int) -> ModelHold:
        holds = list(self.model.holds.values())
        return holds[-1 - place % len(holds)]

    def _checkout(self, member: Member, number: int) -> str:
        return f"checkout-{member.pk}-{number % CHECKOUTS}"

    def _keyed(self, run: Callable[[int], Any], amount: int) -> Any:
        """Run a keyed request and remember it: to be repeated, and its key to be misused."""
        outcome = _outcome(lambda: run(amount))
        self.requests.append((lambda: run(amount), lambda: run(amount + 1), outcome))
        if isinstance(outcome, BudgetError):
            raise outcome
        return outcome

    def _expect(self, refused: Refused, run: Callable[[], Any]) -> None:
        """Run what has to be refused, and find every other table as it was, byte for byte."""
        before = money()
        outcome = _outcome(run)
        assert type(outcome).__name__ == refused.name
        found = outcome.left if isinstance(outcome, NotHeld) else outcome.available
        assert (found.minor if found is not None else None) == refused.available
        assert money() == before


def _outcome(run: Callable[[], Any]) -> Any:
    try:
        return run()
    except BudgetError as error:
        return error


def _without_replay(outcome: Any) -> dict[str, Any]:
    return {
        name: getattr(outcome, name)
        for name in type(outcome).__dataclass_fields__
        if name != "is_replay"
    }
