"""Mixed trading by several clients at once: orders, refunds, changes of mind and of caps.

Each client has its own random sequence from the seed. What the database makes of their order is
its affair; whatever it is, nothing may be overspent.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock, Thread
from typing import TYPE_CHECKING

from django.db import connections

from saleor_program_budgets import programs
from saleor_program_budgets.errors import Refusal
from saleor_program_budgets.simulation.shopping import Checkout, Order
from saleor_program_budgets.simulation.world import ADMINISTRATOR, CURRENCY, money

if TYPE_CHECKING:
    from collections.abc import Callable

    from saleor_program_budgets.models import Member
    from saleor_program_budgets.money import Amount
    from saleor_program_budgets.simulation.world import World

PRICES = [Decimal(price) for price in ("15.00", "30.00", "65.00", "80.00", "130.00")]
DELIVERY = Decimal("5.00")
REMEMBERED_ORDERS = 50
#: Of a hundred errands, how many are of which kind; the rest buy.
ADMINISTRATION, REFUND, CANCELLATION, CHANGE_OF_MIND = 4, 8, 3, 7


@dataclass(slots=True)
class Traded:
    """What the clients did: seconds that each operation took, and what went wrong."""

    clients: int
    seconds: float = 0.0
    orders: int = 0
    timings: dict[str, list[float]] = field(default_factory=dict)
    failures: list[Exception] = field(default_factory=list)


class Quota:
    """How much trading there is to be: a number of orders, or a time; shared by all clients."""

    def __init__(self, *, orders: int | None, seconds: float | None) -> None:
        self._left = orders
        self._ends = None if seconds is None else time.monotonic() + seconds
        self._lock = Lock()

    def take(self) -> bool:
        """Take one order's worth; false when there is none left."""
        if self._ends is not None and time.monotonic() >= self._ends:
            return False
        with self._lock:
            if self._left is None:
                return True
            self._left -= 1
            return self._left >= 0


def run(
    world: World, *, clients: int, orders: int | None, seconds: float | None, seed: int
) -> Traded:
    """Trade until the quota is used up, and return what came of it."""
    quota = Quota(orders=orders, seconds=seconds)
    traders = [Trader(world, quota, random.Random(f"{seed}:{n}")) for n in range(clients)]  # noqa: S311 a repeatable day, not a secret
    threads = [Thread(target=trader.trade, daemon=True) for trader in traders]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outcome = Traded(clients=clients, seconds=time.perf_counter() - began)
    for trader in traders:
        outcome.orders += trader.placed
        outcome.failures += trader.failures
        for name, timings in trader.timings.items():
            outcome.timings.setdefault(name, []).extend(timings)
    return outcome


class Trader:
    """One client: picks members and errands at random, and times each operation."""

    def __init__(self, world: World, quota: Quota, choice: random.Random) -> None:
        self._world = world
        self._quota = quota
        self._choice = choice
        self._members = [member for members in world.members.values() for member in members]
        self._orders: list[Order] = []
        self.placed = 0
        self.timings: dict[str, list[float]] = {}
        self.failures: list[Exception] = []

    def trade(self) -> None:
        """Run errands until there is no more to trade, or one fails for no good reason."""
        try:
            while self._quota.take():
                self._errand()
        except Exception as failure:  # noqa: BLE001 reported, and makes the day fail
            self.failures.append(failure)
        finally:
            connections.close_all()

    def _errand(self) -> None:
        number = self._choice.randrange(100)
        if number < ADMINISTRATION:
            self._administer()
        elif number < ADMINISTRATION + REFUND:
            self._refund()
        elif number < ADMINISTRATION + REFUND + CANCELLATION and self._orders:
            order = self._orders.pop(self._choice.randrange(len(self._orders)))
            self._timed("cancel", order.cancel)
        self._buy(changes_mind=number >= 100 - CHANGE_OF_MIND)

    def _buy(self, *, changes_mind: bool) -> None:
        checkout = Checkout.fill(self._world, self._member(), self._total())
        try:
            self._timed("hold", checkout.apply_budget)
            if changes_mind:
                self._timed("release", checkout.abandon)
                return
            order = self._timed("place", checkout.place)
        except Refusal:
            return  # on record, by its reason
        self._timed("capture", order.settle)
        self.placed += 1
        self._orders = [*self._orders[1 - REMEMBERED_ORDERS :], order]

    def _refund(self) -> None:
        if not self._orders:
            return
        order = self._orders.pop(self._choice.randrange(len(self._orders)))
        part = max(order.total.minor // self._choice.choice([1, 2, 3]), 1)
        amount = type(order.total)(part, CURRENCY)
        self._timed("refund", lambda: order.refund(amount))

    def _administer(self) -> None:
        world = self._world
        department = self._choice.choice(list(world.departments))
        account = world.accounts[department.name]
        errand = self._choice.randrange(3)
        if errand == 0:
            share = self._choice.choice([Decimal("0.5"), Decimal(1), Decimal("1.1")])
            cap = (department.cap * share).quantize(Decimal("0.01"))
            self._timed("cap", lambda: world.set_cap(account, cap, "reviewed"))
        elif errand == 1:
            member = self._member()
            self._timed("move", lambda: programs.move_member(member=member, account=account))
        else:
            member = self._member()
            self._timed("grant", lambda: self._grant(member))

    def _grant(self, member: Member) -> None:
        programs.grant(
            member=member,
            amount=money("25.00"),
            reason="anniversary",
            expires_at=None,
            key=self._world.key("grant"),
            actor=ADMINISTRATOR,
            at=self._world.clock(),
        )

    def _member(self) -> Member:
        return self._choice.choice(self._members)

    def _total(self) -> Amount:
        return money(self._choice.choice(PRICES) + DELIVERY)

    def _timed[T](self, name: str, run: Callable[[], T]) -> T:
        began = time.perf_counter()
        try:
            return run()
        finally:
            self.timings.setdefault(name, []).append(time.perf_counter() - began)
