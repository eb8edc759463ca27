"""One posting is undone by its mirror image, as long as nothing of it has been used since."""

from collections.abc import Callable

import pytest

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import (
    Behind,
    KeyConflict,
    NotFound,
    NotReversible,
)
from saleor_program_budgets.models import Entry, Hold, HoldLot, Limit, Lot, Member, Posting
from saleor_program_budgets.money import Amount
from tests.support.database import divide, snapshot
from tests.support.world import DAY, TESTS, World, figures, lot_figures


def last(kind: str) -> int:
    return Posting.objects.filter(kind=kind).latest("pk").pk


def granted(world: World, member: Member) -> int:
    world.grant(member, "50.00")
    return last("grant")


def adjusted(world: World, member: Member) -> int:
    world.adjust(member, "-20.00")
    return last("adjustment")


def clawed_back(world: World, member: Member) -> int:
    world.claw_back(member)
    return last("clawback")


def refunded(world: World, member: Member) -> int:
    world.refund(Hold.objects.get(), "15.00")
    return last("refund")


def lowered(world: World, member: Member) -> int:
    world.cap(member.account, "10.00")
    return last("ceiling")


def raised(world: World, member: Member) -> int:
    cap = world.cap(member.account, "1000.00")
    world.raise_cap(cap, "5.00", ends_at=world.at + DAY)
    return last("ceiling")


EVERY_KIND = pytest.mark.parametrize(
    "do", [granted, adjusted, clawed_back, refunded, lowered, raised]
)
FIGURES = {
    Limit: ("ceiling", "held", "spent", "overhang"),
    Lot: ("held", "spent", "lapsed", "withdrawn", "moved"),
    Hold: ("amount", "captured", "released", "refunded"),
    HoldLot: ("amount", "captured", "released", "refunded"),
}


def cached() -> dict[str, list[tuple[int, ...]]]:
    """Return all figures but the noughts of an undone grant's empty lot."""
    return {
        model.__name__: [
            row for row in model.objects.order_by("pk").values_list(*names) if any(row)
        ]
        for model, names in FIGURES.items()
    }


@pytest.fixture
def spender(world: World) -> Member:
    """A member who has spent 40.00 of 65.00 held, under a cap of 1,000.00."""
    acme = world.account("Acme")
    world.cap(acme, "1000.00")
    ann = world.member(acme)
    world.capture(world.hold(ann, "65.00"), "40.00")
    return ann


@EVERY_KIND
def test_a_reversal_leaves_every_figure_as_it_was(
    world: World, spender: Member, do: Callable[[World, Member], int]
) -> None:
    before = cached()
    posting = do(world, spender)
    assert cached() != before or do is granted
    undone = world.reverse(posting)
    assert cached() == before
    # The mirror image: each line with its sign changed, from where the balances stood then.
    mirrored = Entry.objects.filter(posting_id=undone.posting_id).order_by("limit", "lot", "bucket")
    original = Entry.objects.filter(posting_id=posting).order_by("limit", "lot", "bucket")
    assert [(line.limit_id, line.lot_id, line.bucket, line.amount) for line in mirrored] == [
        (line.limit_id, line.lot_id, line.bucket, -line.amount) for line in original
    ]


@EVERY_KIND
def test_a_reversal_names_what_it_reverses(
    world: World, spender: Member, do: Callable[[World, Member], int]
) -> None:
    original = Posting.objects.get(pk=do(world, spender))
    world.at += DAY / 2
    undone = world.reverse(original.pk)
    reversal = Posting.objects.get(pk=undone.posting_id)
    assert (reversal.kind, reversal.reverses, reversal.at, reversal.cause, reversal.actor) == (
        "reversal",
        original,
        world.at,
        "a mistake",
        "staff:tests",
    )
    kept = ("program", "cycle", "member", "account", "hold", "unit", "amount", "order_id")
    assert [getattr(reversal, name) for name in kept] == [getattr(original, name) for name in kept]
    assert undone.amount == Amount(original.amount, "USD")


@EVERY_KIND
def test_a_replayed_reversal_reverses_once(
    world: World, spender: Member, do: Callable[[World, Member], int]
) -> None:
    posting = do(world, spender)
    first = world.reverse(posting, key="k")
    before = snapshot()
    again = world.reverse(posting, key="k")
    assert (again.posting_id, again.is_replay) == (first.posting_id, True)
    with pytest.raises(NotReversible) as error:
        world.reverse(posting, key="another")
    assert str(error.value) == "This was reversed already."
    with pytest.raises(KeyConflict):
        world.reverse(Posting.objects.filter(kind="grant").earliest("pk").pk, key="k")
    assert snapshot() == before


