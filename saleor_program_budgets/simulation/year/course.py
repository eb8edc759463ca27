"""One program as it is played: who takes part, what they do, and what they were told of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from django.db import transaction

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import LedgerInvariant
from saleor_program_budgets.models import Cap
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger import Correction, Held
    from saleor_program_budgets.models import Account, Member, Program
    from saleor_program_budgets.programs import Store
    from saleor_program_budgets.simulation.year.agenda import Agenda
    from saleor_program_budgets.simulation.year.schemes import Scheme

OFFICE = ledger.Actor("staff", "year")
SHOP = ledger.Actor("app", "year")


@dataclass(slots=True)
class Told:
    """What the answers of all operations came to, in minor units: the year's own count."""

    captured: int = 0
    refunded: int = 0

    @property
    def spent(self) -> int:
        """What was captured and not refunded."""
        return self.captured - self.refunded


@dataclass(slots=True)
class Course:
    """A running program; ``agenda`` says what time it is."""

    scheme: Scheme
    program: Program
    channel: str
    accounts: Mapping[str, Account]
    agenda: Agenda
    names: Mapping[str, str]
    refused: Counter[str]
    members: list[Member] = field(default_factory=list)
    told: Told = field(default_factory=Told)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    @property
    def now(self) -> datetime:
        """What time it is."""
        return self.agenda.now

    @property
    def name(self) -> str:
        """The program's name."""
        return self.program.name

    def amount(self, minor: int) -> Amount:
        """Return an amount in the program's currency."""
        return Amount(minor, self.program.currency)

    def name_of(self, member: Member) -> str:
        """Return a member's name."""
        return self.names[member.user_reference]

    def store(self) -> Store:
        """Return the store as a shopper's request finds it."""
        store = programs.find_store(channel_id=self.channel)
        if store is None:
            raise LedgerInvariant("a program of the year has lost its channel")
        return store

    def key(self, kind: str) -> str:
        """Return an idempotency key (also: the id of a checkout) that nothing has used."""
        return f"{kind}-{self.program.pk}-{next(self._numbers)}"

    # Shopping

    def reserve(self, member: Member, due: Amount, *, checkout: str) -> Held:
        """Apply the budget to a checkout; raises the refusal."""
        return programs.reserve(
            store=self.store(),
            user_id=member.user_id,
            amount=due,
            items=1 if self.program.counts_items else 0,
            checkout_id=checkout,
            channel_id=self.channel,
            key=self.key("hold"),
            actor=ledger.Actor("user", member.user_reference),
            at=self.now,
        )

    def place(self, member: Member, due: Amount, *, checkout: str) -> str:
        """Let the checkout become an order; returns its id, and raises the refusal."""
        order = checkout.replace("checkout", "order")
        store = self.store()
        with transaction.atomic():
            programs.bind_to_order(
                store=store,
                user_id=member.user_id,
                checkout_id=checkout,
                order_id=order,
                due=due,
                at=self.now,
            )
        return order

    def settle(self, order: str, due: Amount) -> None:
        """Capture what an order needs; once for each order."""
        settled = programs.settle_order(order_id=order, due=due, actor=SHOP, at=self.now)
        self.told.captured += max((each.captured.minor for each in settled), default=0)

    def cancel(self, order: str) -> None:
        """Give back what an order holds that wasn't settled yet."""
        programs.return_order(order_id=order, cause="cancelled", actor=SHOP, at=self.now)

    def abandon(self, checkout: str) -> None:
        """Leave a checkout, and give back what it holds."""
        programs.release_checkout(
            checkout_id=checkout, keep=None, cause="abandoned", actor=SHOP, at=self.now
        )

    def refund(self, order: str, share: float) -> Amount:
        """Return a part of what was captured of an order; returns how much."""
        hold = ledger.holds_of_order(order_id=order).get()
        amount = self.amount(int((hold.captured - hold.refunded) * share))
        if not amount:
            return amount
        answer = programs.refund(
            hold=hold,
            amount=amount,
            items=hold.items_captured - hold.items_refunded if share == 1 else 0,
            key=self.key("refund"),
            actor=SHOP,
            at=self.now,
            cause="returned goods",
        )
        self.told.refunded += answer.amount.minor
        return answer.amount

    # The office

    def enroll(self, people: Sequence[int], department: str, *, at: datetime) -> list[Member]:
        """Enroll users under a department, and in the team's group if that is theirs."""
        joined = programs.enroll(
            program=self.program,
            user_ids=people,
            account=self.accounts[department],
            group=self.program.groups.filter(name=department).first(),
            actor=OFFICE,
            at=at,
        )
        self.members += joined
        return joined

    def leave(self, member: Member) -> list[Correction]:
        """Deactivate a member; what they have left is taken back."""
        member.refresh_from_db()
        return programs.deactivate_member(member=member, actor=OFFICE, at=self.now)

    def come_back(self, member: Member) -> None:
        """Reactivate a member; what was taken back at leaving is given back."""
        member.refresh_from_db()
        programs.reactivate_member(member=member, actor=OFFICE, at=self.now)

    def move(self, member: Member, department: str) -> None:
        """Put a member under another department; the budget follows."""
        member.refresh_from_db()
        programs.move_member(member=member, account=self.accounts[department], at=self.now)

    def adjust(self, member: Member, amount: Amount, reason: str) -> Correction:
        """Correct a budget up or down."""
        member.refresh_from_db()
        return programs.adjust(
            member=member,
            amount=amount,
            reason=reason,
            key=self.key("adjust"),
            actor=OFFICE,
            at=self.now,
        )

    def cap(self, department: str, amount: Amount, reason: str) -> None:
        """Set what a department, or the organization under its own name, may use of the program."""
        programs.set_cap(
            account=self.accounts[department],
            program=self.program,
            amount=amount,
            reason=reason,
            key=self.key("cap"),
            actor=OFFICE,
            at=self.now,
        )

    def cap_of(self, department: str) -> Cap:
        """Return a department's cap in the open cycle."""
        account = self.accounts[department]
        return Cap.objects.get(account=account, program=self.program, is_open=True)

    def left(self, member: Member) -> Amount:
        """Return what a member has available, as the ledger stands."""
        found = ledger.balances(members=[member.pk], cycle=None, at=self.now)
        figures = found.get(member.pk)
        return self.amount(figures.available if figures else 0)
