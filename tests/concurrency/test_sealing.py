"""Sealing beside postings: it leaves none out, and keeps none waiting."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

import pytest
from django.db import connection, connections, transaction
from django.db.utils import IntegrityError, OperationalError

from saleor_program_budgets import ledger
from saleor_program_budgets.ledger import Held, sealing
from saleor_program_budgets.ledger.sealing import Ending, seal
from saleor_program_budgets.models import Member, Posting, Seal
from tests.support.database import tamper
from tests.support.racing import (
    PATIENCE_SECONDS,
    changed,
    execute,
    in_turn,
    kinds,
    race,
)
from tests.support.world import DAY, World

ALREADY_THERE = 2
"""The grants of the two members."""


def _seal_while_a_lower_id_comes_later(world: World) -> tuple[sealing.Sealed, list[int]]:
    """Seal while a posting is there and one before it isn't; return the run and both ids."""
    ann, bob = world.members(2, world.account("Acme"))
    cycle = world.cycle
    runs: list[sealing.Sealed] = []
    sealer = threading.Thread(target=lambda: runs.append(_sealed_beside(world)), daemon=True)

    def come_later() -> Held:
        fast = world.hold(bob, "1.00", key="fast", cycle=cycle)
        sealer.start()
        sealer.join(0.5)  # it is done, or waits
        return fast

    meeting = in_turn(
        lambda: world.hold(ann, "1.00", key="slow", cycle=cycle), come_later, stop_at="commit"
    )
    sealer.join(PATIENCE_SECONDS)
    slow, fast = meeting.first.posting_id, meeting.second.posting_id
    assert slow < fast
    return runs[0], [slow, fast]


def _sealed_beside(world: World) -> sealing.Sealed:
    try:
        return seal(at=world.at, patience_seconds=PATIENCE_SECONDS)
    finally:
        connections.close_all()


def test_a_lower_id_that_commits_later_is_waited_for(committed_world: World) -> None:
    run, posting_ids = _seal_while_a_lower_id_comes_later(committed_world)
    assert (run.postings, run.ending) == (ALREADY_THERE + 2, Ending.COMPLETE)
    [block] = Seal.objects.all()
    assert block.posting_ids[ALREADY_THERE:] == posting_ids
    assert seal(at=committed_world.at + DAY).postings == 0


def test_without_waiting_it_is_left_out_for_good(committed_world: World) -> None:
    """The control: the order of ids isn't the order in which postings appear."""
    world = committed_world
    world.is_tampered = True
    with changed("program_budgets_under_way", "WHERE locktype", "WHERE false AND locktype"):
        run, [slow, fast] = _seal_while_a_lower_id_comes_later(world)
    assert run.postings == ALREADY_THERE + 1
    assert seal(at=world.at + DAY).postings == 0
    [block] = Seal.objects.all()
    assert block.posting_ids[ALREADY_THERE:] == [fast]
    [difference] = ledger.verify().differences
    assert (difference.check, difference.subject) == ("seal_contents", f"posting {slow}")


