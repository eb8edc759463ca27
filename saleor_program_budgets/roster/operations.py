"""Rosters: made, changed, and people put into them one by one or by the hundred."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import transaction

from saleor_program_budgets import accounts as account_tree
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Account, Person, Program, Roster, RosterProgram, Source
from saleor_program_budgets.roster import departments as tree
from saleor_program_budgets.roster.people import TEXTS, people_of, those_named
from saleor_program_budgets.roster.plan import (
    Action,
    Setting,
    Step,
    Unusable,
    members_elsewhere,
    plan,
    plan_or_raise,
    read_pending,
    read_users,
)
from saleor_program_budgets.roster.rows import Rejected
from saleor_program_budgets.roster.settling import settle
from saleor_program_budgets.roster.wanted import Changed, Origin, Taken, Wanted
from saleor_program_budgets.roster.writing import STALE, Written, set_managers, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.roster.people import Known
    from saleor_program_budgets.roster.shop import Shop

MOST_AT_ONCE = 1_000
LONGEST_NAME = 250
LONGEST_URL = 1_000
TRUSTED = frozenset({Source.FILE, Source.API, Source.STAFF})
"""Sources that speak for the shop; the others speak for their organization."""


def create_roster(
    *,
    name: str,
    account: Account,
    programs: Sequence[Program] = (),
    placed_by: Roster.PlacedBy = Roster.PlacedBy.DEPARTMENT,
    invitation_url: str = "",
    largest_leave_percent: int = 10,
    actor: Actor,
    at: datetime,
) -> Roster:
    """Add a roster for *account* and all below it, whose people take part in *programs*.

    Raises ``InvalidInput`` for an account that stands in another roster, or has one below it.
    """
    roster = Roster(account=account, created_by=str(actor), created_at=at)
    _apply(roster, name, placed_by, invitation_url, largest_leave_percent)
    with transaction.atomic():
        account_tree.lock_tree()
        if Account.objects.without_tree_fields().get(pk=account.pk).removed_at is not None:
            raise InvalidInput("account", "This account was removed.")
        above = Account.objects.ancestors(account.pk, include_self=True)
        below = Account.objects.descendants(account.pk, include_self=True)
        for accounts in (above, below):
            if Roster.objects.filter(account_id__in=accounts.values_list("pk")).exists():
                raise InvalidInput("account", "This account stands in a roster already.")
        roster.save()
        _set_programs(roster, programs)
    return roster


def update_roster(
    *,
    roster: Roster,
    name: str | None = None,
    programs: Sequence[Program] | None = None,
    placed_by: Roster.PlacedBy | None = None,
    invitation_url: str | None = None,
    largest_leave_percent: int | None = None,
    actor: Actor,
    at: datetime,
) -> Roster:
    """Change a roster. People join a program that is added, by and by; and stay in one taken off.

    Raises ``InvalidInput`` for a value that breaks a rule.
    """
    with transaction.atomic():
        tree.lock(roster)
        roster.refresh_from_db()
        _apply(
            roster,
            roster.name if name is None else name,
            Roster.PlacedBy(roster.placed_by if placed_by is None else placed_by),
            roster.invitation_url if invitation_url is None else invitation_url,
            roster.largest_leave_percent
            if largest_leave_percent is None
            else largest_leave_percent,
        )
        roster.save()
        if programs is not None and _set_programs(roster, programs):
            people_of(roster).filter(is_active=True).update(is_settled=False)
    return roster


def put(
    *,
    roster: Roster,
    wanted: Sequence[Wanted],
    origin: Origin,
    shop: Shop,
    at: datetime,
    creates_departments: bool = False,
) -> list[Person | Rejected]:
    """Let people be as *wanted*; return each of them, or why not, in the same order.

    Who isn't in the roster yet is made, and is a customer of the shop from now on. Up to 1,000 at
    once; a line that can't be keeps no other from it. Repeating it changes nothing.
    """
    if len(wanted) > MOST_AT_ONCE:
        raise InvalidInput("people", f"Name up to {MOST_AT_ONCE:,} people at once.")
    numbered = [_at_line(each, line) for line, each in enumerate(wanted, start=1)]
    setting = _setting(
        roster=roster,
        wanted=numbered,
        origin=origin,
        shop=shop,
        at=at,
        creates_departments=creates_departments,
    )
    setting.expect(numbered)
    planned_steps = [plan(each, setting) for each in numbered]
    steps = [step for step in planned_steps if isinstance(step, Step)]
    written = _write(roster=roster, steps=steps, setting=setting, origin=origin, shop=shop, at=at)
    people = Person.objects.select_related("account", "manager").in_bulk(written.people.values())
    results: list[Person | Rejected] = []
    for step in planned_steps:
        if isinstance(step, Rejected):
            results.append(step)
        elif step.line in written.failed:
            results.append(Rejected(step.line, *written.failed[step.line]))
        else:
            results.append(people[written.people[step.line]])
    return results


def put_one(
    *,
    roster: Roster,
    wanted: Wanted,
    origin: Origin,
    shop: Shop,
    at: datetime,
    must_be_new: bool = False,
    expected_version: int | None = None,
    creates_departments: bool = True,
) -> Person:
    """Let one person be as *wanted*, and return them.

    Raises ``Taken`` for a name that is another's, also for a person who *must_be_new* and isn't,
    ``Changed`` where the person hasn't the *expected_version* any more, and ``InvalidInput``.
    """
    wanted = _at_line(wanted, 1)
    setting = _setting(
        roster=roster,
        wanted=[wanted],
        origin=origin,
        shop=shop,
        at=at,
        creates_departments=creates_departments,
    )
    known = setting.people.named(wanted)
    if known is not None and must_be_new:
        raise Taken(_named_by(wanted, known), "They are in the roster already.")
    if known is not None and expected_version not in {None, known.version}:
        raise Changed(STALE)
    try:
        step = plan_or_raise(wanted, setting)
    except Unusable as problem:
        raise _error(problem.field, problem.message, problem.code) from problem
    if must_be_new and step.action != Action.CREATE:
        raise Taken("email", "They are in the roster already.")
    written = _write(roster=roster, steps=[step], setting=setting, origin=origin, shop=shop, at=at)
    if step.line in written.failed:
        field, message = written.failed[step.line]
        if message == STALE:
            raise Changed(STALE)
        raise Taken(field, message)
    found = Person.objects.select_related("account", "manager", "roster")
    return found.get(pk=written.people[step.line])


def remove_person(
    *,
    person: Person,
    origin: Origin,
    shop: Shop,
    at: datetime,
    expected_version: int | None = None,
) -> None:
    """Let a person leave, and be gone for whoever reads the roster; the record keeps them.

    Raises ``Changed`` as ``put_one`` does. Repeating it changes nothing.
    """
    if expected_version not in {None, person.version}:
        raise Changed(STALE)
    step = Step(
        line=1,
        action=Action.LEAVE,
        person_id=person.pk,
        version=person.version,
        values={"is_active": False, "removed_at": at.isoformat()},
        before={"is_active": person.is_active},
    )
    with transaction.atomic():
        written = write(
            roster=person.roster, steps=[step], new_departments={}, origin=origin, shop=shop, at=at
        )
        if not written.failed:
            reports = people_of(person.roster).filter(manager_id=person.pk)
            set_managers(
                roster=person.roster,
                managers=dict.fromkeys(reports.values_list("pk", flat=True)),
                origin=origin,
                at=at,
            )
    if written.failed and people_of(person.roster).filter(pk=person.pk).exists():
        raise Changed(STALE)
    settle(at=at, people=[person.pk])


def place(
    *, roster: Roster, account: Account, people: Sequence[int], origin: Origin, at: datetime
) -> None:
    """Let people (by id) belong to *account* from now on; who does already stays.

    Raises ``InvalidInput`` for an account of another roster, or somebody who isn't in this one.
    """
    department = tree.read_departments(roster).by_id.get(account.pk)
    if department is None:
        raise InvalidInput("account", "There is no such department.", code="NOT_FOUND")
    with transaction.atomic():
        tree.lock(roster)
        found = people_of(roster).filter(pk__in=people)
        if found.count() != len(set(people)):
            raise InvalidInput("people", "Not all of them are in the roster.", code="NOT_FOUND")
        values: dict[str, Any] = {"account": account.pk}
        if roster.placed_by == Roster.PlacedBy.DEPARTMENT:
            values["department"] = department.name
        steps = [
            Step(
                line=number,
                action=Action.MOVE,
                person_id=person.pk,
                version=person.version,
                values=dict(values),
                before={"account": person.account_id, "department": person.department},
            )
            for number, person in enumerate(found.order_by("pk"), start=1)
            if person.account_id != account.pk
        ]
        write(
            roster=roster,
            steps=steps,
            new_departments={},
            origin=origin,
            shop=None,
            at=at,
        )
    settle(at=at, people=people)


def remove_department(*, roster: Roster, account: Account, origin: Origin, at: datetime) -> None:
    """Let an account of the roster take nobody any more; its people fall to the roster's account.

    Raises ``InvalidInput`` for the roster's own account, and where accounts stand below it.
    """
    tree.require_retirable(roster=roster, account=account)
    people = list(people_of(roster).filter(account=account).values_list("pk", flat=True))
    if people:
        place(roster=roster, account=roster.account, people=people, origin=origin, at=at)
    with transaction.atomic():
        tree.lock(roster)
        tree.retire(roster=roster, account=account, at=at)


def _apply(
    roster: Roster,
    name: str,
    placed_by: Roster.PlacedBy,
    invitation_url: str,
    largest_leave_percent: int,
) -> None:
    """Write checked values into *roster*, which isn't saved."""
    name, invitation_url = name.strip(), invitation_url.strip()
    if not name:
        raise InvalidInput("name", "A roster needs a name.", code="REQUIRED")
    if len(name) > LONGEST_NAME or "\x00" in name:
        raise InvalidInput("name", f"A name has up to {LONGEST_NAME} characters.")
    if len(invitation_url) > LONGEST_URL or "\x00" in invitation_url:
        raise InvalidInput("invitation_url", f"An address has up to {LONGEST_URL:,} characters.")
    if not 0 <= largest_leave_percent <= 100:
        raise InvalidInput("largest_leave_percent", "A share is from 0 to 100 percent.")
    roster.name, roster.placed_by, roster.invitation_url = name, placed_by, invitation_url
    roster.largest_leave_percent = largest_leave_percent


