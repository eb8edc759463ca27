"""The acts: who buys what, and what the core must answer; the same as the demo plays in Saleor.

Every answer is compared with what the story claims; the first that deviates ends the day.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Barrier
from typing import TYPE_CHECKING

from django.db import connections

from saleor_program_budgets import programs
from saleor_program_budgets.errors import BalanceShort, CapReached, NotCovered, Refusal
from saleor_program_budgets.models import Program
from saleor_program_budgets.simulation.report.text import Row
from saleor_program_budgets.simulation.shopping import Checkout, Order
from saleor_program_budgets.simulation.world import ALLOTMENT, World, money, rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from saleor_program_budgets.models import Member
    from saleor_program_budgets.money import Amount

AT_ONCE = 20
PASS_AT_ONCE = 5
BUYERS = 10  # with two checkouts each

# A quarter-zip is 65.00, a water bottle 15.00, delivery 5.00.
GEAR, GEAR_TOTAL = "2 quarter-zip, 1 water bottle", money("150.00")
FOUR_ZIPS, FOUR_ZIPS_TOTAL = "4 quarter-zip", money("265.00")
ONE_BOTTLE, ONE_BOTTLE_TOTAL = "1 water bottle", money("20.00")
NOTHING = money("0.00")


class Deviation(Exception):
    """The core did something else than the story claims."""


@dataclass(slots=True)
class Day:
    """The state of the story."""

    world: World
    rows: list[Row] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)

    def order(self, name: str, member: Member, what: str, total: Amount, *, left: str) -> None:
        """Have somebody buy from their budget alone."""
        checkout = Checkout.fill(self.world, member, total)
        checkout.apply_budget()
        order = checkout.place()
        order.settle()
        paid = order.paid()
        expect(f"what {name}'s budget pays", paid, total)
        expect(f"what {name} has left", self.world.left(member), money(left))
        self.orders.append(order)
        self.rows.append(Row(name, what, "ordered", total, paid, None, money(left)))


def expect(what: str, found: object, claimed: object) -> None:
    """Raise ``Deviation`` unless the two are equal."""
    if found != claimed:
        raise Deviation(f"{what}: {found}, where the story claims {claimed}")


def refused(what: str, run: Callable[[], object], *, by: type[Refusal], shortfall: str) -> None:
    """Run what has to be refused, by that rule and by that much."""
    try:
        run()
    except Refusal as refusal:
        expect(f"why {what} is refused", type(refusal).__name__, by.__name__)
        expect(f"the shortfall of {what}", refusal.shortfall, money(shortfall))
    else:
        raise Deviation(f"{what} passed, where the story claims a refusal")


def covered(day: Day) -> None:
    """A budget of 300.00 covers 150.00."""
    ada = day.world.members["Engineering"][0]
    expect("the budget at the start", day.world.left(ada), money(ALLOTMENT))
    day.order("Engineering 1", ada, GEAR, GEAR_TOTAL, left="150.00")


def short(day: Day) -> None:
    """The other 150.00 don't cover 265.00, until the shopper may pay the difference."""
    world, ada = day.world, day.world.members["Engineering"][0]
    checkout = Checkout.fill(world, ada, FOUR_ZIPS_TOTAL)
    expect("the shortfall shown", checkout.look().shortfall, money("115.00"))
    refused("the budget", checkout.apply_budget, by=BalanceShort, shortfall="115.00")
    refused("the order", checkout.place, by=NotCovered, shortfall="265.00")
    left = world.left(ada)
    day.rows.append(
        Row(
            "Engineering 1",
            FOUR_ZIPS,
            "refused: short by 115.00",
            FOUR_ZIPS_TOTAL,
            None,
            None,
            left,
        )
    )
    _set_policy(world, Program.OveragePolicy.PAY_DIFFERENCE)
    day.rows.append(Row("the administrator", "lets shoppers pay the difference", "done"))
    checkout.apply_budget(checkout.look().applicable)
    order = checkout.place()
    order.settle()
    paid = order.paid()
    expect("what the budget pays", paid, money("150.00"))
    expect("what is left", world.left(ada), NOTHING)
    day.orders.append(order)
    by_card = FOUR_ZIPS_TOTAL - paid
    day.rows.append(
        Row(
            "Engineering 1",
            f"the same {FOUR_ZIPS}",
            "ordered",
            FOUR_ZIPS_TOTAL,
            paid,
            by_card,
            NOTHING,
        )
    )
    _set_policy(world, Program.OveragePolicy.BLOCK)


