"""Every operation of the ledger as a story: what comes before it, and the keyed call itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from saleor_program_budgets import ledger
from saleor_program_budgets.ledger import Renewal
from saleor_program_budgets.models import Account, Cap, Lot, Member, Posting
from saleor_program_budgets.money import Amount
from tests.faults.support.books import Books, books, fresh, told
from tests.support.racing import execute
from tests.support.world import DAY, HOUR, TESTS, World, usd

Call = Callable[[], Any]


@dataclass(frozen=True)
class Operation:
    """An operation: *prepare* sets the world up and returns the call.

    *decides_at* is which of its statements posts. Only what *replays* says so when repeated;
    ``end_due_raises`` has no key, since nothing is due twice.
    """

    prepare: Callable[[World], Call]
    decides_at: int = 0
    statements: int = 1
    replays: bool = True

    @property
    def name(self) -> str:
        return self.prepare.__name__


@dataclass
class Town:
    """An organization with a department, a cap on each, and Ann with 300.00."""

    world: World
    acme: Account
    sales: Account
    whole: Cap
    part: Cap
    ann: Member

    @classmethod
    def of(cls, world: World) -> Town:
        acme = world.account("Acme")
        sales = world.account("Sales", under=acme)
        whole, part = world.cap(acme, "1000.00"), world.cap(sales, "200.00")
        return cls(world, acme, sales, whole, part, world.member(sales))

    def who(self) -> dict[str, Any]:
        return {"key": "the-key", "actor": TESTS, "at": self.world.at}

    def holding(self, value: str = "65.00") -> Call:
        cycle, world, ann = self.world.cycle, self.world, self.ann
        return lambda: world.hold(ann, value, key="the-key", cycle=cycle)


def hold(world: World) -> Call:
    return Town.of(world).holding()


def hold_over_two_lots_with_items(world: World) -> Call:
    town = Town.of(world)
    world.grant(town.ann, "10.00", expires_at=world.at + DAY)
    ledger.open_member_limits(program=town.ann.program, members=[town.ann.pk], unit="ITEM")
    ledger.grant(
        members=[town.ann.pk],
        amount=Amount(3, "ITEM"),
        origin=Lot.Origin.GRANT,
        cycle=world.cycle,
        expires_at=None,
        reason="kits",
        key="kits",
        actor=TESTS,
        at=world.at,
    )
    cycle = world.cycle
    return lambda: world.hold(town.ann, "65.00", items=2, key="the-key", cycle=cycle)


def hold_above_the_balance(world: World) -> Call:
    return Town.of(world).holding("300.01")


def hold_above_a_cap(world: World) -> Call:
    return Town.of(world).holding("200.01")


def hold_after_a_raise_has_ended(world: World) -> Call:
    town = Town.of(world)
    ledger.raise_cap(
        cap=town.part,
        amount=usd("50.00"),
        ends_at=world.at + HOUR,
        reason="a fair",
        key="raise",
        actor=TESTS,
        at=world.at,
    )
    world.at += HOUR
    return town.holding()


def hold_in_a_cap_of_small_shares(world: World) -> Call:
    """No share carries 65.00 (200.00 / 16 = 12.50), all together do."""
    town = Town.of(world)
    execute(
        f"SELECT program_budgets_divide({town.part.pk}, 16, '{world.at.isoformat()}')",
    )
    return town.holding()


def capture(world: World) -> Call:
    held = Town.of(world).holding()().hold_id
    return lambda: world.capture(held, "40.00", key="capture")


def release(world: World) -> Call:
    held = Town.of(world).holding()().hold_id
    return lambda: world.release(held, "25.00", key="release")


def refund(world: World) -> Call:
    held = Town.of(world).holding()().hold_id
    world.capture(held, "65.00")
    return lambda: world.refund(held, "15.00", key="refund")


def refund_into_a_new_lot(world: World) -> Call:
    town = Town.of(world)
    world.grant(town.ann, "50.00", expires_at=world.at + HOUR)
    held = town.holding()().hold_id
    world.capture(held, "65.00")
    world.at += DAY
    renewal = Renewal(world.cycle, world.at + DAY)
    return lambda: ledger.refund(hold_id=held, renewal=renewal, **town.who() | {"key": "refund"})


def expire(world: World) -> Call:
    held = Town.of(world).holding()().hold_id
    world.at += HOUR
    return lambda: world.expire(held)


def grant(world: World) -> Call:
    town = Town.of(world)
    members = [town.ann.pk, world.member(town.sales).pk]
    cycle = world.cycle
    return lambda: ledger.grant(
        members=members,
        amount=usd("20.00"),
        origin=Lot.Origin.GRANT,
        cycle=cycle,
        expires_at=None,
        reason="a bonus",
        **town.who(),
    )


def adjust_up(world: World) -> Call:
    return _adjust(world, "20.00")


def adjust_down(world: World) -> Call:
    return _adjust(world, "-20.00")


def _adjust(world: World, value: str) -> Call:
    town = Town.of(world)
    cycle = world.cycle
    return lambda: ledger.adjust(
        member=town.ann,
        amount=usd(value),
        cycle=cycle,
        expires_at=None,
        reason="a mistake",
        **town.who(),
    )


def claw_back(world: World) -> Call:
    town = Town.of(world)
    world.grant(town.ann, "10.00")
    world.hold(town.ann, "65.00")
    cycle = world.cycle
    return lambda: ledger.claw_back(
        member=town.ann, unit="USD", cycle=cycle, reason="has left", **town.who()
    )


def set_cap(world: World) -> Call:
    """A new cap, which counts what is held and spent under it already."""
    acme = world.account("Acme")
    sales = world.account("Sales", under=acme)
    ann = world.member(sales)
    world.capture(world.hold(ann, "65.00"), "40.00")
    return _set_cap(world, sales, "500.00")


def set_cap_below_what_is_used(world: World) -> Call:
    sales = world.account("Sales")
    world.hold(world.member(sales), "65.00")
    return _set_cap(world, sales, "50.00")


def set_cap_again(world: World) -> Call:
    return _set_cap(world, Town.of(world).sales, "500.00", depth=1)


def _set_cap(world: World, account: Account, value: str, *, depth: int = 0) -> Call:
    program, cycle = world.program, world.cycle
    return lambda: ledger.set_cap(
        account=account,
        depth=depth,
        program=program,
        cycle=cycle,
        ceiling=usd(value),
        reason="a new year",
        key="the-key",
        actor=TESTS,
        at=world.at,
    )


def set_ceiling_below_what_is_used(world: World) -> Call:
    town = Town.of(world)
    world.hold(town.ann, "65.00")
    return lambda: ledger.set_ceiling(
        cap=town.part, ceiling=usd("50.00"), reason="savings", **town.who()
    )


def raise_cap(world: World) -> Call:
    town = Town.of(world)
    return lambda: ledger.raise_cap(
        cap=town.part,
        amount=usd("50.00"),
        ends_at=world.at + HOUR,
        reason="a fair",
        **town.who(),
    )


def end_due_raises(world: World) -> Call:
    raise_cap(world)()
    world.at += HOUR
    return lambda: ledger.end_due_raises(at=world.at)


def adjust_many(world: World) -> Call:
    """One up, one down, one that doesn't fit, and one more for the first."""
    town, cycle = Town.of(world), world.cycle
    bob = world.member(town.sales)
    lines = [
        ledger.Adjusting(member.pk, usd(value), None, "a mistake", f"line-{number}")
        for number, (member, value) in enumerate(
            [(town.ann, "20.00"), (bob, "-20.00"), (town.ann, "-400.00"), (bob, "5.00")]
        )
    ]
    return lambda: list(
        ledger.adjust_each(lines=lines, cycle=cycle, actor=TESTS, at=world.at).values()
    )


