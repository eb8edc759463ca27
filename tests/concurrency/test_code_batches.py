"""One batch of codes, and two who want to do something with it: its text leaves once, or never."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.db.models import QuerySet

from saleor_program_budgets import codes
from saleor_program_budgets.codes import Revoked
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import CodeBatch, RedemptionCode
from tests.support.batches import create, made
from tests.support.racing import in_turn
from tests.support.world import TESTS, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEMBERS = 3


@contextmanager
def without_row_locks() -> Iterator[None]:
    """Let Django's queries read rows that they would lock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows.all())
        yield


def hand_out(world: World) -> Callable[[], Any]:
    return lambda: codes.hand_out(batch=CodeBatch.objects.get(), actor=TESTS, at=world.at)


def generate(world: World) -> Callable[[], Any]:
    return lambda: codes.generate(batch=CodeBatch.objects.get(), publish=None, at=world.at)


def revoke(world: World) -> Callable[[], Any]:
    return lambda: codes.revoke_batch(
        batch=CodeBatch.objects.get(), reason="a leak", withdraw=None, actor=TESTS, at=world.at
    )


def reissue(world: World) -> Callable[[], Any]:
    return lambda: codes.reissue(
        batch=CodeBatch.objects.earliest("pk"), withdraw=None, actor=TESTS, at=world.at
    )


def given(world: World, *, is_made: bool = True) -> None:
    world.members(MEMBERS, world.account("Acme"))
    (made if is_made else create)(world)


def told(outcome: Any) -> Any:
    match outcome:
        case InvalidInput():
            return outcome.code
        case CodeBatch():
            return outcome.status
        case list():
            return len(outcome)
    return outcome


def test_the_text_leaves_once(committed_world: World) -> None:
    world = committed_world
    given(world)
    meeting = in_turn(hand_out(world), hand_out(world))
    assert (told(meeting.first), told(meeting.second)) == (MEMBERS, "ALREADY_DELIVERED")
    assert meeting.waited


def test_without_the_lock_it_leaves_twice(committed_world: World) -> None:
    """The control: the race is real."""
    world = committed_world
    given(world)
    with without_row_locks():
        meeting = in_turn(hand_out(world), hand_out(world), stop_at="write")
    assert (told(meeting.first), told(meeting.second)) == (MEMBERS, MEMBERS)


def test_a_chunk_that_is_being_made_is_revoked_too(committed_world: World) -> None:
    world = committed_world
    given(world, is_made=False)
    meeting = in_turn(generate(world), revoke(world))
    assert (told(meeting.second), meeting.waited) == (Revoked(MEMBERS, 0), True)
    assert CodeBatch.objects.get().status == "revoked"
    assert not RedemptionCode.objects.filter(revoked_at=None).exists()


def test_without_the_lock_it_escapes(committed_world: World) -> None:
    """The control."""
    world = committed_world
    given(world, is_made=False)
    with without_row_locks():
        meeting = in_turn(generate(world), revoke(world))
    assert told(meeting.second) == Revoked(0, 0)
    assert RedemptionCode.objects.filter(revoked_at=None).count() == MEMBERS


def test_what_is_revoked_first_is_not_handed_out(committed_world: World) -> None:
    world = committed_world
    given(world)
    meeting = in_turn(revoke(world), hand_out(world))
    assert (told(meeting.first), told(meeting.second)) == (Revoked(MEMBERS, 0), "INVALID")
    assert meeting.waited


def test_two_reissues_are_one_new_batch(committed_world: World) -> None:
    world = committed_world
    given(world)
    meeting = in_turn(reissue(world), reissue(world))
    assert (told(meeting.first), told(meeting.second)) == ("generating", "INVALID")
    assert meeting.waited
    assert CodeBatch.objects.count() == 2
