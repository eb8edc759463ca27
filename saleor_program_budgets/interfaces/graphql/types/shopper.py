"""What a shopper sees: their budgets, and how a checkout stands against one."""

from __future__ import annotations

from typing import Any

import graphene
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import BaseObjectType, Money, NonNullList

from saleor_program_budgets import models
from saleor_program_budgets.errors import Refusal
from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY, to_global_id, to_money
from saleor_program_budgets.interfaces.graphql.enums import ProgramBudgetOveragePolicy
from saleor_program_budgets.interfaces.graphql.errors import ProgramBudgetErrorCode, code_of
from saleor_program_budgets.interfaces.graphql.fields import (
    linked_field,
    linked_list_field,
    read_field,
)
from saleor_program_budgets.interfaces.graphql.loaders import (
    BalanceByMemberLoader,
    LotsByMemberIdLoader,
    OpenCycleByProgramIdLoader,
    ProgramByIdLoader,
)
from saleor_program_budgets.interfaces.graphql.types.member import ProgramBudgetLot, balance_type
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.interfaces.graphql.types.renewal import ComingFields
from saleor_program_budgets.programs import following_period


def _figure(name: str, description: str) -> graphene.Field:
    """Return a field for one figure of the member's balance."""

    def resolve(root: models.Member, info: Any) -> Any:
        balance = BalanceByMemberLoader(info.context).load((root.pk, root.program_id))
        currency = root.program.currency
        return balance.then(lambda figures: getattr(balance_type(figures, currency), name))

    return graphene.Field(Money, required=True, description=description, resolver=resolve)


class ProgramBudget(ComingFields, BaseObjectType):
    """A user's budget in one program; the root is the membership, with program and account."""

    id = graphene.ID(required=True, description="The ID of the membership.")
    program = linked_field(
        ProgramBudgetProgram, ProgramByIdLoader, "program_id", "The program.", required=True
    )
    account_name = read_field(
        graphene.String, "account.name", "The name of the account it is spent under."
    )
    granted = _figure("granted", "What was granted for the open cycle.")
    available = _figure("available", "What may still be spent.")
    held = _figure("held", "What is reserved for open checkouts and orders.")
    spent = _figure("spent", "What is spent, less refunds.")
    cycle_starts_at = DateTime(description="When the open cycle began; null before the first.")
    cycle_ends_at = DateTime(description="When it ends; null before the first.")
    resets_at = DateTime(description="When the budget is renewed; null if that isn't known.")
    is_active = graphene.Boolean(required=True, description="Whether the membership is active.")
    lots = linked_list_field(
        NonNullList(ProgramBudgetLot),
        LotsByMemberIdLoader,
        "What was granted, in the order in which it is consumed.",
    )

    class Meta:
        description = "A user's budget in one program."
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_id(root: models.Member, _info: Any) -> Any:
        """Name the membership."""
        return to_global_id("ProgramBudgetMember", str(root.pk))

    @staticmethod
    def resolve_cycle_starts_at(root: models.Member, info: Any) -> Any:
        """Read from the open cycle."""
        cycle = OpenCycleByProgramIdLoader(info.context).load(root.program_id)
        return cycle.then(lambda found: found and found.starts_at)

    @staticmethod
    def resolve_cycle_ends_at(root: models.Member, info: Any) -> Any:
        """Read from the open cycle."""
        cycle = OpenCycleByProgramIdLoader(info.context).load(root.program_id)
        return cycle.then(lambda found: found and found.ends_at)

    @staticmethod
    def resolve_resets_at(root: models.Member, info: Any) -> Any:
        """Name the member's own next renewal, where a period follows."""

        def if_it_goes_on(cycle: models.Cycle | None) -> Any:
            return renewal_of(root, cycle) if cycle is not None else None

        cycle = OpenCycleByProgramIdLoader(info.context).load(root.program_id)
        return cycle.then(if_it_goes_on)


def renewal_of(member: Any, cycle: models.Cycle) -> Any:
    """Return when *member* is renewed next; ``None`` in a program's last cycle."""
    program = member.program
    is_anniversary = program.cycle_length == models.Program.CycleLength.ANNIVERSARY
    goes_on = is_anniversary or following_period(program=program, cycle=cycle) is not None
    return (member.renews_at or cycle.ends_at) if goes_on else None


class ProgramBudgetRefusal(BaseObjectType):
    """Why applying the budget to all of a checkout would be refused."""

    code = ProgramBudgetErrorCode(required=True, description="Which rule binds.")
    message = graphene.String(required=True, description="The explanation for the shopper.")
    requested = graphene.Field(Money, description="What was asked for.")
    available = graphene.Field(Money, description="What the binding limit leaves.")
    shortfall = graphene.Field(Money, description="By how much it is short.")
    resets_at = DateTime(description="When the binding limit resets, if it does.")

    class Meta:
        description = "Why a budget doesn't cover a checkout: the rule that binds, and by how much."
        doc_category = DOC_CATEGORY


def refusal_type(refusal: Refusal | None) -> ProgramBudgetRefusal | None:
    """Return *refusal* as data; GraphQL would take the exception itself for a failure."""
    if refusal is None:
        return None
    return ProgramBudgetRefusal(
        code=code_of(refusal.code),
        message=refusal.message,
        requested=to_money(refusal.requested),
        available=to_money(refusal.available),
        shortfall=to_money(refusal.shortfall),
        resets_at=refusal.resets_at,
    )


class ProgramBudgetCheckoutItems(BaseObjectType):
    """How a checkout stands in pieces."""

    due = graphene.Int(required=True, description="Of how many pieces the checkout is.")
    available = graphene.Int(
        required=True, description="How many the shopper may still order, this checkout apart."
    )
    held_on_this_checkout = graphene.Int(
        required=True, description="How many are reserved for this checkout."
    )
    shortfall = graphene.Int(required=True, description="How many are missing.")

    class Meta:
        description = (
            "How a checkout stands in pieces, where the program counts them; no other payment "
            "stands in for a missing one."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetCheckout(BaseObjectType):
    """How a checkout stands against its shopper's budget."""

    program = graphene.Field(
        ProgramBudgetProgram, required=True, description="The program of the checkout's channel."
    )
    overage_policy = ProgramBudgetOveragePolicy(
        required=True, description="What a purchase above the budget does."
    )
    due = graphene.Field(
        Money, required=True, description="What the budget should cover of the checkout."
    )
    available = graphene.Field(
        Money, required=True, description="What the shopper may still spend, caps apart."
    )
    held_on_this_checkout = graphene.Field(
        Money, required=True, description="What of the budget is applied to this checkout."
    )
    applicable = graphene.Field(
        Money, required=True, description="What `programBudgetApply` would add to that now."
    )
    covered = graphene.Field(
        Money,
        required=True,
        description="What the budget covers of what is due, once applied.",
    )
    shortfall = graphene.Field(
        Money, required=True, description="What the budget can't cover of what is due."
    )
    remaining_to_pay = graphene.Field(
        Money,
        required=True,
        description=(
            "What is left of the checkout's total after every payment authorized so far, the "
            "budget's included."
        ),
    )
    items = graphene.Field(
        ProgramBudgetCheckoutItems,
        description="The same in pieces; null where the program counts money alone.",
    )
    refusal = graphene.Field(
        ProgramBudgetRefusal,
        description="Why the budget wouldn't cover all that is due; null when it would.",
    )
    resets_at = DateTime(description="When the budget is renewed; null if that isn't known.")

    class Meta:
        description = "How a checkout stands against its shopper's budget."
        doc_category = DOC_CATEGORY
