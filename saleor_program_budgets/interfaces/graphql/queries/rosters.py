"""Look up rosters, their people, what changed of them, and files of them."""

from __future__ import annotations

from typing import Any

import graphene
from django.db.models import Q
from graphql import GraphQLError
from saleor.core.db.connection import allow_writer
from saleor.graphql.core.connection import create_connection_slice
from saleor.graphql.core.context import get_database_connection_name
from saleor.graphql.core.fields import ConnectionField, PermissionsField

from saleor_program_budgets import roster as rosters
from saleor_program_budgets.interfaces.graphql.common import (
    ADDED_IN,
    DOC_CATEGORY,
    node_or_none,
)
from saleor_program_budgets.interfaces.graphql.filters import (
    SORTS_KNOW_NO_CHANNEL,
    ProgramBudgetPeopleChangeFilterInput,
    ProgramBudgetPersonFilterInput,
    ProgramBudgetPersonSortingInput,
    in_time,
    narrowed,
    newest_first,
)
from saleor_program_budgets.interfaces.graphql.people import (
    READ_PEOPLE,
    READ_ROSTERS,
    people_in,
)
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.people_change import (
    ProgramBudgetPeopleChangeCountableConnection,
)
from saleor_program_budgets.interfaces.graphql.types.roster import (
    ProgramBudgetPerson,
    ProgramBudgetPersonCountableConnection,
    ProgramBudgetRoster,
    ProgramBudgetRosterCountableConnection,
)
from saleor_program_budgets.interfaces.graphql.types.roster_import import (
    ProgramBudgetRosterImport,
    ProgramBudgetRosterImportCountableConnection,
)
from saleor_program_budgets.models import Account, PeopleChange, Roster, RosterImport

ROSTER = ("roster", "ProgramBudgetRoster")
SEARCHED = ("email", "first_name", "last_name", "user_name", "external_id", "employee_number")


