"""Hand redemption codes out, replace and revoke them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import graphene
from django.utils import timezone
from saleor.core.exceptions import PermissionDenied
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import NonNullList
from saleor.permission.enums import DiscountPermissions

from saleor_program_budgets import codes
from saleor_program_budgets.interfaces import issuing, vouchers
from saleor_program_budgets.interfaces.graphql.codes import batches_in, codes_in
from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_PROGRAMS,
    DOC_CATEGORY,
    actor_in,
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
)
from saleor_program_budgets.interfaces.graphql.types.code import (
    ProgramBudgetCode,
    ProgramBudgetCodeBatch,
)
from saleor_program_budgets.models import (
    CodeBatch,
    RedemptionCode,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

MOST_AT_ONCE = 1_000
"""How many codes one call names."""
FIELDS_OF_CORE = {"batch": "id", "voucher_reference": "voucher"}
"""How the core names what is named differently here."""
EXPIRES_AT = "From when no new code is redeemed. Defaults to when the old ones expire."
DISCOUNTS_TOO = " For DISCOUNT codes, MANAGE_DISCOUNTS is required beside that."


class CodeMutation(BudgetMutation):
    """A mutation of codes: those of vouchers are for who may change vouchers."""

    class Meta:
        abstract = True

    @classmethod
    def require_kinds(cls, info: Any, kinds: Iterable[str]) -> None:
        """Raise ``PermissionDenied`` where a kind needs more than the mutation itself does."""
        needed = [DiscountPermissions.MANAGE_DISCOUNTS]
        if CodeBatch.Kind.DISCOUNT not in kinds:
            return
        if not cls.check_permissions(info.context, permissions=needed):
            raise PermissionDenied(permissions=needed)

    @classmethod
    def find_batch(cls, info: Any, batch_id: str) -> CodeBatch:
        """Return the batch that the requestor may change."""
        rows = CodeBatch.objects.select_related("program").defer("recipients")
        found: CodeBatch = cls.find(rows, batch_id, ProgramBudgetCodeBatch)
        cls.require_kinds(info, {found.kind})
        return found

    @classmethod
    def find_codes(cls, info: Any, ids: Sequence[str]) -> list[RedemptionCode]:
        """Return the codes that the requestor may change."""
        if len(ids) > MOST_AT_ONCE:
            raise field_error("ids", f"Name up to {MOST_AT_ONCE:,} codes.", "limit_exceeded")
        rows = RedemptionCode.objects.select_related("batch__program").defer(
            "batch__recipients", "batch__secret", "batch__rejected"
        )
        found: list[RedemptionCode] = cls.find_all(rows, ids, ProgramBudgetCode, field="ids")
        if not found:
            raise field_error("ids", "Name the codes.", "required")
        cls.require_kinds(info, {code.batch.kind for code in found})
        return found

    @classmethod
    def with_batch(cls, batch: CodeBatch, **payload: Any) -> Any:
        """Return the payload with the batch as it has become."""
        return cls(batch=batches_in().get(pk=batch.pk), **payload)


class ProgramBudgetCodeBatchHandOut(CodeMutation):
    """Hand a batch's codes out."""

    batch = graphene.Field(ProgramBudgetCodeBatch, description="The batch.")
    csv = graphene.String(
        description="The codes as CSV, with the columns number, email, name and code."
    )

    class Arguments:
        id = graphene.ID(required=True, description="ID of the batch.")

    class Meta:
        description = (
            "Returns the codes of a batch. Those of store credit leave once: afterwards nobody can "
            f"read them again, and `programBudgetCodeBatchReissue` makes others.{DISCOUNTS_TOO}"
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, id: str) -> Any:
        """Hand them out."""
        batch = cls.find_batch(info, id)
        with translated(**FIELDS_OF_CORE):
            issued = codes.hand_out(batch=batch, actor=actor_in(info.context), at=timezone.now())
            text = issuing.as_csv(issued)
        return cls.with_batch(batch, csv=text)


