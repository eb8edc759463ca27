"""Look up runs of jobs, and adjustments of many members."""

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
from saleor_program_budgets.interfaces.graphql.filters import narrowed
from saleor_program_budgets.interfaces.graphql.types.adjustment import (
    ProgramBudgetAdjustment,
    ProgramBudgetAdjustmentCountableConnection,
)
from saleor_program_budgets.interfaces.graphql.types.job import ProgramBudgetJobCountableConnection
from saleor_program_budgets.models import Adjustment, JobRun

PROGRAM = {"program": ("program", "ProgramBudgetProgram")}


class OperationQueries(graphene.ObjectType):
    """Jobs and adjustments."""

    program_budget_jobs = ConnectionField(
        ProgramBudgetJobCountableConnection,
        name=graphene.Argument(graphene.String, description="Only runs of the job of this name."),
        program=graphene.Argument(graphene.ID, description="Only runs for this program."),
        description=(
            "Runs of the jobs that keep programs up to date, the newest first; the last 50 of "
            f"each job are kept.{ADDED_IN}"
        ),
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_adjustment = PermissionsField(
        ProgramBudgetAdjustment,
        id=graphene.Argument(graphene.ID, required=True, description="ID of the adjustment."),
        description=f"Look up an adjustment of many members by ID.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_adjustments = ConnectionField(
        ProgramBudgetAdjustmentCountableConnection,
        program=graphene.Argument(graphene.ID, description="Only those of this program."),
        description=f"Adjustments of many members, the newest first.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )

    @staticmethod
    def resolve_program_budget_jobs(_root: Any, info: Any, **arguments: Any) -> Any:
        """List runs."""
        runs = narrowed(
            JobRun.objects.using(get_database_connection_name(info.context)), arguments, PROGRAM
        )
        if arguments.get("name") is not None:
            runs = runs.filter(name=arguments["name"])
        return create_connection_slice(
            runs.order_by("-pk"), info, arguments, ProgramBudgetJobCountableConnection
        )

    @staticmethod
    def resolve_program_budget_adjustment(_root: Any, info: Any, *, id: str) -> Any:
        """Find the adjustment; ``None`` when there is none."""
        rows = Adjustment.objects.using(get_database_connection_name(info.context))
        return node_or_none(rows, id, ProgramBudgetAdjustment)

    @staticmethod
    def resolve_program_budget_adjustments(_root: Any, info: Any, **arguments: Any) -> Any:
        """List adjustments."""
        rows = narrowed(
            Adjustment.objects.using(get_database_connection_name(info.context)),
            arguments,
            PROGRAM,
        )
        return create_connection_slice(
            rows.order_by("-pk"), info, arguments, ProgramBudgetAdjustmentCountableConnection
        )
