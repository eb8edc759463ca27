"""Redeem a store-credit code on the account page."""

from __future__ import annotations

from typing import Any

import graphene
from django.utils import timezone
from saleor.core.utils.promo_code import InvalidPromoCode
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import Money

from saleor_program_budgets import codes
from saleor_program_budgets.codes import Caller
from saleor_program_budgets.interfaces import promo_codes
from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY, actor_in, to_money
from saleor_program_budgets.interfaces.graphql.errors import ProgramBudgetError
from saleor_program_budgets.interfaces.graphql.mutations.base import BudgetMutation
from saleor_program_budgets.interfaces.graphql.types.shopper import ProgramBudget
from saleor_program_budgets.models import CodeAttempt, Member


class ProgramBudgetCodeRedeem(BudgetMutation):
    """Redeem a code for its amount."""

    amount = graphene.Field(Money, description="What the code added to the budget.")
    expires_at = DateTime(description="When that lapses; null if it doesn't.")
    budget = graphene.Field(ProgramBudget, description="The budget, with the amount in it.")

    class Arguments:
        code = graphene.String(
            required=True, description="The code; case, spaces and dashes don't matter."
        )

    class Meta:
        description = (
            "Redeems a store-credit code that was issued to the signed-in user: adds its amount to "
            "their budget, once. Whatever the reason that a code isn't taken, the error is the one "
            "for a code that doesn't exist. Codes for a discount are entered at the checkout."
        )
        doc_category = DOC_CATEGORY
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, code: str) -> Any:
        """Redeem it, or say that there is no such code."""
        user_id = info.context.user.pk if info.context.user else None
        caller = Caller(
            user_id=user_id,
            actor=actor_in(info.context),
            channel_id="",
            place=CodeAttempt.Place.ACCOUNT,
            address=promo_codes.address_of(info.context),
        )
        entry = promo_codes.enter(typed=code, caller=caller, owner_id=user_id, at=timezone.now())
        if found := entry.credit:
            try:
                redeemed = codes.redeem_credit(found=found, caller=caller, at=entry.at)
            except codes.CodeRefused as refused:
                entry = entry.refused(refused.reason)
            else:
                return cls.answer(info, found.member, redeemed)
        promo_codes.record(entry)
        raise _as_unknown()

    @classmethod
    def answer(cls, info: Any, member: Member, redeemed: codes.Redeemed) -> Any:
        """Return what was added, and the budget as it is now."""
        # What Saleor's loaders have seen before the grant is no longer true.
        info.context.dataloaders.clear()
        members = Member.objects.select_related("program", "account")
        return cls(
            amount=to_money(redeemed.amount),
            expires_at=redeemed.expires_at,
            budget=members.get(pk=member.pk),
            errors=[],
        )


def _as_unknown() -> InvalidPromoCode:
    """Return Saleor's own error for a promo code that doesn't exist, on this mutation's field."""
    [error] = InvalidPromoCode().error_dict["promo_code"]
    return InvalidPromoCode({"code": error})
