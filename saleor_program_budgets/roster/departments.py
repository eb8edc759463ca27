"""The accounts of a roster, by the names that people's departments are written with."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.utils.text import slugify

from saleor_program_budgets import accounts
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Account, Person
from saleor_program_budgets.roster.wanted import Taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from saleor_program_budgets.models import Roster

SEPARATOR = " / "
LONGEST_NAME = 250
LONGEST_SLUG = 230
MOST_LEVELS = 20
_SEPARATED = re.compile(r"\s*(?:/|>)\s*")


def accounts_of(roster: Roster) -> QuerySet[Account]:
    """Return the roster's account and all below it that weren't removed."""
    tree: QuerySet[Account] = Account.objects.descendants(roster.account_id, include_self=True)
    return tree.filter(removed_at=None)


def all_account_ids(roster: Roster) -> list[int]:
    """Return the ids of the roster's account and all below it, those that were removed included."""
    tree = Account.objects.descendants(roster.account_id, include_self=True)
    return list(tree.values_list("pk", flat=True))


@dataclass(frozen=True, slots=True)
class Department:
    """An account of a roster, with the names of those above it up to the roster's own."""

    account_id: int
    parent_id: int | None
    name: str
    external_id: str
    path: tuple[str, ...]
    slug: str = ""


@dataclass(slots=True)
class Departments:
    """A roster's accounts, found by what stands in a department's place."""

    root: Department
    by_id: dict[int, Department] = field(default_factory=dict)
    _by_name: defaultdict[str, list[Department]] = field(default_factory=lambda: defaultdict(list))
    _by_path: dict[tuple[str, ...], Department] = field(default_factory=dict)
    _by_external_id: dict[str, Department] = field(default_factory=dict)
    _by_slug: dict[str, Department] = field(default_factory=dict)

    def add(self, department: Department) -> None:
        """Let an account be found."""
        self.by_id[department.account_id] = department
        self._by_name[_folded(department.name)].append(department)
        self._by_path[tuple(map(_folded, department.path))] = department
        if department.external_id:
            self._by_external_id[department.external_id] = department
        self._by_slug[department.slug] = department

    def find(self, text: str) -> Department | None:
        """Return the account that *text* names: by external id, name, path of names, or slug.

        Of several with one name it is the one directly under the roster's account; raises
        ``InvalidInput`` where there is none.
        """
        by_id = self._by_external_id.get(text)
        if by_id is not None:
            return by_id
        named = self._by_name.get(_folded(text), [])
        if len(named) == 1:
            return named[0]
        by_path = self.at(path_of(text))
        if by_path is None and named:
            paths = ", ".join(f"“{self.written(each)}”" for each in named[:3])
            raise InvalidInput(
                "department", f"“{text}” names several departments; write one of {paths}."
            )
        return by_path or self._by_slug.get(text)

    def at(self, path: tuple[str, ...]) -> Department | None:
        """Return the account at this path of names."""
        return self._by_path.get(tuple(map(_folded, path)))

    def name_of(self, account_id: int) -> str:
        """Return how the account is written so that ``find`` finds it again."""
        department = self.by_id[account_id]
        texts = (department.name, self.written(department), department.external_id)
        return next((text for text in texts if self._names(text, department)), department.slug)

    def _names(self, text: str, department: Department) -> bool:
        try:
            return self.find(text) is department
        except InvalidInput:
            return False

    def written(self, department: Department) -> str:
        """Return the path of an account, as it is written."""
        return SEPARATOR.join(department.path) or department.name

    def fingerprint(self) -> str:
        """Return a digest of all that finding depends on."""
        rows = sorted(
            (each.account_id, each.parent_id, each.name, each.external_id)
            for each in self.by_id.values()
        )
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def read_departments(roster: Roster) -> Departments:
    """Return a roster's accounts."""
    rows = accounts_of(roster).order_by("tree_depth", "pk")
    columns = rows.values_list("pk", "parent_id", "name", "external_id", "slug")
    found: Departments | None = None
    for pk, parent_id, name, external_id, slug in columns:
        if found is None:
            root = Department(pk, None, name, external_id, (), slug)
            found = Departments(root)
            found.add(root)
            continue
        above = found.by_id.get(parent_id)
        if above is not None:  # below one that was removed nobody is placed
            path = (*above.path, name)
            found.add(Department(pk, parent_id, name, external_id, path, slug))
    if found is None:
        raise InvalidInput("roster", "The roster's account was removed.")
    return found


