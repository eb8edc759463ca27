"""Holds, the journal's entries, refused purchases, and the proof."""

from __future__ import annotations

from typing import Any

import graphene
from saleor.graphql.core.connection import CountableConnection
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import BaseObjectType, ModelObjectType, Money, NonNullList

from saleor_program_budgets import models
from saleor_program_budgets.interfaces.graphql.common import (
    DOC_CATEGORY,
    POSTING,
    minor_to_money,
)
from saleor_program_budgets.interfaces.graphql.enums import (
    ProgramBudgetBucket,
    ProgramBudgetPostingKind,
)
from saleor_program_budgets.interfaces.graphql.errors import ProgramBudgetErrorCode, code_of
from saleor_program_budgets.interfaces.graphql.fields import (
    global_id_field,
    linked_field,
    money_field,
    read_field,
)
from saleor_program_budgets.interfaces.graphql.loaders import (
    AccountByIdLoader,
    MemberByIdLoader,
    ProgramByIdLoader,
)
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.member import ProgramBudgetMember
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram


class ProgramBudgetHold(ModelObjectType[models.Hold]):
    """Budget reserved for one checkout or order."""

    id = graphene.GlobalID(required=True, description="The ID of the hold.")
    program = linked_field(
        ProgramBudgetProgram, ProgramByIdLoader, "program_id", "The program.", required=True
    )
    member = linked_field(
        ProgramBudgetMember, MemberByIdLoader, "member_id", "Whose budget it is.", required=True
    )
    account = linked_field(
        ProgramBudgetAccount,
        AccountByIdLoader,
        "account_id",
        "The account it was taken under.",
        required=True,
    )
    amount = money_field("amount", "What was reserved.")
    captured = money_field("captured", "What of it was spent.")
    released = money_field("released", "What of it was given back.")
    refunded = money_field("refunded", "What of the spent part was returned.")
    remaining = money_field("remaining", "What of it is still reserved.")
    items = graphene.Int(required=True, description="How many items were reserved beside it.")
    items_captured = graphene.Int(required=True, description="How many of them were spent.")
    items_released = graphene.Int(required=True, description="How many of them were given back.")
    items_refunded = graphene.Int(
        required=True, description="How many of the spent ones were returned."
    )
    items_remaining = graphene.Int(
        required=True, description="How many of them are still reserved."
    )
    checkout_id = global_id_field(
        "Checkout", "checkout_id", "The ID of the checkout; Saleor may have deleted it."
    )
    order_id = global_id_field("Order", "order_id", "The ID of the order that took it over.")
    expires_at = DateTime(
        required=True, description="When it is given back, unless an order took it over."
    )
    created_at = DateTime(required=True, description="When it was taken.")

    class Meta:
        description = "Budget reserved for a checkout or order until captured or given back."
        interfaces = [graphene.relay.Node]
        model = models.Hold
        doc_category = DOC_CATEGORY


class ProgramBudgetHoldCountableConnection(CountableConnection):
    """A page of holds."""

    class Meta:
        node = ProgramBudgetHold
        doc_category = DOC_CATEGORY


class ProgramBudgetEntry(ModelObjectType[models.Entry]):
    """One signed line of the journal."""

    id = graphene.GlobalID(required=True, description="The ID of the entry.")
    posting_id = global_id_field(
        POSTING,
        "posting_id",
        "The posting it is a line of; a posting's lines net to zero.",
    )
    reverses = global_id_field(
        POSTING, "posting.reverses_id", "The posting that it undoes, on a REVERSAL."
    )
    kind = read_field(ProgramBudgetPostingKind, "posting.kind", "What moved value.")
    bucket = ProgramBudgetBucket(required=True, description="Where value came to or went from.")
    amount = money_field("amount", "What was added; negative if taken.", unit="limit.unit")
    balance_before = money_field(
        "balance_before",
        "The bucket before it: of the lot, or of the cap's share, that it is a line of.",
        unit="limit.unit",
    )
    balance_after = money_field("balance_after", "The bucket after it.", unit="limit.unit")
    program = linked_field(
        ProgramBudgetProgram,
        ProgramByIdLoader,
        "posting.program_id",
        "The program; null for a cap on all programs.",
    )
    member = linked_field(
        ProgramBudgetMember, MemberByIdLoader, "limit.member_id", "The member, on a member's lot."
    )
    account = linked_field(
        ProgramBudgetAccount, AccountByIdLoader, "limit.account_id", "The account, on a cap."
    )
    cap_id = global_id_field("ProgramBudgetCap", "limit.cap_id", "The ID of the cap, on a cap.")
    checkout_id = global_id_field("Checkout", "posting.checkout_id", "The ID of the checkout.")
    order_id = global_id_field("Order", "posting.order_id", "The ID of the order.")
    actor = read_field(
        graphene.String,
        "posting.actor",
        "By whose action: user, staff, app or system, and which one.",
    )
    cause = read_field(graphene.String, "posting.cause", "Why, where a reason was given.")
    at = read_field(DateTime, "posting.at", "When.")

    class Meta:
        description = "One signed line of the journal; entries are never changed or deleted."
        interfaces = [graphene.relay.Node]
        model = models.Entry
        doc_category = DOC_CATEGORY


