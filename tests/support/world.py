"""A small world for tests: accounts, a program, members, and the ledger in few words.

Amounts are written as people read them (``"65.00"``); the clock is ``world.at`` and moves only
when a test moves it. Each operation takes a fresh key unless the test gives one.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model

from saleor_program_budgets import accounts, ledger, programs
from saleor_program_budgets.models import Account, Cap, Cycle, Lot, Member, Program
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from uuid import UUID

    from saleor_program_budgets.ledger import Held, Settlement

START = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)
TESTS = ledger.Actor("staff", "tests")
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
INSTANT = dt.timedelta(microseconds=1)


def usd(value: str) -> Amount:
    """Return an amount of US dollars: ``usd("65.00")``."""
    return Amount.from_decimal(Decimal(value), "USD")


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
        self, *, allotment: str = "300.00", channel: str = "shop", **rules: Any
    ) -> Program:
        """Add and open a program; the first is the one that ``program`` names."""
        program = self.draft_program(allotment=allotment, channel=channel, **rules)
        programs.open_program(program=program, actor=TESTS, at=self.at)
        return program

    def draft_program(
        self, *, allotment: str = "300.00", channel: str = "shop", **rules: Any
    ) -> Program:
        """Add a program without opening it."""
        number = next(self.numbers)
        program = programs.create_program(
            slug=f"program-{number}",
            rules=programs.Rules(
                **{"name": f"Program {number}", "allotment": usd(allotment)} | rules
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

    def cap(self, account: Account, value: str, *, everywhere: bool = False) -> Cap:
        """Set the account's cap for the program, or for all programs *everywhere*."""
        return programs.set_cap(
            account=account,
            program=None if everywhere else self.program,
            amount=usd(value),
            reason="set by a test",
            key=self.key("cap"),
            actor=TESTS,
            at=self.at,
        )

    def grant(self, member: Member, value: str, *, expires_at: dt.datetime | None = None) -> Lot:
        """Grant beside the allotment; returns the new lot."""
        programs.grant(
            member=member,
            amount=usd(value),
            reason="a test",
            expires_at=expires_at,
            key=self.key("grant"),
            actor=TESTS,
            at=self.at,
        )
        return Lot.objects.filter(limit__member=member).latest("pk")

    # Buying

    def hold(self, member: Member, value: str, **changes: Any) -> Held:
        """Hold for the member; *changes* replace arguments of ``ledger.hold``."""
        request = {
            "member": member,
            "cycle": changes.get("cycle") or self.cycle,
            "amount": usd(value),
            "checkout_id": "checkout",
            "channel_id": "shop",
            "key": changes.get("key") or self.key("hold"),
            "expires_at": self.at + HOUR,
            "actor": TESTS,
            "at": self.at,
        }
        return ledger.hold(**request | changes)

    def reserve(self, member: Member, value: str, **changes: Any) -> Held:
        """Hold the way a checkout does, through the program's rules."""
        store = programs.find_store(channel_id="shop")
        request = {
            "store": store,
            "user_id": member.user_id,
            "amount": usd(value),
            "checkout_id": "checkout",
            "channel_id": "shop",
            "key": self.key("reserve"),
            "actor": TESTS,
            "at": self.at,
        }
        return programs.reserve(**request | changes)

    def capture(
        self, hold: Held | UUID, value: str, *, order_id: str = "order", key: str = ""
    ) -> Settlement:
        """Spend part or all of a hold."""
        return ledger.capture(
            hold_id=_id(hold),
            amount=usd(value),
            order_id=order_id,
            key=key or self.key("capture"),
            actor=TESTS,
            at=self.at,
        )

    def release(self, hold: Held | UUID, value: str | None = None, *, key: str = "") -> Settlement:
        """Give back part or all of a hold."""
        return ledger.release(
            hold_id=_id(hold),
            amount=usd(value) if value else None,
            key=key or self.key("release"),
            actor=TESTS,
            at=self.at,
            cause="a test",
        )

    def refund(self, hold: Held | UUID, value: str | None = None, *, key: str = "") -> Settlement:
        """Return captured value, all of it without *value*."""
        return ledger.refund(
            hold_id=_id(hold),
            amount=usd(value) if value else None,
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
        figures = ("available", "held", "spent", "lapsed")
        return {name: amount(getattr(balance, name)) for name in figures if getattr(balance, name)}

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
    names = ("available", "held", "spent", "removed")
    return {name: amount(getattr(lot, name)) for name in names if getattr(lot, name)}


def amount(minor: int) -> str:
    """Return cents as people read them."""
    return f"{minor / 100:.2f}"


def _id(hold: Held | UUID) -> UUID:
    return hold if not hasattr(hold, "hold_id") else hold.hold_id
