"""Cycles that turn by themselves: many at once, none left out, whoever comes first."""

from __future__ import annotations

import pytest

from saleor_program_budgets import errors, ledger, programs
from saleor_program_budgets.models import Cap, Limit, Lot, Program, Rollover
from saleor_program_budgets.programs import cycles
from tests.support.database import money
from tests.support.world import DAY, INSTANT, TESTS, World, usd


def _numbers(program: Program) -> list[tuple[int, bool]]:
    return [(cycle.number, cycle.closed_at is None) for cycle in program.cycles.order_by("number")]


def test_a_cycle_is_turned_at_its_end_and_not_before(world: World) -> None:
    program = world.open_program(cycle_length="monthly")
    first = world.cycle
    assert programs.turn_due(program=program, at=first.ends_at - INSTANT) == first
    second = programs.turn_due(program=program, at=first.ends_at)
    assert second is not None
    first.refresh_from_db()
    assert (first.closed_at, second.starts_at, second.number) == (first.ends_at, first.ends_at, 2)
    before = money()
    assert programs.turn_due(program=program, at=first.ends_at) == second
    assert money() == before


def test_a_year_that_nobody_looked_after(world: World) -> None:
    # Given 300.00 a month, 100.00 of it carried for ten days, under a cap of 500.00.
    acme = world.account("Acme")
    program = world.open_program(
        cycle_length="monthly", carries_forward=True, carry_limit=usd("100.00"), carry_days=10
    )
    world.cap(acme, "500.00")
    ann = world.member(acme)

    # When the job comes after twelve months and nine days, then all twelve have ended, each at its
    # time: 100.00 carried and 200.00 lapsed, twelve times.
    world.at = world.cycle.starts_at.replace(year=2027) + 9 * DAY
    assert programs.renew_due(program=program, at=world.at) == ledger.Renewed(
        limits=12, granted=12 * 300_00, carried=12 * 100_00, lapsed=12 * 200_00
    )
    assert _numbers(program) == [(number, number == 13) for number in range(1, 14)]
    assert Rollover.objects.filter(carried=100_00, lapsed=200_00).count() == 12
    assert world.balance(ann)["available"] == "400.00"

    # What was carried eleven times before lapsed each time; that is recorded once.
    assert ledger.lapse(actor=TESTS, at=world.at) == 1
    lapsed = Lot.objects.filter(origin="carry", lapsed=100_00)
    assert lapsed.count() == 11
    assert ledger.lapse(actor=TESTS, at=world.at) == 0
    assert Cap.objects.filter(account=acme, is_open=True).count() == 1


def test_a_shopper_turns_what_nobody_has(world: World) -> None:
    world.open_program(cycle_length="monthly")
    ann = world.member()
    world.at = world.cycle.starts_at.replace(year=2027)
    store = world.store
    held = world.reserve(ann, "10.00", store=store)
    assert held.available == usd("290.00")
    assert world.cycle.number == 13


def test_old_rules_in_hand_turn_nothing_wrong(world: World) -> None:
    # Given somebody who read the program when it had months, before it was given a last day.
    world.open_program(cycle_length="monthly")
    old = Program.objects.get(pk=world.program.pk)
    end = world.cycle.ends_at
    Program.objects.filter(pk=old.pk).update(closes_at=end)
    assert cycles.turn_due(program=old, at=end) is None
    assert old.closes_at == end
    assert old.status == Program.Status.CLOSED


def test_a_store_of_a_program_that_is_over(world: World) -> None:
    program = world.open_program(cycle_length="window", closes_at=world.at + DAY)
    ann = world.member()
    world.at += DAY
    programs.renew_due(program=program, at=world.at)
    assert world.store.cycle is None
    with pytest.raises(errors.ProgramClosed):
        world.reserve(ann, "1.00")
    with pytest.raises(errors.InvalidInput) as refused:
        programs.plan(program=program)
    assert refused.value.field == "program"


