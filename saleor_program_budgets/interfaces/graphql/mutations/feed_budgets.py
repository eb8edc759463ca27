"""The feed of an organization's own system: what people are given, and the cycle's reset."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import graphene
from django.utils import timezone
from saleor.graphql.core.scalars import DateTime, PositiveDecimal
from saleor.graphql.core.types import BaseInputObjectType, BaseObjectType, NonNullList

from saleor_program_budgets import programs
from saleor_program_budgets.errors import BudgetError
from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_PROGRAMS,
    DOC_CATEGORY,
    actor_in,
    to_amount,
)
from saleor_program_budgets.interfaces.graphql.errors import (
    ProgramBudgetError,
    field_error,
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
from saleor_program_budgets.interfaces.graphql.types.member import ProgramBudgetMember
from saleor_program_budgets.interfaces.graphql.types.program import (
    ProgramBudgetCycle,
    ProgramBudgetProgram,
)
from saleor_program_budgets.models import Program
from saleor_program_budgets.programs import allotments

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.ledger import Renewed

RENEWAL_SECONDS = 10.0
"""How long the client waits for members to be renewed; the rest is left to the job."""


class ProgramBudgetPersonReferenceInput(BaseInputObjectType):
    """Who is meant."""

    id = graphene.ID(description="ID of the person.")
    external_id = graphene.String(description="What their organization knows them by.")
    email = graphene.String(description="Their e-mail address.")

    class Meta:
        description = "A person of a roster, by exactly one of ID, external ID and e-mail address."
        doc_category = DOC_CATEGORY


class ProgramBudgetAllotmentGrantInput(BaseInputObjectType):
    """What somebody is given."""

    person = ProgramBudgetPersonReferenceInput(required=True, description="Who.")
    amount = PositiveDecimal(required=True, description="What, in the program's currency.")
    reason = graphene.String(required=True, description="Why, for the journal.")
    expires_at = DateTime(
        description="From when it can't be spent; the end of their period if not given."
    )
    key = graphene.String(
        required=True,
        description="What the sender knows the grant by: under one key one grant is made, once.",
    )

    class Meta:
        description = "What somebody is given beside their allotment."
        doc_category = DOC_CATEGORY


class ProgramBudgetAllotmentGrantResult(BaseObjectType):
    """What became of a row."""

    index = graphene.Int(required=True, description="The row, from 0 on.")
    member = graphene.Field(
        ProgramBudgetMember, description="Whom it was granted to; null if it could not be."
    )
    is_replay = graphene.Boolean(
        required=True, description="Whether it had been granted under this key before."
    )
    errors = NonNullList(ProgramBudgetError, required=True, description="Why it could not be.")

    class Meta:
        description = "What became of a row."
        doc_category = DOC_CATEGORY


class ProgramBudgetAllotmentsGrant(BudgetMutation):
    """Give many people value beside their allotment."""

    results = NonNullList(
        ProgramBudgetAllotmentGrantResult,
        required=True,
        default_value=[],
        description="What became of each row, in the same order.",
    )

    class Arguments:
        program = graphene.ID(required=True, description="ID of the program.")
        grants = NonNullList(
            ProgramBudgetAllotmentGrantInput,
            required=True,
            description=f"Up to {ROWS_AT_ONCE:,} grants.",
        )

    class Meta:
        description = (
            "Gives people of a program's rosters value beside their allotment. A row that can't be "
            f"keeps no other from it. {IDEMPOTENT}"
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(
        cls, _root: Any, info: Any, /, *, program: str, grants: list[dict[str, Any]]
    ) -> Any:
        """Grant it."""
        found = cls.find(Program.objects.all(), program, ProgramBudgetProgram, field="program")
        rows = checked_rows(grants, field="grants")
        read: dict[int, allotments.Grant] = {}
        problems = [
            errors_in(partial(_read_grant, row, found.currency, index, read))
            for index, row in enumerate(rows)
        ]
        with translated():
            made = allotments.grant_each(
                program=found,
                grants=list(read.values()),
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        results = dict(zip(read, made, strict=True))
        return cls(
            results=[
                _granted(index, results.get(index), errors) for index, errors in enumerate(problems)
            ]
        )


def _read_grant(
    row: dict[str, Any], currency: str, index: int, read: dict[int, allotments.Grant]
) -> None:
    check_texts(row)
    with translated():
        read[index] = allotments.Grant(
            person_id=key_of(row["person"], "id", "ProgramBudgetPerson"),
            external_id=row["person"].get("external_id") or "",
            email=(row["person"].get("email") or "").strip(),
            amount=to_amount(row["amount"], currency),
            reason=row["reason"].strip(),
            expires_at=row.get("expires_at"),
            key=row["key"].strip(),
        )


def _granted(
    index: int, result: allotments.Given | BudgetError | None, errors: list[ProgramBudgetError]
) -> ProgramBudgetAllotmentGrantResult:
    if isinstance(result, BudgetError):
        errors = errors_in(partial(_refuse, result))
    given = result if isinstance(result, allotments.Given) else None
    return ProgramBudgetAllotmentGrantResult(
        index=index,
        member=given and given.member,
        is_replay=given is not None and given.is_replay,
        errors=errors,
    )


def _refuse(error: BudgetError) -> None:
    with translated(idempotency_key="key", members="person", member="person"):
        raise error


class ProgramBudgetCycleRenew(BudgetMutation):
    """Bring a program up to now."""

    program = graphene.Field(ProgramBudgetProgram, description="The program.")
    cycle = graphene.Field(
        ProgramBudgetCycle, description="Its open cycle; null if none follows the last one."
    )
    renewed = graphene.Int(
        required=True, default_value=0, description="How many budgets this has renewed."
    )
    is_complete = graphene.Boolean(
        required=True,
        default_value=False,
        description="Whether nobody is left who is due; if not, the job goes on with it.",
    )

    class Arguments:
        program = graphene.ID(required=True, description="ID of the program.")

    class Meta:
        description = (
            "Brings a program up to now: turns cycles that are over, and renews the members who "
            "are due, dated the instant that was due. A cycle that runs isn't cut short, since "
            "what members have lapses with it. Repeating it changes nothing."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, _info: Any, /, *, program: str) -> Any:
        """Renew it, as far as the client waits."""
        found = cls.find(Program.objects.all(), program, ProgramBudgetProgram, field="program")
        if found.status != Program.Status.OPEN:
            raise field_error("program", "Only an open program is renewed.", "program_closed")
        with translated():
            renewed, is_complete = _renewed(found, timezone.now())
        found.refresh_from_db()
        cycle = found.cycles.filter(closed_at=None).first()
        return cls(program=found, cycle=cycle, renewed=renewed, is_complete=is_complete)


class _Enough(Exception):
    """The client has waited long enough; what is done is done."""


def _renewed(program: Program, at: datetime) -> tuple[int, bool]:
    """Renew who is due; return how many budgets, and whether that is all."""
    ends_at, done = time.monotonic() + RENEWAL_SECONDS, 0

    def note(so_far: Renewed) -> None:
        nonlocal done
        done = so_far.limits
        if time.monotonic() >= ends_at:
            raise _Enough

    try:
        programs.renew_due(program=program, at=at, progress=note)
    except _Enough:
        return done, False
    return done, True
