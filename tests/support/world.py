"""A small world for tests: accounts, a program, members, and the ledger in few words.

Amounts are written as people read them (``"65.00"``), which is US dollars, or given as ``Amount``;
the clock is ``world.at`` and moves only when a test moves it. Each operation takes a fresh key
unless the test gives one.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model

from saleor_program_budgets import accounts, ledger, programs
from saleor_program_budgets.models import (
    Account,
    Cap,
    Cycle,
    Hold,
    Limit,
    Lot,
    Member,
    Program,
    Raise,
)
from saleor_program_budgets.money import ITEM, Amount

if TYPE_CHECKING:
    from uuid import UUID

    from saleor_program_budgets.ledger import Correction, Held, Settlement
    from saleor_program_budgets.programs import Store

START = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
TESTS = ledger.Actor("staff", "tests")
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
INSTANT = dt.timedelta(microseconds=1)


def usd(value: str) -> Amount:
    """Return an amount of US dollars: ``usd("65.00")``."""
    return Amount.from_decimal(Decimal(value), "USD")


def items(count: int) -> Amount:
    """Return a number of pieces, as a kit program counts them."""
    return Amount(count, ITEM)


class World:
    """An organization with one program, built as a test needs it."""

    def __init__(self, at: dt.datetime = START) -> None:
        """Start with nothing; the clock stands at *at*."""
        self.at = at
        self.actor = TESTS
        self.numbers = count(1)
        self.is_tampered = False
        self._program: Program | None = None

    # Setting up

    def account(self, name: str, *, under: Account | None = None) -> Account:
        """Add an account, a root without *under*."""
        kind = Account.Kind.DIVISION if under else Account.Kind.ORGANIZATION
        slug = f"{name.lower()}-{next(self.numbers)}"
        return accounts.create_account(name=name, slug=slug, kind=kind, parent=under, at=self.at)

    def open_program(
        self, *, allotment: str | Amount = "300.00", channel: str = "shop", **rules: Any
    ) -> Program:
        """Add and open a program; the first is the one that ``program`` names."""
        program = self.draft_program(allotment=allotment, channel=channel, **rules)
        programs.open_program(program=program, actor=TESTS, at=self.at)
        return program

    def draft_program(
        self, *, allotment: str | Amount = "300.00", channel: str = "shop", **rules: Any
    ) -> Program:
        """Add a program without opening it."""
        number = next(self.numbers)
        program = programs.create_program(
            slug=f"program-{number}",
            rules=programs.Rules(
                **{"name": f"Program {number}", "allotment": _amount(allotment)} | rules
            ),
            channel_ids=[channel],
            at=self.at,
        )
        self._program = self._program or program
        return program

    @property
    def program(self) -> Program:
        """The world's first program, opened with 300.00 for each member if there is none."""
        return self._program or self.open_program()

    @property
    def cycle(self) -> Cycle:
        """The program's open cycle."""
        return self.program.cycles.get(closed_at=None)

    def next_cycle(self) -> Cycle:
        """Go to the end of the open cycle, and let the next one begin for everybody."""
        self.at = self.cycle.ends_at
        programs.renew_due(program=self.program, at=self.at)
        return self.cycle

    def user(self) -> int:
        """Add a user; returns the id."""
        return get_user_model().objects.create(username=f"user{next(self.numbers)}").pk

    def members(
        self, size: int, account: Account, *, program: Program | None = None
    ) -> list[Member]:
        """Enroll *size* new users under *account*; each gets the allotment."""
        return programs.enroll(
            program=program or self.program,
            user_ids=[self.user() for _ in range(size)],
            account=account,
            actor=TESTS,
            at=self.at,
        )

    def member(self, account: Account | None = None, *, program: Program | None = None) -> Member:
        """Enroll one new user, under a root of their own without *account*."""
        [member] = self.members(1, account or self.account("Acme"), program=program)
        return member

    def cap(self, account: Account, value: str | Amount, *, everywhere: bool = False) -> Cap:
        """Set the account's cap for the program, or for all programs *everywhere*."""
        return programs.set_cap(
            account=account,
            program=None if everywhere else self.program,
            amount=_amount(value),
            reason="set by a test",
            key=self.key("cap"),
            actor=TESTS,
            at=self.at,
        )

    def raise_cap(
        self, cap: Cap, value: str | Amount, *, ends_at: dt.datetime, **changes: Any
    ) -> Raise:
        """Raise a cap until *ends_at*; *changes* replace arguments of ``programs.raise_cap``."""
        request = {
            "cap": cap,
            "amount": _amount(value),
            "ends_at": ends_at,
            "reason": "a busy week",
            "key": self.key("raise"),
            "actor": TESTS,
            "at": self.at,
        }
        return programs.raise_cap(**request | changes)

    def grant(
        self, member: Member, value: str | Amount, *, expires_at: dt.datetime | None = None
    ) -> Lot:
        """Grant beside the allotment; returns the new lot."""
        programs.grant(
            member=member,
            amount=_amount(value),
            reason="a test",
            expires_at=expires_at,
            key=self.key("grant"),
            actor=TESTS,
            at=self.at,
        )
        return Lot.objects.filter(limit__member=member).latest("pk")

    def kit(self, member: Member, count: int = 1, *, expires_at: dt.datetime | None = None) -> Lot:
        """Let the member have *count* pieces, beside money; returns the new lot."""
        ledger.open_member_limits(program=member.program, members=[member.pk], unit=ITEM)
        ledger.grant(
            members=[member.pk],
            amount=items(count),
            origin=Lot.Origin.GRANT,
            cycle=self.cycle,
            expires_at=expires_at,
            reason="a kit",
            key=self.key("kit"),
            actor=TESTS,
            at=self.at,
        )
        return Lot.objects.filter(limit__member=member, limit__unit=ITEM).latest("pk")

    # Correcting

    def adjust(self, member: Member, value: str | Amount, **changes: Any) -> Correction:
        """Correct the member's budget; *changes* replace arguments of ``programs.adjust``."""
        request = {
            "member": member,
            "amount": _amount(value),
            "reason": "a correction",
            "key": self.key("adjust"),
            "actor": TESTS,
            "at": self.at,
        }
        return programs.adjust(**request | changes)

    def claw_back(self, member: Member, **changes: Any) -> Correction:
        """Take back what a leaver has; *changes* replace arguments of ``ledger.claw_back``."""
        request = {
            "member": member,
            "unit": "USD",
            "cycle": self.cycle,
            "reason": "left the company",
            "key": self.key("clawback"),
            "actor": TESTS,
            "at": self.at,
        }
        return ledger.claw_back(**request | changes)

    def reverse(self, posting_id: int | None, *, key: str = "") -> Correction:
        """Undo one posting."""
        assert posting_id is not None
        return ledger.reverse(
            posting_id=posting_id,
            reason="a mistake",
            key=key or self.key("reverse"),
            actor=TESTS,
            at=self.at,
        )

    # Buying

    @property
    def store(self) -> Store:
        """The store of the channel ``shop``."""
        store = programs.find_store(channel_id="shop")
        assert store is not None
        return store

    def hold(self, member: Member, value: str | Amount, **changes: Any) -> Held:
        """Hold for the member; *changes* replace arguments of ``ledger.hold``."""
        request = {
            "member": member,
            "cycle": changes.get("cycle") or self.cycle,
            "amount": _amount(value),
            "checkout_id": "checkout",
            "channel_id": "shop",
            "key": changes.get("key") or self.key("hold"),
            "expires_at": self.at + HOUR,
            "actor": TESTS,
            "at": self.at,
        }
        return ledger.hold(**request | changes)

    def reserve(self, member: Member, value: str | Amount, **changes: Any) -> Held:
        """Hold the way a checkout does, through the program's rules."""
        store = programs.find_store(channel_id="shop")
        request = {
            "store": store,
            "user_id": member.user_id,
            "amount": _amount(value),
            "checkout_id": "checkout",
            "channel_id": "shop",
            "key": self.key("reserve"),
            "actor": TESTS,
            "at": self.at,
        }
        return programs.reserve(**request | changes)

    def order(self, member: Member, value: str | Amount, *, order_id: str = "order") -> None:
        """Let what the member holds for the checkout become an order of *value*; the gate."""
        programs.bind_to_order(
            store=self.store,
            user_id=member.user_id,
            checkout_id="checkout",
            order_id=order_id,
            due=_amount(value),
            at=self.at,
        )

    def settle(self, value: str | Amount, *, order_id: str = "order") -> list[Settlement]:
        """Capture what an order of *value* needs of its holds, and release the rest."""
        return programs.settle_order(order_id=order_id, due=_amount(value), actor=TESTS, at=self.at)

    def capture(
        self,
        hold: Held | UUID,
        value: str | Amount,
        *,
        items: int = 0,
        order_id: str = "order",
        key: str = "",
    ) -> Settlement:
        """Spend part or all of a hold."""
        return ledger.capture(
            hold_id=_id(hold),
            amount=_amount(value),
            items=items,
            order_id=order_id,
            key=key or self.key("capture"),
            actor=TESTS,
            at=self.at,
        )

    def release(
        self,
        hold: Held | UUID,
        value: str | Amount | None = None,
        *,
        items: int | None = None,
        key: str = "",
    ) -> Settlement:
        """Give back part or all of a hold."""
        return ledger.release(
            hold_id=_id(hold),
            amount=_amount(value) if value else None,
            items=items,
            key=key or self.key("release"),
            actor=TESTS,
            at=self.at,
            cause="a test",
        )

    def refund(
        self,
        hold: Held | UUID,
        value: str | Amount | None = None,
        *,
        items: int | None = None,
        key: str = "",
    ) -> Settlement:
        """Return captured value, all of it without *value*."""
        return ledger.refund(
            hold_id=_id(hold),
            amount=_amount(value) if value else None,
            items=items,
            key=key or self.key("refund"),
            actor=TESTS,
            at=self.at,
            cause="a test",
        )

    def refund_by_policy(
        self, hold: Held | UUID, value: str | Amount, *, items: int = 0, key: str = ""
    ) -> Settlement:
        """Return captured value as the program's refund policy says."""
        return programs.refund(
            hold=Hold.objects.select_related("program").get(pk=_id(hold)),
            amount=_amount(value),
            items=items,
            key=key or self.key("refund"),
            actor=TESTS,
            at=self.at,
            cause="a test",
        )

    def expire(self, hold: Held | UUID) -> Settlement | None:
        """Expire a hold if its time is up at ``at``."""
        return ledger.expire(hold_id=_id(hold), at=self.at)

    # Looking

    def balance(self, member: Member) -> dict[str, str]:
        """Return what the member has, as people read it, without the zeros."""
        found = ledger.balances(members=[member.pk], cycle=self.cycle, at=self.at)
        balance = found.get(member.pk, ledger.Balance())
        figures = ("available", "held", "spent", "lapsed", "withdrawn")
        return {name: amount(getattr(balance, name)) for name in figures if getattr(balance, name)}

    def in_units(self, member: Member) -> dict[str, dict[str, int]]:
        """Return what the member's budget in each unit counts, without the zeros."""
        limits = Limit.objects.filter(kind=Limit.Kind.MEMBER, member=member).order_by("unit")
        return {
            limit.unit: {
                name: count
                for name, count in [
                    ("available", limit.ceiling - limit.held - limit.spent),
                    ("held", limit.held),
                    ("spent", limit.spent),
                ]
                if count
            }
            for limit in limits
        }

    def key(self, kind: str) -> str:
        """Return an idempotency key that nothing has used."""
        return f"{kind}-{next(self.numbers)}"


def figures(limit: Cap) -> dict[str, str]:
    """Return a limit's numbers as they stand, as people read them, without the zeros."""
    limit.refresh_from_db()
    names = ("ceiling", "held", "spent", "overhang")
    return {name: amount(getattr(limit, name)) for name in names if getattr(limit, name)}


def lot_figures(lot: Lot) -> dict[str, str]:
    """Return a lot's numbers as they stand, as people read them, without the zeros."""
    lot.refresh_from_db()
    names = ("available", "held", "spent", "lapsed", "withdrawn", "moved")
    return {name: amount(getattr(lot, name)) for name in names if getattr(lot, name)}


def amount(minor: int) -> str:
    """Return cents as people read them."""
    return f"{minor / 100:.2f}"


def _amount(value: str | Amount) -> Amount:
    return value if isinstance(value, Amount) else usd(value)


def _id(hold: Held | UUID) -> UUID:
    return hold if not hasattr(hold, "hold_id") else hold.hold_id
