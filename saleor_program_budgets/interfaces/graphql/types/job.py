"""Runs of the jobs that keep programs up to date."""

from __future__ import annotations

from typing import Any

import graphene
from django.utils import timezone
from saleor.graphql.core.connection import CountableConnection
from saleor.graphql.core.fields import JSONString
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import ModelObjectType

from saleor_program_budgets import models
from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY
from saleor_program_budgets.interfaces.graphql.enums import ProgramBudgetJobState
from saleor_program_budgets.interfaces.graphql.fields import linked_field
from saleor_program_budgets.interfaces.graphql.loaders import ProgramByIdLoader
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.programs import jobs


class ProgramBudgetJob(ModelObjectType[models.JobRun]):
    """One run of a job."""

    id = graphene.GlobalID(required=True, description="The ID of the run.")
    name = graphene.String(
        required=True,
        description=(
            "Which job: renew, lapse, close, leavers, remind, adjust, make-codes, send-codes, "
            "complete-credits, watch-codes or purge."
        ),
    )
    program = linked_field(
        ProgramBudgetProgram, ProgramByIdLoader, "program_id", "The program; null for all."
    )
    state = ProgramBudgetJobState(required=True, description="How it stands.")
    started_at = DateTime(required=True, description="When it began.")
    heartbeat_at = DateTime(required=True, description="When it was last heard of.")
    finished_at = DateTime(description="When it ended; null while it runs.")
    done = graphene.Int(required=True, description="How far it has come.")
    total = graphene.Int(description="Of how many; null where that isn't known.")
    result = JSONString(required=True, description="What it did.")
    error = graphene.String(required=True, description="What went wrong; empty if nothing did.")

    class Meta:
        description = "One run of a job that keeps programs up to date."
        interfaces = [graphene.relay.Node]
        model = models.JobRun
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_state(root: models.JobRun, _info: Any) -> str:
        """Tell it from its record."""
        if root.has_died(at=timezone.now()) or root.error == jobs.LOST:
            return "lost"
        if root.finished_at is None:
            return "running"
        return "failed" if root.error else "finished"


class ProgramBudgetJobCountableConnection(CountableConnection):
    """A page of runs."""

    class Meta:
        node = ProgramBudgetJob
        doc_category = DOC_CATEGORY
