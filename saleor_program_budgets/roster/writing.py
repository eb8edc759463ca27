"""Steps of a plan, written: people, the shop's users whom they are, and the record of it.

One set is one transaction, alone among those of its roster. Memberships follow afterwards.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.db import connections, router, transaction

from saleor_program_budgets.models import Person, Source
from saleor_program_budgets.roster import bulk, departments, planned, record
from saleor_program_budgets.roster.people import TEXTS, customers_among
from saleor_program_budgets.roster.plan import Action, Step
from saleor_program_budgets.roster.shop import Profile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from saleor_program_budgets.models import Roster
    from saleor_program_budgets.roster.shop import Shop
    from saleor_program_budgets.roster.wanted import Origin

STALE = "This has changed since it was looked at."
PROFILE = frozenset({"email", "first_name", "last_name"})
COLUMNS = (
    "id",
    "roster_id",
    "key",
    "user_id",
    "user_reference",
    "owns_user",
    "account_id",
    *TEXTS,
    "manager_id",
    "attributes",
    "is_active",
    "version",
    "is_settled",
    "is_invited",
    "created_at",
    "changed_at",
)

UPDATE = """
UPDATE program_budgets_person person SET
    external_id = coalesce(new.external_id, person.external_id),
    email = coalesce(new.email, person.email),
    user_name = coalesce(new.user_name, person.user_name),
    first_name = coalesce(new.first_name, person.first_name),
    last_name = coalesce(new.last_name, person.last_name),
    title = coalesce(new.title, person.title),
    employee_number = coalesce(new.employee_number, person.employee_number),
    cost_center = coalesce(new.cost_center, person.cost_center),
    department = coalesce(new.department, person.department),
    attributes = coalesce(new.attributes, person.attributes),
    account_id = coalesce(new.account, person.account_id),
    is_active = coalesce(new.is_active, person.is_active),
    manager_id = CASE WHEN new.sets_manager THEN new.manager ELSE person.manager_id END,
    removed_at = coalesce(new.removed_at, person.removed_at),
    is_settled = person.is_settled AND new.account IS NULL AND new.is_active IS NULL,
    version = person.version + 1,
    changed_at = %s
FROM jsonb_to_recordset(%s::jsonb) new (
    id bigint, external_id text, email text, user_name text, first_name text, last_name text,
    title text, employee_number text, cost_center text, department text, attributes jsonb,
    account bigint, is_active boolean, sets_manager boolean, manager bigint,
    removed_at timestamptz)
WHERE person.id = new.id
"""

HOLDERS = """
SELECT asked.text, person.id
    FROM unnest(%s::text[]) asked (text)
    CROSS JOIN LATERAL (
        -- OFFSET keeps the roster out of it: before the server has counted its people, it would
        -- rather go through all of them.
        SELECT id, roster_id FROM program_budgets_person WHERE {} AND removed_at IS NULL OFFSET 0
    ) person
    WHERE person.roster_id = %s
