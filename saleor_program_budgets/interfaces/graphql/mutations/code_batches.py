"""Have redemption codes made: what they are worth, and whom they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import graphene
from django.utils import timezone
from saleor.discount.models import Voucher
from saleor.graphql.core.scalars import DateTime, PositiveDecimal
from saleor.graphql.core.types import BaseInputObjectType, Upload

from saleor_program_budgets import codes
from saleor_program_budgets.interfaces import issuing, vouchers
from saleor_program_budgets.interfaces.graphql.code_enums import (
    ProgramBudgetCodeDelivery,
    ProgramBudgetCodeKind,
)
from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_PROGRAMS,
    DOC_CATEGORY,
    actor_in,
    to_amount,
)
from saleor_program_budgets.interfaces.graphql.errors import ProgramBudgetError, translated
from saleor_program_budgets.interfaces.graphql.mutations.base import (
    LONGEST_NAME,
    BudgetMutation,
    checked_text,
    list_in,
)
from saleor_program_budgets.interfaces.graphql.mutations.codes import (
    DISCOUNTS_TOO,
    FIELDS_OF_CORE,
    CodeMutation,
)
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.code import ProgramBudgetCodeBatch
from saleor_program_budgets.interfaces.graphql.types.group import ProgramBudgetGroup
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.models import Account, CodeBatch, MemberGroup, Program

if TYPE_CHECKING:
    from datetime import datetime


class ProgramBudgetCodeBatchInput(BaseInputObjectType):
    """What is issued to whom."""

    name = graphene.String(required=True, description="What staff call the batch.")
    kind = ProgramBudgetCodeKind(required=True, description="What the codes are worth.")
    account = graphene.ID(
        description="ID of an account: for all active members under it and below."
    )
    group = graphene.ID(description="ID of a group of the program: for its active members.")
    csv = graphene.String(
        description=(
            "A list of members as CSV, with one or more of the columns member_id, email and "
            "external_user_id. Without account, group and list, all active members get a code."
        )
    )
    file = Upload(description="The same list as a file, UTF-8.")
    delivery = ProgramBudgetCodeDelivery(
        description="How the codes reach people. Defaults to DOWNLOAD."
    )
    prefix = graphene.String(
        description="What every code begins with: up to 20 letters A to Z, digits and dashes."
    )
    pattern = graphene.String(
        description=(
            "The random part: an X for each random symbol, 12 at least, and dashes. Defaults to "
            f"{codes.DEFAULT_PATTERN}."
        )
    )
    has_name = graphene.Boolean(
        description=(
            "Whether up to ten letters of the member's first name stand before the random part. "
            "Defaults to false."
        )
    )
    amount = PositiveDecimal(
        description="What a STORE_CREDIT code adds to the budget, in the program's currency."
    )
    credit_days = graphene.Int(
        description=(
            "For how many days after its redemption that credit can be spent. Without it and "
            "`creditExpiresAt`, it lapses with the member's period."
        )
    )
    credit_expires_at = DateTime(description="From when that credit can't be spent.")
    voucher = graphene.ID(
        description=(
            "ID of the voucher that DISCOUNT codes become codes of: without a usage limit, not "
            "once per customer, and available in one of the program's channels."
        )
    )
    expires_at = DateTime(description="From when no code is redeemed; null for never.")

    class Meta:
        description = "What redemption codes are worth, and whom they are for."
        doc_category = DOC_CATEGORY


class ProgramBudgetCodeBatchCreate(CodeMutation):
    """Have codes made."""

    batch = graphene.Field(
        ProgramBudgetCodeBatch, description="The batch; `status` and `made` show how far it is."
    )

    class Arguments:
        program = graphene.ID(required=True, description="ID of the program.")
        input = ProgramBudgetCodeBatchInput(
            required=True, description="What the codes are worth, and whom they are for."
        )

    class Meta:
        description = (
            "Issues redemption codes, one for each member, up to 100,000 at once. A task makes "
            f"them, and sends them if they go by e-mail.{DISCOUNTS_TOO}"
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(
        cls, _root: Any, info: Any, /, *, program: str, input: dict[str, Any]
    ) -> Any:
        """Create the batch, and leave the rest to a task."""
        cls.require_kinds(info, {input["kind"]})
        found = cls.find(Program.objects.all(), program, ProgramBudgetProgram, field="program")
        at = timezone.now()
        with translated(**FIELDS_OF_CORE):
            worth = _worth(cls, found, input, at)
            batch = codes.create_batch(
                program=found,
                name=checked_text(input["name"], field="name", longest=LONGEST_NAME),
                kind=CodeBatch.Kind(input["kind"]),
                csv=list_in(info, input),
                delivery=CodeBatch.Delivery(input.get("delivery") or CodeBatch.Delivery.DOWNLOAD),
                prefix=input.get("prefix") or "",
                pattern=input.get("pattern") or codes.DEFAULT_PATTERN,
                has_name=bool(input.get("has_name")),
                expires_at=input.get("expires_at"),
                actor=actor_in(info.context),
                at=at,
                **_members(cls, input),
                **worth,
            )
        issuing.queue(batch_id=batch.pk)
        return cls.with_batch(batch)


def _members(mutation: type[BudgetMutation], given: dict[str, Any]) -> dict[str, Any]:
    """Return the account or the group whose members get codes."""
    found: dict[str, Any] = {"account": None, "group": None}
    if given.get("account") is not None:
        accounts = Account.objects.without_tree_fields()
        found["account"] = mutation.find(
            accounts, given["account"], ProgramBudgetAccount, field="account"
        )
    if given.get("group") is not None:
        found["group"] = mutation.find(
            MemberGroup.objects.all(), given["group"], ProgramBudgetGroup, field="group"
        )
    return found


def _worth(
    mutation: type[BudgetMutation], program: Program, given: dict[str, Any], at: datetime
) -> dict[str, Any]:
    """Return the amount or the voucher as the core takes it; it says whether both fit the kind."""
    worth: dict[str, Any] = {
        "credit_days": given.get("credit_days"),
        "credit_expires_at": given.get("credit_expires_at"),
    }
    if given.get("amount") is not None:
        worth["amount"] = to_amount(given["amount"], program.currency)
    if given.get("voucher") is not None:
        voucher = mutation.find(Voucher.objects.all(), given["voucher"], "Voucher", field="voucher")
        vouchers.check_voucher(voucher=voucher, program=program, at=at)
        worth["voucher_reference"] = str(voucher.pk)
    return worth
