"""What changed of people: the audit trail."""

from __future__ import annotations

from typing import Any

import graphene
from saleor.graphql.core.connection import CountableConnection
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import ModelObjectType, NonNullList

from saleor_program_budgets import models
from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY, to_global_id
from saleor_program_budgets.interfaces.graphql.fields import global_id_field, linked_field
from saleor_program_budgets.interfaces.graphql.loaders import MemberByIdLoader, ProgramByIdLoader
from saleor_program_budgets.interfaces.graphql.people import (
    PersonByIdLoader,
    RosterByIdLoader,
    RosterImportByIdLoader,
)
from saleor_program_budgets.interfaces.graphql.people_enums import (
    ProgramBudgetPeopleChangeKind,
    ProgramBudgetPeopleSource,
)
from saleor_program_budgets.interfaces.graphql.types.member import ProgramBudgetMember
from saleor_program_budgets.interfaces.graphql.types.people_value import (
    ProgramBudgetPeopleValue,
    values_of,
)
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.interfaces.graphql.types.roster import (
    ProgramBudgetPerson,
    ProgramBudgetRoster,
)
from saleor_program_budgets.interfaces.graphql.types.roster_import import ProgramBudgetRosterImport


class ProgramBudgetPeopleChange(ModelObjectType[models.PeopleChange]):
    """One change of one person or member."""

    id = graphene.GlobalID(required=True, description="The ID of the change.")
    kind = ProgramBudgetPeopleChangeKind(required=True, description="What changed.")
    roster = linked_field(ProgramBudgetRoster, RosterByIdLoader, "roster_id", "In which roster.")
    person = linked_field(
        ProgramBudgetPerson, PersonByIdLoader, "person_id", "Whom; null if removed since."
    )
    person_id = graphene.ID(description="Their ID, which stays when they are removed.")
    program = linked_field(
        ProgramBudgetProgram, ProgramByIdLoader, "program_id", "In which program, of a member."
    )
    member = linked_field(ProgramBudgetMember, MemberByIdLoader, "member_id", "Which member.")
    user_id = global_id_field("User", "user_reference", "The ID of the user that it is about.")
    values = graphene.Field(
        NonNullList(ProgramBudgetPeopleValue), required=True, description="From what to what."
    )
    source = ProgramBudgetPeopleSource(required=True, description="Through what it came.")
    source_reference = graphene.String(
        required=True, description="Which file or token, by its number; empty otherwise."
    )
    roster_import = graphene.Field(
        ProgramBudgetRosterImport, description="The file that it came with; null otherwise."
    )
    line = graphene.Int(description="The line of the file; null otherwise.")
    actor = graphene.String(required=True, description="Who made it.")
    effective_at = DateTime(required=True, description="From when on it counts.")
    at = DateTime(required=True, description="When it was written.")

    class Meta:
        description = (
            "One change of one person or member: what, when, by whom and by what way. Changes are "
            "never changed or deleted."
        )
        interfaces = [graphene.relay.Node]
        model = models.PeopleChange
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_person_id(root: models.PeopleChange, _info: Any) -> str | None:
        """Name the person."""
        if root.person_id is None:
            return None
        return to_global_id("ProgramBudgetPerson", str(root.person_id))

    @staticmethod
    def resolve_values(root: models.PeopleChange, info: Any) -> Any:
        """Show them side by side."""
        return values_of(root.before, root.after, info)

    @staticmethod
    def resolve_line(root: models.PeopleChange, _info: Any) -> int | None:
        """Show a file's line; the rows of other requests are nothing to go back to."""
        return root.line if root.source == models.Source.FILE else None

    @staticmethod
    def resolve_roster_import(root: models.PeopleChange, info: Any) -> Any:
        """Load the file."""
        if root.source != models.Source.FILE or not root.source_reference.isdigit():
            return None
        return RosterImportByIdLoader(info.context).load(int(root.source_reference))


class ProgramBudgetPeopleChangeCountableConnection(CountableConnection):
    """A page of changes."""

    class Meta:
        node = ProgramBudgetPeopleChange
        doc_category = DOC_CATEGORY
