"""Every period is half-open: a microsecond before its end it lasts, at its end it is over.

One table for each way in which a period is looked at; each line is an instant around the boundary
and what is answered then.
"""

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import transaction

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import (
    BalanceShort,
    CapReached,
    NotCovered,
    NotReversible,
    ProgramClosed,
    Refusal,
)
from saleor_program_budgets.models import Cap, Hold, Lot, Member, Program
from tests.support.world import DAY, HOUR, INSTANT, START, World, figures, lot_figures, usd

END = START + DAY
"""Where the boundary of each test lies."""
LASTS_UNTIL = [(-INSTANT, True), (0 * INSTANT, False), (INSTANT, False)]
BEGINS_AT = [(-INSTANT, False), (0 * INSTANT, True), (INSTANT, True)]

#: What leaves a program without a cycle at END, or at least shut.
THE_END_OF_THE_LAST_CYCLE: list[dict[str, object]] = [
    {"closes_at": END, "cycle_length": "window"},
    {"cycle_length": "custom", "cycle_dates": [START, END]},
]
THE_END_OF_A_PROGRAM = [*THE_END_OF_THE_LAST_CYCLE, {"closes_at": END}]

until_its_end = pytest.mark.parametrize(("offset", "is_within"), LASTS_UNTIL)
from_its_start = pytest.mark.parametrize(("offset", "is_within"), BEGINS_AT)


def passes(attempt: Callable[[], object], refusal: type[Refusal]) -> bool:
    """Say whether *attempt* passes; any other refusal than *refusal* fails the test."""
    try:
        attempt()
    except refusal:
        return False
    return True


def order(world: World, member: Member, value: str) -> None:
    with transaction.atomic():
        world.order(member, value)


def assessed(world: World, member: Member, value: str) -> programs.Assessment:
    return programs.assess(
        store=world.store,
        user_id=member.user_id,
        due=usd(value),
        checkout_id="checkout",
        at=world.at,
    )


# A lot, until its expiry


@pytest.fixture
def lot(world: World) -> Lot:
    """All that a member has: 50.00 until END."""
    world.open_program(allotment="0.00")
    return world.grant(world.member(), "50.00", expires_at=END)


@until_its_end
def test_a_lot_is_held(world: World, lot: Lot, offset: dt.timedelta, is_within: bool) -> None:
    world.at = END + offset
    member = lot.limit.member
    assert passes(lambda: world.hold(member, "50.00"), BalanceShort) is is_within


@until_its_end
def test_a_lot_is_shown(world: World, lot: Lot, offset: dt.timedelta, is_within: bool) -> None:
    world.at = END + offset
    member = lot.limit.member
    assert world.balance(member) == {"available" if is_within else "lapsed": "50.00"}
    assessment = assessed(world, member, "50.00")
    assert assessment.usable == usd("50.00" if is_within else "0.00")
    assert (assessment.refusal is None) is is_within


@until_its_end
def test_a_lot_is_released_to(
    world: World, lot: Lot, offset: dt.timedelta, is_within: bool
) -> None:
    hold = world.hold(lot.limit.member, "50.00")
    world.at = END + offset
    world.release(hold)
    assert lot_figures(lot) == {"available" if is_within else "lapsed": "50.00"}


@until_its_end
@pytest.mark.parametrize("policy", Program.RefundPolicy.values)
def test_a_lot_is_refunded_to(
    world: World, lot: Lot, policy: str, offset: dt.timedelta, is_within: bool
) -> None:
    Program.objects.update(refund_policy=policy)
    hold = world.hold(lot.limit.member, "50.00")
    world.capture(hold, "50.00")
    world.at = END + offset
    world.refund_by_policy(hold, "50.00")
    fate = "lapsed" if policy == Program.RefundPolicy.FORFEIT else "moved"
    assert lot_figures(lot) == {"available" if is_within else fate: "50.00"}


@until_its_end
def test_a_lot_is_clawed_back_from(
    world: World, lot: Lot, offset: dt.timedelta, is_within: bool
) -> None:
    world.at = END + offset
    taken = world.claw_back(lot.limit.member)
    assert taken.amount == usd("-50.00" if is_within else "0.00")


@pytest.mark.parametrize("offset", [offset for offset, _ in LASTS_UNTIL])
def test_a_lot_is_captured_from_at_any_time(world: World, lot: Lot, offset: dt.timedelta) -> None:
    hold = world.hold(lot.limit.member, "50.00")
    world.at = END + offset
    world.capture(hold, "50.00")
    assert lot_figures(lot) == {"spent": "50.00"}


