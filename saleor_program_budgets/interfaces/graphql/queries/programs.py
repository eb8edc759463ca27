"""Look up programs."""

from __future__ import annotations

from typing import Any

import graphene
from django.db.models import Q
from saleor.graphql.core.connection import create_connection_slice
from saleor.graphql.core.context import get_database_connection_name
from saleor.graphql.core.fields import ConnectionField, PermissionsField
from saleor.graphql.core.utils import from_global_id_or_error
from saleor.graphql.core.validators import validate_one_of_args_is_in_query

from saleor_program_budgets.interfaces.graphql.common import (
    ADDED_IN,
    DOC_CATEGORY,
    READ_FIGURES,
    node_or_none,
)
from saleor_program_budgets.interfaces.graphql.filters import (
    SORTS_KNOW_NO_CHANNEL,
    ProgramBudgetProgramFilterInput,
    ProgramBudgetProgramSortingInput,
)
from saleor_program_budgets.interfaces.graphql.types.program import (
    ProgramBudgetProgram,
    ProgramBudgetProgramCountableConnection,
)
from saleor_program_budgets.models import Program


class ProgramQueries(graphene.ObjectType):
    """Programs."""

    program_budget_program = PermissionsField(
        ProgramBudgetProgram,
        id=graphene.Argument(graphene.ID, description="ID of the program."),
        slug=graphene.Argument(graphene.String, description="Slug of the program."),
        description=f"Look up a budget program by ID or slug.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_programs = ConnectionField(
        ProgramBudgetProgramCountableConnection,
        sort_by=ProgramBudgetProgramSortingInput(description="Sort programs."),
        filter=ProgramBudgetProgramFilterInput(description="Filtering options for programs."),
        search=graphene.String(description="Search programs by name and slug."),
        description=f"List of budget programs.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )

    @staticmethod
    def resolve_program_budget_program(
        _root: Any, info: Any, *, id: str | None = None, slug: str | None = None
    ) -> Any:
        """Find the program; ``None`` when there is none."""
        validate_one_of_args_is_in_query("id", id, "slug", slug)
        queryset = Program.objects.using(get_database_connection_name(info.context))
        if id is not None:
            return node_or_none(queryset, id, ProgramBudgetProgram)
        return queryset.filter(slug=slug).first()

    @staticmethod
    def resolve_program_budget_programs(_root: Any, info: Any, **arguments: Any) -> Any:
        """List programs."""
        queryset = Program.objects.using(get_database_connection_name(info.context))
        given = arguments.get("filter") or {}
        if given.get("status") is not None:
            queryset = queryset.filter(status=given["status"])
        if given.get("channels") is not None:
            keys = [
                from_global_id_or_error(channel, "Channel", raise_error=True)[1]
                for channel in given["channels"]
            ]
            queryset = queryset.filter(channels__channel_id__in=keys).distinct()
        for word in (arguments.get("search") or "").split():
            queryset = queryset.filter(Q(name__icontains=word) | Q(slug__icontains=word))
        return create_connection_slice(
            queryset,
            info,
            arguments | SORTS_KNOW_NO_CHANNEL,
            ProgramBudgetProgramCountableConnection,
        )
