"""Look up accounts and their caps."""

from __future__ import annotations

from typing import Any

import graphene
from django.db.models import Q
from saleor.graphql.core.connection import create_connection_slice
from saleor.graphql.core.context import get_database_connection_name
from saleor.graphql.core.fields import ConnectionField, PermissionsField
from saleor.graphql.core.validators import validate_one_of_args_is_in_query

from saleor_program_budgets.interfaces.graphql.common import (
    ADDED_IN,
    DOC_CATEGORY,
    READ_FIGURES,
    node_or_none,
)
from saleor_program_budgets.interfaces.graphql.filters import (
    ProgramBudgetAccountFilterInput,
    narrowed,
)
from saleor_program_budgets.interfaces.graphql.types.account import (
    ProgramBudgetAccount,
    ProgramBudgetAccountCountableConnection,
)
from saleor_program_budgets.models import Account


class AccountQueries(graphene.ObjectType):
    """Accounts."""

    program_budget_account = PermissionsField(
        ProgramBudgetAccount,
        id=graphene.Argument(graphene.ID, description="ID of the account."),
        slug=graphene.Argument(graphene.String, description="Slug of the account."),
        description=f"Look up an account of the budget tree by ID or slug.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_accounts = ConnectionField(
        ProgramBudgetAccountCountableConnection,
        filter=ProgramBudgetAccountFilterInput(description="Filtering options for accounts."),
        search=graphene.String(description="Search accounts by name and slug."),
        description=f"List of accounts of the budget tree, by name.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )

    @staticmethod
    def resolve_program_budget_account(
        _root: Any, info: Any, *, id: str | None = None, slug: str | None = None
    ) -> Any:
        """Find the account; ``None`` when there is none."""
        validate_one_of_args_is_in_query("id", id, "slug", slug)
        queryset = _accounts(info)
        if id is not None:
            return node_or_none(queryset, id, ProgramBudgetAccount)
        return queryset.filter(slug=slug).first()

    @staticmethod
    def resolve_program_budget_accounts(_root: Any, info: Any, **arguments: Any) -> Any:
        """List accounts."""
        given = arguments.get("filter") or {}
        queryset = narrowed(_accounts(info), given, {"parent": ("parent", "ProgramBudgetAccount")})
        if given.get("kind") is not None:
            queryset = queryset.filter(kind=given["kind"])
        if given.get("is_root") is not None:
            queryset = queryset.filter(parent__isnull=given["is_root"])
        for word in (arguments.get("search") or "").split():
            queryset = queryset.filter(Q(name__icontains=word) | Q(slug__icontains=word))
        return create_connection_slice(
            queryset, info, arguments, ProgramBudgetAccountCountableConnection
        )


def _accounts(info: Any) -> Any:
    connection_name = get_database_connection_name(info.context)
    return Account.objects.using(connection_name).without_tree_fields()
