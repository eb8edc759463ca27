"""Programs and their cycles."""

from __future__ import annotations

from typing import Any

import graphene
from django.utils import timezone
from saleor.graphql.channel.types import Channel
from saleor.graphql.core.connection import CountableConnection, create_connection_slice
from saleor.graphql.core.fields import ConnectionField, PermissionsField
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import ModelObjectType, Money, NonNullList

from saleor_program_budgets import models, periods
from saleor_program_budgets.interfaces.graphql.common import (
    DOC_CATEGORY,
    READ_FIGURES,
    minor_to_money,
)
from saleor_program_budgets.interfaces.graphql.enums import (
    ProgramBudgetCycleLength,
    ProgramBudgetOveragePolicy,
    ProgramBudgetProgramStatus,
    ProgramBudgetProration,
    ProgramBudgetRefundPolicy,
)
from saleor_program_budgets.interfaces.graphql.groups import GroupsByProgramIdLoader
from saleor_program_budgets.interfaces.graphql.loaders import (
    ChannelsByProgramIdLoader,
    OpenCycleByProgramIdLoader,
    ProgramByIdLoader,
)
from saleor_program_budgets.interfaces.graphql.renewals import (
    CyclesByProgramIdLoader,
    FiguresByCycleIdLoader,
)


def _cycle_figure(name: str, description: str) -> graphene.Field:
    """Return a field for one of a cycle's figures."""

    def resolve(root: models.Cycle, info: Any) -> Any:
        figures = FiguresByCycleIdLoader(info.context).load(root.pk)
        program = ProgramByIdLoader(info.context).load(root.program_id)
        return figures.then(
            lambda found: program.then(lambda of: minor_to_money(getattr(found, name), of.currency))
        )

    return PermissionsField(
        Money, description=description, resolver=resolve, permissions=READ_FIGURES
    )


class ProgramBudgetCycle(ModelObjectType[models.Cycle]):
    """One period of a program."""

    id = graphene.GlobalID(required=True, description="The ID of the cycle.")
    number = graphene.Int(required=True, description="Which of the program's cycles it is.")
    starts_at = DateTime(required=True, description="When the cycle begins.")
    ends_at = DateTime(required=True, description="When the next one begins.")
    closed_at = DateTime(description="When the cycle was closed; null while it is open.")

    granted = _cycle_figure("granted", "What members were given for it, carried value apart.")
    carried_in = _cycle_figure("carried_in", "What was carried into it.")
    spent = _cycle_figure("spent", "What was spent of all that, less refunds.")
    lapsed = _cycle_figure("lapsed", "What of it has lapsed unspent.")
    withdrawn = _cycle_figure("withdrawn", "What of it was taken back.")
    carried_over = _cycle_figure("carried_over", "What of it was carried into a later cycle.")

    class Meta:
        description = (
            "One period of a program; it includes its start and excludes its end. Its figures are "
            "of what was given for it, whenever that was spent or lapsed."
        )
        interfaces = [graphene.relay.Node]
        model = models.Cycle
        doc_category = DOC_CATEGORY


class ProgramBudgetCycleCountableConnection(CountableConnection):
    """A page of cycles."""

    class Meta:
        node = ProgramBudgetCycle
        doc_category = DOC_CATEGORY


