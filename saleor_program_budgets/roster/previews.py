"""Files of people, looked at: what each line would do is kept, and nothing else is written."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db import transaction

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import ImportLine, Roster, RosterImport
from saleor_program_budgets.roster import bulk
from saleor_program_budgets.roster.columns import guess_mapping, to_remember
from saleor_program_budgets.roster.departments import read_departments
from saleor_program_budgets.roster.people import everybody
from saleor_program_budgets.roster.plan import (
    Setting,
    absent,
    members_elsewhere,
    plan,
    read_pending,
    read_users,
)
from saleor_program_budgets.roster.rows import PersonRow, Rejected, Rejections, read_people
from saleor_program_budgets.roster.tables import read_table
from saleor_program_budgets.roster.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from saleor_program_budgets.roster.departments import Departments
    from saleor_program_budgets.roster.plan import Step
    from saleor_program_budgets.roster.shop import Shop
    from saleor_program_budgets.roster.tables import Table
    from saleor_program_budgets.roster.wanted import Origin

MOST_DEPARTMENTS = 5_000
LONGEST_FILE_NAME = 255
COLUMNS = (
    "roster_import_id",
    "number",
    "action",
    "person_id",
    "person_version",
    "user_id",
    "values",
    "before",
    "effective_at",
    "status",
    "error",
)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file as it was read."""

    table: Table
    mapping: dict[str, str]
    wanted: list[Wanted]
    rejections: Rejections
    last_line: int


def preview_import(
    *,
    roster: Roster,
    content: bytes,
    file_name: str = "",
    mode: RosterImport.Mode = RosterImport.Mode.PARTIAL,
    mapping: Mapping[str, str] | None = None,
    creates_departments: bool = False,
    effective_at: datetime | None = None,
    origin: Origin,
    shop: Shop,
    at: datetime,
) -> RosterImport:
    """Save what a file would do to the people of a roster, line by line; nobody is changed.

    Columns mean what *mapping* says (column to field), or else what they did in the last file, or
    what they are mostly called. In FULL mode who isn't in the file leaves. Departments that the
    roster hasn't are made if it *creates_departments*, and else their lines are rejected. Where
    people belong and whether they are active counts from *effective_at* on, unless a line says
    otherwise. Raises ``InvalidInput`` for what isn't such a file.
    """
    read = _read(roster, content, mapping, effective_at)
    setting = _setting(
        roster=roster,
        wanted=read.wanted,
        shop=shop,
        at=at,
        creates_departments=creates_departments,
    )
    setting.expect(read.wanted)
    steps: list[Step] = []
    for wanted in read.wanted:
        step = plan(wanted, setting)
        if isinstance(step, Rejected):
            read.rejections.add(step)
        else:
            steps.append(step)
    if mode == RosterImport.Mode.FULL:
        steps += _leaving(setting, steps, read.last_line, effective_at)
    _reject_without_manager(steps, read.rejections)
    batch = RosterImport(
        roster=roster,
        mode=mode,
        file_name=file_name.replace("\x00", "")[:LONGEST_FILE_NAME],
        file_kind=read.table.kind,
        encoding=read.table.encoding,
        mapping=read.mapping,
        creates_departments=creates_departments,
        departments=_departments(read.wanted, steps, setting.departments),
        counts=dict(Counter(str(step.action) for step in steps)),
        rejected=[each.as_json() for each in read.rejections.first],
        rejected_count=read.rejections.count,
        rejected_fields=read.rejections.by_field,
        basis=basis_of(roster, setting.departments),
        created_by=str(origin.actor),
        created_at=at,
    )
    with transaction.atomic():
        batch.save()
        bulk.copy(ImportLine, COLUMNS, _rows(batch, steps))
        Roster.objects.filter(pk=roster.pk).update(
            mapping=roster.mapping | to_remember(read.table.header, read.mapping)
        )
    return batch


def basis_of(roster: Roster, departments: Departments) -> str:
    """Return a digest of what a preview stands on beside the people: accounts and programs."""
    programs = sorted(roster.programs.values_list("pk", flat=True))
    basis = json.dumps([departments.fingerprint(), programs])
    return hashlib.sha256(basis.encode()).hexdigest()


