"""Adjustments of many members at once, and their lines."""

from __future__ import annotations

from typing import Any

import graphene
from saleor.graphql.core.connection import CountableConnection, create_connection_slice
from saleor.graphql.core.context import get_database_connection_name
from saleor.graphql.core.fields import ConnectionField
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import BaseObjectType, ModelObjectType, Money, NonNullList

from saleor_program_budgets import models
from saleor_program_budgets.interfaces.graphql.adjustments import TotalsByAdjustmentIdLoader
from saleor_program_budgets.interfaces.graphql.common import (
    DOC_CATEGORY,
    POSTING,
    minor_to_money,
    to_global_id,
)
from saleor_program_budgets.interfaces.graphql.enums import (
    ProgramBudgetAdjustmentLineStatus,
    ProgramBudgetAdjustmentSource,
    ProgramBudgetAdjustmentStatus,
)
from saleor_program_budgets.interfaces.graphql.fields import linked_field, money_field
from saleor_program_budgets.interfaces.graphql.loaders import (
    AccountByIdLoader,
    MemberByIdLoader,
    ProgramByIdLoader,
)
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.member import ProgramBudgetMember
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram


def _posting_field(attribute: str, description: str) -> graphene.Field:
    def resolve(root: Any, _info: Any) -> str | None:
        posting_id = getattr(root, attribute)
        return None if posting_id is None else to_global_id(POSTING, str(posting_id))

    return graphene.Field(graphene.ID, description=description, resolver=resolve)


class ProgramBudgetAdjustmentLine(ModelObjectType[models.AdjustmentLine]):
    """One member's correction."""

    number = graphene.Int(required=True, description="The line of the list it came from.")
    member = linked_field(
        ProgramBudgetMember, MemberByIdLoader, "member_id", "The member.", required=True
    )
    amount = money_field("amount", "What is added; negative if taken back.", unit="adjustment.unit")
    reason = graphene.String(required=True, description="Why, for the journal.")
    expires_at = DateTime(
        description="From when it can't be spent; null for the end of the open cycle."
    )
    balance_before = money_field(
        "balance_before", "What the member had available at the preview.", unit="adjustment.unit"
    )
    balance_after = money_field(
        "balance_after", "What they would have after it.", unit="adjustment.unit"
    )
    status = ProgramBudgetAdjustmentLineStatus(required=True, description="What became of it.")
    posting_id = _posting_field("posting_id", "Its posting, once it is applied.")
    reversal_id = _posting_field("reversal_id", "The posting that undid it.")
    error = graphene.String(
        required=True, description="Why it failed, or was kept; empty if neither."
    )

    class Meta:
        description = "One member's correction."
        model = models.AdjustmentLine
        doc_category = DOC_CATEGORY


class ProgramBudgetAdjustmentLineCountableConnection(CountableConnection):
    """A page of lines."""

    class Meta:
        node = ProgramBudgetAdjustmentLine
        doc_category = DOC_CATEGORY


class ProgramBudgetRejectedLine(BaseObjectType):
    """A line that can't be used."""

    line = graphene.Int(required=True, description="Its number in the list.")
    field = graphene.String(required=True, description="Which cell is wrong.")
    message = graphene.String(required=True, description="Why.")

    class Meta:
        description = "A line of a list that can't be used."
        doc_category = DOC_CATEGORY


class ProgramBudgetAdjustmentTotal(BaseObjectType):
    """How many lines there are in a status."""

    status = ProgramBudgetAdjustmentLineStatus(required=True, description="The status.")
    lines = graphene.Int(required=True, description="How many lines.")
    amount = graphene.Field(Money, required=True, description="Their sum.")

    class Meta:
        description = "How many lines of an adjustment are in a status, and their sum."
        doc_category = DOC_CATEGORY


class ProgramBudgetAdjustment(ModelObjectType[models.Adjustment]):
    """Corrections of many members with one reason."""

    id = graphene.GlobalID(required=True, description="The ID of the adjustment.")
    program = linked_field(
        ProgramBudgetProgram, ProgramByIdLoader, "program_id", "The program.", required=True
    )
    status = ProgramBudgetAdjustmentStatus(required=True, description="How far it has come.")
    source = ProgramBudgetAdjustmentSource(required=True, description="Whom it is for.")
    account = linked_field(
        ProgramBudgetAccount,
        AccountByIdLoader,
        "account_id",
        "The account whose members it is for, those below it included.",
    )
    reason = graphene.String(required=True, description="Why, for the journal.")
    totals = graphene.Field(
        NonNullList(ProgramBudgetAdjustmentTotal),
        required=True,
        description="How many lines there are in each status, and their sums.",
    )
    lines = ConnectionField(
        ProgramBudgetAdjustmentLineCountableConnection,
        status=ProgramBudgetAdjustmentLineStatus(description="Only those in this status."),
        description="The lines that can be applied, by number.",
    )
    rejected = NonNullList(
        ProgramBudgetRejectedLine,
        required=True,
        description="The first 100 lines that can't be used; they are left out.",
    )
    rejected_count = graphene.Int(required=True, description="How many lines can't be used.")
    created_by = graphene.String(required=True, description="Who prepared it.")
    created_at = DateTime(required=True, description="When.")
    applied_by = graphene.String(required=True, description="Who applied it; empty if nobody has.")
    applied_at = DateTime(description="When it was applied to the last line.")
    undone_by = graphene.String(required=True, description="Who undid it; empty if nobody has.")
    undone_at = DateTime(description="When it was undone to the last line.")
    undo_reason = graphene.String(required=True, description="Why it was undone.")

    class Meta:
        description = "Corrections of many members' budgets: previewed, applied, undone."
        interfaces = [graphene.relay.Node]
        model = models.Adjustment
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_totals(root: models.Adjustment, info: Any) -> Any:
        """Count the lines."""

        def as_types(totals: dict[str, tuple[int, int]]) -> list[ProgramBudgetAdjustmentTotal]:
            return [
                ProgramBudgetAdjustmentTotal(
                    status=status,
                    lines=totals[status][0],
                    amount=minor_to_money(totals[status][1], root.unit),
                )
                for status in models.AdjustmentLine.Status.values
                if status in totals
            ]

        return TotalsByAdjustmentIdLoader(info.context).load(root.pk).then(as_types)

    @staticmethod
    def resolve_lines(root: models.Adjustment, info: Any, **arguments: Any) -> Any:
        """Page through the lines."""
        lines = models.AdjustmentLine.objects.using(get_database_connection_name(info.context))
        lines = lines.filter(adjustment_id=root.pk).select_related("adjustment")
        if arguments.get("status") is not None:
            lines = lines.filter(status=arguments["status"])
        return create_connection_slice(
            lines.order_by("number"),
            info,
            arguments,
            ProgramBudgetAdjustmentLineCountableConnection,
        )


class ProgramBudgetAdjustmentCountableConnection(CountableConnection):
    """A page of adjustments."""

    class Meta:
        node = ProgramBudgetAdjustment
        doc_category = DOC_CATEGORY
