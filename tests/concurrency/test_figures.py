"""Figures are exact at every instant, whoever buys, moves and folds meanwhile; nobody waits."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import transaction

from saleor_program_budgets import figures, programs
from saleor_program_budgets.figures import Board
from saleor_program_budgets.models import Account, FigureChange, Member
from tests.support.racing import changed, in_turn, race
from tests.support.world import World

ALLOTMENT = 300_00
MEMBERS = 4
PURCHASES = 12
MOVES = 15
NOTE_MEMBERS = "program_budgets_note_members"
LOCK = r"PERFORM program_budgets_lock\("


def allocated(world: World) -> int:
    """Return what is allocated in all: neither buying nor moving ever changes it."""
    [total] = Board(figures.select(at=world.at)).totals
    return total.sums.allocated


def under(world: World, account: Account) -> int:
    [total] = Board(figures.select(account_id=account.pk, at=world.at)).totals
    return total.sums.remaining


def buy(world: World, member: Member) -> None:
    for _ in range(PURCHASES):
        hold = world.hold(member, "2.00")
        world.capture(hold, "1.00")
        world.release(hold)


def move(world: World, members: Sequence[Member], accounts: Sequence[Account]) -> None:
    choices = random.Random(7)
    for _ in range(MOVES):
        member = Member.objects.get(pk=choices.choice(members).pk)
        programs.move_member(member=member, account=choices.choice(accounts), at=world.at)


def fold(world: World) -> None:
    for _ in range(4 * PURCHASES):
        figures.fold_batch(at=world.at, batch=3)


def fold_in_two(world: World) -> None:
    """The control: what is taken is added in another transaction."""
    names = [field.attname for field in FigureChange._meta.concrete_fields]
    for _ in range(4 * PURCHASES):
        with transaction.atomic():
            waiting = FigureChange.objects.select_for_update().exclude(remaining=0)
            taken = list(waiting.order_by("pk")[:3].values(*names))
            FigureChange.objects.filter(pk__in=[row["id"] for row in taken]).delete()
        time.sleep(0.02)
        FigureChange.objects.bulk_create(FigureChange(**row) for row in taken)


def everything_at_once(world: World, folding: Callable[[World], None]) -> set[int]:
    """Return what readers saw allocated while others bought, moved and folded."""
    sales, marketing = world.account("Sales"), world.account("Marketing")
    members = world.members(MEMBERS, sales)
    seen: set[int] = set()

    def read() -> None:
        for _ in range(6 * PURCHASES):
            seen.add(allocated(world))

    outcomes = race(
        *(lambda member=member: buy(world, member) for member in members),
        lambda: move(world, members, [sales, marketing]),
        lambda: folding(world),
        read,
    )
    assert outcomes == [None] * len(outcomes)
    return seen


def test_all_readers_see_the_same(committed_world: World) -> None:
    assert everything_at_once(committed_world, fold) == {MEMBERS * ALLOTMENT}
    assert figures.verify() == ()
    while figures.fold_batch(at=committed_world.at):
        pass
    assert figures.verify() == ()
    assert allocated(committed_world) == MEMBERS * ALLOTMENT


def test_taken_and_added_in_two_transactions_they_dont(committed_world: World) -> None:
    """The control."""
    assert len(everything_at_once(committed_world, fold_in_two)) > 1


@pytest.fixture
def ann(committed_world: World) -> Member:
    return committed_world.member(committed_world.account("Sales"))


def moved_meanwhile(world: World, ann: Member) -> Any:
    """Let Ann be moved, by somebody who locks nothing, while a purchase of hers isn't committed."""
    marketing = world.account("Marketing")

    def move_her() -> int:
        return Member.objects.filter(pk=ann.pk).update(account=marketing)

    meeting = in_turn(lambda: world.hold(ann, "60.00"), move_her, stop_at="commit")
    return meeting.waited, under(world, ann.account), under(world, marketing)


def test_a_move_waits_for_a_purchase_under_way(committed_world: World, ann: Member) -> None:
    assert moved_meanwhile(committed_world, ann) == (True, 0, 240_00)


def test_without_the_lock_more_is_moved_than_there_is(committed_world: World, ann: Member) -> None:
    """The control."""
    committed_world.is_tampered = True
    with changed(NOTE_MEMBERS, LOCK, "PERFORM cardinality("):
        assert moved_meanwhile(committed_world, ann) == (False, -60_00, 300_00)


def test_purchases_wait_neither_for_each_other_nor_for_folding(
    committed_world: World, ann: Member
) -> None:
    ben = committed_world.member(ann.account)
    figures.fold_batch(at=committed_world.at)
    world = committed_world

    both = in_turn(
        lambda: world.hold(ann, "60.00"), lambda: world.hold(ben, "60.00"), stop_at="commit"
    )
    assert not both.waited
    folded = in_turn(
        lambda: world.hold(ann, "60.00"), lambda: figures.fold_batch(at=world.at), stop_at="commit"
    )
    assert (folded.waited, folded.second) == (False, 2)
    assert under(world, ann.account) == 420_00


def test_counting_anew_waits_for_who_is_buying(committed_world: World, ann: Member) -> None:
    meeting = in_turn(lambda: committed_world.hold(ann, "60.00"), figures.recount, stop_at="commit")
    assert meeting.waited
    assert under(committed_world, ann.account) == 240_00
