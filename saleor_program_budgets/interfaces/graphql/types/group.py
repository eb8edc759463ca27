"""Groups of members with terms of their own."""

from __future__ import annotations

from typing import Any

import graphene
from saleor.graphql.core.types import ModelObjectType, Money

from saleor_program_budgets import models
from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY, minor_to_money
from saleor_program_budgets.interfaces.graphql.fields import linked_field
from saleor_program_budgets.interfaces.graphql.groups import SizeByGroupIdLoader
from saleor_program_budgets.interfaces.graphql.loaders import ProgramByIdLoader
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram


def _money(attribute: str, is_overridden: str, description: str) -> graphene.Field:
    """Return a field for an amount that counts where the group overrides it."""

    def resolve(root: models.MemberGroup, info: Any) -> Any:
        minor = getattr(root, attribute)
        if minor is None or not getattr(root, is_overridden):
            return None
        program = ProgramByIdLoader(info.context).load(root.program_id)
        return program.then(lambda of: minor_to_money(minor, of.currency))

    return graphene.Field(Money, description=description, resolver=resolve)


class ProgramBudgetGroup(ModelObjectType[models.MemberGroup]):
    """Members with terms of their own."""

    id = graphene.GlobalID(required=True, description="The ID of the group.")
    program = linked_field(
        ProgramBudgetProgram, ProgramByIdLoader, "program_id", "The program.", required=True
    )
    name = graphene.String(required=True, description="The name of the group.")
    position = graphene.Int(
        required=True,
        description="Its place: of several groups that a member is in, the first one counts alone.",
    )
    allotment = _money(
        "allotment_minor",
        "overrides_allotment",
        "What its members are allotted for a cycle; null where that is the program's.",
    )
    allotment_items = graphene.Int(description="How many pieces; null where that is the program's.")
    carries_forward = graphene.Boolean(
        description="Whether they carry forward what is left; null where that is the program's."
    )
    carry_limit = _money(
        "carry_limit_minor", "overrides_carry", "How much of it at most; null for all."
    )
    carry_days = graphene.Int(description="For how many days; null until the next period ends.")
    member_count = graphene.Int(required=True, description="How many members are in it.")

    class Meta:
        description = "Members of a program with terms of their own."
        interfaces = [graphene.relay.Node]
        model = models.MemberGroup
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_allotment_items(root: models.MemberGroup, _info: Any) -> int | None:
        """Show what is overridden."""
        return root.allotment_items if root.overrides_allotment else None

    @staticmethod
    def resolve_carries_forward(root: models.MemberGroup, _info: Any) -> bool | None:
        """Show what is overridden."""
        return root.carries_forward if root.overrides_carry else None

    @staticmethod
    def resolve_member_count(root: models.MemberGroup, info: Any) -> Any:
        """Count them."""
        return SizeByGroupIdLoader(info.context).load(root.pk)