"""
HOLD_BY = {
    "external_id": "external_id = asked.text AND external_id <> ''",
    "email": "lower(email) = asked.text",
    "user_name": "lower(user_name) = asked.text",
    "user_reference": "user_reference = asked.text",
}
"""By what, as the unique indexes have it."""


@dataclass(slots=True)
class Written:
    """What became of steps, by their lines: the people (ids), or why it could not be."""

    people: dict[int, int] = field(default_factory=dict)
    failed: dict[int, tuple[str, str]] = field(default_factory=dict)
    created_users: set[int] = field(default_factory=set)
    updated_users: set[int] = field(default_factory=set)


def write(
    *,
    roster: Roster,
    steps: Sequence[Step],
    new_departments: Mapping[str, int],
    origin: Origin,
    shop: Shop | None,
    at: datetime,
    lines: Mapping[int, int] | None = None,
) -> Written:
    """Write a set of steps; who isn't any more as the plan knew them is left as they are.

    In the caller's transaction. Steps that make nobody and give nobody a name need no *shop*.
    *new_departments* are the accounts (ids) made for the names that had none, *lines* the people
    (ids) whom earlier lines have made.
    """
    departments.lock(roster)
    writer = _Writer(roster, new_departments, origin, shop, at, lines or {})
    writer.write(steps)
    return writer.written


@dataclass(slots=True)
class _Writer:
    """One set of steps that is being written."""

    roster: Roster
    new_departments: Mapping[str, int]
    origin: Origin
    shop: Shop | None
    at: datetime
    lines: Mapping[int, int]
    known: dict[int, Person] = field(default_factory=dict)
    open_accounts: set[int] = field(default_factory=set)
    written: Written = field(default_factory=Written)
    rows: list[record.Row] = field(default_factory=list)
    due: list[planned.New] = field(default_factory=list)
    accounts: set[int] = field(default_factory=set)

    def write(self, steps: Sequence[Step]) -> None:
        """Write them all, and the record of it."""
        self.known = _locked(step.person_id for step in steps if step.person_id is not None)
        if not all({"account", "new_department"}.isdisjoint(step.values) for step in steps):
            open_accounts = departments.accounts_of(self.roster)
            self.open_accounts = set(open_accounts.values_list("pk", flat=True))
        todo = [step for step in steps if self._is_to_do(step)]
        self.written.failed |= _taken(self.roster, todo)
        todo = [step for step in todo if step.line not in self.written.failed]
        self._create([step for step in todo if step.action == Action.CREATE])
        self._change([step for step in todo if step.action != Action.CREATE])
        planned.add(self.due, at=self.at)
        record.write(self.roster, self.rows, origin=self.origin, at=self.at)
        departments.touch(self.accounts, at=self.at)

    def _is_to_do(self, step: Step) -> bool:
        person = self.known.get(step.person_id) if step.person_id is not None else None
        if step.person_id is not None and (person is None or person.version != step.version):
            self.written.failed[step.line] = ("person", STALE)
            return False
        if not self._has_place(step.values):
            self.written.failed[step.line] = ("department", STALE)
            return False
        if person is not None and step.action == Action.UNCHANGED:
            self.written.people[step.line] = person.pk
            return False
        return True

    def _has_place(self, values: Mapping[str, Any]) -> bool:
        """Return whether the account that the values name, if they do, still takes people."""
        if "new_department" in values:
            return self.new_departments.get(values["new_department"]) in self.open_accounts
        return "account" not in values or values["account"] in self.open_accounts

    def _create(self, steps: Sequence[Step]) -> None:
        if not steps or self.shop is None:
            return
        users = _users_of(steps, self.shop, self.written)
        known = [user_id for user_id in users.values() if user_id not in self.written.created_users]
        owned = self.written.created_users | _owned_before(self.roster, known)
        present = _holders(self.roster, "user_reference", list(map(str, known)))
        made = [
            step for step in steps if step.line in users and str(users[step.line]) not in present
        ]
        self.written.failed |= {step.line: ("email", STALE) for step in steps}
        copied = []
        for step, person_id in zip(made, bulk.next_ids(Person, len(made)), strict=True):
            del self.written.failed[step.line]
            self.written.people[step.line] = person_id
        for step in made:
            person_id = self.written.people[step.line]
            user_id = users[step.line]
            copied.append(self._new(step, person_id, user_id, owns=user_id in owned))
        bulk.copy(Person, COLUMNS, copied)

    def _new(self, step: Step, person_id: int, user_id: int, *, owns: bool) -> list[Any]:
        """Return the row of somebody new."""
        values = self._resolved(step.values)
        if values["is_active"] and self._lies_ahead(step):
            values["is_active"] = False
            self.due.append(planned.returning(person_id, step, self.origin))
        is_invited = not (owns and values["is_active"] and self.roster.invitation_url)
        self.accounts.add(values["account"])
        noted = self._dated(step)
        self.rows.append(
            record.Row(record.Kind.CREATED, person_id, str(user_id), {}, values, noted)
        )
        texts = [values.get(name, "") for name in TEXTS]
        rest = (values.get("manager"), values.get("attributes", {}), values["is_active"])
        return [
            *(person_id, self.roster.pk, uuid4(), user_id, str(user_id), owns, values["account"]),
            *texts,
            *(*rest, 1, False, is_invited, self.at, self.at),
        ]

    def _change(self, steps: Sequence[Step]) -> None:
        if not steps:
            return
        refused = self._update_users(steps)
        changed: list[dict[str, Any]] = []
        over: list[tuple[int, Collection[str]]] = []
        for step in steps:
            person = self.known[step.person_id or 0]
            if person.pk in refused:
                self.written.failed[step.line] = ("email", "Another customer has this address.")
                continue
            self.written.people[step.line] = person.pk
            values = self._resolved(step.values)
            if self._lies_ahead(step):
                self.due += planned.of_step(step, values, self.origin)
                values = _now(values)
            elif self.origin.source != Source.SCHEDULE:  # what follows on a plan is planned too
                over.append((person.pk, values.keys()))
            if values:
                changed.append(_changed(person.pk, values))
                self._note(self._dated(step), person, values)
        planned.supersede(over, at=self.at)
        _update(changed, self.at)

    def _note(self, step: Step, person: Person, values: dict[str, Any]) -> None:
        if "account" in values:
            self.accounts.update({person.account_id, values["account"]})
        elif not {"is_active", "removed_at"}.isdisjoint(values):
            self.accounts.add(person.account_id)
        kind = record.kind_of(values)
        row = record.Row(kind, person.pk, person.user_reference, step.before, values, step)
        self.rows.append(row)

    def _update_users(self, steps: Iterable[Step]) -> set[int]:
        """Let the roster's own users have new names; return the people (ids) who can't have them.

        A user whom another roster has too keeps their names: no organization decides on them alone.
        """
        if self.shop is None:
            return set()
        own = {
            step.person_id: step.values
            for step in steps
            if not PROFILE.isdisjoint(step.values) and self.known[step.person_id or 0].owns_user
        }
        people = [self.known[person_id or 0] for person_id in own]
        references = [person.user_reference for person in people]
        others = Person.objects.filter(user_reference__in=references, removed_at=None)
        shared = set(others.exclude(roster=self.roster).values_list("user_reference", flat=True))
        profiles = {
            person.user_id: _profile(
                {name: getattr(person, name) for name in PROFILE} | own[person.pk]
            )
            for person in people
            if person.user_id is not None and person.user_reference not in shared
        }
        done = self.shop.update(profiles) if profiles else set()
        self.written.updated_users.update(done)
        return {
            person.pk
            for person in people
            if person.user_id in profiles
            and person.user_id not in done
            and "email" in own[person.pk]
        }

    def _dated(self, step: Step) -> Step:
        """Return the step as it is recorded: what is written now counts from now on, or since."""
        return replace(step, effective_at=None) if self._lies_ahead(step) else step

    def _lies_ahead(self, step: Step) -> bool:
        return step.effective_at is not None and step.effective_at > self.at

    def _resolved(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values with the account and the manager that were made for what they name."""
        found = dict(values)
        name = found.pop("new_department", None)
        if name is not None:
            found["account"] = self.new_departments[name]
        line = found.pop("manager_line", None)
        if line in self.lines or line in self.written.people:
            found["manager"] = self.lines.get(line) or self.written.people[line]
        return found


