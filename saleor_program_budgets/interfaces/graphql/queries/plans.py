"""Dry runs: they read, and write nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import graphene
from django.core.exceptions import ValidationError
from django.utils import timezone
from graphql import GraphQLError
from saleor.core.db.connection import allow_writer
from saleor.graphql.core.fields import PermissionsField
from saleor.graphql.core.scalars import Decimal

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.interfaces.graphql.common import (
    ADDED_IN,
    DOC_CATEGORY,
    READ_FIGURES,
    node_or_none,
    to_amount,
)
from saleor_program_budgets.interfaces.graphql.mutations.programs import (
    ProgramBudgetProgramInput,
    changed_rules,
    rules_of,
)
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.plan import (
    ProgramBudgetCapPreview,
    ProgramBudgetRulesPreview,
)
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.models import Account, Program
from saleor_program_budgets.programs import previews

if TYPE_CHECKING:
    from collections.abc import Iterator


class PlanQueries(graphene.ObjectType):
    """What would happen."""

    program_budget_plan = PermissionsField(
        ProgramBudgetRulesPreview,
        program=graphene.Argument(graphene.ID, required=True, description="ID of the program."),
        description=(
            "What the end of a program's open cycle does: what is granted, carried and lapses, by "
            f"account and in total. Null for a program that has none.{ADDED_IN}"
        ),
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_rules_preview = PermissionsField(
        ProgramBudgetRulesPreview,
        program=graphene.Argument(graphene.ID, required=True, description="ID of the program."),
        input=graphene.Argument(
            ProgramBudgetProgramInput, required=True, description="The rules that would change."
        ),
        description=f"The same under the rules of now and under those proposed.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_cap_preview = PermissionsField(
        ProgramBudgetCapPreview,
        account=graphene.Argument(graphene.ID, required=True, description="ID of the account."),
        program=graphene.Argument(
            graphene.ID, description="ID of the program; without it, for all programs."
        ),
        amount=graphene.Argument(Decimal, required=True, description="The ceiling."),
        currency=graphene.Argument(
            graphene.String, description="Its currency, for a cap on all programs."
        ),
        description=f"What a cap on an account would mean.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )

    @staticmethod
    @allow_writer()
    def resolve_program_budget_plan(_root: Any, _info: Any, *, program: str) -> Any:
        """Preview the rules as they are."""
        found = node_or_none(Program.objects.all(), program, ProgramBudgetProgram)
        if found is None or not found.cycles.filter(closed_at=None).exists():
            return None
        return _preview(found, {})

    @staticmethod
    @allow_writer()
    def resolve_program_budget_rules_preview(
        _root: Any, _info: Any, *, program: str, input: dict[str, Any]
    ) -> Any:
        """Preview the rules given, laid over those that are."""
        found = node_or_none(Program.objects.all(), program, ProgramBudgetProgram)
        return None if found is None else _preview(found, input)

    @staticmethod
    @allow_writer()
    def resolve_program_budget_cap_preview(_root: Any, _info: Any, **given: Any) -> Any:
        """Preview a cap."""
        account = node_or_none(
            Account.objects.without_tree_fields(), given["account"], ProgramBudgetAccount
        )
        program = None
        if given.get("program") is not None:
            program = node_or_none(Program.objects.all(), given["program"], ProgramBudgetProgram)
            if program is None:
                return None
        currency = program.currency if program else given.get("currency")
        if account is None:
            return None
        if currency is None:
            raise GraphQLError("Name a program, or the currency of a cap on all programs.")
        with _told():
            return previews.preview_cap(
                account=account,
                program=program,
                amount=to_amount(given["amount"], currency),
                at=timezone.now(),
            )


def _preview(program: Program, given: dict[str, Any]) -> previews.RulesPreview:
    with _told():
        rules = changed_rules(rules_of(program), given)
        return previews.preview_rules(program=program, rules=rules, at=timezone.now())


@contextmanager
def _told() -> Iterator[None]:
    """Turn what is wrong with the request into an error of the query's, as queries have them."""
    try:
        yield
    except InvalidInput as error:
        raise GraphQLError(f"{error.field}: {error.message}") from error
    except ValidationError as error:
        raise GraphQLError("; ".join(error.messages)) from error
