"""Jobs: recorded, alone, bounded in time, and repeatable."""

import datetime as dt

import psycopg
import pytest
from django.db import connection

from saleor_program_budgets import programs
from saleor_program_budgets.errors import MemberInactive
from saleor_program_budgets.models import JobRun, Lot, Posting, Program
from saleor_program_budgets.programs import AlreadyRunning, jobs, upkeep
from tests.support.database import snapshot
from tests.support.world import DAY, HOUR, START, TESTS, World, lot_figures

MINUTE = dt.timedelta(minutes=1)


def test_a_run_is_recorded(world: World) -> None:
    with jobs.run("count", at=START, program=world.program) as run:
        run.progress(1, 3)
        run.record.refresh_from_db()
        assert (run.record.done, run.record.total, run.record.finished_at) == (1, 3, None)
        run.progress(3)
        run.result = {"counted": 3}
    found = JobRun.objects.get()
    assert (found.name, found.program, found.started_at) == ("count", world.program, START)
    assert (found.done, found.total, found.result, found.error) == (3, 3, {"counted": 3}, "")
    assert START <= found.heartbeat_at == found.finished_at < START + MINUTE
    assert not found.has_died(at=START + DAY)


def test_a_failure_is_recorded_and_raised(world: World) -> None:
    def fail() -> None:
        with jobs.run("count", at=START) as run:
            run.progress(1, 3)
            raise MemberInactive

    with pytest.raises(MemberInactive):
        fail()
    found = JobRun.objects.get()
    assert (found.done, found.total) == (1, 3)
    assert found.error == "MemberInactive: Your membership in this program is not active."
    assert found.finished_at is not None


def test_a_run_that_is_not_heard_of_has_died(world: World) -> None:
    run = JobRun.objects.create(name="count", started_at=START, heartbeat_at=START)
    assert not run.has_died(at=START + 10 * MINUTE - dt.timedelta(microseconds=1))
    assert run.has_died(at=START + 10 * MINUTE)
    # The next run says so for good: had it lived, it would have the lock.
    with jobs.run("count", at=START + MINUTE):
        pass
    run.refresh_from_db()
    assert (run.finished_at, run.has_died(at=START + DAY)) == (START, False)
    assert run.error == "The run ended without a word: its process or its connection was lost."


def test_the_last_runs_of_each_job_are_kept(world: World) -> None:
    for number in range(jobs.KEPT_RUNS + 2):
        with jobs.run("count", at=START + number * MINUTE) as run:
            run.progress(1)
    with jobs.run("other", at=START):
        pass
    runs = jobs.last_runs(name="count", limit=100)
    assert [run.started_at for run in runs] == [
        START + number * MINUTE for number in reversed(range(2, jobs.KEPT_RUNS + 2))
    ]
    assert [run.name for run in jobs.last_runs(limit=2)] == ["other", "count"]


def test_of_the_runs_without_work_the_latest_is_kept(world: World) -> None:
    for number, done in enumerate([0, 1, 0, 0]):
        with jobs.run("count", at=START + number * MINUTE) as run:
            run.progress(done)
    found = [(run.started_at, run.done) for run in jobs.last_runs(name="count")]
    assert found == [(START + 3 * MINUTE, 0), (START + MINUTE, 1)]


def test_a_job_that_keeps_failing_is_remembered_as_long(world: World) -> None:
    for number in range(jobs.KEPT_RUNS + 2):
        with pytest.raises(ZeroDivisionError), jobs.run("count", at=START + number * MINUTE):
            raise ZeroDivisionError
    assert JobRun.objects.count() == jobs.KEPT_RUNS


def test_a_second_run_leaves_it_to_the_first(committed_world: World) -> None:
    world = committed_world
    world.open_program()
    before = snapshot()
    with psycopg.connect(**_where()) as other:
        other.execute("SELECT pg_advisory_lock(%s, hashtext('renew'))", [jobs.LOCKS])
        assert programs.renew_programs(at=world.at) is None
        with pytest.raises(AlreadyRunning), jobs.run("renew", at=world.at):
            pytest.fail("it ran")
        assert programs.lapse_lots(at=world.at) is not None  # another job
        other.execute("SELECT pg_advisory_unlock_all()")
    assert programs.renew_programs(at=world.at) is not None
    assert snapshot(without=["jobrun"]) == {
        table: rows for table, rows in before.items() if table != "program_budgets_jobrun"
    }


def _where() -> dict[str, object]:
    """Return where the test's database is, for a connection that isn't the test's."""
    parameters = connection.get_connection_params()
    return {
        name: parameters[name] for name in {"dbname", "user", "host", "port"} & parameters.keys()
    }


def test_the_lock_is_let_go_of_after_a_failure(world: World) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), jobs.only_one("count"):
            raise ZeroDivisionError
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
            " WHERE datname = current_database() AND classid = %s",
            [jobs.LOCKS],
        )
        assert cursor.fetchone() == (0,)


def test_programs_are_renewed(world: World) -> None:
    first = world.open_program(cycle_length="monthly", carries_forward=True)
    second = world.open_program(cycle_length="monthly", channel="b", allotment="10.00")
    later = world.open_program(channel="c")
    acme = world.account("Acme")
    world.members(2, acme, program=first)
    world.members(1, acme, program=second)
    world.members(1, acme, program=later)
    world.at = START + 40 * DAY
    run = programs.renew_programs(at=world.at)
    assert (run.done, run.total, run.error) == (3, 3, "")
    common = {"currency": "USD", "granted_items": 0, "lapsed_items": 0}
    assert run.result == {
        "is_complete": True,
        "programs": [
            common
            | {"program": first.pk, "slug": first.slug, "limits": 2}
            | {"granted": 600_00, "carried": 600_00, "lapsed": 0},
            common
            | {"program": second.pk, "slug": second.slug, "limits": 1}
            | {"granted": 10_00, "carried": 0, "lapsed": 10_00},
        ],
    }
    before = snapshot(without=["jobrun"])
    again = programs.renew_programs(at=world.at + HOUR)
    assert again.result == {"is_complete": True, "programs": []}
    assert snapshot(without=["jobrun"]) == before


