"""Set programs up, open and close them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import graphene
from babel.numbers import is_currency
from django.db import transaction
from django.utils import timezone
from saleor.channel.models import Channel
from saleor.graphql.channel.types import Channel as ChannelType
from saleor.graphql.core.scalars import DateTime, PositiveDecimal
from saleor.graphql.core.types import BaseInputObjectType, NonNullList

from saleor_program_budgets import programs
from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_PROGRAMS,
    DOC_CATEGORY,
    actor_in,
    to_amount,
)
from saleor_program_budgets.interfaces.graphql.enums import (
    ProgramBudgetCycleLength,
    ProgramBudgetOveragePolicy,
    ProgramBudgetProration,
    ProgramBudgetRefundPolicy,
)
from saleor_program_budgets.interfaces.graphql.errors import (
    ProgramBudgetError,
    field_error,
    translated,
)
from saleor_program_budgets.interfaces.graphql.mutations.base import (
    LONGEST_NAME,
    BudgetMutation,
    checked_slug,
    checked_text,
)
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.models import Program
from saleor_program_budgets.money import Amount, zero

MAY_BE_NULL = {"opens_at", "closes_at", "cycle_anchor", "carry_limit", "carry_days"}

AMOUNTS = {"allotment", "carry_limit"}
LISTS = {"cycle_dates", "reminder_days"}
CHOICES = {
    "overage_policy": Program.OveragePolicy,
    "refund_policy": Program.RefundPolicy,
    "cycle_length": Program.CycleLength,
    "proration": Program.Proration,
}


class ProgramBudgetProgramInput(BaseInputObjectType):
    """The rules of a program that may change."""

    name = graphene.String(description="The name of the program.")
    overage_policy = ProgramBudgetOveragePolicy(
        description="What a purchase above the budget does. Defaults to BLOCK."
    )
    allotment = PositiveDecimal(
        description=(
            "What each member is given for a cycle, in the program's currency. Defaults to 0; a "
            "change counts from the next cycle on."
        )
    )
    allotment_items = graphene.Int(
        description=(
            "How many pieces each member is given for a cycle beside it. Defaults to 0: pieces "
            "aren't counted."
        )
    )
    cycle_length = ProgramBudgetCycleLength(
        description=(
            "How long a cycle lasts. Defaults to ANNUAL; a change counts from the end of the open "
            "cycle on."
        )
    )
    cycle_anchor = DateTime(
        description="The instant that cycles are cut from. Defaults to when the first one starts."
    )
    cycle_dates = NonNullList(
        DateTime, description="Where cycles of CUSTOM length are cut, each after the one before."
    )
    proration = ProgramBudgetProration(
        description="What who joins in the middle of a cycle is allotted of it. Defaults to FULL."
    )
    carries_forward = graphene.Boolean(
        description=(
            "Whether what is left at a period's end is carried into the next. Defaults to false."
        )
    )
    carry_limit = PositiveDecimal(
        description="How much of it at most for each member; null for all."
    )
    carry_days = graphene.Int(
        description="For how many days it is carried; null until the next period ends."
    )
    reminder_days = NonNullList(
        graphene.Int,
        description=(
            "How many days before value lapses members are reminded. Defaults to 30 and 7; an "
            "empty list for never."
        ),
    )
    includes_shipping = graphene.Boolean(
        description="Whether budgets cover shipping. Defaults to true."
    )
    includes_tax = graphene.Boolean(description="Whether budgets cover taxes. Defaults to true.")
    time_zone = graphene.String(
        description="The IANA time zone that periods are cut in. Defaults to UTC."
    )
    opens_at = DateTime(description="From when the store takes orders; null if always.")
    closes_at = DateTime(description="From when it no longer does; null if never.")
    hold_ttl_minutes = graphene.Int(
        description="For how many minutes a hold reserves budget. Defaults to 60."
    )
    refund_policy = ProgramBudgetRefundPolicy(
        description=(
            "What a refund of value that has lapsed meanwhile becomes. Defaults to FORFEIT."
        )
    )
    refund_grace_days = graphene.Int(
        description="For how many days such a refund can be spent, under GRACE. Defaults to 30."
    )
    returns_codes = graphene.Boolean(
        description=(
            "Whether the discount code of a cancelled order can be used again. Defaults to true."
        )
    )
    channels = NonNullList(
        graphene.ID, description="The channels that are this program's stores; replaces the list."
    )

    class Meta:
        description = "The rules of a budget program that may change."
        doc_category = DOC_CATEGORY


class ProgramBudgetProgramCreateInput(ProgramBudgetProgramInput):
    """The rules of a new program."""

    name = graphene.String(required=True, description="The name of the program.")
    slug = graphene.String(description="Its slug. Made from the name if not given.")
    currency = graphene.String(
        required=True, description="The currency of its budgets; it can't be changed."
    )

    class Meta:
        description = "The rules of a new budget program."
        doc_category = DOC_CATEGORY


class ProgramBudgetProgramCreate(BudgetMutation):
    """Add a draft program."""

    program = graphene.Field(ProgramBudgetProgram, description="The new program.")

    class Arguments:
        input = ProgramBudgetProgramCreateInput(
            required=True, description="The rules of the program."
        )

    class Meta:
        description = "Creates a budget program in draft."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, _info: Any, /, *, input: dict[str, Any]) -> Any:
        """Check currency and channels against Saleor; the core checks the rest."""
        name = checked_text(input["name"], field="name", longest=LONGEST_NAME)
        slug = checked_slug(input.get("slug"), name=name)
        currency = input["currency"]
        if len(currency) != 3 or not is_currency(currency):
            raise field_error("currency", f"“{currency}” is not a currency code.", "invalid")
        channels = _channels(cls, input, currency) or []
        rules = changed_rules(programs.Rules(name=name, allotment=zero(currency)), input)
        with translated():
            program = programs.create_program(
                slug=slug, rules=rules, channel_ids=channels, at=timezone.now()
            )
        return cls(program=program)


class ProgramBudgetProgramUpdate(BudgetMutation):
    """Change a program's rules."""

    program = graphene.Field(ProgramBudgetProgram, description="The changed program.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the program.")
        input = ProgramBudgetProgramInput(required=True, description="What changes.")

    class Meta:
        description = "Changes the rules of a budget program; what was granted and spent stands."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, _info: Any, /, *, id: str, input: dict[str, Any]) -> Any:
        """Lay what is given over the rules as they are."""
        program = cls.find(Program.objects.all(), id, ProgramBudgetProgram)
        channels = _channels(cls, input, program.currency)
        rules = changed_rules(rules_of(program), input)
        with translated(), transaction.atomic():
            programs.update_program(program=program, rules=rules, at=timezone.now())
            if channels is not None:
                programs.set_channels(program=program, channel_ids=channels)
        return cls(program=program)