def _set_programs(roster: Roster, programs: Sequence[Program]) -> bool:
    """Make exactly these the roster's programs; says whether any is new."""
    wanted = {program.pk for program in programs}
    known = set(roster.programs.values_list("pk", flat=True))
    roster.enrolling.exclude(program__in=wanted).delete()
    RosterProgram.objects.bulk_create(
        RosterProgram(roster=roster, program_id=program_id) for program_id in sorted(wanted - known)
    )
    return bool(wanted - known)


def _setting(
    *,
    roster: Roster,
    wanted: Sequence[Wanted],
    origin: Origin,
    shop: Shop,
    at: datetime,
    creates_departments: bool,
) -> Setting:
    """Return all that a plan for these few is made from."""
    people = those_named(roster, wanted)
    users, references = read_users(wanted, people, shop, trusts_references=origin.source in TRUSTED)
    ids = {user.id for user in (*users.values(), *references.values())}
    if ids:  # somebody may be in the roster under another address
        people = those_named(roster, wanted, sorted(ids))
    is_scim = origin.source == Source.SCIM
    return Setting(
        roster=roster,
        people=people,
        departments=tree.read_departments(roster),
        users=users,
        references=references,
        elsewhere=members_elsewhere(roster, ids) if ids else frozenset(),
        pending=read_pending(people.by_id, roster),
        at=at,
        creates_departments=creates_departments,
        places=not is_scim or roster.placed_by == Roster.PlacedBy.DEPARTMENT,
        follows_text=is_scim,
    )


