"""Dry runs: what the end of a cycle, other rules or another cap would do."""

from __future__ import annotations

from typing import Any

import graphene
from saleor.graphql.core.connection import CountableConnection, create_connection_slice
from saleor.graphql.core.fields import ConnectionField
from saleor.graphql.core.types import BaseObjectType, Money, NonNullList

from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY, minor_to_money
from saleor_program_budgets.interfaces.graphql.fields import linked_field, money_field
from saleor_program_budgets.interfaces.graphql.loaders import AccountByIdLoader
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetCycle
from saleor_program_budgets.programs import previews


class ProgramBudgetPlanFigures(BaseObjectType):
    """What the end of a cycle does for some members."""

    members = graphene.Int(required=True, description="How many members.")
    granted = graphene.Field(Money, required=True, description="What they are allotted.")
    carried = graphene.Field(Money, required=True, description="What is carried forward.")
    lapsed = graphene.Field(Money, required=True, description="What lapses.")
    held = graphene.Field(
        Money,
        required=True,
        description="What is held, and decided when it is released or captured.",
    )

    class Meta:
        description = (
            "What the end of a cycle does for some members, reckoned from what they have now. "
            "Amounts whose currency is ITEM count pieces."
        )
        doc_category = DOC_CATEGORY


def _figures(name: str, description: str) -> graphene.Field:
    def resolve(root: previews.Change, _info: Any) -> ProgramBudgetPlanFigures:
        sums: previews.Sums = getattr(root, name)
        names = ("granted", "carried", "lapsed", "held")
        amounts = {each: minor_to_money(getattr(sums, each), root.unit) for each in names}
        return ProgramBudgetPlanFigures(members=sums.members, **amounts)

    return graphene.Field(
        ProgramBudgetPlanFigures, required=True, description=description, resolver=resolve
    )


class ProgramBudgetPlannedChange(BaseObjectType):
    """What the end of a cycle does under the rules of now, and under others."""

    account = linked_field(
        ProgramBudgetAccount,
        AccountByIdLoader,
        "account_id",
        "The account, everything below it included; null for the whole program.",
    )
    unit = graphene.String(required=True, description="The currency, or ITEM for pieces.")
    present = _figures("present", "Under the rules of now.")
    proposed = _figures("proposed", "Under the rules proposed.")

    class Meta:
        description = "What the end of a cycle does under the rules of now, and under others."
        doc_category = DOC_CATEGORY


class ProgramBudgetPlannedChangeCountableConnection(CountableConnection):
    """A page of accounts' changes."""

    class Meta:
        node = ProgramBudgetPlannedChange
        doc_category = DOC_CATEGORY


def _ratio(name: str, description: str) -> graphene.Field:
    def resolve(root: Any, _info: Any) -> float | None:
        ratio = getattr(root, name)
        return None if ratio is None else float(ratio)

    return graphene.Field(graphene.Float, description=description, resolver=resolve)


class ProgramBudgetCoverage(BaseObjectType):
    """What is allotted under a cap beside its ceiling."""

    account = linked_field(
        ProgramBudgetAccount,
        AccountByIdLoader,
        "account_id",
        "The account that the cap stands on.",
        required=True,
    )
    ceiling = money_field("ceiling", "The cap's ceiling, temporary raises apart.")
    present = money_field("present", "What is allotted under it by the rules of now.")
    proposed = money_field("proposed", "What would be by those proposed.")
    present_ratio = _ratio(
        "present_ratio", "The one divided by the other; above 1, the cap is oversubscribed."
    )
    proposed_ratio = _ratio("proposed_ratio", "The same under the rules proposed.")

    class Meta:
        description = "What is allotted under a cap for the next cycle, beside its ceiling."
        doc_category = DOC_CATEGORY


class ProgramBudgetRulesPreview(BaseObjectType):
    """What the end of the open cycle does, under the rules of now and under others."""

    cycle = graphene.Field(ProgramBudgetCycle, required=True, description="The cycle that ends.")
    totals = NonNullList(
        ProgramBudgetPlannedChange,
        required=True,
        description="The whole program's, in money and, where they are counted, in pieces.",
    )
    accounts = ConnectionField(
        ProgramBudgetPlannedChangeCountableConnection, description="The same by account."
    )
    coverage = NonNullList(
        ProgramBudgetCoverage, required=True, description="The caps that count in the program."
    )

    class Meta:
        description = (
            "What the end of the open cycle does, as if nothing more were bought. Nothing is "
            "written."
        )
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_accounts(root: previews.RulesPreview, info: Any, **arguments: Any) -> Any:
        """Page through them."""
        return create_connection_slice(
            root.accounts, info, arguments, ProgramBudgetPlannedChangeCountableConnection
        )


class ProgramBudgetCapPreview(BaseObjectType):
    """What a cap would mean."""

    account = linked_field(
        ProgramBudgetAccount,
        AccountByIdLoader,
        "account_id",
        "The account that it would stand on.",
        required=True,
    )
    present_ceiling = money_field(
        "present_ceiling",
        "The ceiling of the cap that stands there now, raises apart; null without one.",
        required=False,
    )
    ceiling = money_field("ceiling", "The ceiling proposed.")
    held = money_field("held", "What is held under it.")
    spent = money_field("spent", "What is spent under it.")
    overhang = money_field("overhang", "What is used beyond it: nothing new would pass.")
    available = money_field("available", "What could still be bought under it.")
    members = graphene.Int(required=True, description="How many active members stand under it.")
    allotted = money_field("allotted", "What they were allotted for the open cycle.")
    ratio = _ratio("ratio", "The one divided by the other; above 1, the cap is oversubscribed.")

    class Meta:
        description = "What a cap would mean. Nothing is written."
        doc_category = DOC_CATEGORY
