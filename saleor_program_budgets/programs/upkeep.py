"""The jobs that keep programs up to date: each repeatable, and bounded in time.

Each returns the record of its run, or ``None`` where another run of it is under way. What one run
doesn't reach in its time the next one does.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import DatabaseError
from django.db.models import Count, Exists, F, OuterRef, Q

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import BudgetError
from saleor_program_budgets.models import Cycle, Limit, Member, Program
from saleor_program_budgets.programs import calendar, cycles, enrollment, jobs

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.models import QuerySet

    from saleor_program_budgets.ledger import Renewed
    from saleor_program_budgets.models import JobRun

BUDGET_SECONDS = 240.0
"""How long a run goes on before it leaves the rest to the next."""
LEAVERS = ledger.Actor.system("leavers")
EXPIRY = ledger.Actor.system("expiry")
LEAVERS_BATCH = 500


class _TimeUp(Exception):
    """The run has used its time; what is done is done."""


def renew_programs(
    *, at: datetime, budget_seconds: float = BUDGET_SECONDS, batch: int = ledger.BATCH
) -> JobRun | None:
    """Turn the cycles that are over at *at* and renew their members, of all programs.

    A program that was closed by hand rests: it is renewed when it is opened again, as of the
    instants at which that was due. One that has ended lets what is left lapse. An error in one
    program doesn't keep the others from it; it is raised in the end.
    """

    def work(run: jobs.Run) -> None:
        due = [program for program in _due_programs(at) if not _rests(program, at)]
        run.progress(0, _due_limits(at).filter(program__in=due).count())
        run.result = {"programs": [], "is_complete": True}
        failures: list[Exception] = []
        for program in due:
            try:
                _renew(program, run, at=at, batch=batch, budget_seconds=budget_seconds)
            except _TimeUp:
                run.result["is_complete"] = False
                break
            except (BudgetError, DatabaseError) as error:
                error.add_note(f"program {program.slug}: {error}")
                failures.append(error)
        if failures:
            raise ExceptionGroup("; ".join(error.__notes__[-1] for error in failures), failures)

    return _alone("renew", at, work)


def _renew(
    program: Program, run: jobs.Run, *, at: datetime, batch: int, budget_seconds: float
) -> None:
    """Renew one program, and write down what came of it. Raises ``_TimeUp``."""
    before = run.record.done
    sums: dict[str, Any] = {
        "program": program.pk,
        "slug": program.slug,
        "currency": program.currency,
    } | asdict(ledger.Renewed(0))
    run.result["programs"].append(sums)

    def note(so_far: Renewed) -> None:
        sums.update(asdict(so_far))
        done = before + so_far.limits
        run.progress(done, max(done, run.record.total or 0))
        if run.seconds >= budget_seconds:
            raise _TimeUp

    cycles.renew_due(program=program, at=at, batch=batch, progress=note)


def _due_limits(at: datetime) -> QuerySet[Limit]:
    return Limit.objects.filter(kind=Limit.Kind.MEMBER, renews_at__lte=at)


def _due_programs(at: datetime) -> list[Program]:
    over = Cycle.objects.filter(program=OuterRef("pk"), closed_at=None, ends_at__lte=at)
    behind = _due_limits(at).filter(program=OuterRef("pk"))
    # An opening that was interrupted has left members who stand in no period.
    runs = Cycle.objects.filter(program=OuterRef("pk"), closed_at=None)
    unplaced = Limit.objects.filter(kind=Limit.Kind.MEMBER, program=OuterRef("pk"), renews_at=None)
    is_due = Exists(over) | Exists(behind) | Q(Exists(runs), Exists(unplaced))
    return list(Program.objects.filter(is_due).order_by("pk"))


def _rests(program: Program, at: datetime) -> bool:
    """Say whether a closed program waits to be opened again: its end hasn't come."""
    cycle = cycles.open_cycle(program=program)
    if program.status != Program.Status.CLOSED or cycle is None:
        return False
    is_over = cycle.ends_at <= at
    return not is_over or calendar.following_period(program=program, cycle=cycle) is not None


