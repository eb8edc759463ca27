"""Set rosters up: whose people they are, and which programs those take part in."""

from __future__ import annotations

from typing import Any

import graphene
from django.utils import timezone
from saleor.graphql.core.types import BaseInputObjectType, NonNullList

from saleor_program_budgets import roster as rosters
from saleor_program_budgets.interfaces import invitations
from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_PROGRAMS,
    DOC_CATEGORY,
    actor_in,
)
from saleor_program_budgets.interfaces.graphql.errors import (
    ProgramBudgetError,
    translated,
)
from saleor_program_budgets.interfaces.graphql.mutations.base import (
    LONGEST_NAME,
    BudgetMutation,
    checked_text,
)
from saleor_program_budgets.interfaces.graphql.people_enums import ProgramBudgetRosterPlacedBy
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.interfaces.graphql.types.roster import ProgramBudgetRoster
from saleor_program_budgets.models import Account, Program, Roster


class ProgramBudgetRosterInput(BaseInputObjectType):
    """What can be changed of a roster."""

    name = graphene.String(description="What staff call it.")
    programs = NonNullList(
        graphene.ID,
        description=(
            "IDs of the programs that its people take part in. They join one that is added, and "
            "stay in one that is left out."
        ),
    )
    placed_by = ProgramBudgetRosterPlacedBy(
        description=(
            "By what an identity system says where somebody belongs. Defaults to DEPARTMENT."
        )
    )
    invitation_url = graphene.String(
        description=(
            "Where who is created sets a password; its host must be one of ALLOWED_CLIENT_HOSTS. "
            "Empty if nobody is to be invited."
        )
    )
    largest_leave_percent = graphene.Int(
        description=(
            "A whole file that would let a larger share of the active people leave is refused. "
            "Defaults to 10."
        )
    )

    class Meta:
        description = "What can be changed of a roster."
        doc_category = DOC_CATEGORY


class ProgramBudgetRosterCreateInput(ProgramBudgetRosterInput):
    """A new roster."""

    name = graphene.String(required=True, description="What staff call it.")
    account = graphene.ID(
        required=True,
        description=(
            "ID of the account whose people these are, with everything below it. It stands in no "
            "other roster, and no other roster below it."
        ),
    )

    class Meta:
        description = "A new roster."
        doc_category = DOC_CATEGORY


class ProgramBudgetRosterCreate(BudgetMutation):
    """Add a roster."""

    roster = graphene.Field(ProgramBudgetRoster, description="The new roster.")

    class Arguments:
        input = ProgramBudgetRosterCreateInput(required=True, description="The new roster.")

    class Meta:
        description = "Adds a roster: the people of an account and all below it."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, input: dict[str, Any]) -> Any:
        """Add it."""
        accounts = Account.objects.without_tree_fields()
        account = cls.find(accounts, input["account"], ProgramBudgetAccount, field="account")
        with translated():
            roster = rosters.create_roster(
                account=account,
                actor=actor_in(info.context),
                at=timezone.now(),
                **_values(cls, input),
            )
        return cls(roster=roster)


class ProgramBudgetRosterUpdate(BudgetMutation):
    """Change a roster."""

    roster = graphene.Field(ProgramBudgetRoster, description="The changed roster.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the roster.")
        input = ProgramBudgetRosterInput(required=True, description="What is to change.")

    class Meta:
        description = "Changes a roster; what isn't given stays as it is."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, id: str, input: dict[str, Any]) -> Any:
        """Change it."""
        roster = cls.find(Roster.objects.all(), id, ProgramBudgetRoster)
        with translated():
            roster = rosters.update_roster(
                roster=roster,
                actor=actor_in(info.context),
                at=timezone.now(),
                **_values(cls, input),
            )
        return cls(roster=roster)


def _values(mutation: type[BudgetMutation], given: dict[str, Any]) -> dict[str, Any]:
    """Return what is given, as the core takes it."""
    values: dict[str, Any] = {
        name: given[name] for name in ("largest_leave_percent",) if given.get(name) is not None
    }
    if "name" in given:
        values["name"] = checked_text(given["name"], field="name", longest=LONGEST_NAME)
    if given.get("placed_by") is not None:
        values["placed_by"] = Roster.PlacedBy(given["placed_by"])
    if given.get("programs") is not None:
        values["programs"] = mutation.find_all(
            Program.objects.all(), given["programs"], ProgramBudgetProgram, field="programs"
        )
    if "invitation_url" in given:
        values["invitation_url"] = (given["invitation_url"] or "").strip()
        invitations.check_invitation_url(values["invitation_url"])
    return values
