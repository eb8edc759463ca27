"""One roster's people and departments, as scim2-server reads and writes them.

A storage serves one request, and knows nothing outside of the request's roster: whatever is
another's isn't there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Case, F, When
from scim2_models import (
    NotImplementedException,
    Path,
    PreconditionFailedException,
    UniquenessException,
)
from scim2_server.storage import ScimStorage, SearchPage

from saleor_program_budgets import roster as people
from saleor_program_budgets.interfaces.scim.columns import group_table, user_table
from saleor_program_budgets.interfaces.scim.failures import not_found, translated
from saleor_program_budgets.interfaces.scim.filters import condition, ordering
from saleor_program_budgets.interfaces.scim.mapping import (
    group_of,
    member_keys,
    user_of,
    version_of,
    version_tag,
    wanted_of,
)
from saleor_program_budgets.interfaces.scim.members import Change, Members
from saleor_program_budgets.interfaces.scim.schemas import GROUP_MODEL, USER, USER_MODEL
from saleor_program_budgets.interfaces.shop import SaleorShop
from saleor_program_budgets.models import Account, Person, Roster

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.models import QuerySet
    from scim2_models import Resource, ResourceType, ResponseParameters, SearchRequest

    from saleor_program_budgets.interfaces.scim.pushes import Push
    from saleor_program_budgets.roster import Origin


class RosterStorage(ScimStorage):
    """The people (users) and departments (groups) of *roster*, at one instant."""

    def __init__(self, *, roster: Roster, origin: Origin, at: datetime) -> None:
        self.roster = roster
        self.origin = origin
        self.at = at
        self.members = Members(roster=roster, origin=origin, at=at)

    # Reading

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        """Return a person or a department; its members only if they are asked for."""
        if resource_type.name == USER:
            return user_of(self._person(resource_id), self.roster)
        account = self._account(resource_id)
        if not _returns_members(response_parameters):
            return group_of(account, None)
        return group_of(account, self.members.read(account))

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,
    ) -> SearchPage:
        """Return a page; of several types, the people come before the departments."""
        kinds = [self._kind(each) for each in resource_types]
        if len(kinds) > 1 and search_request.sort_by is not None:
            raise NotImplementedException(detail="Sorting several resource types isn't offered.")
        start = (search_request.start_index or 1) - 1
        left = search_request.count or 0
        total = 0
        found: list[Resource[Any]] = []
        for rows, model, table, build in kinds:
            if search_request.filter is not None:
                rows = rows.filter(condition(search_request.filter, model, table))  # noqa: PLW2901
            ordered = rows.order_by(*ordering(search_request, model, table))
            count = rows.count()
            first = max(start - total, 0)
            if left and first < count:
                page = build(list(ordered[first : first + left]), search_request)
                found += page
                left -= len(page)
            total += count
        return SearchPage(total, found)

    # Writing

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Take somebody new into the roster, or add a department below its account."""
        if resource_type.name == USER:
            person = self._put(resource, None, None)
            return user_of(person, self.roster)
        return self._create_group(resource)

    def update(
        self,
        resource_type: ResourceType,
        resource: Resource[Any],
        *,
        expected_version: str | None = None,
    ) -> Resource[Any]:
        """Let a person, or a department and who belongs to it, be as *resource* says."""
        if resource_type.name == USER:
            known = self._person(str(resource.id))
            return user_of(self._put(resource, known, expected_version), self.roster)
        return self._update_group(resource, self._account(str(resource.id)))

    def delete(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        expected_version: str | None = None,
    ) -> None:
        """Remove a person, or a department whose people then belong to the roster's account."""
        if resource_type.name == USER:
            with translated():
                people.remove_person(
                    person=self._person(resource_id),
                    origin=self.origin,
                    shop=SaleorShop(),
                    at=self.at,
                    expected_version=version_of(expected_version),
                )
            return
        account = self._account(resource_id)
        if expected_version not in (None, version_tag(account.version)):
            raise PreconditionFailedException
        with translated(account="id"):
            people.remove_department(
                roster=self.roster, account=account, origin=self.origin, at=self.at
            )

    def head(self, resource_id: str) -> Resource[Any]:
        """Return a department without its members."""
        return group_of(self._account(resource_id), None)

    def push(self, resource_id: str, push: Push) -> Resource[Any]:
        """Let people come and go, however many others there are; return as ``head``."""
        account = self._account(resource_id)
        change = self.members.planned(added=push.added, removed=push.removed)
        with translated():
            self.members.apply(account, change)
        return self.head(resource_id)

    # People

    def _people(self) -> QuerySet[Person]:
        present = Case(When(manager__removed_at=None, then=F("manager__key")))
        rows = people.people_of(roster=self.roster).select_related("account", "manager")
        return rows.annotate(present_manager=present)

    def _person(self, resource_id: str) -> Person:
        key = _key(resource_id)
        person = self._people().filter(key=key).first() if key else None
        if person is None:
            raise not_found("User", resource_id)
        return person

    def _put(self, user: Any, known: Person | None, expected_version: str | None) -> Person:
        with translated(department="department", manager="manager"):
            return people.put_one(
                roster=self.roster,
                wanted=wanted_of(user, self.roster, known),
                origin=self.origin,
                shop=SaleorShop(),
                at=self.at,
                must_be_new=known is None,
                expected_version=version_of(expected_version),
                creates_departments=True,
            )

    # Departments

    def _accounts(self) -> QuerySet[Account]:
        return people.accounts_of(roster=self.roster).exclude(pk=self.roster.account_id)

    def _account(self, resource_id: str) -> Account:
        key = _key(resource_id)
        account = self._accounts().filter(key=key).first() if key else None
        if account is None:
            raise not_found("Group", resource_id)
        return account

    def _create_group(self, group: Any) -> Resource[Any]:
        change = self.members.planned(added=member_keys(group))
        self._check_name(group.display_name, parent_id=self.roster.account_id)
        with translated(name="displayName"):
            account = people.put_department(
                roster=self.roster,
                name=group.display_name,
                external_id=group.external_id or "",
                at=self.at,
            )
        return self._with_members(account, change)

    def _update_group(self, group: Any, account: Account) -> Resource[Any]:
        """Change what differs: of the members only who was added or taken away by this request."""
        wanted = member_keys(group)
        before = self.members.seen(account)
        change = self.members.planned(
            added=[key for key in wanted if key not in before],
            removed=before.difference(wanted),
        )
        name = group.display_name.strip()
        external_id = group.external_id or ""
        if (name, external_id) != (account.name, account.external_id):
            if name.casefold() != account.name.casefold():
                self._check_name(name, parent_id=account.parent_id)
            with translated(name="displayName"):
                account = people.put_department(
                    roster=self.roster,
                    name=name,
                    external_id=external_id,
                    account=account,
                    at=self.at,
                )
        return self._with_members(account, change)

    def _with_members(self, account: Account, change: Change) -> Resource[Any]:
        if change:
            with translated():
                self.members.apply(account, change)
            account.refresh_from_db(fields=["version", "changed_at"])
        return group_of(account, self.members.read(account))

    def _check_name(self, name: str, *, parent_id: int | None) -> None:
        """Refuse a second department of one name in one place: people name departments by it."""
        if self._accounts().filter(parent_id=parent_id, name__iexact=name.strip()).exists():
            raise UniquenessException(detail=f"displayName: there is a group {name[:100]!r} here.")

    # Pages

    def _kind(self, resource_type: ResourceType) -> tuple[QuerySet[Any], Any, Any, _Build]:
        if resource_type.name == USER:
            return self._people(), USER_MODEL, user_table(self.roster), self._users
        return self._accounts(), GROUP_MODEL, group_table(self.roster), self._groups

    def _users(self, rows: list[Person], search: SearchRequest[Any]) -> list[Any]:
        return [user_of(person, self.roster) for person in rows]

    def _groups(self, rows: list[Account], search: SearchRequest[Any]) -> list[Any]:
        if not _returns_members(search):
            return [group_of(account, None) for account in rows]
        members = self.members.of_all(rows)
        return [group_of(account, members[account.pk]) for account in rows]


type _Build = Callable[[list[Any], SearchRequest[Any]], list[Any]]


def _key(resource_id: str) -> UUID | None:
    """Return an id as the database has it; ``None`` for what isn't written as one."""
    try:
        key = UUID(resource_id)
    except ValueError:
        return None
    return key if str(key) == resource_id else None


def _returns_members(parameters: ResponseParameters[Any] | None) -> bool:
    if parameters is None:
        return True
    bound: Any = Path[GROUP_MODEL]
    kept = bound.iter_paths(
        include_subattributes=False,
        attributes=parameters.attributes or [],
        excluded_attributes=parameters.excluded_attributes or [],
    )
    return any(str(path).lower().endswith("members") for path in kept)
