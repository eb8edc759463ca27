"""Files of people in tasks, and the jobs that keep a roster's memberships in line."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from saleor.account.models import User

from saleor_program_budgets import roster, tasks
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.interfaces import roster_files
from saleor_program_budgets.interfaces.shop import SaleorShop
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import (
    ImportLine,
    JobRun,
    Member,
    Person,
    PlannedChange,
    RosterImport,
    Source,
)
from saleor_program_budgets.programs import jobs
from saleor_program_budgets.roster import Origin

ACTOR = Actor("user", "7")
BY_FILE = Origin(Source.FILE, ACTOR)
Status, Mode = RosterImport.Status, RosterImport.Mode


@pytest.fixture
def placed(store):
    return roster.create_roster(
        name="Acme",
        account=store.organization,
        programs=[store.program],
        largest_leave_percent=100,
        actor=ACTOR,
        at=timezone.now(),
    )


@pytest.fixture
def queued(monkeypatch) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Collect what is queued for the task, in place of running it."""
    kept: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def delay(*arguments: Any, **named: Any) -> None:
        kept.append((arguments, named))

    def apply_async(arguments: Any, named: Any = None, **options: Any) -> None:
        kept.append((tuple(arguments), {**(named or {}), **options}))

    monkeypatch.setattr(tasks.go_on_with_import, "delay", delay)
    monkeypatch.setattr(tasks.go_on_with_import, "apply_async", apply_async)
    return kept


def look_at(placed, count: int, mode: Mode = Mode.PARTIAL) -> RosterImport:
    lines = [f"p{number:03}@acme.example,Pat,Doe,Engineering" for number in range(count)]
    content = "\n".join(["email,first_name,last_name,department", *lines]).encode()
    return roster.preview_import(
        roster=placed,
        content=content,
        mode=mode,
        origin=BY_FILE,
        shop=SaleorShop(),
        at=timezone.now(),
    )


def queue(found: RosterImport, confirmed_leavers: int | None = None) -> None:
    roster_files.queue(roster_import=found, confirmed_leavers=confirmed_leavers, actor=ACTOR)


def status_of(found: RosterImport) -> str:
    return RosterImport.objects.values_list("status", flat=True).get(pk=found.pk)


@pytest.mark.parametrize(("lines", "is_large"), [(100, False), (101, True)])
def test_more_than_a_hundred_lines_are_many(placed, lines, is_large) -> None:
    assert roster_files.is_large(look_at(placed, lines)) is is_large


def test_a_file_is_begun_at_once_and_done_in_a_task(placed, store, queued) -> None:
    found = look_at(placed, 101)

    queue(found)

    assert queued == [((found.pk, None, "user:7"), {})]
    assert (found.status, status_of(found)) == (Status.APPLYING, Status.APPLYING)
    assert found.lines.exclude(status=ImportLine.Status.DRAFT).count() == 1

    tasks.go_on_with_import(*queued.pop()[0])

    assert (status_of(found), queued) == (Status.APPLIED, [])
    assert found.lines.filter(status=ImportLine.Status.APPLIED).count() == 101
    members = Member.objects.filter(program=store.program, account=store.department)
    assert members.filter(is_active=True).count() == 101
    assert Person.objects.filter(is_settled=True, owns_user=True).count() == 101
    assert not User.objects.filter(roster_people__isnull=False, is_staff=True).exists()
    run = JobRun.objects.get(name="import-people")
    assert run.result == {"roster": placed.pk, "import": found.pk, "is_complete": True}
    assert run.done == 101


def test_what_keeps_a_file_from_being_applied_is_raised_at_once(placed, queued) -> None:
    roster.apply_import(
        roster_import=look_at(placed, 102), shop=SaleorShop(), actor=ACTOR, at=timezone.now()
    )
    found = look_at(placed, 101, Mode.FULL)

    with pytest.raises(InvalidInput) as refused:
        queue(found)

    assert (refused.value.field, refused.value.code) == ("leavers", "REQUIRED")
    assert (status_of(found), queued) == (Status.DRAFT, [])
    queue(found, confirmed_leavers=1)
    assert len(queued) == 1


def test_a_stale_file_is_not_queued(placed, queued) -> None:
    found, other = look_at(placed, 101), look_at(placed, 101)
    roster.apply_import(roster_import=other, shop=SaleorShop(), actor=ACTOR, at=timezone.now())

    with pytest.raises(roster.Stale):
        queue(found)

    assert (status_of(found), queued) == (Status.STALE, [])