# A hold, until its expiry


@pytest.fixture
def buyer(world: World) -> Member:
    """A member whose 65.00 are held for a checkout until END."""
    member = world.member()
    world.hold(member, "65.00", expires_at=END)
    return member


@until_its_end
def test_a_hold_is_bound(
    world: World, buyer: Member, offset: dt.timedelta, is_within: bool
) -> None:
    world.at = END + offset
    assert passes(lambda: order(world, buyer, "65.00"), NotCovered) is is_within
    assert Hold.objects.get().order_id == ("order" if is_within else "")


@until_its_end
def test_a_hold_is_relied_on_before_completion(
    world: World, buyer: Member, offset: dt.timedelta, is_within: bool
) -> None:
    def check() -> None:
        programs.check_covered(
            store=world.store,
            user_id=buyer.user_id,
            checkout_id="checkout",
            due=usd("65.00"),
            at=END + offset,
        )

    assert passes(check, NotCovered) is is_within


@until_its_end
def test_a_hold_is_shown(
    world: World, buyer: Member, offset: dt.timedelta, is_within: bool
) -> None:
    world.at = END + offset
    assert assessed(world, buyer, "65.00").held_here == usd("65.00" if is_within else "0.00")


@until_its_end
def test_a_hold_stands(world: World, buyer: Member, offset: dt.timedelta, is_within: bool) -> None:
    world.at = END + offset
    assert len(ledger.due_holds(at=world.at)) == (0 if is_within else 1)
    assert len(programs.expire_due_holds(at=world.at)) == (0 if is_within else 1)
    assert ("held" in world.balance(buyer)) is is_within


# A temporary raise, until its end


@pytest.fixture
def raised(world: World) -> Cap:
    """A cap of 100.00, at 150.00 until END."""
    cap = world.cap(world.account("Acme"), "100.00")
    world.raise_cap(cap, "50.00", ends_at=END)
    return cap


@until_its_end
def test_a_raise_is_used(world: World, raised: Cap, offset: dt.timedelta, is_within: bool) -> None:
    member = world.member(raised.account)
    world.at = END + offset
    assert passes(lambda: world.hold(member, "100.01"), CapReached) is is_within
    assert figures(raised) == (
        {"ceiling": "150.00", "held": "100.01"} if is_within else {"ceiling": "100.00"}
    )


@until_its_end
def test_a_raise_is_shown(world: World, raised: Cap, offset: dt.timedelta, is_within: bool) -> None:
    member = world.member(raised.account)
    world.hold(member, "130.00")
    world.at = END + offset
    [cap] = ledger.caps_over(
        account_id=raised.account_id, cycle=world.cycle, unit="USD", at=world.at
    )
    assert (cap.ceiling, cap.raised, cap.available, cap.overhang, cap.raise_ends_at) == (
        (150_00, 50_00, 20_00, 0, END) if is_within else (100_00, 0, 0, 30_00, None)
    )
    assert assessed(world, member, "20.00").usable == usd("20.00" if is_within else "0.00")


@until_its_end
def test_a_raise_is_ended_by_the_job(
    world: World, raised: Cap, offset: dt.timedelta, is_within: bool
) -> None:
    assert ledger.end_due_raises(at=END + offset) == (0 if is_within else 1)
    assert figures(raised) == {"ceiling": "150.00" if is_within else "100.00"}


@until_its_end
def test_a_raise_counts_beside_a_new_ceiling(
    world: World, raised: Cap, offset: dt.timedelta, is_within: bool
) -> None:
    world.at = END + offset
    world.cap(raised.account, "80.00")
    assert figures(raised) == {"ceiling": "130.00" if is_within else "80.00"}


@until_its_end
def test_a_raise_makes_room_for_a_reversal(
    world: World, raised: Cap, offset: dt.timedelta, is_within: bool
) -> None:
    member = world.member(raised.account)
    hold = world.hold(member, "130.00")
    world.capture(hold, "130.00")
    refund = world.refund(hold, "30.00")
    world.at = END + offset
    if is_within:
        world.reverse(refund.posting_id)
    else:
        with pytest.raises(NotReversible):
            world.reverse(refund.posting_id)
    assert figures(raised) == (
        {"ceiling": "150.00", "spent": "130.00"}
        if is_within
        else {"ceiling": "100.00", "spent": "100.00"}
    )


# A program, from opens_at until closes_at; a cycle that no other follows, until ends_at


