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
    ProgramBudgetOveragePolicy,
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

MAY_BE_NULL = {"opens_at", "closes_at"}


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
        rules = _changed(programs.Rules(name=name, allotment=zero(currency)), input)
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
        rules = _changed(_rules_of(program), input)
        with translated(), transaction.atomic():
            programs.update_program(program=program, rules=rules)
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


def _rules_of(program: Program) -> programs.Rules:
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
        allotment=Amount(program.allotment_minor, program.currency),
    )


def _changed(rules: programs.Rules, given: dict[str, Any]) -> programs.Rules:
    """Return *rules* with what the input gives laid over them."""
    changes = {
        name: value for name, value in given.items() if name not in {"slug", "currency", "channels"}
    }
    for name, value in changes.items():
        if value is None and name not in MAY_BE_NULL:
            raise field_error(name, "This field can't be null.", "required")
    if "name" in changes:
        changes["name"] = checked_text(changes["name"], field="name", longest=LONGEST_NAME)
    if "overage_policy" in changes:
        changes["overage_policy"] = Program.OveragePolicy(changes["overage_policy"])
    if "refund_policy" in changes:
        changes["refund_policy"] = Program.RefundPolicy(changes["refund_policy"])
    if "allotment" in changes:
        with translated():
            changes["allotment"] = to_amount(
                changes["allotment"], rules.allotment.currency, field="allotment"
            )
    return replace(rules, **changes)


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
