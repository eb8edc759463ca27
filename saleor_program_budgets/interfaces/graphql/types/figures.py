"""Live figures: one load of a board, each part read once, when it is asked for."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

import graphene
from graphql import GraphQLError
from saleor.graphql.core.scalars import Date, DateTime
from saleor.graphql.core.types import BaseEnum, BaseObjectType, Money, NonNullList

from saleor_program_budgets import figures
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY, minor_to_money
from saleor_program_budgets.interfaces.graphql.enums import ProgramBudgetAccountKind
from saleor_program_budgets.interfaces.graphql.errors import ProgramBudgetErrorCode, code_of
from saleor_program_budgets.interfaces.graphql.fields import (
    global_id_field,
    money_field,
    read_field,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from saleor_program_budgets.figures import Board, Line, Redemption

USUAL_PAGE = 20


def _id(type_name: str, path: str, description: str, *, required: bool = False) -> graphene.Field:
    find = attrgetter(path)

    def resolve(root: Any, _info: Any) -> str | None:
        key = find(root)
        return None if key is None else graphene.Node.to_global_id(type_name, key)

    return graphene.Field(graphene.ID, required=required, description=description, resolver=resolve)


class ProgramBudgetRedemptionState(BaseEnum):
    """What became of a purchase so far."""

    APPROVED = "approved"
    PENDING = "pending"
    REFUSED = "refused"

    class Meta:
        description = (
            "What became of a purchase so far: APPROVED, budget was spent; PENDING, it is held; "
            "REFUSED, it didn't fit."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetFiguresCap(BaseObjectType):
    """A cap as it stands now."""

    id = _id("ProgramBudgetCap", "id", "The ID of the cap.", required=True)
    program_id = _id(
        "ProgramBudgetProgram", "program_id", "The program it counts; null for all programs."
    )
    ceiling = money_field("ceiling", "What may be held and spent under it, raises included.")
    raised = money_field("raised", "What of the ceiling is a temporary raise.")
    raise_ends_at = DateTime(description="When the next raise ends; null if there is none.")
    held = money_field("held", "What is reserved under it.")
    spent = money_field("spent", "What is spent under it, less refunds.")
    available = money_field("available", "What may still be held; never below zero.")
    overhang = money_field("overhang", "What was used above the ceiling when it was lowered.")
    coverage_ratio = graphene.Float(
        description=(
            "The ceiling divided by what is allocated under it: below 1, not all of it can be "
            "spent. Null when nothing is allocated."
        )
    )

    class Meta:
        description = "A cap as it stands now, beside what is allocated under it."
        doc_category = DOC_CATEGORY


class ProgramBudgetFiguresLine(BaseObjectType):
    """The figures of some members in one unit."""

    unit = graphene.String(required=True, description="The currency, or ITEM for pieces.")
    allocated = money_field(
        "sums.allocated",
        "What was or can still be used in the open cycles: redeemed, held and remaining.",
    )
    held = money_field("sums.held", "What is reserved by open holds.")
    redeemed = money_field(
        "sums.redeemed_in_cycle", "What was spent in the open cycles, less refunds."
    )
    remaining = money_field("sums.remaining", "What members have neither held nor spent.")
    spendable = money_field("spendable", "What of it the caps shown let pass.")
    overspent = money_field("overspent", "What is used beyond any ceiling; always zero.")
    active_members = read_field(graphene.Int, "sums.members", "How many members are active.")
    spenders = read_field(
        graphene.Int, "sums.spenders", "How many members have ever redeemed anything."
    )
    burn_rate = graphene.Field(
        Money,
        required=True,
        description=(
            "What is spent a day, less refunds: over the running week and the three before it, or "
            "since the cycle began."
        ),
    )
    runs_out_at = DateTime(
        description="When what is spendable is used up at that rate; null if it won't be."
    )
    runs_out_in_cycle = graphene.Boolean(
        required=True, description="Whether that is before the end of the open cycles."
    )
    granted = money_field("sums.granted", "What was granted in the period.")
    captured = money_field("sums.redeemed", "What was spent in the period.")
    refunded = money_field("sums.refunded", "What was refunded in the period.")
    lapsed = money_field("sums.lapsed", "What lapsed in the period.")
    withdrawn = money_field("sums.withdrawn", "What was taken back in the period.")
    redemptions = read_field(
        graphene.Int, "sums.redemptions", "How many times budget was spent in the period."
    )
    refusals = read_field(
        graphene.Int, "sums.refusals", "How many purchases were refused in the period."
    )
    caps = NonNullList(
        ProgramBudgetFiguresCap, required=True, description="The caps on the account in this unit."
    )

    class Meta:
        description = (
            "The figures of some members in one unit. Without a period, what happened is that of "
            "the open cycles. Amounts whose currency is ITEM count pieces."
        )
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_burn_rate(root: Line, _info: Any) -> Any:
        """Round to whole minor units."""
        return minor_to_money(round(root.sums.burn_rate), root.unit)


class ProgramBudgetFiguresProgram(BaseObjectType):
    """A program that is shown."""

    id = _id("ProgramBudgetProgram", "program.id", "The ID of the program.", required=True)
    name = read_field(graphene.String, "program.name", "The name of the program.")
    cycle_starts_at = DateTime(description="When the open cycle began; null without one.")
    cycle_ends_at = DateTime(description="When the open cycle ends; null without one.")
    lines = NonNullList(
        ProgramBudgetFiguresLine, required=True, description="Its figures, one line a unit."
    )

    class Meta:
        description = "A program that is shown, with its figures; without what caps leave of them."
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_cycle_starts_at(root: figures.ProgramRow, _info: Any) -> Any:
        """Read it of the program."""
        return root.program.starts_at

    @staticmethod
    def resolve_cycle_ends_at(root: figures.ProgramRow, _info: Any) -> Any:
        """Read it of the program."""
        return root.program.ends_at


class ProgramBudgetFiguresAccount(BaseObjectType):
    """An account that is shown."""

    id = _id("ProgramBudgetAccount", "place.id", "The ID of the account.", required=True)
    name = read_field(graphene.String, "place.name", "The name of the account.")
    kind = read_field(ProgramBudgetAccountKind, "place.kind", "What the account stands for.")
    has_children = read_field(
        graphene.Boolean, "place.has_children", "Whether accounts stand below it."
    )
    lines = NonNullList(
        ProgramBudgetFiguresLine,
        required=True,
        description="Its figures with all that is below it, one line a unit.",
    )

    class Meta:
        description = "An account with its figures, everything below it included."
        doc_category = DOC_CATEGORY


class ProgramBudgetFiguresDay(BaseObjectType):
    """What happened on one day."""

    date = graphene.Field(
        Date,
        required=True,
        description="The day, in the program's time zone.",
        resolver=lambda root, _info: root.on_date,
    )
    unit = graphene.String(required=True, description="The currency, or ITEM for pieces.")
    granted = money_field("granted", "What was granted.")
    captured = money_field("redeemed", "What was spent.")
    refunded = money_field("refunded", "What was refunded.")
    lapsed = money_field("lapsed", "What lapsed.")
    withdrawn = money_field("withdrawn", "What was taken back.")
    redemptions = graphene.Int(required=True, description="How many times budget was spent.")
    refusals = graphene.Int(required=True, description="How many purchases were refused.")

    class Meta:
        description = "What happened on one day. Days on which nothing did are left out."
        doc_category = DOC_CATEGORY


class ProgramBudgetRedemption(BaseObjectType):
    """A purchase, or one that was refused."""

    cursor = graphene.String(required=True, description="Where a page after it begins.")
    at = DateTime(required=True, description="When it was held, or refused.")
    state = ProgramBudgetRedemptionState(required=True, description="What became of it.")
    code = ProgramBudgetErrorCode(description="Which rule refused it; null of others.")
    program_id = _id("ProgramBudgetProgram", "program_id", "The ID of the program.", required=True)
    member_id = _id("ProgramBudgetMember", "who.member_id", "The ID of the member.")
    member_name = read_field(graphene.String, "who.name", "The name of the member.")
    member_email = read_field(graphene.String, "who.email", "The e-mail address of the member.")
    account_id = _id("ProgramBudgetAccount", "who.account_id", "The account it was made under.")
    account_name = read_field(graphene.String, "who.account_name", "The name of that account.")
    amount = money_field("amount", "What was asked for.", required=False)
    items = graphene.Int(required=True, description="How many pieces, beside money.")
    captured = money_field("captured", "What of it was spent.")
    refunded = money_field("refunded", "What of that was refunded.")
    available = money_field("available", "What the binding limit left.", required=False)
    checkout_id = global_id_field("Checkout", "checkout_id", "The ID of the checkout.")
    order_id = global_id_field("Order", "order_id", "The ID of the order.")

    class Meta:
        description = "A purchase that was approved, is pending, or was refused."
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_code(root: Redemption, _info: Any) -> str | None:
        """Translate through the table."""
        return None if root.code is None else code_of(root.code)


class ProgramBudgetRedemptionPage(BaseObjectType):
    """A page of redemptions."""

    nodes = NonNullList(ProgramBudgetRedemption, required=True, description="The newest first.")
    has_more = graphene.Boolean(
        required=True, description="Whether more follow after the last one's cursor."
    )

    class Meta:
        description = "A page of purchases and refusals."
        doc_category = DOC_CATEGORY


class ProgramBudgetClosestMember(BaseObjectType):
    """A member who is close to their limit."""

    program_id = _id("ProgramBudgetProgram", "program_id", "The ID of the program.", required=True)
    member_id = _id("ProgramBudgetMember", "who.member_id", "The ID of the member.", required=True)
    member_name = read_field(graphene.String, "who.name", "The name of the member.")
    member_email = read_field(graphene.String, "who.email", "The e-mail address of the member.")
    account_id = _id(
        "ProgramBudgetAccount", "who.account_id", "The account they are under.", required=True
    )
    account_name = read_field(graphene.String, "who.account_name", "The name of that account.")
    allocated = money_field("allocated", "What they were given that hasn't lapsed.")
    held = money_field("held", "What of it is reserved.")
    redeemed = money_field("redeemed", "What of it is spent.")
    remaining = money_field("remaining", "What of it is left.")
    used = graphene.Float(
        required=True,
        description="Which share of it is held or spent, from 0 to 1.",
        resolver=lambda root, _info: root.used_permille / 1000,
    )

    class Meta:
        description = "An active member who has used much of what they have."
        doc_category = DOC_CATEGORY


class ProgramBudgetFigures(BaseObjectType):
    """One load of a board."""

    as_of = DateTime(
        required=True,
        description="The instant that they are as of.",
        resolver=lambda root, _info: root.selection.at,
    )
    version = read_field(
        graphene.String,
        "selection.version",
        "Compare it with `programBudgetFiguresVersion`: while they are the same, so is all this.",
    )
    period_from = read_field(Date, "selection.since", "The first day that `days` covers.")
    period_to = read_field(Date, "selection.until", "The last day that `days` covers.")
    totals = NonNullList(
        ProgramBudgetFiguresLine, required=True, description="Everything chosen, one line a unit."
    )
    programs = NonNullList(
        ProgramBudgetFiguresProgram, required=True, description="The programs chosen, by name."
    )
    accounts = NonNullList(
        ProgramBudgetFiguresAccount,
        required=True,
        description="The accounts directly below the one chosen, or the roots, by name.",
        resolver=lambda root, _info: root.rows,
    )
    days = NonNullList(
        ProgramBudgetFiguresDay, required=True, description="What happened by day, earliest first."
    )
    recent = graphene.Field(
        ProgramBudgetRedemptionPage,
        required=True,
        first=graphene.Int(default_value=USUAL_PAGE, description="How many, 100 at most."),
        after=graphene.String(description="The cursor of the one that they follow."),
        description="Purchases and refusals, the newest first.",
    )
    closest = NonNullList(
        ProgramBudgetClosestMember,
        required=True,
        first=graphene.Int(default_value=USUAL_PAGE, description="How many, 100 at most."),
        description="The active members who have used most of what they have.",
    )
    csv = graphene.String(
        required=True, description="The accounts and totals shown, as CSV with a heading."
    )

    class Meta:
        description = (
            "Live figures. They come from limits and from totals that are kept, and cost the same "
            "however many members and entries there are."
        )
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_recent(root: Board, _info: Any, *, first: int, after: str | None = None) -> Any:
        """Read a page."""
        return told(lambda: root.recent(first=first, after=after))

    @staticmethod
    def resolve_closest(root: Board, _info: Any, *, first: int) -> Any:
        """Read a page."""
        return told(lambda: root.closest(first=first))

    @staticmethod
    def resolve_csv(root: Board, _info: Any) -> str:
        """Write what is shown as a table."""
        return figures.as_csv(root)


def told[T](read: Callable[[], T]) -> T:
    """Turn what is wrong with the request into an error of the query's, as queries have them."""
    try:
        return read()
    except InvalidInput as error:
        raise GraphQLError(f"{error.field}: {error.message}") from error