def test_a_renewal_without_time_leaves_the_rest_to_the_next(world: World) -> None:
    world.open_program(cycle_length="monthly")
    world.members(3, world.account("Acme"))
    world.at = START + 40 * DAY
    run = programs.renew_programs(at=world.at, budget_seconds=0, batch=2)
    assert (run.done, run.total) == (2, 3)
    assert run.result["is_complete"] is False
    assert run.result["programs"][0]["granted"] == 600_00
    run = programs.renew_programs(at=world.at, batch=2)
    assert (run.done, run.total, run.result["is_complete"]) == (1, 1, True)


def test_an_error_in_one_program_does_not_keep_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = world.open_program(cycle_length="monthly")
    sound = world.open_program(cycle_length="monthly", channel="b")
    acme = world.account("Acme")
    world.members(1, acme, program=broken)
    [bob] = world.members(1, acme, program=sound)
    world.at = START + 40 * DAY
    Program.objects.filter(pk=broken.pk).update(cycle_length="window", closes_at=world.at - DAY)
    broken.cycles.update(ends_at=START + DAY, closed_at=START + DAY)  # no cycle ended when they do
    with pytest.raises(ExceptionGroup) as error:
        programs.renew_programs(at=world.at)
    assert f"program {broken.slug}: no cycle of program {broken.pk} ended at" in str(error.value)
    assert Posting.objects.filter(kind="grant", member=bob).count() == 2
    assert broken.slug in JobRun.objects.get().error


def test_a_program_closed_by_hand_rests_until_it_is_opened_again(world: World) -> None:
    program = world.open_program(cycle_length="monthly")
    ann, bob = world.members(2, world.account("Acme"))
    programs.close_program(program=program)
    world.at = START + 40 * DAY
    before = snapshot()
    assert programs.renew_programs(at=world.at).result["programs"] == []
    assert snapshot(without=["jobrun"]) == {
        table: rows for table, rows in before.items() if table != "program_budgets_jobrun"
    }
    # Who is changed meanwhile is brought up to date, and nobody else with them.
    programs.deactivate_member(member=bob, actor=TESTS, at=world.at)
    assert programs.renew_programs(at=world.at).result["programs"] == []
    assert Posting.objects.filter(kind="grant", member=ann).count() == 1

    programs.open_program(program=program, actor=TESTS, at=world.at)
    assert world.cycle.number == 2
    assert world.balance(ann) == {"available": "300.00"}
    granted = Posting.objects.filter(kind="grant", member=ann).order_by("pk")
    assert [posting.at for posting in granted] == [START, world.cycle.starts_at]


def test_a_program_closes_by_itself(world: World) -> None:
    # Given a program of a year whose window ends after 100 days.
    program = world.open_program(closes_at=START + 100 * DAY)
    ann = world.member()
    lot = Lot.objects.get()
    assert programs.close_programs(at=START + 100 * DAY - MINUTE).result == {"closed": []}
    held = world.hold(ann, "65.00", order_id="on its way")

    # When its end has come, it is closed once, and orders on their way are paid for.
    world.at = START + 100 * DAY
    assert programs.close_programs(at=world.at).result == {"closed": [program.slug]}
    assert programs.close_programs(at=world.at).result == {"closed": []}
    program.refresh_from_db()
    assert program.status == "closed"
    world.capture(held, "65.00", order_id="on its way")

    # When the year is over too, no other follows, and what is left lapses.
    assert programs.renew_programs(at=world.at).result["programs"] == []
    world.at = START + 366 * DAY
    assert programs.renew_programs(at=world.at).result["programs"][0]["lapsed"] == 235_00
    assert lot_figures(lot) == {"spent": "65.00", "lapsed": "235.00"}
    assert program.cycles.count() == 1


def test_lots_lapse(world: World) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    lots = [world.grant(member, "5.00", expires_at=world.at + DAY) for member in (ann, bob)]
    assert programs.lapse_lots(at=world.at).result == {"limits": 0, "is_complete": True}
    world.at += DAY
    run = programs.lapse_lots(at=world.at, budget_seconds=0)
    assert run.result == {"limits": 0, "is_complete": False}
    run = programs.lapse_lots(at=world.at, batch=1)
    assert (run.done, run.result) == (2, {"limits": 2, "is_complete": True})
    assert [lot_figures(lot) for lot in lots] == [{"lapsed": "5.00"}] * 2


def test_an_opening_that_was_interrupted_is_completed(world: World) -> None:
    program = world.draft_program()
    ann = world.member()
    cycle = program.cycles.create(number=1, starts_at=START, ends_at=START + 365 * DAY)
    Program.objects.filter(pk=program.pk).update(status="open")
    programs.renew_programs(at=world.at + HOUR)
    assert world.balance(ann) == {"available": "300.00"}
    assert Lot.objects.get().expires_at == cycle.ends_at


def test_how_many_are_due(world: World) -> None:
    program = world.open_program(cycle_length="monthly")
    world.members(2, world.account("Acme"))
    assert upkeep.due_counts(at=START + 30 * DAY) == {}
    assert upkeep.due_counts(at=START + 31 * DAY) == {program.pk: 2}