class ProgramBudgetEntryCountableConnection(CountableConnection):
    """A page of the journal."""

    class Meta:
        node = ProgramBudgetEntry
        doc_category = DOC_CATEGORY


class ProgramBudgetRefusedPurchase(ModelObjectType[models.Refused]):
    """A purchase that didn't fit."""

    id = graphene.GlobalID(required=True, description="The ID of the record.")
    code = ProgramBudgetErrorCode(required=True, description="Which rule refused it.")
    program = linked_field(
        ProgramBudgetProgram, ProgramByIdLoader, "program_id", "The program, if there is one."
    )
    member = linked_field(
        ProgramBudgetMember, MemberByIdLoader, "member_id", "The member, if there is one."
    )
    account = linked_field(
        ProgramBudgetAccount,
        AccountByIdLoader,
        "limit.account_id",
        "The account whose cap bound, if one did.",
    )
    requested = money_field("requested", "What was asked for.", required=False)
    available = money_field("available", "What the binding limit left.", required=False)
    shortfall = graphene.Field(Money, description="By how much it was short.")
    checkout_id = global_id_field("Checkout", "checkout_id", "The ID of the checkout.")
    order_id = global_id_field("Order", "order_id", "The ID of the order.")
    actor = graphene.String(required=True, description="Who tried.")
    at = DateTime(required=True, description="When.")

    class Meta:
        description = "A purchase that was refused, with the limit that bound."
        interfaces = [graphene.relay.Node]
        model = models.Refused
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_code(root: models.Refused, _info: Any) -> str:
        """Translate through the table."""
        return code_of(root.code)

    @staticmethod
    def resolve_shortfall(root: models.Refused, _info: Any) -> Any:
        """Subtract what was there from what was asked for."""
        if root.requested is None or root.available is None:
            return None
        return minor_to_money(root.requested - root.available, root.unit)


class ProgramBudgetRefusedPurchaseCountableConnection(CountableConnection):
    """A page of refused purchases."""

    class Meta:
        node = ProgramBudgetRefusedPurchase
        doc_category = DOC_CATEGORY


class ProgramBudgetDifference(BaseObjectType):
    """One contradiction between a balance and the journal."""

    check = graphene.String(required=True, description="Which check found it.")
    subject = graphene.String(required=True, description="What contradicts the journal.")
    expected = graphene.String(required=True, description="What the journal says.")
    found = graphene.String(required=True, description="What is stored.")

    class Meta:
        description = "One contradiction between a stored balance and the journal."
        doc_category = DOC_CATEGORY


class ProgramBudgetVerification(BaseObjectType):
    """The proof that every balance follows from the journal."""

    is_clean = graphene.Boolean(
        required=True, description="Whether balances and journal agree, and nothing is overspent."
    )
    limits = graphene.Int(required=True, description="How many limits were compared.")
    lots = graphene.Int(required=True, description="How many lots were compared.")
    holds = graphene.Int(required=True, description="How many holds were compared.")
    postings = graphene.Int(required=True, description="How many postings were read.")
    entries = graphene.Int(required=True, description="How many entries were read.")
    overspent = NonNullList(
        Money,
        required=True,
        description="What is used beyond ceilings, per currency; always zero.",
    )
    differences = NonNullList(
        ProgramBudgetDifference,
        required=True,
        description="The contradictions, at most 100 of each kind.",
    )

    class Meta:
        description = "The result of recomputing every balance from the journal."
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_overspent(root: Any, _info: Any) -> Any:
        """Convert from minor units."""
        return [minor_to_money(minor, unit) for unit, minor in sorted(root.overspent.items())]
