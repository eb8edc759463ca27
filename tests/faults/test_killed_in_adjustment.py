"""A process is killed while it applies an adjustment of many, or undoes it; another goes on."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Adjustment, AdjustmentLine, Posting
from tests.faults.support.books import books, fresh, kept
from tests.faults.support.killing import killed_at
from tests.support.world import DAY, TESTS, World

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # The child does nothing but apply on this thread, and dies.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
AT_ONCE = 2
LINES = 5


def _apply(world: World) -> Adjustment:
    return programs.apply_adjustment(
        adjustment=Adjustment.objects.select_related("program").get(),
        actor=TESTS,
        at=world.at,
        lines_at_once=AT_ONCE,
    )


def _undo(world: World) -> Adjustment:
    return programs.undo_adjustment(
        adjustment=Adjustment.objects.select_related("program").get(),
        reason="a mistake",
        actor=TESTS,
        at=world.at,
        lines_at_once=AT_ONCE,
    )


def _a_list() -> World:
    """Five lines in three sets: one is short, and what one gives will be spent."""
    world = fresh()
    world.open_program(cycle_length="monthly")
    ann, bob, eve = world.members(3, world.account("Acme"))
    lines = [(ann, "5.00"), (bob, "-100.00"), (eve, "7.00"), (ann, "-50.00"), (eve, "9.00")]
    csv = "\n".join(["member_id,amount", *(f"{member.pk},{amount}" for member, amount in lines)])
    programs.preview_adjustment(
        program=world.program, reason="a bonus", csv=csv.encode(), actor=TESTS, at=world.at
    )
    world.hold(bob, "250.00")
    return world


def _an_applied_list() -> World:
    world = _a_list()
    _apply(world)
    eve = AdjustmentLine.objects.get(amount=9_00).member
    world.hold(eve, "305.00")
    return world


def _unmarked() -> int:
    """Return how many lines have a posting, or its reversal, that they don't know of."""
    postings = Posting.objects.filter(kind__in=["adjustment", "reversal"]).count()
    lines = AdjustmentLine.objects.values_list("posting_id", "reversal_id")
    return postings - sum(bool(found) for line in lines for found in line)


@pytest.mark.parametrize(
    ("given", "job", "statuses"),
    [
        (_a_list, _apply, ["posted", "failed", "posted", "posted", "posted"]),
        (_an_applied_list, _undo, ["undone", "failed", "kept", "undone", "undone"]),
    ],
    ids=["applying", "undoing"],
)
def test_killed_anywhere_and_gone_on_with(
    given: Callable[[], World], job: Callable[[World], Adjustment], statuses: list[str]
) -> None:
    world = given()
    with kept() as put_back:
        job(world)
        expected = books()
        assert list(AdjustmentLine.objects.values_list("status", flat=True)) == statuses
        unmarked = set()
        for place in count():
            put_back()
            # What has been answered is as it was when it was sent.
            point = killed_at(place, lambda: job(world), skip=("answered",))
            unmarked.add(_unmarked())
            job(world)
            assert books() == expected
            if point is None:
                break
    # Also between the posting of a set, of two lines or one, and its marking.
    assert unmarked == {0, 1, 2}


def test_killed_in_applying_and_undone() -> None:
    world = _a_list()
    before = _available(world)
    with kept() as put_back:
        for place in count():
            put_back()
            point = killed_at(place, lambda: _apply(world), skip=("answered",))
            if Adjustment.objects.get().status == Adjustment.Status.DRAFT:
                continue
            _undo(world)
            assert _available(world) == before
            assert _unmarked() == 0
            assert not AdjustmentLine.objects.filter(status="posted").exists()
            books()  # and they balance
            with pytest.raises(InvalidInput, match="was undone"):
                _apply(world)
            if point is None:
                break


def test_gone_on_with_a_cycle_later() -> None:
    # Given a process that dies after its first set was posted, before it was marked.
    world = _a_list()
    with kept() as put_back:
        for place in count():
            put_back()
            killed_at(place, lambda: _apply(world), skip=("answered",))
            if _unmarked():
                break

        # When it is applied again, a cycle later, then what was posted is found, and nothing given
        # for the month that is over is given again.
        posted = set(Posting.objects.filter(kind="adjustment").values_list("pk", flat=True))
        world.at += 31 * DAY
        _apply(world)
        lines = AdjustmentLine.objects.filter(posting_id__in=posted)
        assert {(line.number, line.status) for line in lines} == {(2, "posted")}
        programs.renew_due(program=world.program, at=world.at)
        assert _available(world) == ["250.00", "200.00", "316.00"]
        books()


def _available(world: World) -> list[str]:
    members = world.program.members.order_by("pk")
    return [world.balance(member)["available"] for member in members]
