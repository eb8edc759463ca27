"""Rosters, their people, and what identity systems change them by."""

from __future__ import annotations

from typing import Any

import graphene
from django.utils import timezone
from saleor.graphql.account.dataloaders import UserByUserIdLoader
from saleor.graphql.account.utils import check_is_owner_or_has_one_of_perms
from saleor.graphql.core.connection import CountableConnection, create_connection_slice
from saleor.graphql.core.context import get_database_connection_name
from saleor.graphql.core.fields import ConnectionField, PermissionsField
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import ModelObjectType, NonNullList
from saleor.graphql.utils import get_user_or_app_from_context
from saleor.permission.auth_filters import AuthorizationFilters
from saleor.permission.enums import AccountPermissions

from saleor_program_budgets import models
from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_PROGRAMS,
    DOC_CATEGORY,
)
from saleor_program_budgets.interfaces.graphql.fields import linked_field, linked_list_field
from saleor_program_budgets.interfaces.graphql.filters import SORTS_KNOW_NO_CHANNEL, newest_first
from saleor_program_budgets.interfaces.graphql.loaders import AccountByIdLoader
from saleor_program_budgets.interfaces.graphql.people import (
    READ_PEOPLE,
    MembersByPersonLoader,
    PeopleCountsByRosterIdLoader,
    PersonByIdLoader,
    PlannedByPersonIdLoader,
    ProgramsByRosterIdLoader,
    RosterByIdLoader,
    TokensByRosterIdLoader,
)
from saleor_program_budgets.interfaces.graphql.people_enums import (
    ProgramBudgetPeopleSource,
    ProgramBudgetPlannedChangeKind,
    ProgramBudgetRosterPlacedBy,
)
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.member import ProgramBudgetMember
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.interfaces.graphql.types.roster_import import (
    ProgramBudgetRosterColumn,
    ProgramBudgetRosterImportCountableConnection,
    columns_of,
)


class ProgramBudgetRosterToken(ModelObjectType[models.RosterToken]):
    """What an identity system shows to change a roster's people."""

    id = graphene.GlobalID(required=True, description="The ID of the token.")
    name = graphene.String(required=True, description="What staff call it.")
    hint = graphene.String(
        required=True, description="Its visible beginning, to tell tokens apart."
    )
    is_active = graphene.Boolean(required=True, description="Whether it works now.")
    created_by = graphene.String(required=True, description="Who had it made.")
    created_at = DateTime(required=True, description="When.")
    expires_at = DateTime(description="From when it no longer works; null for never.")
    revoked_at = DateTime(description="When it was revoked; null if it wasn't.")
    revoked_by = graphene.String(required=True, description="Who revoked it; empty if nobody has.")
    last_used_at = DateTime(description="When it was used last; null if it never was.")

    class Meta:
        description = (
            "What an identity system shows to change a roster's people. Its secret is shown once, "
            "when it is made."
        )
        interfaces = [graphene.relay.Node]
        model = models.RosterToken
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_is_active(root: models.RosterToken, _info: Any) -> bool:
        """Say whether it was neither revoked nor has ended."""
        is_over = root.expires_at is not None and root.expires_at <= timezone.now()
        return root.revoked_at is None and not is_over


def _count_field(index: int, description: str) -> graphene.Field:
    def resolve(root: models.Roster, info: Any) -> Any:
        counts = PeopleCountsByRosterIdLoader(info.context).load(root.pk)
        return counts.then(lambda found: found[index])

    return graphene.Field(graphene.Int, required=True, description=description, resolver=resolve)


class ProgramBudgetRoster(ModelObjectType[models.Roster]):
    """The people of an account and all below it."""

    id = graphene.GlobalID(required=True, description="The ID of the roster.")
    name = graphene.String(required=True, description="What staff call it.")
    account = linked_field(
        ProgramBudgetAccount,
        AccountByIdLoader,
        "account_id",
        "The account whose people these are, with everything below it.",
        required=True,
    )
    programs = linked_list_field(
        NonNullList(ProgramBudgetProgram),
        ProgramsByRosterIdLoader,
        "The programs that they take part in.",
    )
    placed_by = ProgramBudgetRosterPlacedBy(
        required=True, description="By what an identity system says where somebody belongs."
    )
    invitation_url = graphene.String(
        required=True,
        description="Where who is created sets a password; empty if nobody is invited.",
    )
    largest_leave_percent = graphene.Int(
        required=True,
        description=(
            "A whole file that would let a larger share of the active people leave is refused."
        ),
    )
    mapping = NonNullList(
        ProgramBudgetRosterColumn,
        required=True,
        description="Which column meant what in the files before, by their names.",
    )
    people_count = _count_field(0, "How many people it has.")
    active_people_count = _count_field(1, "How many of them are active.")
    tokens = PermissionsField(
        NonNullList(ProgramBudgetRosterToken),
        required=True,
        description="What identity systems change it by, the newest first.",
        permissions=[*CHANGE_PROGRAMS],
    )
    imports = ConnectionField(
        ProgramBudgetRosterImportCountableConnection,
        description="Files of its people, the newest first.",
        permissions=READ_PEOPLE,
    )
    created_by = graphene.String(required=True, description="Who created it.")
    created_at = DateTime(required=True, description="When.")

    class Meta:
        description = (
            "The people of an account and all below it, as their organization knows them, and the "
            "programs that they take part in."
        )
        interfaces = [graphene.relay.Node]
        model = models.Roster
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_mapping(root: models.Roster, _info: Any) -> list[ProgramBudgetRosterColumn]:
        """List the columns."""
        return columns_of(root.mapping)

    @staticmethod
    def resolve_tokens(root: models.Roster, info: Any) -> Any:
        """Load them."""
        return TokensByRosterIdLoader(info.context).load(root.pk)

    @staticmethod
    def resolve_imports(root: models.Roster, info: Any, **arguments: Any) -> Any:
        """Page through them."""
        rows = models.RosterImport.objects.using(get_database_connection_name(info.context))
        arguments = arguments | SORTS_KNOW_NO_CHANNEL | {"sort_by": newest_first()}
        return create_connection_slice(
            rows.filter(roster_id=root.pk),
            info,
            arguments,
            ProgramBudgetRosterImportCountableConnection,
        )


