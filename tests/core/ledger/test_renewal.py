"""The end of a period in the ledger: what it writes, once, and what ``verify`` says of it."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from django.db import connection, connections, transaction

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import (
    Entry,
    Limit,
    Lot,
    Member,
    MemberGroup,
    Posting,
    Rollover,
)
from saleor_program_budgets.programs import cycles
from tests.support.database import check_constraints, money, tamper
from tests.support.world import DAY, TESTS, World, figures, lot_figures, usd


def _renewed(world: World, **rules: Any) -> Member:
    """Close a year of which 120.00 of 300.00 were spent, and 100.00 of the rest are carried."""
    world.open_program(carries_forward=True, carry_limit=usd("100.00"), carry_days=30, **rules)
    ann = world.member()
    world.capture(world.hold(ann, "120.00"), "120.00")
    world.at = world.cycle.ends_at
    programs.renew_due(program=world.program, at=world.at)
    return ann


def _lines(posting: Posting) -> list[tuple[str, str, int, int, int]]:
    entries = Entry.objects.filter(posting_id=posting.pk)
    lots = dict(Lot.objects.values_list("pk", "origin"))
    return sorted(
        (lots[entry.lot_id], entry.bucket, entry.amount, entry.balance_before, entry.balance_after)
        for entry in entries
        if entry.lot_id
    )


def test_what_it_posts(world: World) -> None:
    ann = _renewed(world)

    # The breakage is the old cycle's, with the carried lot it makes; the grant is the new one's.
    breakage, grant = Posting.objects.filter(at=world.at).order_by("kind").reverse()
    assert [(one.kind, one.cycle.number, one.amount) for one in (breakage, grant)] == [
        ("rollover", 1, 180_00),
        ("grant", 2, 300_00),
    ]
    assert {breakage.account_id, grant.account_id} == {ann.account_id}
    assert _lines(breakage) == [
        ("allotment", "available", -180_00, 180_00, 0),
        ("allotment", "lapsed", 80_00, 0, 80_00),
        ("allotment", "moved", 100_00, 0, 100_00),
        ("carry", "available", 100_00, 0, 100_00),
        ("carry", "funding", -100_00, 0, -100_00),
    ]
    assert _lines(grant) == [
        ("allotment", "available", 300_00, 0, 300_00),
        ("allotment", "funding", -300_00, 0, -300_00),
    ]


def test_money_and_items_are_posted_apart(world: World) -> None:
    _renewed(world, allotment_items=2)
    posted = Posting.objects.filter(at=world.at).order_by("unit", "kind")
    assert [(one.unit, one.kind, one.amount) for one in posted] == [
        ("ITEM", "grant", 2),
        ("ITEM", "rollover", 2),
        ("USD", "grant", 300_00),
        ("USD", "rollover", 180_00),
    ]


def test_again_is_nothing(world: World) -> None:
    _renewed(world)
    before = money()
    for _ in range(2):
        assert programs.renew_due(program=world.program, at=world.at) == ledger.Renewed(0)
    assert money() == before


def test_in_batches_of_one(world: World) -> None:
    # Given three members with a kit each, and a job that takes one limit at a time.
    world.open_program(allotment_items=1)
    acme = world.account("Acme")
    members = world.members(3, acme)
    world.at = world.cycle.ends_at
    seen: list[ledger.Renewed] = []

    done = programs.renew_due(program=world.program, at=world.at, batch=1, progress=seen.append)
    assert done == ledger.Renewed(
        limits=6, granted=900_00, lapsed=900_00, granted_items=3, lapsed_items=3
    )
    assert [step.limits for step in seen] == [1, 2, 3, 4, 5, 6]
    assert world.in_units(members[0]) == {"ITEM": {"available": 1}, "USD": {"available": 300_00}}


def test_an_allotment_that_is_there_already_is_not_counted(world: World) -> None:
    # Given somebody who has the next year's allotment already: by whatever way it came.
    world.open_program()
    ann = world.member()
    end = world.cycle.ends_at
    ledger.grant(
        members=[ann.pk],
        amount=usd("50.00"),
        origin=Lot.Origin.ALLOTMENT,
        cycle=None,
        starts_at=end,
        expires_at=end + 365 * DAY,
        reason="early",
        key="early",
        actor=TESTS,
        at=world.at,
    )

    # When the year ends, 300.00 lapse and nothing is granted: the ceiling is what the lots carry.
    world.at = end
    assert programs.renew_due(program=world.program, at=end) == ledger.Renewed(
        limits=1, lapsed=300_00
    )
    assert Limit.objects.get(member=ann).ceiling == 50_00
    assert world.balance(ann)["available"] == "50.00"


def test_a_group_of_another_cycle_is_not_looked_at(world: World) -> None:
    # Given a member of a group that came after the year had ended.
    world.open_program()
    ann = world.member()
    world.at = world.cycle.ends_at
    programs.turn_due(program=world.program, at=world.at)
    group = MemberGroup.objects.create(
        program=world.program, name="New", position=1, overrides_allotment=True, allotment_minor=1
    )
    group.enrolled.create(member=ann)
    assert programs.renew_due(program=world.program, at=world.at).granted == 300_00


def test_lapse_is_dated_when_it_was_due(world: World) -> None:
    # Given grants of 10.00 and 20.00 until tomorrow and the day after, and the job a week late.
    ann = world.member()
    first, second = (
        world.grant(ann, value, expires_at=world.at + days * DAY)
        for value, days in (("10.00", 1), ("20.00", 2))
    )
    began = world.at
    world.at += 7 * DAY
    assert ledger.lapse(actor=TESTS, at=world.at) == 1
    posted = Posting.objects.filter(kind="lapse").order_by("at")
    assert [(one.amount, one.at, one.account_id) for one in posted] == [
        (10_00, began + DAY, ann.account_id),
        (20_00, began + 2 * DAY, ann.account_id),
    ]
    assert lot_figures(first) == {"lapsed": "10.00"}
    assert lot_figures(second) == {"lapsed": "20.00"}
    assert Limit.objects.get(member=ann).ceiling == 300_00


def test_a_plan_is_what_happens(world: World) -> None:
    # Given two departments with unlike budgets left, and 40.00 held in one.
    world.open_program(carries_forward=True, carry_limit=usd("100.00"), allotment_items=1)
    acme = world.account("Acme")
    sales, support = (world.account(name, under=acme) for name in ("Sales", "Support"))
    ann, ben = world.members(2, sales)
    eve = world.member(support)
    world.capture(world.hold(ann, "250.00"), "250.00")
    world.hold(ben, "40.00", items=1, order_id="order")
    assert eve.account_id == support.pk
    before = money()

    planned = programs.plan(program=world.program)
    assert money() == before
    assert planned == [
        ledger.Planned(sales.pk, "ITEM", 2, granted=2, carried=0, lapsed=1, held=1),
        ledger.Planned(sales.pk, "USD", 2, 600_00, carried=150_00, lapsed=160_00, held=40_00),
        ledger.Planned(support.pk, "ITEM", 1, granted=1, carried=0, lapsed=1, held=0),
        ledger.Planned(support.pk, "USD", 1, 300_00, carried=100_00, lapsed=200_00, held=0),
    ]
    world.at = world.cycle.ends_at
    assert programs.renew_due(program=world.program, at=world.at) == ledger.Renewed(
        limits=6,
        granted=900_00,
        carried=250_00,
        lapsed=360_00,
        granted_items=3,
        lapsed_items=2,
    )


@pytest.mark.django_db(transaction=True)
def test_somebody_who_hangs_is_waited_for(
    committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows in use are passed over for a while; then they are asked for by name, not in circles."""
    world = committed_world
    world.open_program()
    members = world.members(3, world.account("Acme"))
    world.at = world.cycle.ends_at
    monkeypatch.setattr(cycles, "PATIENCE_SECONDS", 0.001)
    steps: list[ledger.Renewed] = []
    with transaction.atomic():
        Limit.objects.select_for_update().get(member=members[1])
        job = threading.Thread(
            target=_in_thread,
            args=(
                lambda: programs.renew_due(
                    program=world.program, at=world.at, progress=steps.append
                ),
            ),
        )
        job.start()
        _wait_until_somebody_waits()
        assert len(steps) == 1 + cycles.LOOKS_AT_MOST
        assert steps[-1].limits == 2
        assert job.is_alive()
    job.join(60)
    assert not job.is_alive()
    assert steps[-1].limits == 3
    assert [world.balance(member)["available"] for member in members] == ["300.00"] * 3