def path_of(text: str) -> tuple[str, ...]:
    """Return the names that a department's path consists of: ``Sales / North``, ``Sales>North``."""
    return tuple(part for part in _SEPARATED.split(text.strip()) if part)


def create_missing(
    *, roster: Roster, departments: Departments, texts: Iterable[str], at: datetime
) -> Departments:
    """Make an account for each of *texts* that names none yet; return the roster's accounts then.

    What has a path is made below the accounts that it names, which are made as well.
    """
    missing = {path_of(text) for text in texts if departments.find(text) is None}
    slugs = _Slugs(roster) if missing else None
    for depth in range(1, max(map(len, missing), default=0) + 1):
        level = {path[:depth] for path in missing if len(path) >= depth}
        below: defaultdict[Department, list[str]] = defaultdict(list)
        for path in sorted(level):
            above = departments.at(path[:-1]) if depth > 1 else departments.root
            if departments.at(path) is None and above is not None:
                below[above].append(path[-1])
        for above, names in below.items():
            unique = list({_folded(name): name for name in reversed(names)}.values())
            _create_below(departments, above, unique, slugs, at)
    return departments


def made_for(departments: Departments, texts: Iterable[str]) -> dict[str, int]:
    """Return the account (id) that each of *texts* stands for, once ``create_missing`` is through.

    By its path: the last of its names may have been given to others beside it.
    """
    found = {text: departments.at(path_of(text)) or departments.find(text) for text in texts}
    return {text: department.account_id for text, department in found.items() if department}


def _create_below(
    departments: Departments,
    above: Department,
    names: Sequence[str],
    slugs: _Slugs | None,
    at: datetime,
) -> None:
    if slugs is None:
        return
    parent = Account.objects.without_tree_fields().get(pk=above.account_id)
    made = accounts.create_accounts(
        parent=parent,
        names=[(name, slugs.free(name)) for name in names],
        kind=Account.Kind.TEAM,
        at=at,
    )
    for account in made:
        path = (*above.path, account.name)
        parent_id = above.account_id
        departments.add(Department(account.pk, parent_id, account.name, "", path, account.slug))


def check_name(text: str) -> None:
    """Raise ``InvalidInput`` for what can't be the name of a new department, or a path of them."""
    parts = path_of(text)
    if not parts:
        raise InvalidInput("department", f"“{text[:50]}” is no name for a department.")
    if len(parts) > MOST_LEVELS:
        raise InvalidInput("department", f"Departments are made up to {MOST_LEVELS} levels deep.")
    if any(len(part) > LONGEST_NAME or "\x00" in part for part in parts):
        raise InvalidInput("department", f"A department's name has up to {LONGEST_NAME} letters.")