def test_a_task_asks_for_another_run_while_lines_are_left(placed, queued, monkeypatch) -> None:
    found = look_at(placed, 101)
    queue(found)
    [(arguments, _)] = queued
    queued.clear()
    monkeypatch.setattr(roster_files, "BUDGET_SECONDS", 0.0)
    monkeypatch.setattr(
        roster_files.rosters, "apply_import", _in_sets(roster_files.rosters.apply_import, 60)
    )

    tasks.go_on_with_import(*arguments)

    assert queued == [(arguments, {"waits": True})]
    assert status_of(found) == Status.APPLYING
    tasks.go_on_with_import(*arguments)
    tasks.go_on_with_import(*arguments)
    assert status_of(found) == Status.APPLIED
    runs = JobRun.objects.filter(name="import-people").order_by("pk")
    assert [run.result["is_complete"] for run in runs] == [False, False, True]


def _in_sets(apply_import, size: int) -> Any:
    def smaller(**named: Any) -> Any:
        return apply_import(**named, lines_at_once=size)

    return smaller


@pytest.mark.django_db(transaction=True)
def test_a_task_beside_another_comes_again(placed, queued) -> None:
    found = look_at(placed, 101)
    queue(found)
    [(arguments, _)] = queued
    queued.clear()
    is_busy, is_over = threading.Event(), threading.Event()

    def be_busy() -> None:
        with jobs.only_one("import-people"):
            is_busy.set()
            is_over.wait(20)
        connection.close()

    other = threading.Thread(target=be_busy)
    other.start()
    is_busy.wait(20)
    try:
        tasks.go_on_with_import(*arguments)
        tasks.go_on_with_import(*arguments, waits=False)
    finally:
        is_over.set()
        other.join()

    assert queued == [(arguments, {"waits": True, "countdown": 30})]
    assert status_of(found) == Status.APPLYING


def test_a_lost_task_is_taken_up(placed, queued) -> None:
    found = look_at(placed, 101)
    look_at(placed, 101)
    queue(found)
    queued.clear()

    assert tasks.resume_imports() == 1

    [(arguments, named)] = queued
    assert (arguments, named) == ((found.pk, None, "user:7"), {"waits": False})
    tasks.go_on_with_import(*arguments, **named)
    assert status_of(found) == Status.APPLIED
    assert tasks.resume_imports() == 0


def test_what_was_planned_happens_when_it_is_due(placed, store) -> None:
    at = timezone.now()
    roster.apply_import(roster_import=look_at(placed, 2), shop=SaleorShop(), actor=ACTOR, at=at)
    first, second = Person.objects.order_by("pk")
    for person, effective_at in ((first, at + timedelta(days=1)), (second, at + timedelta(days=2))):
        roster.plan_change(
            person=person,
            kind=PlannedChange.Kind.LEAVE,
            effective_at=effective_at,
            origin=BY_FILE,
            at=at,
        )
    PlannedChange.objects.filter(person=first).update(effective_at=at)

    results = [tasks.apply_planned(), tasks.apply_planned()]

    assert results == [
        {"applied": 1, "cancelled": 0, "is_complete": True},
        {"applied": 0, "cancelled": 0, "is_complete": True},
    ]
    assert list(Person.objects.order_by("pk").values_list("is_active", flat=True)) == [False, True]
    assert list(Member.objects.order_by("pk").values_list("is_active", flat=True)) == [False, True]


def test_memberships_that_a_crash_left_behind_follow(placed, store) -> None:
    at = timezone.now()
    roster.apply_import(roster_import=look_at(placed, 1), shop=SaleorShop(), actor=ACTOR, at=at)
    Person.objects.update(account=store.organization, is_settled=False)

    tasks.settle_people()

    assert Person.objects.get().is_settled is True
    assert Member.objects.get().account_id == store.organization.pk


def test_a_file_that_nobody_applied_is_forgotten(placed) -> None:
    found = look_at(placed, 1)
    RosterImport.objects.filter(pk=found.pk).update(created_at=timezone.now() - timedelta(days=30))
    look_at(placed, 1)

    result = tasks.purge()

    assert result is not None
    assert result["imports"] == 1
    assert RosterImport.objects.count() == 1