class ProgramBudgetProgramOpen(BudgetMutation):
    """Open a program."""

    program = graphene.Field(ProgramBudgetProgram, description="The opened program.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the program.")

    class Meta:
        description = (
            "Opens a budget program: its first cycle starts, and members get their allotment. "
            "Repeating it changes nothing."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, id: str) -> Any:
        """Open it."""
        program = cls.find(Program.objects.all(), id, ProgramBudgetProgram)
        with translated():
            programs.open_program(program=program, actor=actor_in(info.context), at=timezone.now())
        return cls(program=program)


class ProgramBudgetProgramClose(BudgetMutation):
    """Close a program."""

    program = graphene.Field(ProgramBudgetProgram, description="The closed program.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the program.")

    class Meta:
        description = (
            "Closes a budget program: its stores take no more orders until it is opened again, or "
            "its channels are taken off it."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, _info: Any, /, *, id: str) -> Any:
        """Close it."""
        program = cls.find(Program.objects.all(), id, ProgramBudgetProgram)
        with translated():
            programs.close_program(program=program)
        return cls(program=program)


def rules_of(program: Program) -> programs.Rules:
    """Return the program's rules as they are."""
    return programs.Rules(
        name=program.name,
        overage_policy=Program.OveragePolicy(program.overage_policy),
        includes_shipping=program.includes_shipping,
        includes_tax=program.includes_tax,
        time_zone=program.time_zone,
        opens_at=program.opens_at,
        closes_at=program.closes_at,
        hold_ttl_minutes=program.hold_ttl_minutes,
        refund_policy=Program.RefundPolicy(program.refund_policy),
        refund_grace_days=program.refund_grace_days,
        returns_codes=program.returns_codes,
        cycle_length=Program.CycleLength(program.cycle_length),
        cycle_anchor=program.cycle_anchor,
        cycle_dates=tuple(program.cycle_dates),
        allotment=Amount(program.allotment_minor, program.currency),
        allotment_items=program.allotment_items,
        proration=Program.Proration(program.proration),
        carries_forward=program.carries_forward,
        carry_limit=_amount_or_none(program.carry_limit_minor, program.currency),
        carry_days=program.carry_days,
        reminder_days=tuple(program.reminder_days),
    )


def _amount_or_none(minor: int | None, currency: str) -> Amount | None:
    return None if minor is None else Amount(minor, currency)


def changed_rules(rules: programs.Rules, given: dict[str, Any]) -> programs.Rules:
    """Return *rules* with what the input gives laid over them."""
    changes = {
        name: value for name, value in given.items() if name not in {"slug", "currency", "channels"}
    }
    for name, value in changes.items():
        if value is None and name not in MAY_BE_NULL:
            raise field_error(name, "This field can't be null.", "required")
        changes[name] = _as_rule(name, value, rules.allotment.currency)
    if changes.get("cycle_length", Program.CycleLength.CUSTOM) != Program.CycleLength.CUSTOM:
        changes.setdefault("cycle_dates", ())
    return replace(rules, **changes)


def _as_rule(name: str, value: Any, currency: str) -> Any:
    """Return one value of the input as the core takes it."""
    if name == "name":
        return checked_text(value, field="name", longest=LONGEST_NAME)
    if name in CHOICES:
        return CHOICES[name](value)
    if name in LISTS:
        return tuple(value)
    if name in AMOUNTS and value is not None:
        with translated():
            return to_amount(value, currency, field=name)
    return value


def _channels(
    mutation: type[BudgetMutation], given: dict[str, Any], currency: str
) -> list[str] | None:
    """Return the ids of the channels given, or ``None``; all must trade in *currency*."""
    if given.get("channels") is None:
        return None
    rows = mutation.find_all(
        Channel.objects.all(), given["channels"], ChannelType, field="channels"
    )
    for channel in rows:
        if channel.currency_code != currency:
            raise field_error(
                "channels",
                f"The channel “{channel.name}” trades in {channel.currency_code}, "
                f"the program in {currency}.",
                "currency_mismatch",
            )
    return [str(channel.pk) for channel in rows]