def lapse_lots(
    *, at: datetime, budget_seconds: float = BUDGET_SECONDS, batch: int = ledger.BATCH
) -> JobRun | None:
    """Record what has lapsed by *at*; it has counted for nothing from that instant on anyway."""

    def work(run: jobs.Run) -> None:
        done = 0
        run.result = {"limits": 0, "is_complete": False}
        while run.seconds < budget_seconds:
            found = ledger.lapse(batch=batch, actor=EXPIRY, at=at)
            if not found:
                run.result["is_complete"] = True
                break
            done += found
            run.result["limits"] = done
            run.progress(done)

    return _alone("lapse", at, work)


def close_programs(*, at: datetime) -> JobRun | None:
    """Close the programs whose window is over at *at*: they take no more orders from then on.

    Orders already placed and their holds are honoured, and what members have left lapses when
    their cycle ends.
    """

    def work(run: jobs.Run) -> None:
        over = Program.objects.filter(status=Program.Status.OPEN, closes_at__lte=at)
        closed = [
            program.slug
            for program in over.order_by("pk")
            if over.filter(pk=program.pk).update(status=Program.Status.CLOSED)
        ]
        run.result = {"closed": closed}
        run.progress(len(closed), len(closed))

    return _alone("close", at, work)


def sweep_leavers(*, at: datetime, budget_seconds: float = BUDGET_SECONDS) -> JobRun | None:
    """Bring memberships in line with the shop's users, and finish what was interrupted.

    Members whose user is gone or inactive are deactivated, and come back with the user; leavers
    whose budget was not taken back, since a process died, lose it now.
    """
    users = get_user_model().objects
    steps: list[tuple[str, QuerySet[Member], Callable[[Member], object]]] = [
        (
            "deactivated",
            Member.objects.filter(
                Q(user=None) | ~Exists(users.filter(pk=OuterRef("user_id"), is_active=True)),
                is_active=True,
            ),
            lambda member: enrollment.deactivate_member(
                member=member,
                reason="the user is no longer active",
                left_with_user=True,
                actor=LEAVERS,
                at=at,
            ),
        ),
        (
            "returned",
            Member.objects.filter(
                Exists(users.filter(pk=OuterRef("user_id"), is_active=True)),
                is_active=False,
                left_with_user=True,
            ),
            lambda member: enrollment.reactivate_member(member=member, actor=LEAVERS, at=at),
        ),
        ("completed", _with_something_left(), lambda member: _complete(member, at)),
    ]

    def work(run: jobs.Run) -> None:
        run.result = {name: 0 for name, _, _ in steps} | {"is_complete": True}
        done = 0
        for name, members, treat in steps:
            last = 0
            while found := members.select_related("program").filter(pk__gt=last)[:LEAVERS_BATCH]:
                for member in found:
                    if run.seconds >= budget_seconds:
                        run.result["is_complete"] = False
                        return
                    last = member.pk
                    done += 1
                    run.result[name] += treat(member) is not False
                    run.progress(done)

    return _alone("leavers", at, work)


def _with_something_left() -> QuerySet[Member]:
    """Return the leavers whose budget isn't empty: interrupted, or corrected since."""
    left = Limit.objects.filter(
        kind=Limit.Kind.MEMBER, member=OuterRef("pk"), ceiling__gt=F("held") + F("spent")
    )
    return Member.objects.filter(Exists(left), is_active=False).order_by("pk")


def _complete(member: Member, at: datetime) -> bool:
    """Finish a leaver's deactivation; says whether anything was left to do."""
    taken = enrollment.complete_leaving(member=member, actor=LEAVERS, at=at)
    return any(correction.posting_id and not correction.is_replay for correction in taken)


def _alone(name: str, at: datetime, work: Callable[[jobs.Run], None]) -> JobRun | None:
    try:
        with jobs.run(name, at=at) as run:
            work(run)
    except jobs.AlreadyRunning:
        return None
    return run.record


def due_counts(*, at: datetime) -> dict[int, int]:
    """Return, by program (id), how many limits are due to be renewed at *at*."""
    counts = _due_limits(at).values("program_id").annotate(limits=Count("pk")).order_by()
    return dict(counts.values_list("program_id", "limits"))