class RosterQueries(graphene.ObjectType):
    """Rosters, people, changes and files."""

    program_budget_roster = PermissionsField(
        ProgramBudgetRoster,
        id=graphene.Argument(graphene.ID, required=True, description="ID of the roster."),
        description=f"Look up a roster by ID.{ADDED_IN}",
        permissions=READ_ROSTERS,
        doc_category=DOC_CATEGORY,
    )
    program_budget_rosters = ConnectionField(
        ProgramBudgetRosterCountableConnection,
        description=f"Rosters: the people of organizations, by name.{ADDED_IN}",
        permissions=READ_ROSTERS,
        doc_category=DOC_CATEGORY,
    )
    program_budget_person = PermissionsField(
        ProgramBudgetPerson,
        id=graphene.Argument(graphene.ID, required=True, description="ID of the person."),
        description=f"Look up a person of a roster by ID.{ADDED_IN}",
        permissions=READ_PEOPLE,
        doc_category=DOC_CATEGORY,
    )
    program_budget_people = ConnectionField(
        ProgramBudgetPersonCountableConnection,
        sort_by=ProgramBudgetPersonSortingInput(description="Sort people."),
        filter=ProgramBudgetPersonFilterInput(description="Filtering options for people."),
        search=graphene.String(
            description=(
                "Search by e-mail address, name, user name, external ID and employee number."
            )
        ),
        description=f"People of rosters; those who were removed are left out.{ADDED_IN}",
        permissions=READ_PEOPLE,
        doc_category=DOC_CATEGORY,
    )
    program_budget_people_changes = ConnectionField(
        ProgramBudgetPeopleChangeCountableConnection,
        filter=ProgramBudgetPeopleChangeFilterInput(description="Filtering options for changes."),
        description=f"What changed of people, the newest first.{ADDED_IN}",
        permissions=READ_PEOPLE,
        doc_category=DOC_CATEGORY,
    )
    program_budget_roster_import = PermissionsField(
        ProgramBudgetRosterImport,
        id=graphene.Argument(graphene.ID, required=True, description="ID of the file."),
        description=f"Look up a file of people by ID.{ADDED_IN}",
        permissions=READ_PEOPLE,
        doc_category=DOC_CATEGORY,
    )
    program_budget_roster_imports = ConnectionField(
        ProgramBudgetRosterImportCountableConnection,
        roster=graphene.Argument(graphene.ID, description="Only those of this roster."),
        description=f"Files of people, the newest first.{ADDED_IN}",
        permissions=READ_PEOPLE,
        doc_category=DOC_CATEGORY,
    )
    program_budget_roster_export = PermissionsField(
        graphene.String,
        required=True,
        roster=graphene.Argument(graphene.ID, required=True, description="ID of the roster."),
        description=(
            "All people of a roster as CSV, with the columns that a file of them may have."
            f"{ADDED_IN}"
        ),
        permissions=READ_PEOPLE,
        doc_category=DOC_CATEGORY,
    )

    @staticmethod
    def resolve_program_budget_roster(_root: Any, info: Any, *, id: str) -> Any:
        """Find the roster; ``None`` when there is none."""
        rows = Roster.objects.using(get_database_connection_name(info.context))
        return node_or_none(rows, id, ProgramBudgetRoster)

    @staticmethod
    def resolve_program_budget_rosters(_root: Any, info: Any, **arguments: Any) -> Any:
        """List rosters."""
        rows = Roster.objects.using(get_database_connection_name(info.context))
        return create_connection_slice(
            rows.order_by("name", "pk"), info, arguments, ProgramBudgetRosterCountableConnection
        )

    @staticmethod
    def resolve_program_budget_person(_root: Any, info: Any, *, id: str) -> Any:
        """Find the person; ``None`` when there is none, or they were removed."""
        return node_or_none(
            people_in(get_database_connection_name(info.context)), id, ProgramBudgetPerson
        )

    @staticmethod
    def resolve_program_budget_people(_root: Any, info: Any, **arguments: Any) -> Any:
        """List people."""
        given = arguments.get("filter") or {}
        rows = narrowed(
            people_in(get_database_connection_name(info.context)),
            given,
            {
                "roster": ROSTER,
                "account": ("account", "ProgramBudgetAccount"),
                "user": ("user_reference", "User"),
            },
        )
        for name in ("is_active", "external_id"):
            if given.get(name) is not None:
                rows = rows.filter(**{name: given[name]})
        if given.get("under_account") is not None:
            rows = _under(rows, given["under_account"])
        return create_connection_slice(
            _found(rows, arguments.get("search")),
            info,
            arguments | SORTS_KNOW_NO_CHANNEL,
            ProgramBudgetPersonCountableConnection,
        )

    @staticmethod
    def resolve_program_budget_people_changes(_root: Any, info: Any, **arguments: Any) -> Any:
        """List changes."""
        given = arguments.get("filter") or {}
        rows = narrowed(
            PeopleChange.objects.using(get_database_connection_name(info.context)),
            given,
            {
                "roster": ("roster_id", ROSTER[1]),
                "person": ("person_id", "ProgramBudgetPerson"),
                "member": ("member_id", "ProgramBudgetMember"),
                "user": ("user_reference", "User"),
            },
        )
        for name in ("kind", "source"):
            if given.get(name) is not None:
                rows = rows.filter(**{name: given[name]})
        rows = in_time(rows, "at", given)
        return _newest(rows, info, arguments, ProgramBudgetPeopleChangeCountableConnection)

    @staticmethod
    def resolve_program_budget_roster_import(_root: Any, info: Any, *, id: str) -> Any:
        """Find the file; ``None`` when there is none."""
        rows = RosterImport.objects.using(get_database_connection_name(info.context))
        return node_or_none(rows, id, ProgramBudgetRosterImport)

    @staticmethod
    def resolve_program_budget_roster_imports(_root: Any, info: Any, **arguments: Any) -> Any:
        """List files."""
        rows = narrowed(
            RosterImport.objects.using(get_database_connection_name(info.context)),
            arguments,
            {"roster": ROSTER},
        )
        return _newest(rows, info, arguments, ProgramBudgetRosterImportCountableConnection)

    @staticmethod
    @allow_writer()
    def resolve_program_budget_roster_export(_root: Any, _info: Any, *, roster: str) -> str:
        """Write everybody down."""
        found = node_or_none(Roster.objects.all(), roster, ProgramBudgetRoster)
        if found is None:
            raise GraphQLError(f"Couldn't resolve to a node: {roster}")
        return "".join(rosters.export_people(roster=found))


def _newest(rows: Any, info: Any, arguments: dict[str, Any], connection: Any) -> Any:
    """Slice a list, the newest first."""
    arguments = arguments | SORTS_KNOW_NO_CHANNEL | {"sort_by": newest_first()}
    return create_connection_slice(rows, info, arguments, connection)


def _under(rows: Any, account_id: str) -> Any:
    """Filter by an account and everything below it."""
    accounts = Account.objects.using(rows.db)
    account = node_or_none(accounts, account_id, ProgramBudgetAccount)
    if account is None:
        return rows.none()
    below = accounts.descendants(account, include_self=True)
    return rows.filter(account__in=list(below.values_list("pk", flat=True)))


def _found(rows: Any, search: str | None) -> Any:
    """Filter so that every word occurs in one of the columns that are searched."""
    for word in (search or "").split():
        occurs = Q()
        for column in SEARCHED:
            occurs |= Q(**{f"{column}__icontains": word})
        rows = rows.filter(occurs)
    return rows
