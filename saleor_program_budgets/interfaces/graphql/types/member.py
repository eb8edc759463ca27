"""Members, their balance and their lots."""

from __future__ import annotations

from typing import Any

import graphene
from saleor.graphql.account.dataloaders import UserByUserIdLoader
from saleor.graphql.account.utils import check_is_owner_or_has_one_of_perms
from saleor.graphql.core.connection import CountableConnection
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import BaseObjectType, ModelObjectType, Money, NonNullList
from saleor.graphql.utils import get_user_or_app_from_context
from saleor.permission.auth_filters import AuthorizationFilters
from saleor.permission.enums import AccountPermissions

from saleor_program_budgets import models
from saleor_program_budgets.interfaces.graphql.common import (
    DOC_CATEGORY,
    READ_FIGURES,
    minor_to_money,
)
from saleor_program_budgets.interfaces.graphql.enums import ProgramBudgetLotOrigin
from saleor_program_budgets.interfaces.graphql.fields import (
    linked_field,
    linked_list_field,
    money_field,
)
from saleor_program_budgets.interfaces.graphql.groups import GroupsByMemberIdLoader
from saleor_program_budgets.interfaces.graphql.loaders import (
    AccountByIdLoader,
    BalanceByMemberLoader,
    LotByIdLoader,
    LotsByMemberIdLoader,
    ProgramByIdLoader,
)
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.group import ProgramBudgetGroup
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.interfaces.graphql.types.renewal import ComingFields


class ProgramBudgetBalance(BaseObjectType):
    """A member's figures now."""

    granted = graphene.Field(
        Money, required=True, description="What the member was given for the open cycle."
    )
    available = graphene.Field(
        Money, required=True, description="What the member may still spend, caps apart."
    )
    held = graphene.Field(Money, required=True, description="What open holds reserve.")
    spent = graphene.Field(Money, required=True, description="What is spent, less refunds.")
    lapsed = graphene.Field(
        Money,
        required=True,
        description="What has expired unspent.",
    )
    withdrawn = graphene.Field(
        Money, required=True, description="What was taken back: adjusted or clawed back."
    )

    class Meta:
        description = "A member's figures: granted = available + held + spent + lapsed + withdrawn."
        doc_category = DOC_CATEGORY


def balance_type(balance: Any, currency: str) -> ProgramBudgetBalance:
    """Return the core's *balance* as the GraphQL type shows it."""
    names = ("granted", "available", "held", "spent", "lapsed", "withdrawn")
    return ProgramBudgetBalance(
        **{name: minor_to_money(getattr(balance, name), currency) for name in names}
    )


class ProgramBudgetLot(ModelObjectType[models.Lot]):
    """Value granted to a member."""

    id = graphene.GlobalID(required=True, description="The ID of the lot.")
    origin = ProgramBudgetLotOrigin(required=True, description="How it came to the member.")
    amount = money_field("amount", "What was granted.", unit="limit.unit")
    available = money_field(
        "available",
        "What is left of it, neither held nor spent nor removed.",
        unit="limit.unit",
    )
    held = money_field("held", "What of it open holds reserve.", unit="limit.unit")
    spent = money_field("spent", "What of it is spent.", unit="limit.unit")
    lapsed = money_field("lapsed", "What of it was recorded as expired.", unit="limit.unit")
    withdrawn = money_field("withdrawn", "What of it was taken back.", unit="limit.unit")
    moved = money_field(
        "moved", "What of it went on into a lot that names this one as source.", unit="limit.unit"
    )
    source = linked_field(
        lambda: ProgramBudgetLot,
        LotByIdLoader,
        "source_id",
        "The lot that this one continues; null if it is new value.",
    )
    expires_at = DateTime(description="From when it can't be spent; null if never.")
    created_at = DateTime(required=True, description="When it was granted.")
    reason = graphene.String(
        required=True, description="Why it was granted; empty for who may not read all figures."
    )

    class Meta:
        description = (
            "Value granted to a member, with its origin and expiry: amount = available + held + "
            "spent + lapsed + withdrawn + moved. Amounts whose currency is ITEM count pieces."
        )
        interfaces = [graphene.relay.Node]
        model = models.Lot
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_reason(root: models.Lot, info: Any) -> str:
        """Show what staff wrote to staff."""
        requestor = get_user_or_app_from_context(info.context)
        may_read = requestor and any(requestor.has_perm(each) for each in READ_FIGURES)
        return root.reason if may_read else ""