class ProgramBudgetProgram(ModelObjectType[models.Program]):
    """A set of budget rules for one or more channels."""

    id = graphene.GlobalID(required=True, description="The ID of the program.")
    name = graphene.String(required=True, description="The name of the program.")
    slug = graphene.String(required=True, description="The slug of the program.")
    currency = graphene.String(
        required=True, description="The currency of its budgets; it never changes."
    )
    overage_policy = ProgramBudgetOveragePolicy(
        required=True, description="What a purchase above the budget does."
    )
    opens_at = DateTime(description="From when the store takes orders; null if always.")
    closes_at = DateTime(description="From when it no longer does; null if never.")
    is_open = graphene.Boolean(required=True, description="Whether it takes orders now.")
    time_zone = graphene.String(
        required=True, description="The IANA time zone that its periods are cut in."
    )
    status = PermissionsField(
        ProgramBudgetProgramStatus, description="Its state.", permissions=READ_FIGURES
    )
    allotment = PermissionsField(
        Money, description="What each member is given for a cycle.", permissions=READ_FIGURES
    )
    allotment_items = PermissionsField(
        graphene.Int,
        description="How many pieces each member is given for a cycle; zero: they aren't counted.",
        permissions=READ_FIGURES,
    )
    cycle_length = PermissionsField(
        ProgramBudgetCycleLength, description="How long a cycle lasts.", permissions=READ_FIGURES
    )
    cycle_anchor = PermissionsField(
        DateTime,
        description="The instant that cycles are cut from; null before the program was opened.",
        permissions=READ_FIGURES,
    )
    cycle_dates = PermissionsField(
        NonNullList(DateTime),
        description="Where cycles of CUSTOM length are cut.",
        permissions=READ_FIGURES,
    )
    proration = PermissionsField(
        ProgramBudgetProration,
        description="What who joins in the middle of a cycle is allotted of it.",
        permissions=READ_FIGURES,
    )
    carries_forward = PermissionsField(
        graphene.Boolean,
        description="Whether what is left at a period's end is carried into the next.",
        permissions=READ_FIGURES,
    )
    carry_limit = PermissionsField(
        Money,
        description="How much of it at most for each member; null for all.",
        permissions=READ_FIGURES,
    )
    carry_days = PermissionsField(
        graphene.Int,
        description="For how many days; null until the next period ends.",
        permissions=READ_FIGURES,
    )
    reminder_days = PermissionsField(
        NonNullList(graphene.Int),
        description="How many days before value lapses members are reminded.",
        permissions=READ_FIGURES,
    )
    includes_shipping = PermissionsField(
        graphene.Boolean,
        description="Whether budgets cover shipping.",
        permissions=READ_FIGURES,
    )
    includes_tax = PermissionsField(
        graphene.Boolean, description="Whether budgets cover taxes.", permissions=READ_FIGURES
    )
    hold_ttl_minutes = PermissionsField(
        graphene.Int,
        description="For how many minutes a hold reserves budget for a checkout.",
        permissions=READ_FIGURES,
    )
    refund_policy = PermissionsField(
        ProgramBudgetRefundPolicy,
        description="What a refund of value that has lapsed meanwhile becomes.",
        permissions=READ_FIGURES,
    )
    refund_grace_days = PermissionsField(
        graphene.Int,
        description="For how many days such a refund can be spent, under GRACE.",
        permissions=READ_FIGURES,
    )
    returns_codes = PermissionsField(
        graphene.Boolean,
        description="Whether the discount code of a cancelled order can be used again.",
        permissions=READ_FIGURES,
    )
    channels = PermissionsField(
        NonNullList(Channel),
        description="The channels that are this program's stores.",
        permissions=READ_FIGURES,
    )
    cycle = PermissionsField(
        ProgramBudgetCycle,
        description="The open cycle; null before the program was first opened.",
        permissions=READ_FIGURES,
    )
    cycles = ConnectionField(
        ProgramBudgetCycleCountableConnection,
        description="All cycles, the newest first.",
        permissions=READ_FIGURES,
    )
    groups = PermissionsField(
        NonNullList("saleor_program_budgets.interfaces.graphql.types.group.ProgramBudgetGroup"),
        description="The groups of members with terms of their own, in order.",
        permissions=READ_FIGURES,
    )
    created_at = PermissionsField(
        DateTime, description="When the program was created.", permissions=READ_FIGURES
    )

    class Meta:
        description = "A set of budget rules for one or more channels."
        interfaces = [graphene.relay.Node]
        model = models.Program
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_is_open(root: models.Program, info: Any) -> Any:
        """Say whether status, window and cycle all allow orders at this instant."""
        is_in_window = periods.is_open(
            timezone.now(), opens_at=root.opens_at, closes_at=root.closes_at
        )
        if root.status != models.Program.Status.OPEN or not is_in_window:
            return False
        cycle = OpenCycleByProgramIdLoader(info.context).load(root.pk)
        return cycle.then(lambda found: found is not None)

    @staticmethod
    def resolve_allotment(root: models.Program, _info: Any) -> Any:
        """Convert from minor units."""
        return minor_to_money(root.allotment_minor, root.currency)

    @staticmethod
    def resolve_carry_limit(root: models.Program, _info: Any) -> Any:
        """Convert from minor units."""
        return minor_to_money(root.carry_limit_minor, root.currency)

    @staticmethod
    def resolve_cycles(root: models.Program, info: Any, **arguments: Any) -> Any:
        """Page through the cycles, which are few."""
        cycles = CyclesByProgramIdLoader(info.context).load(root.pk)
        return cycles.then(
            lambda found: create_connection_slice(
                found, info, arguments, ProgramBudgetCycleCountableConnection
            )
        )

    @staticmethod
    def resolve_groups(root: models.Program, info: Any) -> Any:
        """Load them."""
        return GroupsByProgramIdLoader(info.context).load(root.pk)

    @staticmethod
    def resolve_channels(root: models.Program, info: Any) -> Any:
        """Load through the links that the core keeps."""
        return ChannelsByProgramIdLoader(info.context).load(root.pk)

    @staticmethod
    def resolve_cycle(root: models.Program, info: Any) -> Any:
        """Load the open cycle."""
        return OpenCycleByProgramIdLoader(info.context).load(root.pk)


class ProgramBudgetProgramCountableConnection(CountableConnection):
    """A page of programs."""

    class Meta:
        node = ProgramBudgetProgram
        doc_category = DOC_CATEGORY