class _PostingUnderWay:
    """A posting that has its id, and neither commits nor rolls back until told to."""

    def __init__(self) -> None:
        self.has_drawn = threading.Event()
        self.may_end = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT program_budgets_begin_posting()")
                cursor.execute("SELECT nextval('program_budgets_posting_id_seq')")
                self.has_drawn.set()
                self.may_end.wait(PATIENCE_SECONDS)
                transaction.set_rollback(True)
        finally:
            connections.close_all()

    def __enter__(self) -> Self:
        self.thread.start()
        assert self.has_drawn.wait(PATIENCE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self.may_end.set()
        self.thread.join(PATIENCE_SECONDS)


def test_nobody_waits_for_a_sealer_that_waits(committed_world: World) -> None:
    world = committed_world
    ann, cycle = world.member(), world.cycle
    before = Posting.objects.count()
    sealer_had_ended: list[bool] = []
    ended = threading.Event()

    def run_sealer() -> sealing.Sealed:
        try:
            return seal(at=world.at, patience_seconds=PATIENCE_SECONDS)
        finally:
            ended.set()

    def shop() -> None:
        time.sleep(0.3)  # the sealer waits for the posting under way
        for number in range(5):
            world.hold(ann, "1.00", key=f"meanwhile-{number}", cycle=cycle)
        sealer_had_ended.append(ended.is_set())
        under_way.may_end.set()

    with _PostingUnderWay() as under_way:
        run, shopped = race(run_sealer, shop)
    assert (shopped, sealer_had_ended) == (None, [False])
    # What was posted after the sealer began isn't its business, and the drawn id never appeared.
    assert (run.postings, run.ending) == (before, Ending.COMPLETE)
    assert seal(at=world.at + DAY).postings == 5


def test_a_sealer_runs_out_of_patience_and_seals_nothing(committed_world: World) -> None:
    world = committed_world
    world.member()
    with _PostingUnderWay():
        run = seal(at=world.at, patience_seconds=0.1)
    assert run == sealing.Sealed(0, (), Ending.POSTING_UNDER_WAY)
    assert not Seal.objects.exists()
    assert seal(at=world.at).ending is Ending.COMPLETE


def test_postings_that_come_and_go_dont_keep_a_sealer_waiting(committed_world: World) -> None:
    world = committed_world
    members, cycle = world.members(4, world.account("Acme")), world.cycle
    done = threading.Event()

    def shop(member: Member) -> Callable[[], int]:
        def run() -> int:
            count = 0
            while not done.is_set():
                count += 1
                world.hold(member, "0.01", key=f"{member.pk}-{count}", cycle=cycle)
            return count

        return run

    def run_sealer() -> int:
        try:
            return sum(seal(at=world.at + number * DAY).postings for number in range(20))
        finally:
            done.set()

    *shopped, sealed = race(*map(shop, members), run_sealer)
    sealed += seal(at=world.at + 100 * DAY).postings
    assert sealed == sum(shopped) + len(members) == Posting.objects.count()


@contextmanager
def _slow_sealers() -> Iterator[None]:
    execute(
        "CREATE FUNCTION tests_slow_seal() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$;"
        "CREATE TRIGGER a_slow_seal BEFORE INSERT ON program_budgets_seal"
        " FOR EACH ROW EXECUTE FUNCTION tests_slow_seal()"
    )
    try:
        yield
    finally:
        execute("DROP FUNCTION tests_slow_seal() CASCADE")


def _two_sealers(world: World) -> list[object]:
    world.member()
    with _slow_sealers():
        return race(lambda: seal(at=world.at), lambda: seal(at=world.at))


def test_of_two_sealers_at_once_one_seals(committed_world: World) -> None:
    outcomes = _two_sealers(committed_world)
    endings = sorted((run.ending, run.postings) for run in outcomes)
    assert endings == [(Ending.COMPLETE, 1), (Ending.SEALER_AT_WORK, 0)]
    assert Seal.objects.count() == 1


def test_without_their_lock_the_database_stops_the_second(committed_world: World) -> None:
    """The control: they do meet, and a posting is sealed but once even so."""
    guard = r"NOT pg_try_advisory_xact_lock\(\d+\)"
    with changed("program_budgets_seal_next", guard, "false"):
        outcomes = _two_sealers(committed_world)
    assert kinds(outcomes) == {"IntegrityError": 1, "Sealed": 1}
    assert isinstance(next(iter(o for o in outcomes if isinstance(o, Exception))), IntegrityError)
    assert Seal.objects.count() == 1


def _kill_the_sealer_in_its_second_batch() -> None:
    with connection.cursor() as cursor:
        while not Seal.objects.exists():
            time.sleep(0.01)
        killed: list[tuple[bool]] = []
        while not killed:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND state = 'active'"
                " AND query LIKE '%program_budgets_seal_next%' AND pid <> pg_backend_pid()"
            )
            killed = cursor.fetchall()
        assert killed == [(True,)]


def test_a_sealer_killed_in_the_middle_is_gone_on_with(
    committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = committed_world
    world.members(5, world.account("Acme"))
    monkeypatch.setattr(sealing, "POSTINGS_PER_BATCH", 2)
    with _slow_sealers():
        outcomes = race(lambda: seal(at=world.at), _kill_the_sealer_in_its_second_batch)
    assert isinstance(outcomes[0], OperationalError)
    assert [len(row.posting_ids) for row in Seal.objects.all()] == [2]
    rest = seal(at=world.at + DAY)
    assert (rest.postings, rest.ending) == (3, Ending.COMPLETE)
    assert [pk for row in Seal.objects.order_by("number") for pk in row.posting_ids] == list(
        Posting.objects.order_by("pk").values_list("pk", flat=True)
    )


def test_verify_sees_one_snapshot_over_both_connections(committed_world: World) -> None:
    world = committed_world
    members, cycle = world.members(4, world.account("Acme")), world.cycle
    done = threading.Event()

    def shop(member: Member) -> Callable[[], None]:
        def run() -> None:
            while not done.is_set():
                world.release(world.hold(member, "1.00", cycle=cycle))

        return run

    def look() -> list[str]:
        try:
            found: list[str] = []
            for number in range(10):
                seal(at=world.at + number * DAY)
                found += map(str, ledger.verify().differences)
            return found
        finally:
            done.set()

    assert race(*map(shop, members), look)[-1] == []


def test_verify_outside_a_transaction_names_what_both_connections_find(
    committed_world: World,
) -> None:
    world = committed_world
    world.is_tampered = True
    member = world.member()
    seal(at=world.at)
    [posting] = Posting.objects.all()
    tamper("UPDATE program_budgets_posting SET amount = amount + 1")
    tamper("UPDATE program_budgets_limit SET spent = 1 WHERE member_id = %s", [member.pk])
    assert [(found.check, found.subject) for found in ledger.verify().differences] == [
        ("members_match_lots", f"limit {member.limits.get().pk}"),
        ("seal_contents", f"posting {posting.pk}"),
    ]
