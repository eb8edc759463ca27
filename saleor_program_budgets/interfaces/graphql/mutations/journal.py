"""Undo what the journal says."""

from __future__ import annotations

from typing import Any

import graphene
from django.utils import timezone
from saleor.graphql.core.types import Money

from saleor_program_budgets.interfaces import corrections
from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_PROGRAMS,
    DOC_CATEGORY,
    POSTING,
    actor_in,
    to_global_id,
    to_money,
)
from saleor_program_budgets.interfaces.graphql.errors import ProgramBudgetError, translated
from saleor_program_budgets.interfaces.graphql.mutations.base import (
    LONGEST_REASON,
    BudgetMutation,
    checked_text,
    ledger_key,
)
from saleor_program_budgets.models import Posting


class ProgramBudgetReverse(BudgetMutation):
    """Undo one posting."""

    posting_id = graphene.ID(description="The reversal's own posting.")
    amount = graphene.Field(Money, description="What was undone.")

    class Arguments:
        posting = graphene.ID(
            required=True, description="ID of the posting, as the journal's entries name it."
        )
        reason = graphene.String(required=True, description="Why, for the journal.")
        idempotency_key = graphene.String(
            description="A repeated call with the same key and values changes nothing."
        )

    class Meta:
        description = (
            "Undoes a grant, an adjustment, a clawback, a refund or a change of a cap by its "
            "mirror image. Refused when what it gave has been used since. The reversal of a refund "
            "is reported to the order's transaction."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, **given: Any) -> Any:
        """Reverse it, and tell Saleor."""
        posting = cls.find(Posting.objects.all(), given["posting"], POSTING, field="posting")
        with translated():
            correction = corrections.reverse(
                posting=posting,
                reason=checked_text(given["reason"], field="reason", longest=LONGEST_REASON),
                key=ledger_key("reverse", given.get("idempotency_key")),
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        return cls(
            posting_id=to_global_id(POSTING, str(correction.posting_id)),
            amount=to_money(correction.amount),
        )
