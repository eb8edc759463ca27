"""The feed of an organization's own system: its departments, many at once, in any order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import graphene
from django.utils import timezone
from saleor.graphql.core.types import BaseInputObjectType, BaseObjectType, NonNullList

from saleor_program_budgets import roster as rosters
from saleor_program_budgets.interfaces.graphql.common import CHANGE_PROGRAMS, DOC_CATEGORY
from saleor_program_budgets.interfaces.graphql.enums import ProgramBudgetAccountKind
from saleor_program_budgets.interfaces.graphql.errors import (
    ProgramBudgetError,
    field_error,
    translated,
)
from saleor_program_budgets.interfaces.graphql.mutations.base import BudgetMutation, checked_text
from saleor_program_budgets.interfaces.graphql.mutations.feed_rows import (
    IDEMPOTENT,
    ROWS_AT_ONCE,
    check_texts,
    checked_rows,
    errors_in,
)
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.roster import ProgramBudgetRoster
from saleor_program_budgets.models import Account, Roster

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

LONGEST_EXTERNAL_ID = 255
ABOVE = "parent_external_id"


class ProgramBudgetDepartmentUpsertInput(BaseInputObjectType):
    """How a department is to be."""

    external_id = graphene.String(
        required=True, description="What the organization knows it by; it is found by this."
    )
    name = graphene.String(required=True, description="Its name.")
    parent_external_id = graphene.String(
        description=(
            "The department above it, also of the same call; empty for the roster's own account. "
            "If not given, a new one stands under that, and a known one stays where it is."
        )
    )
    kind = ProgramBudgetAccountKind(
        description="What a new one stands for. Defaults to TEAM; a known one keeps its kind."
    )

    class Meta:
        description = "How a department is to be."
        doc_category = DOC_CATEGORY


class ProgramBudgetDepartmentUpsertResult(BaseObjectType):
    """What became of a row."""

    index = graphene.Int(required=True, description="The row, from 0 on.")
    department = graphene.Field(
        ProgramBudgetAccount, description="The account as it is now; null if it could not be."
    )
    errors = NonNullList(ProgramBudgetError, required=True, description="Why it could not be.")

    class Meta:
        description = "What became of a row."
        doc_category = DOC_CATEGORY


class ProgramBudgetDepartmentsUpsert(BudgetMutation):
    """Let departments be as they are sent."""

    results = NonNullList(
        ProgramBudgetDepartmentUpsertResult,
        required=True,
        default_value=[],
        description="What became of each row, in the same order.",
    )

    class Arguments:
        roster = graphene.ID(required=True, description="ID of the roster.")
        departments = NonNullList(
            ProgramBudgetDepartmentUpsertInput,
            required=True,
            description=f"Up to {ROWS_AT_ONCE:,} departments, in any order.",
        )

    class Meta:
        description = (
            "Adds departments below a roster's account, renames and moves them. Past spend and "
            "open holds stay under the caps they were taken under. A row that can't be keeps no "
            f"other from it, but for those below it. {IDEMPOTENT}"
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, _info: Any, /, **given: Any) -> Any:
        """Write them, those above others first."""
        roster = cls.find(
            Roster.objects.select_related("account"),
            given["roster"],
            ProgramBudgetRoster,
            field="roster",
        )
        rows = checked_rows(given["departments"], field="departments")
        feed = _DepartmentFeed(roster, rows, timezone.now())
        feed.run()
        return cls(results=feed.results())


class _DepartmentFeed:
    """Departments in the order of the tree: one is written once the one above it is."""

    def __init__(self, roster: Roster, rows: Sequence[dict[str, Any]], at: datetime) -> None:
        self.roster, self.rows, self.at = roster, rows, at
        accounts = list(rosters.accounts_of(roster))
        self.root = next((each for each in accounts if each.pk == roster.account_id), None)
        self.known = {each.external_id: each for each in accounts if each.external_id}
        self.written: dict[int, Account] = {}
        self.errors: dict[int, list[ProgramBudgetError]] = {}

    def run(self) -> None:
        """Write what can be; what is left in the end stands in a circle."""
        todo: dict[str, int] = {}
        for index, row in enumerate(self.rows):
            self._note(index, partial(self._read, row, index, todo))
        while ready := [index for index in todo.values() if self._name_above(index) not in todo]:
            for index in ready:
                name = self.rows[index]["external_id"]
                del todo[name]
                if not self._note(index, partial(self._write, index)):
                    # Nothing is put below what could not be put where it belongs.
                    self.known.pop(name, None)
        for index in todo.values():
            self._note(index, _refuse_circle)

    def results(self) -> list[ProgramBudgetDepartmentUpsertResult]:
        """Return what became of each row."""
        return [
            ProgramBudgetDepartmentUpsertResult(
                index=index, department=self.written.get(index), errors=self.errors.get(index, [])
            )
            for index in range(len(self.rows))
        ]

    def _note(self, index: int, work: Any) -> bool:
        """Do a row's work; says whether nothing was wrong with it."""
        errors = errors_in(work)
        if errors:
            self.errors[index] = errors
        return not errors

    def _read(self, row: dict[str, Any], index: int, todo: dict[str, int]) -> None:
        check_texts(row)
        name = checked_text(row["external_id"], field="external_id", longest=LONGEST_EXTERNAL_ID)
        if name in todo:
            raise field_error("external_id", "Another row has this external ID.", "unique")
        row["external_id"] = name
        todo[name] = index

    def _name_above(self, index: int) -> str | None:
        name = self.rows[index].get(ABOVE)
        return None if name is None else str(name).strip()

    def _write(self, index: int) -> None:
        row = self.rows[index]
        account = self.known.get(row["external_id"])
        parent = self._above(index)
        is_same = (
            account is not None
            and account.name == row["name"].strip()
            and (parent is None or parent.pk == account.parent_id)
        )
        if not is_same:
            with translated(account="external_id"):
                account = rosters.put_department(
                    roster=self.roster,
                    name=row["name"],
                    external_id=row["external_id"],
                    parent=parent,
                    kind=Account.Kind(row.get("kind") or Account.Kind.TEAM),
                    account=account,
                    at=self.at,
                )
        if account is not None:
            self.known[row["external_id"]] = self.written[index] = account

    def _above(self, index: int) -> Account | None:
        name = self._name_above(index)
        if name is None:
            return None
        above = self.known.get(name) if name else self.root
        if above is None:
            raise field_error(ABOVE, "There is no such department, or it has errors.", "not_found")
        return above


def _refuse_circle() -> None:
    raise field_error(ABOVE, "These departments would stand above each other.", "invalid")
