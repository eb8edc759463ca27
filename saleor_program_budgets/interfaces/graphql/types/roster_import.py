"""Files of people: what a preview says of them, and what became of their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import graphene
from saleor.graphql.core.connection import CountableConnection, create_connection_slice
from saleor.graphql.core.context import get_database_connection_name
from saleor.graphql.core.fields import ConnectionField
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import BaseObjectType, ModelObjectType, NonNullList

from saleor_program_budgets import models
from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY
from saleor_program_budgets.interfaces.graphql.fields import linked_field
from saleor_program_budgets.interfaces.graphql.filters import (
    ProgramBudgetRosterImportLineFilterInput,
)
from saleor_program_budgets.interfaces.graphql.loaders import AccountByIdLoader
from saleor_program_budgets.interfaces.graphql.people import (
    LineCountsByRosterImportIdLoader,
    PersonByIdLoader,
    RosterByIdLoader,
)
from saleor_program_budgets.interfaces.graphql.people_enums import (
    ProgramBudgetRosterImportAction,
    ProgramBudgetRosterImportLineStatus,
    ProgramBudgetRosterImportMode,
    ProgramBudgetRosterImportStatus,
)
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.adjustment import ProgramBudgetRejectedLine
from saleor_program_budgets.interfaces.graphql.types.people_value import (
    ProgramBudgetPeopleValue,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class Department(NamedTuple):
    """A department as a preview keeps it."""

    name: str
    account_id: int | None
    people: int
    is_new: bool


class ProgramBudgetRosterColumn(BaseObjectType):
    """Which column means what."""

    column = graphene.String(required=True, description="The column, as its header names it.")
    field = graphene.String(
        required=True,
        description=(
            "What of a person it says: external_id, email, first_name, last_name, department, "
            "title, employee_number, cost_center, manager, active or effective_on; empty if it is "
            "ignored."
        ),
    )

    class Meta:
        description = "What a column of a file says of a person."
        doc_category = DOC_CATEGORY


def columns_of(mapping: Mapping[str, str]) -> list[ProgramBudgetRosterColumn]:
    """Return a mapping as the GraphQL type shows it, by column: the order of a file isn't kept."""
    return [
        ProgramBudgetRosterColumn(column=column, field=mapping[column])
        for column in sorted(mapping)
    ]


class ProgramBudgetRosterDepartment(BaseObjectType):
    """A department that a file names."""

    name = graphene.String(required=True, description="What stands in the file.")
    account = linked_field(
        ProgramBudgetAccount,
        AccountByIdLoader,
        "account_id",
        "The account that it stands for; null if there is none yet.",
    )
    people = graphene.Int(required=True, description="How many lines name it.")
    is_new = graphene.Boolean(
        required=True, description="Whether an account is created for it when this is applied."
    )

    class Meta:
        description = "A department that a file names."
        doc_category = DOC_CATEGORY


class ProgramBudgetRosterImportCount(BaseObjectType):
    """How many lines do what."""

    action = ProgramBudgetRosterImportAction(required=True, description="What they do.")
    lines = graphene.Int(required=True, description="How many lines.")

    class Meta:
        description = "How many lines of a file do what."
        doc_category = DOC_CATEGORY


class ProgramBudgetRejectedFieldCount(BaseObjectType):
    """For which field how many lines can't be used."""

    field = graphene.String(required=True, description="Which field is wrong.")
    lines = graphene.Int(required=True, description="In how many lines.")

    class Meta:
        description = "In how many lines of a file a field is wrong."
        doc_category = DOC_CATEGORY


class ProgramBudgetRosterImportProgress(BaseObjectType):
    """How far the applying has come."""

    done = graphene.Int(required=True, description="How many lines are applied, or failed.")
    total = graphene.Int(required=True, description="How many lines there are.")

    class Meta:
        description = "How far the applying of a file has come."
        doc_category = DOC_CATEGORY


class ProgramBudgetRosterImportLine(ModelObjectType[models.ImportLine]):
    """What one line of a file does."""

    number = graphene.Int(
        required=True,
        description=(
            "The line of the file; who leaves since they aren't in it comes after its last line."
        ),
    )
    action = ProgramBudgetRosterImportAction(required=True, description="What it does.")
    person = linked_field(
        "saleor_program_budgets.interfaces.graphql.types.roster.ProgramBudgetPerson",
        PersonByIdLoader,
        "person_id",
        "To whom; null as long as they are to be created.",
    )
    values = graphene.Field(
        NonNullList(ProgramBudgetPeopleValue),
        required=True,
        description="Which values it changes.",
    )
    effective_at = DateTime(description="When it is to happen; null for at once.")
    status = ProgramBudgetRosterImportLineStatus(required=True, description="What became of it.")
    error = graphene.String(required=True, description="Why it failed; empty if it didn't.")

    class Meta:
        description = "What one line of a file does, with the values before and after."
        model = models.ImportLine
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_values(root: models.ImportLine, info: Any) -> Any:
        """Show them side by side."""
        return values_of(root.before, root.values, info)


class ProgramBudgetRosterImportLineCountableConnection(CountableConnection):
    """A page of lines."""

    class Meta:
        node = ProgramBudgetRosterImportLine
        doc_category = DOC_CATEGORY


