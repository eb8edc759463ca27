"""Reminders: to whom, of how much, and once for each threshold."""

import datetime as dt

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import programs
from saleor_program_budgets.models import Member, Program, Reminder
from saleor_program_budgets.programs import Overrides
from saleor_program_budgets.programs.reminders import MOST_ATTEMPTS
from tests.support.world import DAY, HOUR, INSTANT, START, TESTS, World, amount, usd

END = dt.datetime(2027, 1, 5, 9, tzinfo=dt.UTC)


def due(world: World, *, sends: bool = True) -> list[tuple[Member, int, str, str]]:
    """Send what is due; returns member, days, what lapses and what is carried."""
    found = list(programs.due_reminders(at=world.at))
    if sends:
        assert all(programs.mark_sent(reminder=reminder, at=world.at) for reminder in found)
    return [
        (reminder.member, reminder.days, amount(reminder.amount), amount(reminder.carried))
        for reminder in found
    ]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (30 * DAY + INSTANT, []),
        (30 * DAY, [30]),
        (7 * DAY + INSTANT, [30]),
        (7 * DAY, [7]),
        (INSTANT, [7]),
        (dt.timedelta(0), []),
    ],
)
def test_at_a_threshold_and_later_the_nearest_alone(
    world: World, before: dt.timedelta, expected: list[int]
) -> None:
    world.member()
    world.at = END - before
    assert [days for _, days, _, _ in due(world)] == expected
    assert due(world) == []


def test_each_threshold_once_with_what_is_left_then(world: World) -> None:
    ann = world.member()
    world.at = END - 30 * DAY
    assert due(world) == [(ann, 30, "300.00", "0.00")]
    world.capture(world.hold(ann, "100.00"), "100.00")
    world.at += DAY
    assert due(world) == []
    world.at = END - 7 * DAY
    assert due(world) == [(ann, 7, "200.00", "0.00")]
    reminder = Reminder.objects.get(days=7)
    assert (reminder.unit, reminder.expires_at, reminder.sent_at) == ("USD", END, world.at)
    assert due(world) == []


def test_what_is_carried_is_not_lost(world: World) -> None:
    world.open_program(carries_forward=True, carry_limit=usd("100.00"), carry_days=60)
    acme = world.account("Acme")
    ann, bob = world.members(2, acme)
    world.capture(world.hold(bob, "200.00"), "200.00")
    world.at = END - 30 * DAY
    assert due(world) == [(ann, 30, "200.00", "100.00")]

    # What was carried into the next year lapses alone, and is carried no further.
    world.at = END
    programs.renew_due(program=world.program, at=world.at)
    world.at = END + 30 * DAY
    assert due(world) == [(ann, 30, "100.00", "0.00"), (bob, 30, "100.00", "0.00")]


def test_a_groups_terms_count(world: World) -> None:
    program = world.open_program()
    ann, _ = world.members(2, world.account("Acme"))
    group = programs.create_group(
        program=program, name="Keepers", overrides=Overrides(carries_forward=True), at=world.at
    )
    bob = Member.objects.exclude(pk=ann.pk).get()
    programs.set_group_members(group=group, add=[bob.pk], at=world.at)
    world.at = END - DAY
    assert due(world) == [(ann, 7, "300.00", "0.00")]


def test_in_the_last_cycle_nothing_is_carried(world: World) -> None:
    world.open_program(cycle_length="window", closes_at=START + 60 * DAY, carries_forward=True)
    ann = world.member()
    world.at = START + 30 * DAY
    assert due(world) == [(ann, 30, "300.00", "0.00")]


def test_a_sum_for_each_instant_of_expiry(world: World) -> None:
    ann = world.member()
    soon = START + 20 * DAY
    for _ in range(2):
        world.grant(ann, "5.00", expires_at=soon)
    world.grant(ann, "1.00")
    world.grant(ann, "9.00", expires_at=END)
    assert due(world) == [(ann, 30, "10.00", "0.00")]
    world.at = END - 30 * DAY
    assert due(world) == [(ann, 30, "309.00", "0.00")]


def test_pieces_of_a_kit_are_reminded_of_beside_money(world: World) -> None:
    world.open_program(allotment_items=1)
    ann = world.member()
    world.at = END - 7 * DAY
    found = list(programs.due_reminders(at=world.at))
    assert [(reminder.member, reminder.unit, reminder.amount) for reminder in found] == [
        (ann, "ITEM", 1),
        (ann, "USD", 300_00),
    ]


def test_who_gets_none(world: World) -> None:
    program = world.open_program()
    left, gone, inactive, spent, renewed_late = world.members(5, world.account("Acme"))
    programs.deactivate_member(member=left, actor=TESTS, at=world.at)
    users = get_user_model().objects
    users.filter(pk=gone.user_id).delete()
    users.filter(pk=inactive.user_id).update(is_active=False)
    world.hold(spent, "300.00")
    world.at = END - 7 * DAY
    assert due(world) == [(renewed_late, 7, "300.00", "0.00")]
    Reminder.objects.all().delete()
    Program.objects.filter(pk=program.pk).update(reminder_days=[])
    assert due(world) == []
    Program.objects.filter(pk=program.pk).update(reminder_days=[30], status="closed")
    assert due(world) == []


def test_a_programs_own_thresholds_on_its_own_clock(world: World) -> None:
    # The clocks in Berlin change on 25 October: a day before the 25th at 12:00 it is 12:00 too.
    expires_at = dt.datetime(2026, 10, 25, 11, tzinfo=dt.UTC)
    world.open_program(reminder_days=[1, 3], time_zone="Europe/Berlin")
    ann = world.member()
    world.grant(ann, "5.00", expires_at=expires_at)
    world.at = expires_at - DAY - HOUR - INSTANT
    assert due(world) == [(ann, 3, "5.00", "0.00")]
    world.at += INSTANT
    assert due(world) == [(ann, 1, "5.00", "0.00")]
    assert Program.objects.get().reminder_days == [3, 1]


def test_what_could_not_be_sent_is_tried_again_with_the_figures_of_then(world: World) -> None:
    ann = world.member()
    world.at = END - 7 * DAY
    assert due(world, sends=False) == [(ann, 7, "300.00", "0.00")]
    world.capture(world.hold(ann, "100.00"), "100.00")
    world.at += HOUR
    assert due(world, sends=False) == [(ann, 7, "200.00", "0.00")]
    assert Reminder.objects.get().attempts == 2
    world.capture(world.hold(ann, "200.00"), "200.00")
    assert due(world) == []


def test_it_is_tried_five_times(world: World) -> None:
    world.member()
    world.at = END - 7 * DAY
    tries = [len(due(world, sends=False)) for _ in range(MOST_ATTEMPTS + 1)]
    assert tries == [1, 1, 1, 1, 1, 0]


def test_it_is_marked_once(world: World) -> None:
    world.member()
    world.at = END - 7 * DAY
    [reminder] = programs.due_reminders(at=world.at)
    assert programs.mark_sent(reminder=reminder, at=world.at)
    assert not programs.mark_sent(reminder=reminder, at=world.at + HOUR)
    assert Reminder.objects.get().sent_at == world.at


@pytest.mark.parametrize("size", [1, 3])
def test_it_costs_the_same_for_any_number(world: World, size: int) -> None:
    world.members(size, world.account("Acme"))
    world.at = END - 7 * DAY
    with CaptureQueriesContext(connection) as queries:
        assert len(list(programs.due_reminders(at=world.at))) == size
    # Programs, the cycle twice, groups, who may be due, of what, whose user is active, in,
    # claimed, and out.
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 10
