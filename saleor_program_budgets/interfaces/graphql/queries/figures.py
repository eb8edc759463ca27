"""Live figures, and whether they have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import graphene
from django.utils import timezone
from saleor.graphql.core.context import get_database_connection_name
from saleor.graphql.core.fields import PermissionsField
from saleor.graphql.core.scalars import Date
from saleor.graphql.core.types import NonNullList

from saleor_program_budgets import figures
from saleor_program_budgets.interfaces.graphql.common import (
    ADDED_IN,
    DOC_CATEGORY,
    READ_FIGURES,
)
from saleor_program_budgets.interfaces.graphql.filters import key_in
from saleor_program_budgets.interfaces.graphql.types.figures import ProgramBudgetFigures, told

if TYPE_CHECKING:
    from datetime import date


class FigureQueries(graphene.ObjectType):
    """What budgets have, what happened, and for how long they last."""

    program_budget_figures = PermissionsField(
        ProgramBudgetFigures,
        required=True,
        program_ids=graphene.Argument(
            NonNullList(graphene.ID), description="Only these programs; all without it."
        ),
        account_id=graphene.Argument(
            graphene.ID, description="Only what is under this account, itself included."
        ),
        period_from=graphene.Argument(
            Date, description="The first day of the period; without it, of the open cycles."
        ),
        period_to=graphene.Argument(
            Date, description="The last day of the period; today without it."
        ),
        description=(
            "Live figures of programs. What there is, is as of now, and what happened, of the "
            f"period.{ADDED_IN}"
        ),
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_figures_version = PermissionsField(
        graphene.String,
        required=True,
        description=(
            "Changes whenever anything that `programBudgetFigures` shows may have, and once a "
            f"minute: ask for it every second, and for the figures when it has.{ADDED_IN}"
        ),
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )

    @staticmethod
    def resolve_program_budget_figures(
        _root: Any,
        info: Any,
        *,
        program_ids: list[str] | None = None,
        account_id: str | None = None,
        period_from: date | None = None,
        period_to: date | None = None,
    ) -> Any:
        """Choose programs; the rest is read as it is asked for."""
        using = get_database_connection_name(info.context)
        programs = (
            None
            if program_ids is None
            else [key_in(each, "ProgramBudgetProgram") for each in program_ids]
        )
        account = None if account_id is None else key_in(account_id, "ProgramBudgetAccount")
        selection = told(
            lambda: figures.select(
                program_ids=programs,
                account_id=account,
                since=period_from,
                until=period_to,
                at=timezone.now(),
                using=using,
            )
        )
        return figures.Board(selection, using=using)

    @staticmethod
    def resolve_program_budget_figures_version(_root: Any, info: Any) -> str:
        """Count what has ever changed."""
        return figures.version(at=timezone.now(), using=get_database_connection_name(info.context))