def _locked(person_ids: Iterable[int]) -> dict[int, Person]:
    people = Person.objects.select_for_update().filter(pk__in=list(person_ids), removed_at=None)
    return {person.pk: person for person in people.order_by("pk")}


def _taken(roster: Roster, steps: Iterable[Step]) -> dict[int, tuple[str, str]]:
    """Return the lines whose names have become somebody else's, with which and why."""
    names: dict[str, dict[str, Step]] = {"external_id": {}, "email": {}, "user_name": {}}
    for step in steps:
        for name, taken in names.items():
            if step.values.get(name):
                text = step.values[name]
                taken[text if name == "external_id" else text.lower()] = step
    found: dict[int, tuple[str, str]] = {}
    for name, taken in names.items():
        for text, person_id in _holders(roster, name, list(taken)).items():
            if person_id != taken[text].person_id:
                message = f"“{text[:100]}” is another person's."
                found[taken[text].line] = (name, message)
    return found


def _holders(roster: Roster, name: str, texts: list[str]) -> dict[str, int]:
    """Return whose (id) these names are; each is looked up by itself, however many there are."""
    if not texts:
        return {}
    with connections[router.db_for_write(Person)].cursor() as cursor:
        cursor.execute(HOLDERS.format(HOLD_BY[name]), [texts, roster.pk])
        return dict(cursor.fetchall())


def _users_of(steps: Sequence[Step], shop: Shop, written: Written) -> dict[int, int]:
    """Return by line which user (id) each person is, making those that the shop hasn't."""
    users = {step.line: step.user_id for step in steps if step.user_id is not None}
    new = [step for step in steps if step.user_id is None]
    if users:
        customers = customers_among(users.values())
        users = {line: user_id for line, user_id in users.items() if user_id in customers}
    if new:
        made = shop.create([_profile(step.values) for step in new])
        written.created_users.update(made.values())
        for step in new:
            if step.values["email"] in made:
                users[step.line] = made[step.values["email"]]
    return users


def _owned_before(roster: Roster, users: Iterable[int]) -> set[int | None]:
    """Return which users (ids) the roster made for people who were removed since."""
    former = Person.objects.filter(roster=roster, owns_user=True, user_id__in=list(users))
    return set(former.values_list("user_id", flat=True))


def _now(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what counts from now on, where the other values count from later on."""
    later = {"account", "is_active"}
    if "account" in values:
        later.add("department")
    return {name: value for name, value in values.items() if name not in later}


def _changed(person_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": person_id, "sets_manager": "manager" in values, **values}


def _update(changed: list[dict[str, Any]], at: datetime) -> None:
    with connections[router.db_for_write(Person)].cursor() as cursor:
        cursor.execute(UPDATE, [at, json.dumps(changed)])


def _profile(values: Mapping[str, Any]) -> Profile:
    return Profile(values["email"], values.get("first_name", ""), values.get("last_name", ""))


def set_managers(
    *,
    roster: Roster,
    managers: Mapping[int, int | None],
    lines: Mapping[int, int] | None = None,
    origin: Origin,
    at: datetime,
) -> None:
    """Let people (by id) have these managers (ids), who were made beside them, or none.

    *lines* says by which line of a file.
    """
    of_line = {
        person_id: Step(line, Action.UPDATE, person_id) for person_id, line in (lines or {}).items()
    }
    with transaction.atomic():
        departments.lock(roster)
        known = _locked(managers)
        changing = [person for person in known.values() if person.manager_id != managers[person.pk]]
        _update([_changed(person.pk, {"manager": managers[person.pk]}) for person in changing], at)
        record.write(
            roster,
            [
                record.Row(
                    record.Kind.UPDATED,
                    person.pk,
                    person.user_reference,
                    {"manager": person.manager_id},
                    {"manager": managers[person.pk]},
                    of_line.get(person.pk),
                )
                for person in changing
            ],
            origin=origin,
            at=at,
        )
