"""Correct many members' budgets at once: look first, apply, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import graphene
from django.utils import timezone
from saleor.graphql.core.scalars import DateTime, Decimal
from saleor.graphql.core.types import Upload

from saleor_program_budgets.interfaces import batches
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
    LONGEST_REASON,
    BudgetMutation,
    checked_text,
    list_in,
)
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.adjustment import ProgramBudgetAdjustment
from saleor_program_budgets.interfaces.graphql.types.member import ProgramBudgetMember
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.models import Account, Adjustment, Member, Program
from saleor_program_budgets.programs import adjustments, drafts

if TYPE_CHECKING:
    from saleor_program_budgets.ledger import Actor

FIELDS_OF_CORE = {"adjustment": "id"}
"""How the core names what is named differently here."""


class ProgramBudgetAdjustmentPreview(BudgetMutation):
    """Look at what correcting budgets would do."""

    adjustment = graphene.Field(
        ProgramBudgetAdjustment, description="The draft, with its lines and rejected ones."
    )

    class Arguments:
        program = graphene.ID(required=True, description="ID of the program.")
        reason = graphene.String(required=True, description="Why, for the journal.")
        amount = Decimal(
            description=(
                "What each member is given; negative to take back. Not for a list, which has an "
                "amount in each line."
            )
        )
        member = graphene.ID(description="ID of one member.")
        account = graphene.ID(
            description="ID of an account: for all active members under it and below."
        )
        csv = graphene.String(
            description=(
                "A list as CSV, with the columns amount and one or more of member_id, email and "
                "external_user_id, and if wanted reason and expires_on."
            )
        )
        file = Upload(description="The same list as a file, UTF-8.")
        expires_at = DateTime(
            description=(
                "From when what is added can't be spent; without it, the end of the cycle that is "
                "open when it is applied."
            )
        )

    class Meta:
        description = (
            "Prepares the correction of one member's budget, of all under an account, or of a "
            "list's, and says what it would do. Nothing is posted before it is applied."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, **given: Any) -> Any:
        """Preview it."""
        program = cls.find(
            Program.objects.all(), given["program"], ProgramBudgetProgram, field="program"
        )
        member = account = amount = None
        if given.get("member") is not None:
            member = cls.find(
                Member.objects.all(), given["member"], ProgramBudgetMember, field="member"
            )
        if given.get("account") is not None:
            accounts = Account.objects.without_tree_fields()
            account = cls.find(accounts, given["account"], ProgramBudgetAccount, field="account")
        with translated():
            if given.get("amount") is not None:
                amount = to_amount(given["amount"], program.currency)
            adjustment = drafts.preview_adjustment(
                program=program,
                reason=checked_text(given["reason"], field="reason", longest=LONGEST_REASON),
                amount=amount,
                member=member,
                account=account,
                csv=list_in(info, given),
                expires_at=given.get("expires_at"),
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        return cls(adjustment=adjustment)


class ProgramBudgetAdjustmentApply(BudgetMutation):
    """Apply a prepared adjustment."""

    adjustment = graphene.Field(ProgramBudgetAdjustment, description="The adjustment.")
    is_queued = graphene.Boolean(
        required=True,
        default_value=False,
        description="Whether a task does it; `programBudgetJobs` shows how far it is.",
    )

    class Arguments:
        id = graphene.ID(required=True, description="ID of the adjustment.")

    class Meta:
        description = (
            f"Posts an adjustment's lines, more than {batches.AT_ONCE} of them in a task. A line "
            "that no longer fits fails by itself. Repeating it changes nothing, and goes on with "
            "what was interrupted."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, id: str) -> Any:
        """Apply it, or have it applied."""
        adjustment, actor = _adjustment(cls, id), actor_in(info.context)
        if adjustment.status in {Adjustment.Status.UNDOING, Adjustment.Status.UNDONE}:
            raise field_error("id", "The adjustment was undone.", "invalid")
        if batches.is_large(adjustment):
            return cls(adjustment=_queued(adjustment, None, actor), is_queued=True)
        with translated(**FIELDS_OF_CORE):
            adjustments.apply_adjustment(adjustment=adjustment, actor=actor, at=timezone.now())
        return cls(adjustment=adjustment)


class ProgramBudgetAdjustmentUndo(BudgetMutation):
    """Undo an applied adjustment."""

    adjustment = graphene.Field(ProgramBudgetAdjustment, description="The adjustment.")
    is_queued = graphene.Boolean(
        required=True,
        default_value=False,
        description="Whether a task does it; `programBudgetJobs` shows how far it is.",
    )

    class Arguments:
        id = graphene.ID(required=True, description="ID of the adjustment.")
        reason = graphene.String(required=True, description="Why, for the journal.")

    class Meta:
        description = (
            "Reverses an adjustment line by line; a line whose value has been used since is kept, "
            "and says so. Repeating it changes nothing, and goes on with what was interrupted."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, id: str, reason: str) -> Any:
        """Undo it, or have it undone."""
        adjustment, actor = _adjustment(cls, id), actor_in(info.context)
        reason = checked_text(reason, field="reason", longest=LONGEST_REASON)
        if adjustment.status == Adjustment.Status.DRAFT:
            raise field_error("id", "The adjustment wasn't applied.", "invalid")
        if batches.is_large(adjustment):
            return cls(adjustment=_queued(adjustment, reason, actor), is_queued=True)
        with translated(**FIELDS_OF_CORE):
            adjustments.undo_adjustment(
                adjustment=adjustment, reason=reason, actor=actor, at=timezone.now()
            )
        return cls(adjustment=adjustment)


def _adjustment(mutation: type[BudgetMutation], adjustment_id: str) -> Adjustment:
    rows = Adjustment.objects.select_related("program")
    found: Adjustment = mutation.find(rows, adjustment_id, ProgramBudgetAdjustment)
    return found


def _queued(adjustment: Adjustment, undo_reason: str | None, actor: Actor) -> Adjustment:
    """Have a task do it; what it has done by now, if anything, is read again."""
    batches.queue(adjustment=adjustment, undo_reason=undo_reason, actor=actor)
    adjustment.refresh_from_db()
    return adjustment
