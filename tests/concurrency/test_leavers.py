"""Leaving and coming back meet, each in several steps: who is active has their budget, others none.

A step is overtaken by all of another operation; a control shows what it guards against. Between
the steps nobody has a lock.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from saleor_program_budgets import programs
from saleor_program_budgets.models import Member
from saleor_program_budgets.programs import enrollment
from tests.support.racing import PATIENCE_SECONDS, race, slow_motion
from tests.support.world import TESTS, World

if TYPE_CHECKING:
    from collections.abc import Callable

HERE, GONE = (True, {"available": "300.00"}), (False, {"withdrawn": "300.00"})
ROUNDS = 3


def leave(world: World, ann: Member) -> object:
    """As a request does that has just read who it is about."""
    member = Member.objects.get(pk=ann.pk)
    return programs.deactivate_member(member=member, actor=TESTS, at=world.at)


def come_back(world: World, ann: Member) -> object:
    member = Member.objects.get(pk=ann.pk)
    return programs.reactivate_member(member=member, actor=TESTS, at=world.at)


def how_it_stands(world: World, ann: Member) -> tuple[bool, dict[str, str]]:
    return Member.objects.get(pk=ann.pk).is_active, world.balance(ann)


def overtake(step: str, first: Callable[[], object], second: Callable[[], object]) -> None:
    """Let *first* come to this step of ``enrollment``, then *second* happen, then *first* go on."""
    original = getattr(enrollment, step)
    has_come, may_go_on = threading.Event(), threading.Event()

    def stop(*arguments: object, **options: object) -> object:
        if not has_come.is_set():
            has_come.set()
            may_go_on.wait(PATIENCE_SECONDS)
        return original(*arguments, **options)

    def come_between() -> object:
        try:
            assert has_come.wait(PATIENCE_SECONDS)
            return second()
        finally:
            may_go_on.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(enrollment, step, stop)
        outcomes = race(first, come_between)
    assert [outcome for outcome in outcomes if isinstance(outcome, BaseException)] == []


def test_who_comes_back_while_they_leave_keeps_everything(committed_world: World) -> None:
    world, ann = committed_world, committed_world.member()
    overtake("_take_back", lambda: leave(world, ann), lambda: come_back(world, ann))
    assert how_it_stands(world, ann) == HERE


def test_if_nothing_were_taken_first_they_would_lose_it(committed_world: World) -> None:
    """The control: the leaver's request, late, takes back from somebody who is there again."""
    world, ann = committed_world, committed_world.member()
    overtake(
        "_take_back",
        lambda: leave(world, ann),
        lambda: enrollment._become_active(Member.objects.get(pk=ann.pk), TESTS, world.at),
    )
    assert how_it_stands(world, ann) == (True, {"withdrawn": "300.00"})


def _comes_back_while_another_request_lets_them_go(world: World, ann: Member) -> None:
    leave(world, ann)

    def come_back_and_leave() -> None:
        come_back(world, ann)
        leave(world, ann)

    overtake("_become_active", lambda: come_back(world, ann), come_back_and_leave)


def test_who_has_left_again_meanwhile_stays_away(committed_world: World) -> None:
    world, ann = committed_world, committed_world.member()
    _comes_back_while_another_request_lets_them_go(world, ann)
    assert how_it_stands(world, ann) == GONE
    assert Member.objects.get().times_left == 2


def test_if_departures_were_not_counted_they_would_be_there_with_nothing(
    committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: coming back the first time undoes that they left the second time."""
    world, ann = committed_world, committed_world.member()
    monkeypatch.setattr(
        enrollment,
        "_become_active",
        lambda member, *_: Member.objects.filter(pk=member.pk).update(is_active=True),
    )
    _comes_back_while_another_request_lets_them_go(world, ann)
    assert how_it_stands(world, ann) == (True, {"withdrawn": "300.00"})


def _comes_back_before_the_sweep_comes_to_them(world: World, ann: Member) -> None:
    leave(world, ann)
    world.adjust(ann, "20.00")  # what the sweep looks at: a leaver who has something
    overtake(
        "complete_leaving",
        lambda: programs.sweep_leavers(at=world.at),
        lambda: come_back(world, ann),
    )


def test_the_sweep_leaves_alone_who_has_come_back_meanwhile(committed_world: World) -> None:
    world, ann = committed_world, committed_world.member()
    _comes_back_before_the_sweep_comes_to_them(world, ann)
    assert how_it_stands(world, ann) == (True, {"available": "320.00"})


def test_if_the_sweep_did_not_look_again_it_would_let_them_go(
    committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: to finish what was interrupted isn't to deactivate again."""
    world, ann = committed_world, committed_world.member()
    monkeypatch.setattr(enrollment, "complete_leaving", enrollment.deactivate_member)
    _comes_back_before_the_sweep_comes_to_them(world, ann)
    assert how_it_stands(world, ann) == (False, {"withdrawn": "320.00"})


def test_many_who_let_them_go_and_bring_them_back(committed_world: World) -> None:
    world, ann = committed_world, committed_world.member()
    jobs = [lambda: leave(world, ann), lambda: come_back(world, ann)] * 4
    with slow_motion(0.01):
        for _ in range(ROUNDS):
            outcomes = race(*jobs)
            assert [one for one in outcomes if isinstance(one, BaseException)] == []
            assert how_it_stands(world, ann) in (HERE, GONE)