def put_department(
    *,
    roster: Roster,
    name: str,
    external_id: str | None = None,
    parent: Account | None = None,
    kind: Account.Kind = Account.Kind.TEAM,
    account: Account | None = None,
    at: datetime,
) -> Account:
    """Make an account of the roster, or give *account* this name and place.

    Without a *parent* a new one stands under the roster's account, and *account* stays where it
    is. Raises ``Taken`` for an external id that another one has, and ``InvalidInput`` for a name
    that can't be, or an account of another roster.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or "\x00" in name:
        raise InvalidInput("name", f"A department's name has up to {LONGEST_NAME} letters.")
    with transaction.atomic():
        lock(roster)
        present = {each.pk: each for each in accounts_of(roster)}
        _require_present(present, account, parent)
        if external_id:
            _require_free(present.values(), external_id, account)
        if account is None:
            place = present[parent.pk if parent else roster.account_id]
            account = accounts.create_account(
                name=name, slug=_Slugs(roster).free(name), kind=kind, parent=place, at=at
            )
        elif account.pk == roster.account_id:
            raise InvalidInput("account", "The roster's own account isn't changed this way.")
        else:
            if account.name != name:
                accounts.rename_account(account=account, name=name)
            if parent is not None and parent.pk != account.parent_id:
                accounts.move_account(account=account, parent=parent)
        changed: dict[str, Any] = {} if external_id is None else {"external_id": external_id}
        touch([account.pk], at=at, **changed)
    account.refresh_from_db(fields=["name", "external_id", "version", "changed_at", "parent"])
    return account


def touch(account_ids: Iterable[int], *, at: datetime, **values: Any) -> None:
    """Let other systems see that accounts, or who belongs to them, have changed."""
    rows = Account.objects.without_tree_fields().filter(pk__in=list(account_ids))
    rows.update(version=F("version") + 1, changed_at=at, **values)


def retire(*, roster: Roster, account: Account, at: datetime) -> None:
    """Let an account of the roster take nobody any more; its figures stay.

    In a transaction that has locked the roster. Raises ``InvalidInput`` for one with people, and
    as ``require_retirable`` does.
    """
    require_retirable(roster=roster, account=account)
    if Person.objects.filter(account=account, removed_at=None).exists():
        raise InvalidInput("account", "The department still has people.")
    touch([account.pk], at=at, removed_at=at, external_id="")


def require_retirable(*, roster: Roster, account: Account) -> None:
    """Raise ``InvalidInput`` for the roster's own account, another's, and one with others below."""
    if account.pk == roster.account_id:
        raise InvalidInput("account", "The roster's own account can't be removed.")
    if not accounts_of(roster).filter(pk=account.pk).exists():
        raise InvalidInput("account", "There is no such department.", code="NOT_FOUND")
    below = Account.objects.descendants(account.pk, include_self=False)
    if below.filter(removed_at=None).exists():
        raise InvalidInput("account", "Remove the departments below it first.")


def lock(roster: Roster) -> None:
    """Let one transaction at a time write a roster's people and departments."""
    type(roster).objects.select_for_update(no_key=True).only("pk").get(pk=roster.pk)


def _require_present(present: dict[int, Account], *given: Account | None) -> None:
    for account in given:
        if account is not None and account.pk not in present:
            raise InvalidInput("account", "There is no such department.", code="NOT_FOUND")


def _require_free(present: Iterable[Account], external_id: str, account: Account | None) -> None:
    if len(external_id) > 255 or "\x00" in external_id:
        raise InvalidInput("external_id", "An external id has up to 255 letters.")
    taken = {each.external_id for each in present if account is None or each.pk != account.pk}
    if external_id in taken:
        raise Taken("external_id", f"Another department has the external id “{external_id}”.")


class _Slugs:
    """Slugs for a roster's departments that no account has: slugs are the whole shop's."""

    def __init__(self, roster: Roster) -> None:
        self._start = f"{roster.account.slug}-"[:LONGEST_SLUG]
        slugs = Account.objects.without_tree_fields().filter(slug__startswith=self._start)
        self._taken = set(slugs.values_list("slug", flat=True))

    def free(self, name: str) -> str:
        """Return a slug made from *name*, which is taken from now on."""
        base = (self._start + (slugify(name) or "department"))[:LONGEST_SLUG]
        numbered = (f"{base}-{number}" for number in count(2))
        slug = next(each for each in chain([base], numbered) if each not in self._taken)
        self._taken.add(slug)
        return slug


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