def test_an_opening_that_was_interrupted_is_completed(world: World) -> None:
    # Given a draft of three members, and a server that went down once it was open, before anybody
    # had their allotment.
    program = world.draft_program()
    world.members(3, world.account("Acme"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cycles, "place", _goes_down)
        with pytest.raises(ConnectionError):
            programs.open_program(program=program, actor=TESTS, at=world.at)
    assert world.cycle.number == 1

    # When the job comes, then everybody stands in the cycle, and nobody has anything twice.
    programs.renew_due(program=program, at=world.at)
    limits = Limit.objects.filter(kind="member")
    assert set(limits.values_list("renews_at", "ceiling")) == {(world.cycle.ends_at, 300_00)}


def _goes_down(**_: object) -> None:
    raise ConnectionError


def test_a_program_that_opens_in_the_future(world: World) -> None:
    # Given a program that is opened today for next month.
    opens_at = world.at + 30 * DAY
    program = world.draft_program(
        cycle_length="monthly", opens_at=opens_at, proration=Program.Proration.DAILY
    )
    ann = world.member()
    programs.open_program(program=program, actor=TESTS, at=world.at)
    ben = world.member()

    # Then its first cycle begins next month, and both are allotted all of it.
    assert world.cycle.starts_at == opens_at
    assert [world.balance(member) for member in (ann, ben)] == [{"available": "300.00"}] * 2
    assert programs.renew_due(program=program, at=opens_at) == ledger.Renewed(0)
    with pytest.raises(errors.ProgramClosed):
        world.reserve(ann, "1.00")
    world.at = opens_at
    world.reserve(ann, "1.00")


@pytest.mark.parametrize("is_late", [False, True], ids=["job in time", "job late"])
def test_a_program_closed_by_hand_is_only_paused(world: World, is_late: bool) -> None:
    # Given a program that is closed in January, and opened again in March.
    program = world.open_program(cycle_length="monthly", carries_forward=True)
    ann = world.member()
    programs.close_program(program=program)
    first = world.cycle
    if not is_late:
        world.at = first.ends_at
        programs.renew_due(program=program, at=world.at)
        assert Program.objects.get(pk=program.pk).status == Program.Status.CLOSED
    world.at = first.ends_at + 40 * DAY
    programs.open_program(program=program, actor=TESTS, at=world.at)

    # Then its months went on meanwhile: the third one's 300.00, and the second's carried.
    assert world.cycle.number == 3
    assert world.balance(ann)["available"] == "600.00"
    assert Rollover.objects.count() == 2


def test_days_carried_are_those_of_the_zone_it_ended_in(world: World) -> None:
    # Given a month that ended in Berlin before clocks changed, and nobody who has renewed it.
    start = world.at.replace(month=2, day=28, hour=11)
    world.at = start
    program = world.open_program(
        cycle_length="monthly", time_zone="Europe/Berlin", carries_forward=True, carry_days=1
    )
    ann = world.member()
    end = world.cycle.ends_at
    world.at = end + DAY / 4
    programs.turn_due(program=program, at=world.at)

    # When the program moves to Tokyo, where clocks don't change, the day is still Berlin's: 23 h.
    Program.objects.filter(pk=program.pk).update(time_zone="Asia/Tokyo")
    programs.renew_due(program=Program.objects.get(pk=program.pk), at=world.at)
    carried = Lot.objects.get(origin="carry", limit__member=ann)
    assert carried.expires_at is not None
    assert carried.expires_at - end == DAY - DAY / 24


def test_anniversaries_keep_their_clocks(world: World) -> None:
    program = world.open_program(cycle_length="anniversary", time_zone="Europe/Berlin")
    rules = programs.Rules(
        name=program.name,
        allotment=usd("300.00"),
        cycle_length=Program.CycleLength.ANNIVERSARY,
        time_zone="Asia/Tokyo",
    )
    with pytest.raises(errors.InvalidInput) as refused:
        programs.update_program(program=program, rules=rules, at=world.at)
    assert refused.value.field == "time_zone"
    assert Program.objects.get(pk=program.pk).time_zone == "Europe/Berlin"