@from_its_start
def test_a_program_opens(world: World, offset: dt.timedelta, is_within: bool) -> None:
    world.open_program(opens_at=END)
    member = world.member()
    world.at = END + offset
    assert passes(lambda: world.reserve(member, "65.00"), ProgramClosed) is is_within
    assert (assessed(world, member, "65.00").refusal is None) is is_within


@until_its_end
@pytest.mark.parametrize("rules", THE_END_OF_A_PROGRAM)
def test_a_program_closes(
    world: World, rules: dict[str, object], offset: dt.timedelta, is_within: bool
) -> None:
    world.open_program(**rules)
    member = world.member()
    world.at = END + offset
    assert (assessed(world, member, "65.00").refusal is None) is is_within
    assert passes(lambda: world.reserve(member, "65.00"), ProgramClosed) is is_within


@until_its_end
def test_a_cycle_counts_purchases(world: World, offset: dt.timedelta, is_within: bool) -> None:
    world.open_program(cycle_length="custom", cycle_dates=[START, END, END + DAY])
    member = world.member()
    first = world.cycle
    world.at = END + offset
    world.reserve(member, "65.00")
    assert Hold.objects.get().cycle.number == (first.number if is_within else first.number + 1)
    assert world.cycle.starts_at == (START if is_within else END)


@pytest.mark.parametrize("offset", [offset for offset, _ in LASTS_UNTIL])
@pytest.mark.parametrize("rules", [*THE_END_OF_A_PROGRAM, {}])
def test_what_was_held_before_the_close_becomes_its_order(
    world: World, rules: dict[str, object], offset: dt.timedelta
) -> None:
    world.open_program(**rules)
    member = world.member()
    end = END if rules else world.cycle.ends_at
    world.at = end - HOUR / 2
    world.reserve(member, "65.00")
    world.at = end + offset
    order(world, member, "65.00")
    [captured] = world.settle("65.00")
    assert captured.captured == usd("65.00")


@until_its_end
@pytest.mark.parametrize("rules", THE_END_OF_A_PROGRAM)
def test_a_free_order_needs_an_open_program(
    world: World, rules: dict[str, object], offset: dt.timedelta, is_within: bool
) -> None:
    world.open_program(**rules)
    member = world.member()
    world.at = END + offset
    assert passes(lambda: order(world, member, "0.00"), ProgramClosed) is is_within


@until_its_end
@pytest.mark.parametrize("rules", THE_END_OF_THE_LAST_CYCLE)
def test_a_refund_is_reissued_while_a_cycle_is_open(
    world: World, rules: dict[str, object], offset: dt.timedelta, is_within: bool
) -> None:
    world.open_program(allotment="0.00", refund_policy=Program.RefundPolicy.REISSUE, **rules)
    member = world.member()
    lot = world.grant(member, "50.00", expires_at=START + HOUR)
    hold = world.hold(member, "50.00")
    world.capture(hold, "50.00")
    world.at = END + offset
    world.refund_by_policy(hold, "50.00")
    assert lot_figures(lot) == {"moved" if is_within else "lapsed": "50.00"}


@pytest.mark.parametrize("offset", [offset for offset, _ in LASTS_UNTIL])
def test_a_refund_is_reissued_into_the_cycle_that_is_open_then(
    world: World, offset: dt.timedelta
) -> None:
    world.open_program(allotment="0.00", refund_policy=Program.RefundPolicy.REISSUE)
    member = world.member()
    world.grant(member, "50.00", expires_at=START + HOUR)
    hold = world.hold(member, "50.00")
    world.capture(hold, "50.00")
    first_end = world.cycle.ends_at
    world.at = first_end + offset
    world.refund_by_policy(hold, "50.00")
    reissued = Lot.objects.get(origin="refund")
    assert (reissued.cycle, reissued.expires_at) == (world.cycle, world.cycle.ends_at)
    assert world.cycle.number == (1 if world.at < first_end else 2)


@until_its_end
def test_grace_lasts(world: World, offset: dt.timedelta, is_within: bool) -> None:
    world.open_program(
        allotment="0.00", refund_policy=Program.RefundPolicy.GRACE, refund_grace_days=1
    )
    member = world.member()
    world.grant(member, "50.00", expires_at=START + HOUR)
    hold = world.hold(member, "50.00")
    world.capture(hold, "50.00")
    world.at = START + 2 * HOUR
    world.refund_by_policy(hold, "50.00")
    world.at += DAY + offset
    assert passes(lambda: world.hold(member, "50.00"), BalanceShort) is is_within