def _read(
    roster: Roster,
    content: bytes,
    mapping: Mapping[str, str] | None,
    effective_at: datetime | None,
) -> _Read:
    table = read_table(content)
    chosen = dict(mapping) if mapping is not None else guess_mapping(table.header, roster.mapping)
    program = roster.programs.order_by("pk").first()
    zone = ZoneInfo(program.time_zone if program else "UTC")
    wanted: list[Wanted] = []
    rejections = Rejections()
    line = 1
    for row in read_people(table, chosen):
        line = row.line
        if isinstance(row, Rejected):
            rejections.add(row)
        else:
            wanted.append(_wanted(row, zone, effective_at))
    return _Read(table, chosen, wanted, rejections, line)


def _wanted(row: PersonRow, zone: ZoneInfo, effective_at: datetime | None) -> Wanted:
    since = effective_at
    if row.effective_on is not None:
        since = datetime.combine(row.effective_on, datetime.min.time(), tzinfo=zone)
    return Wanted(
        line=row.line,
        external_id=row.external_id,
        email=row.email,
        first_name=row.first_name,
        last_name=row.last_name,
        title=row.title,
        employee_number=row.employee_number,
        cost_center=row.cost_center,
        department=row.department,
        manager=row.manager,
        is_active=row.is_active,
        effective_at=since,
    )


def _setting(
    *,
    roster: Roster,
    wanted: list[Wanted],
    shop: Shop,
    at: datetime,
    creates_departments: bool,
) -> Setting:
    people = everybody(roster)
    users, references = read_users(wanted, people, shop, trusts_references=True)
    ids = {user.id for user in (*users.values(), *references.values())}
    return Setting(
        roster=roster,
        people=people,
        departments=read_departments(roster),
        users=users,
        references=references,
        elsewhere=members_elsewhere(roster, ids),
        pending=read_pending(None, roster),
        at=at,
        creates_departments=creates_departments,
    )


def _leaving(
    setting: Setting, steps: Iterable[Step], last_line: int, effective_at: datetime | None
) -> list[Step]:
    """Return the steps of those who are active and in no line, numbered after the last one."""
    named = {step.person_id for step in steps}
    numbers = count(last_line + 1)
    return [
        absent(known, next(numbers), setting, effective_at)
        for known in setting.people.by_id.values()
        if known.is_active and known.pk not in named
    ]


def _reject_without_manager(steps: list[Step], rejections: Rejections) -> None:
    """Reject, in place, the lines whose manager is somebody whom a rejected line would make."""
    while True:
        usable = {step.line for step in steps}
        lost = [step for step in steps if step.values.get("manager_line", step.line) not in usable]
        if not lost:
            return
        for step in lost:
            rejections.add(
                Rejected(
                    step.line,
                    "manager",
                    f"The manager's own line, {step.values['manager_line']}, can't be used.",
                )
            )
        gone = {step.line for step in lost}
        steps[:] = [step for step in steps if step.line not in gone]


def _departments(
    wanted: Iterable[Wanted], steps: Iterable[Step], departments: Departments
) -> list[dict[str, Any]]:
    """Return the departments that the file names, with their accounts and how many stand there."""
    used = {step.line for step in steps}
    people = Counter(each.department for each in wanted if each.department and each.line in used)
    if len(people) > MOST_DEPARTMENTS:
        raise InvalidInput(
            "file",
            f"The file names {len(people):,} departments; up to {MOST_DEPARTMENTS:,} can be.",
        )
    named = []
    for name, number in sorted(people.items()):
        found = departments.find(name)
        account = found.account_id if found else None
        named.append({"name": name, "account": account, "people": number})
    return named


def _rows(batch: RosterImport, steps: Iterable[Step]) -> Iterator[list[Any]]:
    for step in steps:
        yield [
            batch.pk,
            step.line,
            str(step.action),
            step.person_id,
            step.version,
            step.user_id,
            step.values,
            step.before,
            step.effective_at,
            ImportLine.Status.DRAFT.value,
            "",
        ]