class ProgramBudgetRosterImport(ModelObjectType[models.RosterImport]):
    """A file of people."""

    id = graphene.GlobalID(required=True, description="The ID of the file.")
    roster = linked_field(
        "saleor_program_budgets.interfaces.graphql.types.roster.ProgramBudgetRoster",
        RosterByIdLoader,
        "roster_id",
        "Whose people it has.",
        required=True,
    )
    status = ProgramBudgetRosterImportStatus(required=True, description="How far it has come.")
    mode = ProgramBudgetRosterImportMode(
        required=True, description="Whether who isn't in it stays or leaves."
    )
    file_name = graphene.String(required=True, description="Its name; empty if not known.")
    file_kind = graphene.String(required=True, description="What it is: csv or xlsx.")
    encoding = graphene.String(
        required=True, description="How its text is written; empty for XLSX."
    )
    mapping = NonNullList(
        ProgramBudgetRosterColumn, required=True, description="Which column means what."
    )
    creates_departments = graphene.Boolean(
        required=True, description="Whether it creates departments that there aren't yet."
    )
    counts = NonNullList(
        ProgramBudgetRosterImportCount,
        required=True,
        description="How many lines do what; those that can't be used left out.",
    )
    leavers = graphene.Int(
        required=True,
        description=(
            "How many leave since they aren't in a FULL file; `confirmedLeavers` has to say so."
        ),
    )
    departments = NonNullList(
        ProgramBudgetRosterDepartment, required=True, description="The departments that it names."
    )
    rejected = NonNullList(
        ProgramBudgetRejectedLine,
        required=True,
        description="The first 100 lines that can't be used; they are left out.",
    )
    rejected_count = graphene.Int(required=True, description="How many lines can't be used.")
    rejected_fields = NonNullList(
        ProgramBudgetRejectedFieldCount,
        required=True,
        description="How many of them for which field, the most frequent first.",
    )
    progress = graphene.Field(
        ProgramBudgetRosterImportProgress,
        required=True,
        description="How far the applying has come.",
    )
    lines = ConnectionField(
        ProgramBudgetRosterImportLineCountableConnection,
        filter=ProgramBudgetRosterImportLineFilterInput(description="Filtering options for lines."),
        description="The lines that can be applied, by number.",
    )
    created_by = graphene.String(required=True, description="Who had it previewed.")
    created_at = DateTime(required=True, description="When.")
    applied_by = graphene.String(required=True, description="Who applied it; empty if nobody has.")
    applied_at = DateTime(description="When it was applied to the last line.")

    class Meta:
        description = (
            "A file of people: looked at first, and applied as it was looked at, or refused as "
            "stale."
        )
        interfaces = [graphene.relay.Node]
        model = models.RosterImport
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_mapping(root: models.RosterImport, _info: Any) -> list[ProgramBudgetRosterColumn]:
        """List the columns."""
        return columns_of(root.mapping)

    @staticmethod
    def resolve_counts(
        root: models.RosterImport, _info: Any
    ) -> list[ProgramBudgetRosterImportCount]:
        """List them in the order of the actions."""
        return [
            ProgramBudgetRosterImportCount(action=action, lines=root.counts[action])
            for action in models.ImportLine.Action.values
            if root.counts.get(action)
        ]

    @staticmethod
    def resolve_departments(root: models.RosterImport, _info: Any) -> list[Department]:
        """List them as they are named."""
        return [
            Department(each["name"], each["account"], each["people"], each["account"] is None)
            for each in root.departments
        ]

    @staticmethod
    def resolve_rejected_fields(
        root: models.RosterImport, _info: Any
    ) -> list[ProgramBudgetRejectedFieldCount]:
        """List the most frequent first."""
        counts = sorted(root.rejected_fields.items(), key=lambda each: (-each[1], each[0]))
        return [
            ProgramBudgetRejectedFieldCount(field=field, lines=lines) for field, lines in counts
        ]

    @staticmethod
    def resolve_leavers(root: models.RosterImport, info: Any) -> Any:
        """Count the lines of those who aren't in the file."""
        if root.mode != models.RosterImport.Mode.FULL:
            return 0
        counts = LineCountsByRosterImportIdLoader(info.context).load(root.pk)
        return counts.then(lambda found: found.absent)

    @staticmethod
    def resolve_progress(root: models.RosterImport, info: Any) -> Any:
        """Count the lines."""
        counts = LineCountsByRosterImportIdLoader(info.context).load(root.pk)
        return counts.then(
            lambda found: ProgramBudgetRosterImportProgress(done=found.done, total=found.total)
        )

    @staticmethod
    def resolve_lines(root: models.RosterImport, info: Any, **arguments: Any) -> Any:
        """Page through the lines."""
        lines = models.ImportLine.objects.using(get_database_connection_name(info.context))
        lines = lines.filter(roster_import_id=root.pk)
        given = arguments.get("filter") or {}
        for name in ("action", "status"):
            if given.get(name) is not None:
                lines = lines.filter(**{name: given[name]})
        return create_connection_slice(
            lines.order_by("number"),
            info,
            arguments,
            ProgramBudgetRosterImportLineCountableConnection,
        )


class ProgramBudgetRosterImportCountableConnection(CountableConnection):
    """A page of files."""

    class Meta:
        node = ProgramBudgetRosterImport
        doc_category = DOC_CATEGORY