def _in_thread(job: Any) -> None:
    try:
        job()
    finally:
        connections.close_all()


def _wait_until_somebody_waits() -> None:
    """Return once somebody waits for what this connection has locked."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        with connection.cursor() as cursor:
            # Not from pg_stat_activity, which stays as it was for the rest of a transaction.
            cursor.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


# What is tampered with is named.


@pytest.fixture
def books(world: World) -> World:
    """A year closed with 100.00 of 180.00 carried; guards are off."""
    _renewed(world)
    world.is_tampered = True
    for table, name, _ in list(check_constraints()):
        tamper(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return world


def _found() -> list[tuple[str, str, str]]:
    return [
        (difference.subject, difference.expected, difference.found)
        for difference in ledger.verify().differences
        if difference.check == "rollovers_match_lots"
    ]


def test_untouched_rollovers_are_clean(books: World) -> None:
    assert books.balance(Member.objects.get())["available"] == "400.00"
    assert ledger.verify().is_clean


def test_a_rollover_that_says_more_or_less_than_its_lots(books: World) -> None:
    rollover = Rollover.objects.get()
    for carried in (99_99, 100_01):
        tamper("UPDATE program_budgets_rollover SET carried = %s", [carried])
        assert _found() == [(f"rollover {rollover.pk}", "10000", str(carried))]


def test_a_rollover_above_its_limit(books: World) -> None:
    rollover = Rollover.objects.get()
    tamper("UPDATE program_budgets_rollover SET carry_limit = 9999")
    assert _found() == [(f"rollover {rollover.pk}", "9999", "10000")]


def test_a_carried_lot_without_a_rollover(books: World) -> None:
    carried = Lot.objects.get(origin="carry")
    end = carried.source.expires_at
    tamper("DELETE FROM program_budgets_rollover")
    assert _found() == [
        (f"limit {carried.limit_id} at {end:%Y-%m-%d %H:%M:%S+00}", "10000", "no rollover")
    ]


def test_a_rollover_without_its_lot(books: World) -> None:
    rollover = Rollover.objects.get()
    tamper("UPDATE program_budgets_lot SET origin = 'grant' WHERE origin = 'carry'")
    assert _found() == [(f"rollover {rollover.pk}", "0", "10000")]


def test_a_lot_that_is_carried_twice(books: World) -> None:
    carried = Lot.objects.get(origin="carry")
    rollover = Rollover.objects.get()
    Lot.objects.create(
        limit_id=carried.limit_id,
        unit=carried.unit,
        origin="carry",
        source=carried.source,
        amount=5_00,
        created_at=books.at,
    )
    assert sorted(_found()) == [
        (f"lot {carried.source_id}", "carried once", "carried 2 times"),
        (f"rollover {rollover.pk}", "10000", "10000"),
    ]


def test_a_carried_lot_that_is_carried_again(books: World) -> None:
    carried = Lot.objects.get(origin="carry")
    again = Lot.objects.create(
        limit_id=carried.limit_id,
        unit=carried.unit,
        origin="carry",
        source=carried,
        amount=0,
        created_at=books.at,
    )
    expected = f"a lot of limit {carried.limit_id} that was granted"
    assert (f"lot {again.pk}", expected, f"a lot of limit {carried.limit_id}: carry") in _found()


def test_a_carried_lot_of_nothing(books: World) -> None:
    carried = Lot.objects.get(origin="carry")
    tamper("UPDATE program_budgets_lot SET source_id = NULL WHERE origin = 'carry'")
    expected = f"a lot of limit {carried.limit_id} that was granted"
    assert (f"lot {carried.pk}", expected, "none") in _found()


def test_caps_of_the_next_cycle_are_entries(world: World) -> None:
    # Given a cap of 500.00 and one of 0.00.
    acme = world.account("Acme")
    sales = world.account("Sales", under=acme)
    world.open_program()
    world.cap(acme, "500.00"), world.cap(sales, "0.00")
    world.at = world.cycle.ends_at
    programs.turn_due(program=world.program, at=world.at)

    # Then each is the posting that gave it its ceiling; nothing needs no lines.
    posted = Posting.objects.filter(at=world.at, kind="ceiling").order_by("-amount")
    assert [(one.amount, one.account_id) for one in posted] == [(500_00, acme.pk), (0, sales.pk)]
    assert [Entry.objects.filter(posting_id=one.pk).count() for one in posted] == [2, 0]
    assert figures(acme.caps.get(is_open=True)) == {"ceiling": "500.00"}
    assert figures(sales.caps.get(is_open=True)) == {}
