"""Accounts and the caps that stand on them."""

from __future__ import annotations

from typing import Any

import graphene
from saleor.graphql.core.connection import CountableConnection
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import ModelObjectType, Money, NonNullList

from saleor_program_budgets import models
from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY, minor_to_money
from saleor_program_budgets.interfaces.graphql.coverage import AllottedByCapLoader, cap_key
from saleor_program_budgets.interfaces.graphql.enums import ProgramBudgetAccountKind
from saleor_program_budgets.interfaces.graphql.fields import (
    linked_field,
    linked_list_field,
    money_field,
)
from saleor_program_budgets.interfaces.graphql.loaders import (
    AccountByIdLoader,
    CapsByAccountIdLoader,
    ChildrenByAccountIdLoader,
    CycleByIdLoader,
    ProgramByIdLoader,
)
from saleor_program_budgets.interfaces.graphql.types.program import (
    ProgramBudgetCycle,
    ProgramBudgetProgram,
)


class ProgramBudgetCap(ModelObjectType[models.Cap]):
    """A limit on an account and everything below it."""

    id = graphene.GlobalID(required=True, description="The ID of the cap.")
    account = linked_field(
        lambda: ProgramBudgetAccount,
        AccountByIdLoader,
        "account_id",
        "The account it stands on.",
        required=True,
    )
    program = linked_field(
        ProgramBudgetProgram,
        ProgramByIdLoader,
        "program_id",
        "The program it counts; null for all programs.",
    )
    cycle = linked_field(
        ProgramBudgetCycle,
        CycleByIdLoader,
        "cycle_id",
        "The cycle it counts; null if it doesn't reset.",
    )
    ceiling = money_field(
        "ceiling", "What may be held and spent under it, temporary raises included."
    )
    raised = money_field("raised", "What of the ceiling is a temporary raise.")
    raise_ends_at = DateTime(
        description="When the next temporary raise ends by itself; null if there is none."
    )
    held = money_field("held", "What is reserved by open holds.")
    spent = money_field("spent", "What is spent, less refunds.")
    available = money_field("available", "What may still be held; never below zero.")
    overhang = money_field(
        "overhang", "What was already used above the ceiling when it was lowered."
    )
    allotted = graphene.Field(
        Money,
        required=True,
        description="The allotments of all active members under the account, for one cycle.",
    )
    coverage_ratio = graphene.Float(
        description=(
            "The ceiling divided by what is allotted under it: below 1, allowances oversubscribe "
            "the cap. Null when nothing is allotted."
        )
    )

    class Meta:
        description = "A limit on what an account and everything below it may spend."
        interfaces = [graphene.relay.Node]
        model = models.Cap
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_allotted(root: models.Cap, info: Any) -> Any:
        """Sum the allotments under the account."""
        allotted = AllottedByCapLoader(info.context).load(cap_key(root))
        return allotted.then(lambda minor: minor_to_money(minor, root.unit))

    @staticmethod
    def resolve_coverage_ratio(root: models.Cap, info: Any) -> Any:
        """Divide the ceiling by the allotments under the account."""
        allotted = AllottedByCapLoader(info.context).load(cap_key(root))
        return allotted.then(lambda minor: root.ceiling / minor if minor else None)


class ProgramBudgetAccount(ModelObjectType[models.Account]):
    """A node of the account tree."""

    id = graphene.GlobalID(required=True, description="The ID of the account.")
    name = graphene.String(required=True, description="The name of the account.")
    slug = graphene.String(required=True, description="The slug of the account.")
    kind = ProgramBudgetAccountKind(required=True, description="What the account stands for.")
    parent = linked_field(
        lambda: ProgramBudgetAccount,
        AccountByIdLoader,
        "parent_id",
        "The account above; null for a root.",
    )
    children = linked_list_field(
        NonNullList(lambda: ProgramBudgetAccount),
        ChildrenByAccountIdLoader,
        "The accounts directly below, by name.",
    )
    caps = linked_list_field(
        NonNullList(ProgramBudgetCap), CapsByAccountIdLoader, "The caps that stand on it now."
    )
    created_at = DateTime(required=True, description="When the account was created.")

    class Meta:
        description = "A node of the account tree: organization, division, team or location."
        interfaces = [graphene.relay.Node]
        model = models.Account
        doc_category = DOC_CATEGORY


class ProgramBudgetAccountCountableConnection(CountableConnection):
    """A page of accounts."""

    class Meta:
        node = ProgramBudgetAccount
        doc_category = DOC_CATEGORY