class ProgramBudgetRosterCountableConnection(CountableConnection):
    """A page of rosters."""

    class Meta:
        node = ProgramBudgetRoster
        doc_category = DOC_CATEGORY


class ProgramBudgetPersonPlannedChange(ModelObjectType[models.PlannedChange]):
    """What is to happen to a person."""

    id = graphene.GlobalID(required=True, description="The ID of the planned change.")
    person = linked_field(
        lambda: ProgramBudgetPerson, PersonByIdLoader, "person_id", "To whom; null if removed."
    )
    kind = ProgramBudgetPlannedChangeKind(required=True, description="What.")
    account = linked_field(
        ProgramBudgetAccount, AccountByIdLoader, "account_id", "Where they move; null otherwise."
    )
    effective_at = DateTime(required=True, description="When.")
    source = ProgramBudgetPeopleSource(required=True, description="Through what it came.")
    line = graphene.Int(description="The line of the file that it came from; null otherwise.")
    actor = graphene.String(required=True, description="Who planned it.")
    created_at = DateTime(required=True, description="When it was planned.")
    applied_at = DateTime(description="When it was done; null if it wasn't.")
    cancelled_at = DateTime(description="When it was cancelled; null if it wasn't.")

    class Meta:
        description = "A move, a leaving or a return that is to happen to a person."
        interfaces = [graphene.relay.Node]
        model = models.PlannedChange
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_line(root: models.PlannedChange, _info: Any) -> int | None:
        """Show a file's line."""
        return root.line if root.source == models.Source.FILE else None


class ProgramBudgetPerson(ModelObjectType[models.Person]):
    """A user of the shop as their organization knows them."""

    id = graphene.GlobalID(required=True, description="The ID of the person.")
    roster = linked_field(
        ProgramBudgetRoster, RosterByIdLoader, "roster_id", "Whose person.", required=True
    )
    user = graphene.Field(
        "saleor.graphql.account.types.User",
        description=(
            "The user; null when Saleor has deleted them.\n\nRequires one of the following "
            f"permissions: {AccountPermissions.MANAGE_USERS.name}, "
            f"{AuthorizationFilters.OWNER.name}."
        ),
    )
    user_reference = graphene.String(
        required=True, description="The user's database id; it stays when Saleor deletes them."
    )
    members = graphene.Field(
        NonNullList(ProgramBudgetMember),
        required=True,
        description="Their memberships in the roster's programs.",
    )
    key = graphene.String(required=True, description="What identity systems know them by.")
    external_id = graphene.String(
        required=True, description="What their organization knows them by; empty if not known."
    )
    user_name = graphene.String(required=True, description="Their user name.")
    email = graphene.String(required=True, description="Their e-mail address.")
    first_name = graphene.String(required=True, description="Their first name.")
    last_name = graphene.String(required=True, description="Their last name.")
    title = graphene.String(required=True, description="Their title.")
    department = graphene.String(
        required=True, description="Their department, as it was sent; `account` is what counts."
    )
    employee_number = graphene.String(required=True, description="Their employee number.")
    cost_center = graphene.String(required=True, description="Their cost center.")
    manager = linked_field(
        lambda: ProgramBudgetPerson, PersonByIdLoader, "manager_id", "Their manager."
    )
    account = linked_field(
        ProgramBudgetAccount,
        AccountByIdLoader,
        "account_id",
        "Where they belong.",
        required=True,
    )
    is_active = graphene.Boolean(required=True, description="Whether they take part.")
    is_settled = graphene.Boolean(
        required=True,
        description=(
            "Whether their memberships follow already from where they belong and whether they are "
            "active; if not, a job is about to see to it."
        ),
    )
    version = graphene.Int(required=True, description="How often they were changed, from 1 on.")
    created_at = DateTime(required=True, description="When they were added.")
    changed_at = DateTime(required=True, description="When they were changed last.")
    planned = linked_list_field(
        NonNullList(ProgramBudgetPersonPlannedChange),
        PlannedByPersonIdLoader,
        "What is to happen to them, the next first.",
    )

    class Meta:
        description = "A user of the shop as their organization knows them."
        interfaces = [graphene.relay.Node]
        model = models.Person
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_user(root: models.Person, info: Any) -> Any:
        """Load by id; only for staff that manages users, and for the user."""

        def checked(user: Any) -> Any:
            requestor = get_user_or_app_from_context(info.context)
            check_is_owner_or_has_one_of_perms(requestor, user, AccountPermissions.MANAGE_USERS)
            return user

        if root.user_id is None:
            return None
        return UserByUserIdLoader(info.context).load(root.user_id).then(checked)

    @staticmethod
    def resolve_members(root: models.Person, info: Any) -> Any:
        """Load the memberships."""
        return MembersByPersonLoader(info.context).load((root.roster_id, root.user_reference))


class ProgramBudgetPersonCountableConnection(CountableConnection):
    """A page of people."""

    class Meta:
        node = ProgramBudgetPerson
        doc_category = DOC_CATEGORY
