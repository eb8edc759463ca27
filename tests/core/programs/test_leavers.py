"""Leavers, rejoiners and movers: nothing is lost or given twice.

Interrupted anywhere: ``tests/faults/test_killed_leaver.py``.
"""

import pytest
from django.contrib.auth import get_user_model

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Lot, Member, Posting
from tests.support.database import snapshot
from tests.support.world import DAY, START, TESTS, World, lot_figures, usd


def leave(world: World, member: Member, **changes: object) -> list[ledger.Correction]:
    return programs.deactivate_member(
        **{"member": member, "actor": TESTS, "at": world.at} | changes
    )


def come_back(world: World, member: Member) -> Member:
    return programs.reactivate_member(member=member, actor=TESTS, at=world.at)


def test_leaving_twice_takes_back_once(world: World) -> None:
    ann = world.member()
    [taken] = leave(world, ann, reason="moved away")
    world.at += DAY
    [again] = leave(world, Member.objects.get(), reason="in other words")
    assert (taken.amount, taken.is_replay) == (usd("-300.00"), False)
    assert (again.posting_id, again.amount, again.is_replay) == (
        taken.posting_id,
        usd("-300.00"),
        True,
    )
    ann.refresh_from_db()
    assert (ann.deactivated_at, ann.times_left) == (START, 1)
    assert world.balance(ann) == {"withdrawn": "300.00"}


def test_a_stale_copy_of_the_member_does_not_leave_again(world: World) -> None:
    ann = world.member()
    stale = Member.objects.get()
    leave(world, ann)
    world.at += DAY
    leave(world, stale)
    assert (stale.deactivated_at, stale.times_left) == (START, 1)


def test_leaving_in_a_later_cycle_than_before_replays(world: World) -> None:
    world.open_program(cycle_length="monthly")
    ann = world.member()
    leave(world, ann)
    world.at += 40 * DAY
    [again] = leave(world, ann)
    assert again.is_replay
    assert Posting.objects.filter(kind="clawback").count() == 1


def test_a_clawback_reversed_by_hand_does_not_keep_anybody_out(world: World) -> None:
    ann = world.member()
    [taken] = leave(world, ann)
    world.reverse(taken.posting_id)
    come_back(world, ann)
    assert ann.is_active
    assert world.balance(ann) == {"available": "300.00"}


def test_coming_and_going_at_one_instant(world: World) -> None:
    ann = world.member()
    for times in (1, 2, 3):
        leave(world, ann)
        assert world.balance(ann)["withdrawn"] == "300.00"
        come_back(world, ann)
        assert world.balance(ann) == {"available": "300.00"}
        assert ann.times_left == times


def test_coming_back_in_a_later_cycle(world: World) -> None:
    # Given 300.00 a month, daily in parts for who joins, and a leaver of January.
    world.open_program(cycle_length="monthly", proration="daily", carries_forward=True)
    ann = world.member()
    world.capture(world.hold(ann, "100.00"), "100.00")
    leave(world, ann)

    # When they come back on 19 March, 17 days before the 31 days from 5 March end,
    world.at = START + 73 * DAY
    come_back(world, ann)

    # Then January's 200.00 have lapsed, February is missed, and 300.00 * 17 / 31 = 164.51 is there.
    assert world.cycle.number == 3
    assert world.balance(ann) == {"available": "164.51"}
    ledger.lapse(actor=ledger.Actor.system("expiry"), at=world.at)
    assert world.balance(ann) == {"available": "164.51"}
    world.hold(ann, "164.51")


def test_a_leaver_of_a_draft(world: World) -> None:
    program = world.draft_program()
    ann = world.member()
    [taken] = leave(world, ann)
    assert taken.posting_id is None
    programs.open_program(program=program, actor=TESTS, at=world.at)
    assert world.balance(ann) == {}
    come_back(world, ann)
    assert world.balance(ann) == {"available": "300.00"}


def test_coming_back_when_nobody_left_changes_nothing(world: World) -> None:
    ann = world.member()
    before = snapshot(without=["outcome"])
    come_back(world, ann)
    assert snapshot(without=["outcome"]) == before