@pytest.mark.parametrize("kind", ["hold", "capture", "release", "expire", "share", "reversal"])
def test_kinds_with_another_way_back(world: World, spender: Member, kind: str) -> None:
    hold = Hold.objects.get()
    world.release(hold.pk, "5.00")
    world.at = hold.expires_at
    world.expire(hold.pk)
    world.reverse(granted(world, spender))
    if kind == "share":
        divide(Limit.objects.get(kind="cap").pk, 2)
    before = snapshot()
    with pytest.raises(NotReversible) as error:
        world.reverse(last(kind))
    assert str(error.value).startswith("Only grants, adjustments, clawbacks, refunds")
    assert snapshot() == before


def test_an_unknown_posting(world: World) -> None:
    world.member()
    before = snapshot()
    with pytest.raises(NotFound) as error:
        world.reverse(Posting.objects.latest("pk").pk + 1_000)
    assert error.value.field == "posting"
    assert snapshot() == before


def test_a_reversed_renewal_gives_back_to_the_lapsed_lot(world: World) -> None:
    world.open_program(allotment="0.00", refund_policy="grace", refund_grace_days=5)
    ann = world.member()
    lot = world.grant(ann, "50.00", expires_at=world.at + DAY)
    hold = world.hold(ann, "30.00")
    world.capture(hold, "30.00")
    world.at += DAY
    refund = world.refund_by_policy(hold, "30.00")
    renewed = Lot.objects.get(origin="refund")
    world.reverse(refund.posting_id)
    assert lot_figures(lot) == {"available": "20.00", "spent": "30.00"}
    assert lot_figures(renewed) == {}
    assert Hold.objects.get().refunded == 0


def test_a_renewal_that_was_used_is_not_reversed(world: World) -> None:
    world.open_program(allotment="0.00", refund_policy="grace", refund_grace_days=5)
    ann = world.member()
    world.grant(ann, "50.00", expires_at=world.at + DAY)
    hold = world.hold(ann, "30.00")
    world.capture(hold, "30.00")
    world.at += DAY
    refund = world.refund_by_policy(hold, "30.00")
    world.hold(ann, "0.01")
    before = snapshot()
    with pytest.raises(NotReversible):
        world.reverse(refund.posting_id)
    assert snapshot() == before


def test_a_ceiling_under_a_raise_is_not_reversed_below_zero(world: World) -> None:
    acme = world.account("Acme")
    cap = world.cap(acme, "100.00")
    first = last("ceiling")
    world.cap(acme, "20.00")
    world.raise_cap(cap, "100.00", ends_at=world.at + DAY)
    before = snapshot()
    with pytest.raises(NotReversible):
        world.reverse(first)
    assert snapshot() == before
    assert figures(cap) == {"ceiling": "120.00"}


def test_a_refund_is_reversed_under_a_cap_set_since(world: World) -> None:
    acme = world.account("Acme")
    ann = world.member(acme)
    hold = world.hold(ann, "65.00")
    world.capture(hold, "65.00")
    refund = world.refund(hold, "20.00")
    cap = world.cap(acme, "100.00")
    assert figures(cap) == {"ceiling": "100.00", "spent": "45.00"}
    world.reverse(refund.posting_id)
    assert figures(cap) == {"ceiling": "100.00", "spent": "65.00"}


def test_whose_period_is_over_is_renewed_first(world: World) -> None:
    # Given 250.00 spent of January's 300.00, the other 50.00 taken away by mistake, and a month
    # that is over, from which all that is left is carried.
    program = world.open_program(cycle_length="monthly", carries_forward=True)
    ann = world.member()
    world.capture(world.hold(ann, "250.00"), "250.00")
    taken = world.adjust(ann, "-50.00")
    january = Lot.objects.get()
    world.at = world.cycle.ends_at

    # When that is undone before anybody has renewed her, it waits: she had nothing to carry.
    before = snapshot()
    with pytest.raises(Behind):
        world.reverse(taken.posting_id, key="k")
    assert snapshot() == before
    programs.renew_due(program=program, at=world.at)
    world.reverse(taken.posting_id, key="k")

    # Then they are January's, which is over: they lapse.
    assert ledger.lapse(actor=TESTS, at=world.at) == 1
    assert lot_figures(january) == {"spent": "250.00", "lapsed": "50.00"}
    assert world.balance(ann) == {"available": "300.00"}

    # And a repetition is answered, however late.
    world.at = world.cycle.ends_at
    assert world.reverse(taken.posting_id, key="k").is_replay
