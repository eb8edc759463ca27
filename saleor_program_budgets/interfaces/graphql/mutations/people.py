"""Change, remove and plan for one person of a roster."""

from __future__ import annotations

from typing import Any

import graphene
from django.utils import timezone
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import BaseInputObjectType

from saleor_program_budgets import roster as rosters
from saleor_program_budgets.interfaces.graphql.common import CHANGE_MEMBERS, DOC_CATEGORY
from saleor_program_budgets.interfaces.graphql.errors import ProgramBudgetError, translated
from saleor_program_budgets.interfaces.graphql.mutations.base import BudgetMutation
from saleor_program_budgets.interfaces.graphql.mutations.feed_rows import check_texts
from saleor_program_budgets.interfaces.graphql.people import origin_in
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.roster import (
    ProgramBudgetPerson,
    ProgramBudgetPersonPlannedChange,
)
from saleor_program_budgets.interfaces.shop import SaleorShop
from saleor_program_budgets.models import Person, PlannedChange
from saleor_program_budgets.models.people import PRESENT

FIELDS_OF_CORE = {"person": "id", "planned": "id"}
"""How the core names what is named differently here."""
SAID = (
    "external_id",
    "email",
    "user_name",
    "first_name",
    "last_name",
    "title",
    "employee_number",
    "cost_center",
    "is_active",
    "effective_at",
)
"""What the core takes by the same names."""


class ProgramBudgetPersonInput(BaseInputObjectType):
    """How a person is to be."""

    external_id = graphene.String(description="What their organization knows them by.")
    email = graphene.String(description="Their e-mail address.")
    user_name = graphene.String(description="Their user name.")
    first_name = graphene.String(description="Their first name.")
    last_name = graphene.String(description="Their last name.")
    title = graphene.String(description="Their title.")
    employee_number = graphene.String(description="Their employee number.")
    cost_center = graphene.String(description="Their cost center.")
    manager = graphene.ID(description="ID of their manager; null for none.")
    account = graphene.ID(description="ID of the account of the roster where they belong.")
    is_active = graphene.Boolean(description="Whether they take part.")
    effective_at = DateTime(
        description=(
            "From when on they belong to another account, leave or return; at once if not given."
        )
    )

    class Meta:
        description = (
            "How a person is to be; what isn't given stays as it is. The user's own name and "
            "address change only if the roster made the user."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetPersonUpdate(BudgetMutation):
    """Change a person."""

    person = graphene.Field(ProgramBudgetPerson, description="The changed person.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the person.")
        input = ProgramBudgetPersonInput(required=True, description="How they are to be.")
        version = graphene.Int(
            description="Their version as it was read: STALE if they were changed since."
        )

    class Meta:
        description = (
            "Changes a person, and lets their memberships follow. What is to happen later is "
            "planned, and shown under `planned`."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_MEMBERS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(
        cls,
        _root: Any,
        info: Any,
        /,
        *,
        id: str,
        input: dict[str, Any],
        version: int | None = None,
    ) -> Any:
        """Change them."""
        person = _person(cls, id)
        with translated(**FIELDS_OF_CORE):
            person = rosters.put_one(
                roster=person.roster,
                wanted=_wanted(cls, person, input),
                expected_version=version,
                creates_departments=False,
                origin=origin_in(info.context),
                shop=SaleorShop(),
                at=timezone.now(),
            )
        return cls(person=person)


class ProgramBudgetPersonRemove(BudgetMutation):
    """Take a person out of a roster."""

    person = graphene.Field(ProgramBudgetPerson, description="The person, as they were.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the person.")

    class Meta:
        description = (
            "Takes a person out of a roster: they leave its programs. The record of what changed "
            "keeps them."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_MEMBERS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, id: str) -> Any:
        """Remove them."""
        person = _person(cls, id)
        with translated(**FIELDS_OF_CORE):
            rosters.remove_person(
                person=person, origin=origin_in(info.context), shop=SaleorShop(), at=timezone.now()
            )
        return cls(person=person)


class ProgramBudgetPlannedChangeCancel(BudgetMutation):
    """Let what was planned for a person not happen."""

    planned_change = graphene.Field(
        ProgramBudgetPersonPlannedChange, description="The cancelled change."
    )

    class Arguments:
        id = graphene.ID(required=True, description="ID of the planned change.")

    class Meta:
        description = (
            "Lets a move, a leaving or a return that was planned not happen. Repeating it changes "
            "nothing."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_MEMBERS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, id: str) -> Any:
        """Cancel it."""
        rows = PlannedChange.objects.select_related("person__roster")
        planned = cls.find(rows, id, ProgramBudgetPersonPlannedChange)
        with translated(**FIELDS_OF_CORE):
            planned = rosters.cancel_planned(
                planned=planned, origin=origin_in(info.context), at=timezone.now()
            )
        return cls(planned_change=planned)


def _person(mutation: type[BudgetMutation], person_id: str) -> Person:
    people = Person.objects.filter(PRESENT).select_related("roster__account")
    found: Person = mutation.find(people, person_id, ProgramBudgetPerson)
    return found


def _wanted(
    mutation: type[BudgetMutation], person: Person, given: dict[str, Any]
) -> rosters.Wanted:
    """Return how the person is to be, as the core takes it."""
    check_texts(given)
    said: dict[str, Any] = {name: given.get(name) for name in SAID}
    if "manager" in given:
        said["manager"] = ""
        if given["manager"] is not None:
            colleagues = rosters.people_of(person.roster)
            manager = mutation.find(
                colleagues, given["manager"], ProgramBudgetPerson, field="manager"
            )
            said["manager"] = str(manager.key)
    if given.get("account") is not None:
        accounts = rosters.accounts_of(person.roster)
        account = mutation.find(accounts, given["account"], ProgramBudgetAccount, field="account")
        said["account_id"] = account.pk
    return rosters.Wanted(person_id=person.pk, **said)