def undo_many(world: World) -> Call:
    adjust_many(world)()
    made = Posting.objects.filter(kind="adjustment").order_by("pk").values_list("pk", flat=True)
    postings = {f"undo-{number}": posting for number, posting in enumerate(made)}
    return lambda: list(
        ledger.reverse_each(
            postings=postings, reason="a mistake", actor=TESTS, at=world.at
        ).values()
    )


def reverse_a_grant(world: World) -> Call:
    town = Town.of(world)
    world.grant(town.ann, "20.00")
    return _reverse(world, "grant")


def reverse_a_refund(world: World) -> Call:
    refund(world)()
    return _reverse(world, "refund")


def reverse_a_raise(world: World) -> Call:
    raise_cap(world)()
    return _reverse(world, "ceiling")


def _reverse(world: World, kind: str) -> Call:
    posting = Posting.objects.filter(kind=kind).latest("pk").pk
    return lambda: ledger.reverse(
        posting_id=posting, reason="a mistake", key="reversal", actor=TESTS, at=world.at
    )


OPERATIONS = (
    Operation(hold),
    Operation(hold_over_two_lots_with_items),
    Operation(hold_above_the_balance, replays=False),
    # Crowded, decided in full, and the cap's name for the refusal's wording.
    Operation(hold_above_a_cap, decides_at=1, statements=3, replays=False),
    Operation(hold_after_a_raise_has_ended, decides_at=1, statements=2),
    Operation(hold_in_a_cap_of_small_shares, decides_at=1, statements=2),
    Operation(capture),
    Operation(release),
    Operation(refund),
    Operation(refund_into_a_new_lot),
    Operation(expire),
    Operation(grant),
    Operation(adjust_up),
    Operation(adjust_down),
    Operation(claw_back),
    # These three end by reading the cap.
    Operation(set_cap, statements=2, replays=False),
    Operation(set_cap_below_what_is_used, statements=2, replays=False),
    Operation(set_cap_again, statements=2, replays=False),
    Operation(set_ceiling_below_what_is_used, statements=2, replays=False),
    Operation(raise_cap, statements=3, replays=False),
    # Reads which are due.
    Operation(end_due_raises, decides_at=1, statements=2, replays=False),
    Operation(reverse_a_grant),
    Operation(reverse_a_refund),
    Operation(reverse_a_raise),
    Operation(adjust_many, replays=False),
    Operation(undo_many, replays=False),
)
EACH_OPERATION = pytest.mark.parametrize(
    "operation", OPERATIONS, ids=[operation.name for operation in OPERATIONS]
)


@cache
def after(operation: Operation) -> tuple[Any, Books]:
    """Run the operation undisturbed; return what its caller is told and the books after it."""
    answer = told(operation.prepare(fresh()))
    return answer, books()
