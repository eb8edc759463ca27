"""Let people try codes again, and put leak alarms away."""

from __future__ import annotations

from typing import Any

import graphene
from django.utils import timezone

from saleor_program_budgets import codes
from saleor_program_budgets.interfaces.graphql.codes import batches_in
from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_PROGRAMS,
    DOC_CATEGORY,
    actor_in,
)
from saleor_program_budgets.interfaces.graphql.errors import ProgramBudgetError, translated
from saleor_program_budgets.interfaces.graphql.mutations.base import BudgetMutation
from saleor_program_budgets.interfaces.graphql.types.code import (
    ProgramBudgetCodeBatch,
    ProgramBudgetCodeLockout,
)
from saleor_program_budgets.models import CodeLockout


class ProgramBudgetCodeLockoutRelease(BudgetMutation):
    """End a lock-out."""

    lockout = graphene.Field(ProgramBudgetCodeLockout, description="The lock-out.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the lock-out.")

    class Meta:
        description = "Lets who is locked out enter redemption codes again, from zero."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, id: str) -> Any:
        """Release them."""
        lockout = cls.find(CodeLockout.objects.all(), id, ProgramBudgetCodeLockout)
        with translated(value="id"):
            codes.release(
                subject=CodeLockout.Subject(lockout.subject),
                value=lockout.value,
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        lockout.refresh_from_db()
        return cls(lockout=lockout)


class ProgramBudgetCodeBatchLeakDismiss(BudgetMutation):
    """Put an alarm away."""

    batch = graphene.Field(ProgramBudgetCodeBatch, description="The batch.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the batch.")

    class Meta:
        description = (
            "Says that the alarm about a batch was seen; tries from now on count towards another."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, _info: Any, /, *, id: str) -> Any:
        """Dismiss it."""
        batch = cls.find(batches_in(), id, ProgramBudgetCodeBatch)
        with translated(batch="id"):
            codes.dismiss_leak(batch=batch, at=timezone.now())
        return cls(batch=batch)
