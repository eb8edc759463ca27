"""Memberships follow their people: enrolled, moved, deactivated, brought back.

Writing people marks them as unsettled. Settling may be interrupted and repeated: it does what is
missing, set by set, and a person who is changed meanwhile is settled again.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from django.db import connections, router, transaction

from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import Lot, Member, Person, Program, Roster
from saleor_program_budgets.programs import cycles, enrollment, jobs, placement
from saleor_program_budgets.roster.departments import all_account_ids, lock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from saleor_program_budgets.models import JobRun

BY_ROSTER = Actor.system("roster")
SETTLED_AT_ONCE = 2_000
JOB_SECONDS = 240.0
JOB = "settle-people"

MARK = """
UPDATE program_budgets_person person SET is_settled = person.version = seen.version
    FROM unnest(%s::bigint[], %s::bigint[]) seen (id, version)
    WHERE person.id = seen.id
"""


class _Unsettled(NamedTuple):
    """What of a person their memberships follow from."""

    pk: int
    version: int
    roster_id: int
    user_id: int | None
    user_reference: str
    account_id: int
    is_active: bool


def settle(
    *,
    at: datetime,
    roster: Roster | None = None,
    people: Sequence[int] | None = None,
    budget_seconds: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Bring memberships in line with the people (ids) who aren't settled; return how many were.

    Of all rosters, or of one. *progress* is told how many it is so far. Who is settled by
    somebody else meanwhile is settled once more, which changes nothing.
    """
    begun = time.monotonic()
    unsettled = Person.objects.filter(is_settled=False)
    if roster is not None:
        unsettled = unsettled.filter(roster=roster)
    if people is not None:
        unsettled = unsettled.filter(pk__in=people)
    done = 0
    last = 0
    while found := _read(unsettled.filter(pk__gt=last)):
        rosters = Roster.objects.in_bulk({each.roster_id for each in found})
        for roster_id in sorted(rosters):
            theirs = [each for each in found if each.roster_id == roster_id]
            enrolling = list(rosters[roster_id].programs.order_by("pk"))
            _settle(rosters[roster_id], enrolling, theirs, at)
            _mark(rosters[roster_id], enrolling, theirs)
        last = found[-1].pk
        done += len(found)
        if progress is not None:
            progress(done)
        if budget_seconds is not None and time.monotonic() - begun >= budget_seconds:
            break
    return done


def settle_people(*, at: datetime) -> JobRun | None:
    """Settle whom a crash, or a program added to a roster, has left.

    Returns ``None`` beside another run.
    """
    try:
        with jobs.run(JOB, at=at) as run:
            total = Person.objects.filter(is_settled=False).count()
            run.progress(0, total)
            done = settle(at=at, budget_seconds=JOB_SECONDS, progress=run.progress)
            run.result = {"settled": done, "is_complete": done >= total}
    except jobs.AlreadyRunning:
        return None
    return run.record


def _read(people: QuerySet[Person]) -> list[_Unsettled]:
    return [
        _Unsettled(*row)
        for row in people.order_by("pk").values_list(*_Unsettled._fields)[:SETTLED_AT_ONCE]
    ]


def _settle(
    roster: Roster, enrolling: Sequence[Program], people: Sequence[_Unsettled], at: datetime
) -> None:
    inside = set(all_account_ids(roster))
    references = [person.user_reference for person in people]
    for program in enrolling:
        members = {
            member.user_reference: member
            for member in Member.objects.filter(
                program=program, user_reference__in=references
            ).select_related("program")
        }
        _enroll(program, [each for each in people if each.user_reference not in members], at)
        pairs = [
            (person, members[person.user_reference])
            for person in people
            if person.user_reference in members
            # Who takes part from elsewhere is none of the roster's.
            and members[person.user_reference].account_id in inside
        ]
        _complete(program, [member for person, member in pairs if person.is_active], at)
        _follow(program, pairs, at)


def _enroll(program: Program, people: Sequence[_Unsettled], at: datetime) -> None:
    accounts = {
        person.user_id: person.account_id
        for person in people
        if person.is_active and person.user_id is not None
    }
    if accounts:
        added = placement.add_members(program=program, accounts=accounts, at=at)
        if added:
            enrollment.welcome(program=program, members=added, actor=BY_ROSTER, at=at)


def _complete(program: Program, members: Sequence[Member], at: datetime) -> None:
    """Give those their allotment whom a crash has left without, as they joined or came back.

    Who has had it, or is due none, gets nothing: an allotment is given once for each period.
    """
    active = [member for member in members if member.is_active]
    given = Lot.objects.filter(
        origin=Lot.Origin.ALLOTMENT,
        limit__member_id__in=[member.pk for member in active],
        expires_at__gt=at,
    )
    limits = set(given.values_list("limit__member_id", "limit_id"))
    allotted = Counter(member_id for member_id, _ in limits)
    units = 2 if program.counts_items else 1
    left = [member for member in active if allotted[member.pk] < units]
    if left:
        cycle = cycles.catch_up(program=program, members=[each.pk for each in left], at=at)
        placement.open_limits(program=program, members=left, cycle=cycle, at=at)
        if cycle is not None:
            enrollment.allot(program=program, cycle=cycle, members=left, actor=BY_ROSTER, at=at)


def _follow(program: Program, pairs: Sequence[tuple[_Unsettled, Member]], at: datetime) -> None:
    placement.move_members(
        program=program,
        accounts={
            member.pk: person.account_id
            for person, member in pairs
            if member.account_id != person.account_id
        },
        at=at,
    )
    for person, member in pairs:
        has_gone = member.left_with_person or member.left_with_user  # the latter would return
        if not person.is_active and (member.is_active or has_gone):
            enrollment.deactivate_member(
                member=member,
                reason="left the roster",
                left_with_person=True,
                actor=BY_ROSTER,
                at=at,
            )
        elif person.is_active and not member.is_active and member.left_with_person:
            enrollment.reactivate_member(member=member, actor=BY_ROSTER, at=at)


def _mark(roster: Roster, enrolling: Sequence[Program], people: Sequence[_Unsettled]) -> None:
    """Note who is settled, as they were read; who was changed since is settled again.

    And so is everybody, where the roster's programs have changed since.
    """
    with transaction.atomic():
        lock(roster)
        now = set(roster.programs.values_list("pk", flat=True))
        if now != {program.pk for program in enrolling}:
            return
        with connections[router.db_for_write(Person)].cursor() as cursor:
            cursor.execute(
                MARK, [[person.pk for person in people], [person.version for person in people]]
            )