def at_the_cap(day: Day) -> None:
    """Two orders use up the department's 300.00; then nobody in it gets through."""
    world, members = day.world, day.world.members["Operations"][:3]
    for number, member in enumerate(members[:2], start=1):
        day.order(f"Operations {number}", member, GEAR, GEAR_TOTAL, left="150.00")
    _expect_nothing_left(world, "Operations")
    checkouts = [Checkout.fill(world, member, ONE_BOTTLE_TOTAL) for member in members]
    for checkout in checkouts:
        refused("the budget", checkout.apply_budget, by=CapReached, shortfall="20.00")
    day.rows.append(
        Row(
            "each of these and a third",
            ONE_BOTTLE,
            "refused: the cap is short by 20.00",
            ONE_BOTTLE_TOTAL,
        )
    )
    world.set_cap(world.accounts["Operations"], Decimal("13000.00"), "budget approved")
    day.rows.append(Row("the administrator", "raises Operations' cap", "13,000.00"))
    for number, (member, left) in enumerate(
        zip(members, ["130.00", "130.00", "280.00"], strict=True), start=1
    ):
        what = f"the same {ONE_BOTTLE}"
        day.order(f"Operations {number}", member, what, ONE_BOTTLE_TOTAL, left=left)


def at_once(day: Day) -> None:
    """Marketing's cap leaves 100.00; ten of its people order twice for 20.00 in one moment."""
    world, members = day.world, day.world.members["Marketing"]
    day.order("Marketing 1", members[0], GEAR, GEAR_TOTAL, left="150.00")
    available = world.cap_of(world.accounts["Marketing"]).available
    expect("what the cap leaves", available, money("100.00").minor)
    outcomes = _buy_at_once(world, list(members[1 : BUYERS + 1]) * (AT_ONCE // BUYERS))
    placed = [outcome for outcome in outcomes if isinstance(outcome, Order)]
    refusals = [type(outcome) for outcome in outcomes if isinstance(outcome, Refusal)]
    expect("how many got through", len(placed), PASS_AT_ONCE)
    expect("why the others did not", refusals, [CapReached] * (AT_ONCE - PASS_AT_ONCE))
    _expect_nothing_left(world, "Marketing")
    day.orders += placed
    day.rows.append(
        Row(
            f"{BUYERS} others in Marketing",
            f"{AT_ONCE} times {ONE_BOTTLE} at once",
            f"{PASS_AT_ONCE} orders, {AT_ONCE - PASS_AT_ONCE} refused: the cap is reached",
            money("400.00"),
            money("100.00"),
        )
    )


def refund(day: Day) -> None:
    """One quarter-zip of the first order comes back, and its price goes back to the budget."""
    order = day.orders[0]
    order.refund(money("65.00"))
    left = day.world.left(order.member)
    expect("the budget after the refund", left, money("65.00"))
    day.rows.append(
        Row(
            "staff",
            "refund 1 quarter-zip of the first order",
            "back in the budget",
            None,
            money("-65.00"),
            None,
            left,
        )
    )


ACTS: Sequence[Callable[[Day], None]] = (covered, short, at_the_cap, at_once, refund)


def _buy_at_once(world: World, members: Sequence[Member]) -> list[Order | Refusal]:
    start = Barrier(len(members))

    def buy(member: Member) -> Order | Refusal:
        try:
            checkout = Checkout.fill(world, member, ONE_BOTTLE_TOTAL)
            start.wait()
            checkout.apply_budget()
            order = checkout.place()
            order.settle()
        except Refusal as refusal:
            return refusal
        else:
            return order
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(members)) as pool:
        return list(pool.map(buy, members))


def _set_policy(world: World, policy: Program.OveragePolicy) -> None:
    programs.update_program(program=world.program, rules=rules(policy), at=world.clock())


def _expect_nothing_left(world: World, department: str) -> None:
    cap = world.cap_of(world.accounts[department])
    expect(f"what {department} has left", cap.available, 0)
