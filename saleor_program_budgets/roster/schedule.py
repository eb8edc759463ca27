"""The job by which what was planned happens when it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import Person, PlannedChange, Source
from saleor_program_budgets.programs import jobs
from saleor_program_budgets.roster import departments, planned
from saleor_program_budgets.roster.plan import Action, Step
from saleor_program_budgets.roster.settling import settle
from saleor_program_budgets.roster.wanted import Origin
from saleor_program_budgets.roster.writing import write

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.models import JobRun

JOB = "planned-people"
JOB_SECONDS = 240.0
SETTLED_AFTER = 200
"""After so many changes memberships follow: a large reorganization isn't done one by one."""


def apply_planned(*, at: datetime, budget_seconds: float = JOB_SECONDS) -> JobRun | None:
    """Let what was planned happen that is due; ``None`` where another run is under way.

    What falls to a removed person, or to an account that takes nobody any more, is cancelled.
    """
    try:
        with jobs.run(JOB, at=at) as run:
            run.result = {"applied": 0, "cancelled": 0, "is_complete": True}
            done = 0
            while found := planned.due(at=at)[:SETTLED_AFTER]:
                if run.seconds >= budget_seconds:
                    run.result["is_complete"] = False
                    break
                for change in found:
                    is_applied = _apply(change, at)
                    run.result["applied" if is_applied else "cancelled"] += 1
                    done += 1
                settle(at=at, people=[change.person_id for change in found])
                run.progress(done)
    except jobs.AlreadyRunning:
        return None
    return run.record


def _apply(change: PlannedChange, at: datetime) -> bool:
    """Do one, or cancel it where it can't be; the one or the other only once."""
    roster = change.person.roster
    with transaction.atomic():
        departments.lock(roster)
        pending = PlannedChange.objects.filter(pk=change.pk, **planned.PENDING)
        person = Person.objects.filter(pk=change.person_id, removed_at=None).first()
        accounts = departments.read_departments(roster).by_id
        is_lost = change.account_id is not None and change.account_id not in accounts
        if person is None or is_lost:
            pending.update(cancelled_at=at)
            return False
        if not pending.update(applied_at=at):
            return False
        values, before = _values(change, person, accounts)
        if values:
            step = Step(
                line=change.line or 0,
                action=Action.MOVE if "account" in values else Action.LEAVE,
                person_id=person.pk,
                version=person.version,
                values=values,
                before=before,
                effective_at=change.effective_at,
            )
            origin = Origin(Source.SCHEDULE, Actor.system(JOB), str(change.pk))
            write(roster=roster, steps=[step], new_departments={}, origin=origin, shop=None, at=at)
            _invite(change, person)
    return True


def _values(
    change: PlannedChange, person: Person, accounts: dict[int, departments.Department]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what the change sets, and what that was; nothing where it is so already."""
    if change.kind == PlannedChange.Kind.MOVE:
        if change.account_id is None or change.account_id == person.account_id:
            return {}, {}
        values: dict[str, Any] = {"account": change.account_id}
        if person.roster.placed_by == person.roster.PlacedBy.DEPARTMENT:
            values["department"] = accounts[change.account_id].name
        return values, {"account": person.account_id, "department": person.department}
    is_active = change.kind == PlannedChange.Kind.RETURN
    if is_active == person.is_active:
        return {}, {}
    return {"is_active": is_active}, {"is_active": person.is_active}


def _invite(change: PlannedChange, person: Person) -> None:
    """Let who begins now be invited, if the roster made their user and invites at all."""
    is_begun = change.kind == PlannedChange.Kind.RETURN
    if is_begun and person.owns_user and person.roster.invitation_url:
        Person.objects.filter(pk=person.pk).update(is_invited=False)