def _write(
    *,
    roster: Roster,
    steps: Sequence[Step],
    setting: Setting,
    origin: Origin,
    shop: Shop,
    at: datetime,
) -> Written:
    """Write a plan at once, and let memberships follow."""
    with transaction.atomic():
        tree.lock(roster)
        made: dict[str, int] = {}
        new = [step.values["new_department"] for step in steps if "new_department" in step.values]
        if new:  # read once more: others may have made some of them before the lock was ours
            found = tree.create_missing(
                roster=roster, departments=tree.read_departments(roster), texts=new, at=at
            )
            made = tree.made_for(found, new)
        written = write(
            roster=roster, steps=steps, new_departments=made, origin=origin, shop=shop, at=at
        )
    settle(at=at, people=list(written.people.values()))
    shop.announce(created=written.created_users, updated=written.updated_users)
    return written


def _at_line(wanted: Wanted, line: int) -> Wanted:
    """Return what is wanted as a line of a file would say it: without space around."""
    texts = {name: getattr(wanted, name) for name in (*TEXTS, "manager")}
    trimmed = {name: text.strip() for name, text in texts.items() if text is not None}
    return replace(wanted, line=line, **trimmed)


def _named_by(wanted: Wanted, known: Known) -> str:
    """Return by which of their names somebody was found."""
    if wanted.external_id and wanted.external_id == known.external_id:
        return "external_id"
    is_email = wanted.email and wanted.email.lower() == known.email.lower()
    return "email" if is_email else "user_name"


def _error(field: str, message: str, code: str) -> InvalidInput:
    return Taken(field, message) if code == "UNIQUE" else InvalidInput(field, message, code=code)
