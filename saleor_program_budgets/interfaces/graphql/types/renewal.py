"""What is coming for a member, and what the ends of their periods did."""

from __future__ import annotations

from typing import Any

import graphene
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import BaseObjectType, ModelObjectType, Money, NonNullList

from saleor_program_budgets import models
from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY, minor_to_money
from saleor_program_budgets.interfaces.graphql.fields import linked_list_field, money_field
from saleor_program_budgets.interfaces.graphql.loaders import ItemsByMemberLoader, ProgramByIdLoader
from saleor_program_budgets.interfaces.graphql.renewals import (
    OutlookByMemberIdLoader,
    RolloversByMemberIdLoader,
)
from saleor_program_budgets.programs import Outlook


class ProgramBudgetReset(BaseObjectType):
    """The next renewal of a member's budget."""

    at = DateTime(required=True, description="When the next period begins.")
    allotment = graphene.Field(
        Money, required=True, description="What the member is allotted then, by today's rules."
    )
    allotment_items = graphene.Int(
        required=True, description="How many pieces; zero where they aren't counted."
    )
    carried = graphene.Field(
        Money,
        required=True,
        description="What would be carried forward then, if nothing more were spent.",
    )

    class Meta:
        description = "The next renewal of a member's budget, as it looks now."
        doc_category = DOC_CATEGORY


class ProgramBudgetLapse(BaseObjectType):
    """What a member has to spend before an instant."""

    at = DateTime(required=True, description="From when it can't be spent any more.")
    amount = graphene.Field(Money, required=True, description="What ends then, if it isn't spent.")
    carried = graphene.Field(
        Money, required=True, description="What of it would be carried forward."
    )
    carried_until = DateTime(description="Until when that could be spent; null if nothing is.")
    lapses = graphene.Field(Money, required=True, description="What of it would be lost.")

    class Meta:
        description = "Value that ends at an instant: amount = carried + lapses."
        doc_category = DOC_CATEGORY


class ProgramBudgetRollover(ModelObjectType[models.Rollover]):
    """The end of one of a member's periods."""

    ends_at = DateTime(required=True, description="When the period ended.")
    carried = money_field("carried", "What was carried into the next period.", unit="limit.unit")
    carried_until = DateTime(description="Until when it could be spent.")
    lapsed = money_field("lapsed", "What was lost.", unit="limit.unit")

    class Meta:
        description = "What the end of a member's period did with what was left."
        model = models.Rollover
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_carried_until(root: models.Rollover, _info: Any) -> Any:
        """Name the end of what was carried, if anything was."""
        return root.carry_until if root.carried else None


class ProgramBudgetItems(BaseObjectType):
    """A member's figures in pieces."""

    granted = graphene.Int(required=True, description="How many pieces were given.")
    available = graphene.Int(required=True, description="How many may still be ordered.")
    held = graphene.Int(required=True, description="How many open checkouts and orders reserve.")
    spent = graphene.Int(required=True, description="How many were ordered, less refunds.")
    lapsed = graphene.Int(required=True, description="How many have expired.")
    withdrawn = graphene.Int(required=True, description="How many were taken back.")

    class Meta:
        description = (
            "A member's figures in pieces, for the open cycle: granted = available + held + spent "
            "+ lapsed + withdrawn."
        )
        doc_category = DOC_CATEGORY


class ComingFields:
    """What members and shoppers both see of what comes and of what was; the root is a member."""

    items = graphene.Field(
        ProgramBudgetItems,
        description="The figures in pieces; null where the program counts money alone.",
    )
    next_reset = graphene.Field(
        ProgramBudgetReset,
        description="The next renewal; null when none is known, as for an inactive member.",
    )
    lapses = NonNullList(
        ProgramBudgetLapse,
        required=True,
        description="What ends when, the next first; what never expires isn't among it.",
    )
    rollovers = linked_list_field(
        NonNullList(ProgramBudgetRollover),
        RolloversByMemberIdLoader,
        "What the ends of past periods did, the newest first.",
    )

    @staticmethod
    def resolve_items(root: models.Member, info: Any) -> Any:
        """Load the figures in pieces."""

        def of_program(program: models.Program) -> Any:
            if not program.counts_items:
                return None
            return ItemsByMemberLoader(info.context).load((root.pk, root.program_id))

        return ProgramByIdLoader(info.context).load(root.program_id).then(of_program)

    @staticmethod
    def resolve_next_reset(root: models.Member, info: Any) -> Any:
        """Load what comes, in the program's currency."""
        return _coming(root, info, _reset_type)

    @staticmethod
    def resolve_lapses(root: models.Member, info: Any) -> Any:
        """Load what ends, in the program's currency."""
        return _coming(root, info, _lapse_types)


def _coming(root: models.Member, info: Any, as_type: Any) -> Any:
    program = ProgramByIdLoader(info.context).load(root.program_id)
    coming = OutlookByMemberIdLoader(info.context).load(root.pk)
    return coming.then(lambda found: program.then(lambda of: as_type(found, of.currency)))


def _reset_type(coming: Outlook, currency: str) -> ProgramBudgetReset | None:
    if coming.renews_at is None:
        return None
    return ProgramBudgetReset(
        at=coming.renews_at,
        allotment=minor_to_money(coming.allotment, currency),
        allotment_items=coming.items,
        carried=minor_to_money(coming.carried, currency),
    )


def _lapse_types(coming: Outlook, currency: str) -> list[ProgramBudgetLapse]:
    return [
        ProgramBudgetLapse(
            at=lapse.at,
            amount=minor_to_money(lapse.amount, currency),
            carried=minor_to_money(lapse.carried, currency),
            carried_until=lapse.carried_until,
            lapses=minor_to_money(lapse.amount - lapse.carried, currency),
        )
        for lapse in coming.lapses
    ]
