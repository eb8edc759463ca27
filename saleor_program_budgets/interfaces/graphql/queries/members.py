"""Look up members."""

from __future__ import annotations

from typing import Any

import graphene
from saleor.graphql.core.connection import create_connection_slice
from saleor.graphql.core.context import get_database_connection_name
from saleor.graphql.core.fields import ConnectionField, PermissionsField

from saleor_program_budgets.interfaces.graphql.common import (
    ADDED_IN,
    DOC_CATEGORY,
    READ_FIGURES,
    node_or_none,
)
from saleor_program_budgets.interfaces.graphql.filters import (
    SORTS_KNOW_NO_CHANNEL,
    ProgramBudgetMemberFilterInput,
    ProgramBudgetMemberSortingInput,
    narrowed,
    search_people,
)
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.member import (
    ProgramBudgetMember,
    ProgramBudgetMemberCountableConnection,
)
from saleor_program_budgets.models import Account, Member


class MemberQueries(graphene.ObjectType):
    """Members."""

    program_budget_member = PermissionsField(
        ProgramBudgetMember,
        id=graphene.Argument(graphene.ID, description="ID of the member.", required=True),
        description=f"Look up a member of a budget program by ID.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_members = ConnectionField(
        ProgramBudgetMemberCountableConnection,
        sort_by=ProgramBudgetMemberSortingInput(description="Sort members."),
        filter=ProgramBudgetMemberFilterInput(description="Filtering options for members."),
        search=graphene.String(description="Search members by e-mail address and name."),
        description=f"List of members of budget programs.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )

    @staticmethod
    def resolve_program_budget_member(_root: Any, info: Any, *, id: str) -> Any:
        """Find the member; ``None`` when there is none."""
        queryset = Member.objects.using(get_database_connection_name(info.context))
        return node_or_none(queryset, id, ProgramBudgetMember)

    @staticmethod
    def resolve_program_budget_members(_root: Any, info: Any, **arguments: Any) -> Any:
        """List members; the cursor reads sort fields of the user, so the user comes along."""
        given = arguments.get("filter") or {}
        queryset = Member.objects.using(get_database_connection_name(info.context))
        queryset = narrowed(
            queryset.select_related("user"),
            given,
            {
                "program": ("program", "ProgramBudgetProgram"),
                "account": ("account", "ProgramBudgetAccount"),
                "user": ("user", "User"),
                "group": ("groups__group", "ProgramBudgetGroup"),
            },
        )
        if given.get("is_active") is not None:
            queryset = queryset.filter(is_active=given["is_active"])
        if given.get("under_account") is not None:
            queryset = _under(queryset, given["under_account"])
        return create_connection_slice(
            search_people(queryset, arguments.get("search")),
            info,
            arguments | SORTS_KNOW_NO_CHANNEL,
            ProgramBudgetMemberCountableConnection,
        )


def _under(queryset: Any, account_id: str) -> Any:
    """Filter by an account and everything below it."""
    accounts = Account.objects.using(queryset.db)
    account = node_or_none(accounts, account_id, ProgramBudgetAccount)
    if account is None:
        return queryset.none()
    below = accounts.descendants(account, include_self=True)
    return queryset.filter(account__in=list(below.values_list("pk", flat=True)))