class ProgramBudgetMember(ComingFields, ModelObjectType[models.Member]):
    """A user enrolled in a program."""

    id = graphene.GlobalID(required=True, description="The ID of the member.")
    program = linked_field(
        ProgramBudgetProgram, ProgramByIdLoader, "program_id", "The program.", required=True
    )
    account = linked_field(
        ProgramBudgetAccount,
        AccountByIdLoader,
        "account_id",
        "The account they spend under.",
        required=True,
    )
    user = graphene.Field(
        "saleor.graphql.account.types.User",
        description=(
            "The user; null when Saleor has deleted them.\n\nRequires one of the following "
            f"permissions: {AccountPermissions.MANAGE_USERS.name}, "
            f"{AuthorizationFilters.OWNER.name}."
        ),
    )
    email = graphene.String(description="The user's e-mail address; null when deleted.")
    name = graphene.String(description="The user's first and last name; null when deleted.")
    user_reference = graphene.String(
        required=True, description="The user's database id; it stays when Saleor deletes them."
    )
    is_active = graphene.Boolean(required=True, description="Whether they may take new holds.")
    joined_at = DateTime(required=True, description="When they were enrolled.")
    deactivated_at = DateTime(description="Since when they are inactive.")
    balance = graphene.Field(
        ProgramBudgetBalance, required=True, description="The member's figures now."
    )
    lots = linked_list_field(
        NonNullList(ProgramBudgetLot),
        LotsByMemberIdLoader,
        "What the member was granted, in the order in which it is consumed.",
    )
    groups = linked_list_field(
        NonNullList(ProgramBudgetGroup),
        GroupsByMemberIdLoader,
        "The groups the member is in; the first one's terms count, alone.",
    )

    class Meta:
        description = "A user enrolled in a program under an account."
        interfaces = [graphene.relay.Node]
        model = models.Member
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_user(root: models.Member, info: Any) -> Any:
        """Load by id; only for staff that manages users, and for the user."""

        def checked(user: Any) -> Any:
            requestor = get_user_or_app_from_context(info.context)
            check_is_owner_or_has_one_of_perms(requestor, user, AccountPermissions.MANAGE_USERS)
            return user

        if root.user_id is None:
            return None
        return UserByUserIdLoader(info.context).load(root.user_id).then(checked)

    @staticmethod
    def resolve_email(root: models.Member, info: Any) -> Any:
        """Read from the user."""
        if root.user_id is None:
            return None
        return UserByUserIdLoader(info.context).load(root.user_id).then(lambda user: user.email)

    @staticmethod
    def resolve_name(root: models.Member, info: Any) -> Any:
        """Read from the user."""
        if root.user_id is None:
            return None
        user = UserByUserIdLoader(info.context).load(root.user_id)
        return user.then(lambda found: f"{found.first_name} {found.last_name}".strip())

    @staticmethod
    def resolve_balance(root: models.Member, info: Any) -> Any:
        """Load the figures, in the program's currency."""
        balance = BalanceByMemberLoader(info.context).load((root.pk, root.program_id))
        program = ProgramByIdLoader(info.context).load(root.program_id)
        return balance.then(
            lambda figures: program.then(lambda found: balance_type(figures, found.currency))
        )


class ProgramBudgetMemberCountableConnection(CountableConnection):
    """A page of members."""

    class Meta:
        node = ProgramBudgetMember
        doc_category = DOC_CATEGORY
