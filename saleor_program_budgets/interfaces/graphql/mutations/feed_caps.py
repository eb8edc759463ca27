"""The feed of an organization's own system: caps, many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import graphene
from django.utils import timezone
from saleor.graphql.core.scalars import PositiveDecimal
from saleor.graphql.core.types import BaseInputObjectType, BaseObjectType, NonNullList

from saleor_program_budgets import programs
from saleor_program_budgets import roster as rosters
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
from saleor_program_budgets.interfaces.graphql.mutations.base import (
    LONGEST_KEY,
    LONGEST_REASON,
    BudgetMutation,
    checked_text,
)
from saleor_program_budgets.interfaces.graphql.mutations.feed_rows import (
    IDEMPOTENT,
    ROWS_AT_ONCE,
    check_texts,
    checked_rows,
    errors_in,
)
from saleor_program_budgets.interfaces.graphql.types.account import (
    ProgramBudgetAccount,
    ProgramBudgetCap,
)
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.interfaces.graphql.types.roster import ProgramBudgetRoster
from saleor_program_budgets.models import Account, Program, Roster

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.models import Cap


class ProgramBudgetFeedCapInput(BaseInputObjectType):
    """What an account may use."""

    account = graphene.ID(description="ID of the account that the cap stands on.")
    roster = graphene.ID(description="ID of the roster whose department it is, in its place.")
    department_external_id = graphene.String(
        description="What the organization knows that department by."
    )
    amount = PositiveDecimal(required=True, description="The ceiling; 0 lets nothing pass.")
    key = graphene.String(
        required=True,
        description="What the sender knows this by: under one key a cap is set once.",
    )

    class Meta:
        description = "What an account, or a roster's department, may use of a program."
        doc_category = DOC_CATEGORY


class ProgramBudgetFeedCapResult(BaseObjectType):
    """What became of a row."""

    index = graphene.Int(required=True, description="The row, from 0 on.")
    cap = graphene.Field(
        ProgramBudgetCap, description="The cap as it stands now; null if it could not be set."
    )
    errors = NonNullList(ProgramBudgetError, required=True, description="Why it could not be.")

    class Meta:
        description = "What became of a row."
        doc_category = DOC_CATEGORY


class ProgramBudgetCapsSet(BudgetMutation):
    """Set many caps."""

    results = NonNullList(
        ProgramBudgetFeedCapResult,
        required=True,
        default_value=[],
        description="What became of each row, in the same order.",
    )

    class Arguments:
        program = graphene.ID(
            required=True, description="ID of the program they count, in its open cycle."
        )
        caps = NonNullList(
            ProgramBudgetFeedCapInput, required=True, description=f"Up to {ROWS_AT_ONCE:,} caps."
        )
        reason = graphene.String(required=True, description="Why, for the journal.")

    class Meta:
        description = (
            "Sets the caps of accounts for the program's open cycle, as `programBudgetCapSet` "
            f"does. A row that can't be keeps no other from it. {IDEMPOTENT}"
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(
        cls, _root: Any, info: Any, /, *, program: str, caps: list[dict[str, Any]], reason: str
    ) -> Any:
        """Set them one by one."""
        found = cls.find(Program.objects.all(), program, ProgramBudgetProgram, field="program")
        reason = checked_text(reason, field="reason", longest=LONGEST_REASON)
        rows = checked_rows(caps, field="caps")
        feed = _CapFeed(found, rows, reason, actor_in(info.context), timezone.now())
        return cls(results=[feed.result(index) for index in range(len(rows))])


class _CapFeed:
    """Caps, each set by itself on the account that its row names."""

    def __init__(
        self,
        program: Program,
        rows: Sequence[dict[str, Any]],
        reason: str,
        actor: Actor,
        at: datetime,
    ) -> None:
        self.program, self.rows, self.reason, self.actor, self.at = program, rows, reason, actor, at
        self.departments: dict[str, dict[str, Account]] = {}
        self.keys: set[str] = set()

    def result(self, index: int) -> ProgramBudgetFeedCapResult:
        """Set one; return what became of it."""
        caps: list[Cap] = []
        errors = errors_in(lambda: caps.append(self._set(self.rows[index])))
        return ProgramBudgetFeedCapResult(index=index, cap=caps[0] if caps else None, errors=errors)

    def _set(self, row: dict[str, Any]) -> Cap:
        check_texts(row)
        key = checked_text(row["key"], field="key", longest=LONGEST_KEY)
        if key in self.keys:
            raise field_error("key", "Another row has this key.", "unique")
        self.keys.add(key)
        account = self._account(row)
        with translated(idempotency_key="key"):
            return programs.set_cap(
                account=account,
                program=self.program,
                amount=to_amount(row["amount"], self.program.currency),
                reason=self.reason,
                key=f"feed:cap:{self.program.pk}:{key}",
                actor=self.actor,
                at=self.at,
            )

    def _account(self, row: dict[str, Any]) -> Account:
        """Return the account named; raises unless it is in exactly one way."""
        name: Any = row.get("department_external_id")
        roster: Any = row.get("roster")
        if (row.get("account") is None) == (name is None or roster is None):
            raise field_error(
                "account",
                "Name an account, or a roster and the department's external ID.",
                "required",
            )
        if row.get("account") is not None:
            found: Account = ProgramBudgetCapsSet.find(
                Account.objects.without_tree_fields(),
                row["account"],
                ProgramBudgetAccount,
                field="account",
            )
            return found
        if roster not in self.departments:
            self.departments[roster] = self._departments_of(roster)
        if name not in self.departments[roster]:
            raise field_error(
                "department_external_id", "The roster has no such department.", "not_found"
            )
        return self.departments[roster][name]

    def _departments_of(self, roster_id: str) -> dict[str, Account]:
        rows = Roster.objects.select_related("account")
        roster = ProgramBudgetCapsSet.find(rows, roster_id, ProgramBudgetRoster, field="roster")
        accounts = rosters.accounts_of(roster)
        return {each.external_id: each for each in accounts if each.external_id}
