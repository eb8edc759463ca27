"""Files of people, applied as they were looked at, or refused as stale.

People are written set by set, each in one transaction that marks its lines; memberships follow
set by set. What was interrupted anywhere goes on from there: a line is written once, and who isn't
settled is settled.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING

from django.db import connections, router, transaction
from django.db.models.fields.json import KT

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import ImportLine, RosterImport, Source
from saleor_program_budgets.programs import jobs
from saleor_program_budgets.roster import departments as tree
from saleor_program_budgets.roster.freshness import (
    Stale,
    require_confirmed,
    require_fresh,
    require_same_basis,
)
from saleor_program_budgets.roster.plan import Action, Step
from saleor_program_budgets.roster.settling import settle
from saleor_program_budgets.roster.wanted import Origin
from saleor_program_budgets.roster.writing import set_managers, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor, Future
    from datetime import datetime

    from django.db.models import QuerySet

    from saleor_program_budgets.models import Roster
    from saleor_program_budgets.roster.shop import Shop

LINES_AT_ONCE = 2_000
KEPT_DRAFTS = timedelta(days=30)
KEPT_FILES = timedelta(days=365)
"""How long the lines of an applied file are kept; what it changed is on record for good."""

Status = RosterImport.Status
LineStatus = ImportLine.Status

MARK = """
UPDATE program_budgets_importline line SET
    status = CASE WHEN mark.error IS NULL THEN 'applied' ELSE 'failed' END,
    error = coalesce(mark.error, ''),
    person_id = coalesce(mark.person_id, line.person_id)
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) mark (number, person_id, error)
    WHERE line.roster_import_id = %s AND line.number = mark.number
"""


MANAGERS = """
SELECT person.id, manager.person_id, line.number
    FROM program_budgets_importline line
    JOIN program_budgets_importline manager
        ON manager.roster_import_id = line.roster_import_id
        AND manager.number = (line.values ->> 'manager_line')::bigint
        AND manager.status = 'applied'
    JOIN program_budgets_person person ON person.id = line.person_id
    WHERE line.roster_import_id = %s AND line.status = 'applied' AND line.values ? 'manager_line'
      AND person.removed_at IS NULL AND person.manager_id IS DISTINCT FROM manager.person_id