def test_a_leaver_is_allotted_nothing_and_carries_nothing(world: World) -> None:
    program = world.open_program(cycle_length="monthly", carries_forward=True)
    ann = world.member()
    held = world.hold(ann, "65.00", order_id="on its way")
    leave(world, ann)
    world.at = world.cycle.ends_at
    programs.renew_due(program=program, at=world.at)
    assert world.balance(ann) == {}
    lot = Lot.objects.get()
    assert lot_figures(lot) == {"held": "65.00", "withdrawn": "235.00"}
    world.capture(held, "65.00", order_id="on its way")
    assert lot_figures(lot) == {"spent": "65.00", "withdrawn": "235.00"}


def test_an_existing_member_enrolled_again_gets_what_is_due_in_full(world: World) -> None:
    # Given daily parts for who joins, and a member whom no job has renewed.
    program = world.open_program(cycle_length="monthly", proration="daily")
    ann = world.member()
    world.at = START + 46 * DAY

    # When they are on a list of who is to be enrolled, then they are no newcomer.
    programs.enroll(
        program=program, user_ids=[ann.user_id], account=ann.account, actor=TESTS, at=world.at
    )
    assert world.balance(ann) == {"available": "300.00"}


@pytest.mark.parametrize("change", ["deactivate", "delete"])
def test_the_sweep_follows_the_shops_users(world: World, change: str) -> None:
    acme = world.account("Acme")
    ann, bob = world.members(2, acme)
    users = get_user_model().objects.filter(pk=ann.user_id)
    if change == "deactivate":
        users.update(is_active=False)
    else:
        users.delete()
    run = programs.sweep_leavers(at=world.at)
    assert run.result == {"deactivated": 1, "returned": 0, "completed": 0, "is_complete": True}
    ann.refresh_from_db()
    assert (ann.is_active, ann.left_with_user) == (False, True)
    assert world.balance(ann) == {"withdrawn": "300.00"}
    assert world.balance(bob) == {"available": "300.00"}
    before = snapshot(without=["jobrun"])
    programs.sweep_leavers(at=world.at)
    assert snapshot(without=["jobrun"]) == before


def test_who_left_with_their_user_comes_back_with_them(world: World) -> None:
    acme = world.account("Acme")
    ann, bob = world.members(2, acme)
    users = get_user_model().objects.filter(pk__in=[ann.user_id, bob.user_id])
    users.update(is_active=False)
    programs.sweep_leavers(at=world.at)
    leave(world, bob)  # for their own sake
    users.update(is_active=True)
    assert programs.sweep_leavers(at=world.at).result["returned"] == 1
    assert world.balance(ann) == {"available": "300.00"}
    assert world.balance(bob) == {"withdrawn": "300.00"}


def test_the_sweep_leaves_corrections_alone(world: World) -> None:
    bob = world.member()
    leave(world, bob)
    world.adjust(bob, "20.00")
    run = programs.sweep_leavers(at=world.at)
    assert run.result == {"deactivated": 0, "returned": 0, "completed": 0, "is_complete": True}
    assert world.balance(bob) == {"available": "20.00", "withdrawn": "300.00"}


def test_a_sweep_without_time_leaves_the_rest_to_the_next(world: World) -> None:
    world.members(3, world.account("Acme"))
    get_user_model().objects.update(is_active=False)
    run = programs.sweep_leavers(at=world.at, budget_seconds=0)
    assert run.result == {"deactivated": 0, "returned": 0, "completed": 0, "is_complete": False}
    assert programs.sweep_leavers(at=world.at).result["deactivated"] == 3


def test_a_move_meets_the_cycle_that_is_open(world: World) -> None:
    world.open_program(cycle_length="monthly")
    ann = world.member()
    world.at = START + 40 * DAY
    programs.move_member(member=ann, account=world.account("Sales"), at=world.at)
    granted = Posting.objects.filter(kind="grant").order_by("pk")
    assert [posting.account.name for posting in granted] == ["Acme", "Acme"]
    assert world.balance(ann) == {"available": "300.00"}


def test_a_grant_and_a_correction_repeated_in_a_later_cycle_are_the_first(world: World) -> None:
    world.open_program(cycle_length="monthly")
    ann = world.member()

    def give() -> list[bool]:
        granted = programs.grant(
            member=ann,
            amount=usd("5.00"),
            reason="a test",
            expires_at=None,
            key="grant",
            actor=TESTS,
            at=world.at,
        )
        return [granted.is_replay] + [
            world.adjust(ann, value, key=f"adjust {value}").is_replay for value in ("7.00", "-1.00")
        ]

    assert give() == [False, False, False]
    world.at += 40 * DAY
    assert give() == [True, True, True]
