"""The people of a roster as a plan sees them: found by every name that they are known by."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.db.models.functions import Lower

from saleor_program_budgets.models import Person

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.db.models import QuerySet

    from saleor_program_budgets.models import Roster
    from saleor_program_budgets.roster.wanted import Wanted

TEXTS = (
    "external_id",
    "email",
    "user_name",
    "first_name",
    "last_name",
    "title",
    "employee_number",
    "cost_center",
    "department",
)
"""What is said of a person in so many words, by the names of their columns."""
REPEATED = ("first_name", "title", "cost_center", "department")
READ = (
    "pk",
    "version",
    "user_id",
    "user_reference",
    "owns_user",
    "account_id",
    "manager_id",
    "is_active",
    *TEXTS,
)


@dataclass(frozen=True, slots=True)
class Known:
    """A person as they are now."""

    pk: int
    key: str
    version: int
    user_id: int | None
    user_reference: str
    owns_user: bool
    account_id: int
    manager_id: int | None
    is_active: bool
    external_id: str
    email: str
    user_name: str
    first_name: str
    last_name: str
    title: str
    employee_number: str
    cost_center: str
    department: str
    attributes: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return self.external_id or self.email

    def text(self, name: str) -> str:
        """Return one of the texts."""
        found: str = getattr(self, name)
        return found


@dataclass(slots=True)
class People:
    """People by id, and by whatever else they are named by."""

    by_id: dict[int, Known] = field(default_factory=dict)
    by_key: dict[str, Known] = field(default_factory=dict)
    by_external_id: dict[str, Known] = field(default_factory=dict)
    by_email: dict[str, Known] = field(default_factory=dict)
    by_user_name: dict[str, Known] = field(default_factory=dict)
    by_user: dict[str, Known] = field(default_factory=dict)

    def add(self, known: Known) -> None:
        """Let somebody be found."""
        self.by_id[known.pk] = known
        if known.key:
            self.by_key[known.key] = known
        if known.external_id:
            self.by_external_id[known.external_id] = known
        self.by_email[known.email.lower()] = known
        self.by_user_name[known.user_name.lower()] = known
        self.by_user[known.user_reference] = known

    def named(self, wanted: Wanted) -> Known | None:
        """Return who is meant: by id, else by external id, then e-mail, then user name."""
        if wanted.person_id is not None:
            return self.by_id.get(wanted.person_id)
        found = self.by_external_id.get(wanted.external_id) if wanted.external_id else None
        if found is None and wanted.email:
            found = self.by_email.get(wanted.email.lower())
        if found is None and wanted.user_name:
            found = self.by_user_name.get(wanted.user_name.lower())
        return found

    def manager(self, name: str) -> Known | None:
        """Return who is named as a manager, by external id, e-mail address or key."""
        return (
            self.by_external_id.get(name)
            or self.by_email.get(name.lower())
            or self.by_key.get(name.lower())
        )


def people_of(roster: Roster) -> QuerySet[Person]:
    """Return the people of a roster who weren't removed."""
    return Person.objects.filter(roster=roster, removed_at=None)


def customers_among(user_ids: Iterable[int]) -> set[int]:
    """Return which of these users (ids) there are, and aren't staff."""
    users = get_user_model().objects.filter(pk__in=list(user_ids), is_staff=False)
    return set(users.values_list("pk", flat=True))


def everybody(roster: Roster) -> People:
    """Return all people of a roster."""
    return _read(people_of(roster))


def those_named(roster: Roster, wanted: Iterable[Wanted], users: Sequence[int] = ()) -> People:
    """Return those people of a roster that may be meant, or are named as managers, or *users*."""
    asked = list(wanted)
    emails = {each.email.lower() for each in asked if each.email}
    managers = {each.manager for each in asked if each.manager}
    emails |= {name.lower() for name in managers}
    externals = {each.external_id for each in asked if each.external_id} | managers
    names = {each.user_name.lower() for each in asked if each.user_name}
    ids = {each.person_id for each in asked if each.person_id is not None}
    is_meant = (
        Q(pk__in=ids)
        | Q(external_id__in=externals)
        | Q(lower_email__in=emails)
        | Q(lower_name__in=names)
        | Q(user_reference__in=[str(user_id) for user_id in users])
        | Q(key__in=[name for name in managers if _is_key(name)])
    )
    people = people_of(roster).annotate(lower_email=Lower("email"), lower_name=Lower("user_name"))
    return _read(people.filter(is_meant), in_full=True)


def _read(people: QuerySet[Person], *, in_full: bool = False) -> People:
    """Read people; keys and attributes only *in_full*: of many, those take as much as the rest."""
    found = People()
    columns = (*READ, "key", "attributes") if in_full else READ
    shared: dict[str, str] = {}
    for row in people.order_by("pk").values_list(*columns).iterator(chunk_size=5_000):
        values = dict(zip(columns, row, strict=True))
        for name in REPEATED:  # what many have in common is kept once
            values[name] = shared.setdefault(values[name], values[name])
        values["key"] = str(values["key"]) if in_full else ""
        found.add(Known(**values))
    return found


def _is_key(name: str) -> bool:
    return (
        len(name) == 36
        and name.count("-") == 4
        and all(letter in "0123456789abcdefABCDEF-" for letter in name)
    )