"""


def apply_import(
    *,
    roster_import: RosterImport,
    confirmed_leavers: int | None = None,
    shop: Shop,
    actor: Actor,
    at: datetime,
    budget_seconds: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    lines_at_once: int = LINES_AT_ONCE,
    beside: Executor | None = None,
) -> RosterImport:
    """Do what a file's preview says, and nothing else.

    Of a whole file *confirmed_leavers* says how many leave since they aren't in it. Who is changed
    by somebody else while it is being applied is left as they are, and their line says so.
    Repeating it changes nothing. What was interrupted, or took longer than *budget_seconds*, goes
    on: as long as it is APPLYING, call it again. *progress* is told how many of how many lines are
    done. Where somebody works *beside* it, on another connection, memberships follow there while
    the next set is written. Raises ``Stale``, ``InvalidInput`` and ``AlreadyRunning``.
    """
    ends_at = None if budget_seconds is None else time.monotonic() + budget_seconds
    with jobs.only_one(f"people:{roster_import.roster_id}"):
        roster_import.refresh_from_db()
        if roster_import.status == Status.APPLIED:
            return roster_import
        if roster_import.status == Status.STALE:
            raise Stale("The preview no longer holds.")
        if roster_import.status == Status.DRAFT:
            _begin(roster_import, confirmed_leavers, shop, actor, at)
        roster = roster_import.roster
        # Whom a run before has written and not settled; mostly nobody.
        settle(at=at, roster=roster)
        origin = Origin(Source.FILE, _actor(roster_import), str(roster_import.pk))
        following = _Following(roster, at, beside)
        total = roster_import.lines.count()
        done = total - _todo(roster_import).count()
        try:
            for people, lines in _sets(
                roster_import, lines_at_once=lines_at_once, origin=origin, shop=shop, at=at
            ):
                following.begin(people)
                done += lines
                if progress is not None:
                    progress(done, total)
                if ends_at is not None and time.monotonic() >= ends_at:
                    return roster_import
        finally:
            following.end()
        _set_managers(roster_import, origin, at)
        roster_import.status = Status.APPLIED
        roster_import.applied_at = at
        roster_import.save(update_fields=["status", "applied_at"])
    return roster_import


def discard_import(*, roster_import: RosterImport) -> None:
    """Forget a file that was only looked at. Raises ``InvalidInput`` once it is being applied."""
    with jobs.only_one(f"people:{roster_import.roster_id}"):
        roster_import.refresh_from_db(fields=["status"])
        if roster_import.status not in {Status.DRAFT, Status.STALE}:
            raise InvalidInput("import", "The file was applied.")
        roster_import.delete()


def purge_imports(*, at: datetime) -> int:
    """Forget the files that nobody applied for 30 days; return how many those were.

    Of those that were applied a year ago the lines are forgotten, with the personal data in them.
    """
    old = RosterImport.objects.filter(status__in=(Status.DRAFT, Status.STALE))
    _, deleted = old.filter(created_at__lte=at - KEPT_DRAFTS).delete()
    applied = RosterImport.objects.filter(status=Status.APPLIED, applied_at__lte=at - KEPT_FILES)
    ImportLine.objects.filter(roster_import__in=applied).delete()
    applied.exclude(rejected=[]).update(rejected=[])
    return deleted.get(RosterImport._meta.label, 0)


def _begin(
    roster_import: RosterImport,
    confirmed_leavers: int | None,
    shop: Shop,
    actor: Actor,
    at: datetime,
) -> None:
    """Check that the preview still holds and was confirmed; from here on it is being applied."""
    require_confirmed(roster_import, confirmed_leavers)
    roster = roster_import.roster
    try:
        with transaction.atomic():
            tree.lock(roster)
            departments = tree.read_departments(roster)
            require_same_basis(roster_import, departments)
            require_fresh(roster_import, shop)
            new = _new_departments(roster_import)
            tree.create_missing(roster=roster, departments=departments, texts=new, at=at)
            roster_import.status = Status.APPLYING
            roster_import.applied_by = str(actor)
            roster_import.save(update_fields=["status", "applied_by"])
    except Stale:
        roster_import.status = Status.STALE
        roster_import.save(update_fields=["status"])
        raise


def _new_departments(roster_import: RosterImport) -> list[str]:
    lines = roster_import.lines.filter(values__has_key="new_department")
    names = lines.annotate(name=KT("values__new_department")).order_by().values_list("name")
    return sorted(name for (name,) in names.distinct())


@dataclass(slots=True)
class _Following:
    """The memberships of one set, which follow at once, or *beside* the writing of the next."""

    roster: Roster
    at: datetime
    beside: Executor | None
    pending: Future[int] | None = None

    def begin(self, people: Sequence[int]) -> None:
        """Let the memberships of these people (ids) follow, once those before have."""
        self.end()
        # Inside a transaction nobody else sees yet whom it has written.
        if self.beside is None or connections[router.db_for_write(ImportLine)].in_atomic_block:
            settle(at=self.at, roster=self.roster, people=people)
        else:
            self.pending = self.beside.submit(settle, at=self.at, roster=self.roster, people=people)

    def end(self) -> None:
        """Wait for those that are under way; raises what kept them from following."""
        pending, self.pending = self.pending, None
        if pending is not None:
            pending.result()


def _sets(
    roster_import: RosterImport, *, lines_at_once: int, origin: Origin, shop: Shop, at: datetime
) -> Iterator[tuple[list[int], int]]:
    """Write the lines that are left; yield of each set who (ids) is to be settled, and its size."""
    roster = roster_import.roster
    made = tree.made_for(tree.read_departments(roster), _new_departments(roster_import))
    made_by = _made_by(roster_import)
    todo = _todo(roster_import).order_by("number")
    last = -1
    while lines := list(todo.filter(number__gt=last)[:lines_at_once]):
        last = lines[-1].number
        steps = [_step(line) for line in lines]
        with transaction.atomic():
            written = write(
                roster=roster,
                steps=steps,
                new_departments=made,
                origin=origin,
                shop=shop,
                at=at,
                lines=made_by,
            )
            _mark(roster_import, steps, written.people, written.failed)
        made_by |= written.people
        shop.announce(created=written.created_users, updated=written.updated_users)
        yield list(written.people.values()), len(lines)


def _todo(roster_import: RosterImport) -> QuerySet[ImportLine]:
    return roster_import.lines.filter(status=LineStatus.DRAFT)


def _step(line: ImportLine) -> Step:
    return Step(
        line=line.number,
        action=line.action,
        person_id=line.person_id,
        version=line.person_version,
        user_id=line.user_id,
        values=line.values,
        before=line.before,
        effective_at=line.effective_at,
    )


def _mark(
    roster_import: RosterImport,
    steps: list[Step],
    people: dict[int, int],
    failed: dict[int, tuple[str, str]],
) -> None:
    """Note what became of lines, in the transaction that wrote them."""
    numbers = [step.line for step in steps]
    errors = [failed[number][1] if number in failed else None for number in numbers]
    with connections[router.db_for_write(ImportLine)].cursor() as cursor:
        cursor.execute(
            MARK, [numbers, [people.get(number) for number in numbers], errors, roster_import.pk]
        )


def _made_by(roster_import: RosterImport) -> dict[int, int]:
    """Return by line whom (id) the file has made so far: managers, perhaps, of those to come."""
    made = roster_import.lines.filter(action=Action.CREATE, status=LineStatus.APPLIED)
    return dict(made.values_list("number", "person_id"))


def _set_managers(roster_import: RosterImport, origin: Origin, at: datetime) -> None:
    """Let people have the managers whom later lines have made; all are there by now."""
    with connections[router.db_for_write(ImportLine)].cursor() as cursor:
        cursor.execute(MANAGERS, [roster_import.pk])
        rows = cursor.fetchall()
    for part in batched(sorted(rows), LINES_AT_ONCE):
        set_managers(
            roster=roster_import.roster,
            managers={person_id: manager_id for person_id, manager_id, _ in part},
            lines={person_id: line for person_id, _, line in part},
            origin=origin,
            at=at,
        )


def _actor(roster_import: RosterImport) -> Actor:
    """Return who applies the file, also where somebody else has it go on."""
    kind, _, reference = roster_import.applied_by.partition(":")
    return Actor(kind, reference)