class ProgramBudgetCodeBatchRevoke(CodeMutation):
    """Revoke a batch."""

    batch = graphene.Field(ProgramBudgetCodeBatch, description="The batch.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the batch.")
        reason = graphene.String(required=True, description="Why.")

    class Meta:
        description = (
            "Revokes the codes of a batch that aren't redeemed, and lets no more be made. "
            f"Repeating it changes nothing.{DISCOUNTS_TOO}"
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, id: str, reason: str) -> Any:
        """Revoke it."""
        batch = cls.find_batch(info, id)
        with translated(**FIELDS_OF_CORE):
            codes.revoke_batch(
                batch=batch,
                reason=checked_text(reason, field="reason", longest=LONGEST_REASON),
                withdraw=vouchers.withdraw,
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        return cls.with_batch(batch)


class ProgramBudgetCodeBatchReissue(CodeMutation):
    """Replace a batch."""

    batch = graphene.Field(ProgramBudgetCodeBatch, description="The new batch.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the batch.")
        expires_at = DateTime(description=EXPIRES_AT)

    class Meta:
        description = (
            "Revokes the codes of a batch that are neither redeemed nor revoked, and issues others "
            f"to their members in a new batch.{DISCOUNTS_TOO}"
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(
        cls, _root: Any, info: Any, /, *, id: str, expires_at: datetime | None = None
    ) -> Any:
        """Replace it; a task makes the new codes."""
        batch = cls.find_batch(info, id)
        with translated(**FIELDS_OF_CORE):
            replacement = codes.reissue(
                batch=batch,
                expires_at=expires_at,
                withdraw=vouchers.withdraw,
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        issuing.queue(batch_id=replacement.pk)
        return cls.with_batch(replacement)


class ProgramBudgetCodeRevoke(CodeMutation):
    """Revoke some codes."""

    codes = NonNullList(
        ProgramBudgetCode, required=True, default_value=[], description="The codes."
    )

    class Arguments:
        ids = NonNullList(
            graphene.ID, required=True, description=f"IDs of codes, {MOST_AT_ONCE:,} at most."
        )
        reason = graphene.String(required=True, description="Why.")

    class Meta:
        description = (
            "Revokes codes; one that is redeemed stays so. Repeating it changes nothing."
            f"{DISCOUNTS_TOO}"
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, ids: list[str], reason: str) -> Any:
        """Revoke them."""
        found = cls.find_codes(info, ids)
        with translated(**FIELDS_OF_CORE):
            codes.revoke_codes(
                codes=[code.pk for code in found],
                reason=checked_text(reason, field="reason", longest=LONGEST_REASON),
                withdraw=vouchers.withdraw,
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        changed = codes_in().in_bulk([code.pk for code in found])
        return cls(codes=[changed[code.pk] for code in found])


class ProgramBudgetCodeReissue(CodeMutation):
    """Replace some codes."""

    batch = graphene.Field(ProgramBudgetCodeBatch, description="The batch of the new codes.")

    class Arguments:
        ids = NonNullList(
            graphene.ID,
            required=True,
            description=f"IDs of codes of one batch, {MOST_AT_ONCE:,} at most.",
        )
        expires_at = DateTime(description=EXPIRES_AT)

    class Meta:
        description = (
            "Revokes codes that are neither redeemed nor revoked, and issues others to their "
            f"members in a new batch.{DISCOUNTS_TOO}"
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(
        cls, _root: Any, info: Any, /, *, ids: list[str], expires_at: datetime | None = None
    ) -> Any:
        """Replace them; a task makes the new codes."""
        found = cls.find_codes(info, ids)
        if len({code.batch_id for code in found}) > 1:
            raise field_error("ids", "Name codes of one batch.", "invalid")
        with translated(**FIELDS_OF_CORE | {"batch": "ids"}):
            replacement = codes.reissue(
                batch=found[0].batch,
                codes=[code.pk for code in found],
                expires_at=expires_at,
                withdraw=vouchers.withdraw,
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        issuing.queue(batch_id=replacement.pk)
        return cls.with_batch(replacement)
