"""The feed of an organization's own system: its people, many at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import graphene
from django.utils import timezone
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import BaseInputObjectType, BaseObjectType, NonNullList

from saleor_program_budgets import roster as rosters
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_MEMBERS,
    DOC_CATEGORY,
)
from saleor_program_budgets.interfaces.graphql.errors import (
    ProgramBudgetError,
    translated,
)
from saleor_program_budgets.interfaces.graphql.mutations.base import BudgetMutation
from saleor_program_budgets.interfaces.graphql.mutations.feed_rows import (
    IDEMPOTENT,
    ROWS_AT_ONCE,
    check_texts,
    checked_rows,
    errors_in,
    key_of,
)
from saleor_program_budgets.interfaces.graphql.people import origin_in
from saleor_program_budgets.interfaces.graphql.types.roster import (
    ProgramBudgetPerson,
    ProgramBudgetRoster,
)
from saleor_program_budgets.interfaces.shop import SaleorShop
from saleor_program_budgets.models import Person, Roster

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from saleor_program_budgets.roster import Rejected, Wanted

SAID = (
    "external_id",
    "email",
    "user_name",
    "first_name",
    "last_name",
    "title",
    "employee_number",
    "cost_center",
    "department",
    "manager",
    "is_active",
    "effective_at",
)
"""What the core takes by the same names."""


class ProgramBudgetPersonUpsertInput(BaseInputObjectType):
    """How somebody is to be."""

    id = graphene.ID(description="ID of the person, if it is known.")
    external_id = graphene.String(description="What their organization knows them by.")
    email = graphene.String(description="Their e-mail address; needed for somebody new.")
    user_name = graphene.String(description="Their user name; the address if not given.")
    first_name = graphene.String(description="Their first name.")
    last_name = graphene.String(description="Their last name.")
    title = graphene.String(description="Their title.")
    employee_number = graphene.String(description="Their employee number.")
    cost_center = graphene.String(description="Their cost center.")
    department = graphene.String(
        description=(
            "Where they belong: a department's external ID, its name, or a path of names "
            "(“Sales / North”)."
        )
    )
    account = graphene.ID(description="Where they belong, by the account's ID instead.")
    manager = graphene.String(
        description=(
            "Their manager's external ID, e-mail address or key, of the roster or of the same "
            "call; empty for none."
        )
    )
    is_active = graphene.Boolean(description="Whether they take part; true for somebody new.")
    effective_at = DateTime(
        description=(
            "From when on they belong to another department, leave or return; at once if not given."
        )
    )

    class Meta:
        description = (
            "How somebody is to be; what isn't given stays as it is. Who is meant is found by ID, "
            "or else by external ID, then by e-mail address, then by user name."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetPersonUpsertResult(BaseObjectType):
    """What became of a row."""

    index = graphene.Int(required=True, description="The row, from 0 on.")
    person = graphene.Field(
        ProgramBudgetPerson, description="The person as they are now; null if it could not be."
    )
    errors = NonNullList(ProgramBudgetError, required=True, description="Why it could not be.")

    class Meta:
        description = "What became of a row."
        doc_category = DOC_CATEGORY


class ProgramBudgetPeopleUpsert(BudgetMutation):
    """Let people be as they are sent."""

    results = NonNullList(
        ProgramBudgetPersonUpsertResult,
        required=True,
        default_value=[],
        description="What became of each row, in the same order.",
    )

    class Arguments:
        roster = graphene.ID(required=True, description="ID of the roster.")
        people = NonNullList(
            ProgramBudgetPersonUpsertInput,
            required=True,
            description=f"Up to {ROWS_AT_ONCE:,} people.",
        )
        create_departments = graphene.Boolean(
            default_value=False,
            description="Whether departments that there aren't yet are created.",
        )

    class Meta:
        description = (
            "Adds people to a roster or changes them, and lets their memberships follow. A row "
            f"that can't be keeps no other from it. {IDEMPOTENT}"
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_MEMBERS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, **given: Any) -> Any:
        """Write them."""
        roster = cls.find(
            Roster.objects.select_related("account"),
            given["roster"],
            ProgramBudgetRoster,
            field="roster",
        )
        rows = checked_rows(given["people"], field="people")
        wanted: list[Wanted] = []
        problems = [errors_in(partial(_read, row, wanted)) for row in rows]
        read = iter(wanted)
        with translated():
            found = rosters.put(
                roster=roster,
                # What could not be read names nobody: so lines are counted as they were sent.
                wanted=[rosters.Wanted() if each else next(read) for each in problems],
                creates_departments=bool(given.get("create_departments")),
                origin=origin_in(info.context),
                shop=SaleorShop(),
                at=timezone.now(),
            )
        return cls(results=list(_results(found, problems)))


def _read(row: dict[str, Any], wanted: list[Wanted]) -> None:
    check_texts(row)
    said: dict[str, Any] = {name: row.get(name) for name in SAID}
    person_id = key_of(row, "id", "ProgramBudgetPerson")
    account_id = key_of(row, "account", "ProgramBudgetAccount")
    wanted.append(rosters.Wanted(person_id=person_id, account_id=account_id, **said))


def _results(
    found: Sequence[Person | Rejected], problems: Sequence[list[ProgramBudgetError]]
) -> Iterator[ProgramBudgetPersonUpsertResult]:
    """Yield what became of each row; *problems* are of those that could not be read."""
    for index, (each, errors) in enumerate(zip(found, problems, strict=True)):
        person = None if errors or not isinstance(each, Person) else each
        if not errors and not isinstance(each, Person):
            errors = errors_in(partial(_refuse, each))  # noqa: PLW2901
        yield ProgramBudgetPersonUpsertResult(index=index, person=person, errors=errors)


def _refuse(rejected: Rejected) -> None:
    """Raise what is wrong with a row, by the names of its input."""
    with translated(person="id", line="id"):
        raise InvalidInput(
            rejected.field, rejected.message, code=getattr(rejected, "code", "INVALID")
        )
