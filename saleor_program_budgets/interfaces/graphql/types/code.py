"""Redemption codes: batches of them, who tried them in vain, and who is locked out."""

from __future__ import annotations

from typing import Any

import graphene
from django.utils import timezone
from saleor.graphql.account.dataloaders import UserByUserIdLoader
from saleor.graphql.channel.types import Channel
from saleor.graphql.core.connection import CountableConnection, create_connection_slice
from saleor.graphql.core.context import get_database_connection_name
from saleor.graphql.core.fields import ConnectionField, PermissionsField
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import BaseObjectType, ModelObjectType, Money, NonNullList

from saleor_program_budgets import models
from saleor_program_budgets.interfaces.graphql.code_enums import (
    ProgramBudgetCodeAttemptPlace,
    ProgramBudgetCodeAttemptReason,
    ProgramBudgetCodeBatchStatus,
    ProgramBudgetCodeDelivery,
    ProgramBudgetCodeKind,
    ProgramBudgetCodeLockoutSubject,
    ProgramBudgetCodeSource,
    ProgramBudgetCodeState,
)
from saleor_program_budgets.interfaces.graphql.codes import (
    ChannelByIdLoader,
    CodeBatchByIdLoader,
    CodeByIdLoader,
    CountsByCodeBatchIdLoader,
    codes_in,
)
from saleor_program_budgets.interfaces.graphql.common import (
    DOC_CATEGORY,
    READ_CODES,
    minor_to_money,
    to_global_id,
)
from saleor_program_budgets.interfaces.graphql.fields import global_id_field, linked_field
from saleor_program_budgets.interfaces.graphql.filters import search_people
from saleor_program_budgets.interfaces.graphql.groups import GroupByIdLoader
from saleor_program_budgets.interfaces.graphql.loaders import (
    AccountByIdLoader,
    MemberByIdLoader,
    ProgramByIdLoader,
)
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.adjustment import ProgramBudgetRejectedLine
from saleor_program_budgets.interfaces.graphql.types.group import ProgramBudgetGroup
from saleor_program_budgets.interfaces.graphql.types.member import ProgramBudgetMember
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram


class ProgramBudgetCode(ModelObjectType[models.RedemptionCode]):
    """One code, issued to one member."""

    id = graphene.GlobalID(required=True, description="The ID of the code.")
    batch = linked_field(
        lambda: ProgramBudgetCodeBatch,
        CodeBatchByIdLoader,
        "batch_id",
        "The batch it was made in.",
        required=True,
    )
    number = graphene.Int(required=True, description="Its number in the batch.")
    member = linked_field(
        ProgramBudgetMember,
        MemberByIdLoader,
        "member_id",
        "Whom it was issued to; nobody else can redeem it.",
        required=True,
    )
    code = PermissionsField(
        graphene.String,
        description=(
            "The code as it is entered. Null for store credit: of those the clear text leaves once."
        ),
        permissions=READ_CODES,
    )
    state = ProgramBudgetCodeState(required=True, description="How it stands.")
    redeemed_at = DateTime(description="When it was redeemed; null if it isn't.")
    order_id = global_id_field("Order", "order_id", "The order it was redeemed for.")
    sent_at = DateTime(description="When it was sent by e-mail.")
    send_failed_at = DateTime(
        description="When sending it failed last; null if it never did, or it was sent since."
    )
    revoked_at = DateTime(description="When it was revoked.")
    revoked_by = graphene.String(required=True, description="Who revoked it; empty if nobody has.")
    revoke_reason = graphene.String(required=True, description="Why it was revoked.")

    class Meta:
        description = "A redemption code: it works for one member, once."
        interfaces = [graphene.relay.Node]
        model = models.RedemptionCode
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_code(root: models.RedemptionCode, _info: Any) -> str | None:
        """Show what is kept in clear."""
        return root.text or None


class ProgramBudgetCodeCountableConnection(CountableConnection):
    """A page of codes."""

    class Meta:
        node = ProgramBudgetCode
        doc_category = DOC_CATEGORY


class ProgramBudgetCodeCount(BaseObjectType):
    """How many codes there are in a state."""

    state = ProgramBudgetCodeState(required=True, description="The state.")
    codes = graphene.Int(required=True, description="How many codes.")

    class Meta:
        description = "How many codes of a batch are in a state."
        doc_category = DOC_CATEGORY


class ProgramBudgetCodeBatch(ModelObjectType[models.CodeBatch]):
    """Codes made in one run."""

    id = graphene.GlobalID(required=True, description="The ID of the batch.")
    program = linked_field(
        ProgramBudgetProgram, ProgramByIdLoader, "program_id", "The program.", required=True
    )
    name = graphene.String(required=True, description="What staff call it.")
    kind = ProgramBudgetCodeKind(required=True, description="What its codes are worth.")
    source = ProgramBudgetCodeSource(required=True, description="Whom it is for.")
    account = linked_field(
        ProgramBudgetAccount,
        AccountByIdLoader,
        "account_id",
        "The account whose members it is for, those below it included.",
    )
    group = linked_field(
        ProgramBudgetGroup, GroupByIdLoader, "group_id", "The group whose members it is for."
    )
    replaces = linked_field(
        lambda: ProgramBudgetCodeBatch,
        CodeBatchByIdLoader,
        "replaces_id",
        "The batch whose codes it replaces.",
    )
    delivery = ProgramBudgetCodeDelivery(required=True, description="How the codes reach people.")
    status = ProgramBudgetCodeBatchStatus(required=True, description="How far it has come.")
    prefix = graphene.String(required=True, description="What every code begins with.")
    pattern = graphene.String(
        required=True, description="The random part, with an X for each random symbol."
    )
    has_name = graphene.Boolean(
        required=True, description="Whether codes show letters of the member's first name."
    )
    amount = graphene.Field(Money, description="What a STORE_CREDIT code adds to the budget.")
    credit_days = graphene.Int(
        description="For how many days after its redemption that credit can be spent."
    )
    credit_expires_at = DateTime(
        description=(
            "From when that credit can't be spent; if this is null too, it lapses with the "
            "member's period."
        )
    )
    voucher_id = global_id_field(
        "Voucher", "voucher_reference", "The voucher that DISCOUNT codes are codes of."
    )
    expires_at = DateTime(description="From when no code is redeemed; null for never.")
    total = graphene.Int(required=True, description="How many codes it makes.")
    made = graphene.Int(required=True, description="How many are made.")
    made_at = DateTime(description="When the last one was made.")
    sent = graphene.Int(required=True, description="How many were sent by e-mail.")
    counts = graphene.Field(
        NonNullList(ProgramBudgetCodeCount),
        required=True,
        description="How many codes there are in each state.",
    )
    codes = ConnectionField(
        ProgramBudgetCodeCountableConnection,
        state=ProgramBudgetCodeState(description="Only those in this state."),
        search=graphene.String(description="Search by the member's e-mail address and name."),
        description="Its codes, by number.",
    )
    rejected = NonNullList(
        ProgramBudgetRejectedLine,
        required=True,
        description="The first 100 lines that can't be used; they are left out.",
    )
    rejected_count = graphene.Int(required=True, description="How many lines can't be used.")
    error = graphene.String(
        required=True, description="Why the run stopped; empty if nothing went wrong."
    )
    created_by = graphene.String(required=True, description="Who had it made.")
    created_at = DateTime(required=True, description="When.")
    delivered_by = graphene.String(
        required=True, description="Who had the codes handed out; empty if nobody has."
    )
    delivered_at = DateTime(description="When the codes had left.")
    revoked_by = graphene.String(required=True, description="Who revoked it; empty if nobody has.")
    revoked_at = DateTime(description="When it was revoked.")
    revoke_reason = graphene.String(required=True, description="Why it was revoked.")
    leak_noticed_at = DateTime(
        description="When it was noticed that many of its codes are tried by others."
    )
    leak_dismissed_at = DateTime(description="When staff said that this is no leak.")

    class Meta:
        description = (
            "Redemption codes made in one run, each for one member. An amount lapses after "
            "`creditDays`, at `creditExpiresAt`, or with the member's period."
        )
        interfaces = [graphene.relay.Node]
        model = models.CodeBatch
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_amount(root: models.CodeBatch, info: Any) -> Any:
        """Convert from minor units of the program's currency."""
        program = ProgramByIdLoader(info.context).load(root.program_id)
        return program.then(lambda found: minor_to_money(root.amount_minor, found.currency))

    @staticmethod
    def resolve_counts(root: models.CodeBatch, info: Any) -> Any:
        """Count the codes."""

        def as_types(counts: dict[str, int]) -> list[ProgramBudgetCodeCount]:
            return [
                ProgramBudgetCodeCount(state=state, codes=counts[state])
                for state in models.RedemptionCode.State.values
                if state in counts
            ]

        return CountsByCodeBatchIdLoader(info.context).load(root.pk).then(as_types)

    @staticmethod
    def resolve_codes(root: models.CodeBatch, info: Any, **arguments: Any) -> Any:
        """Page through the codes."""
        found = codes_in(get_database_connection_name(info.context)).filter(batch_id=root.pk)
        if arguments.get("state") is not None:
            found = found.filter(state=arguments["state"])
        return create_connection_slice(
            search_people(found, arguments.get("search"), path="member__user__"),
            info,
            arguments,
            ProgramBudgetCodeCountableConnection,
        )


class ProgramBudgetCodeBatchCountableConnection(CountableConnection):
    """A page of batches."""

    class Meta:
        node = ProgramBudgetCodeBatch
        doc_category = DOC_CATEGORY


class ProgramBudgetCodeAttempt(ModelObjectType[models.CodeAttempt]):
    """A try that was refused."""

    id = graphene.GlobalID(required=True, description="The ID of the attempt.")
    reason = ProgramBudgetCodeAttemptReason(required=True, description="Why it was refused.")
    place = ProgramBudgetCodeAttemptPlace(required=True, description="Where it was tried.")
    code = linked_field(
        ProgramBudgetCode, CodeByIdLoader, "code_id", "The code; null if it is none of ours."
    )
    batch = linked_field(
        ProgramBudgetCodeBatch, CodeBatchByIdLoader, "batch_id", "The batch of the code."
    )
    user_id = global_id_field("User", "user_reference", "Who tried it; null if not signed in.")
    email = graphene.String(
        description="Their e-mail address; null if not signed in, or deleted since."
    )
    actor = graphene.String(
        required=True, description="Who made the request: a user, staff, or an app."
    )
    address = graphene.String(description="The network address that the request came from.")
    channel = graphene.Field(Channel, description="The store it was tried in.")
    checkout_id = global_id_field("Checkout", "checkout_id", "The checkout it was tried on.")
    order_id = global_id_field("Order", "order_id", "The order it was tried on.")
    tried_at = DateTime(required=True, description="When.")

    class Meta:
        description = "A refused try of a redemption code, with the true reason."
        interfaces = [graphene.relay.Node]
        model = models.CodeAttempt
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_email(root: models.CodeAttempt, info: Any) -> Any:
        """Read from the user."""
        if not root.user_reference:
            return None
        user = UserByUserIdLoader(info.context).load(int(root.user_reference))
        return user.then(lambda found: found.email if found else None)

    @staticmethod
    def resolve_channel(root: models.CodeAttempt, info: Any) -> Any:
        """Load the channel; ``None`` when Saleor has deleted it."""
        if not root.channel_id:
            return None
        return ChannelByIdLoader(info.context).load(int(root.channel_id))


class ProgramBudgetCodeAttemptCountableConnection(CountableConnection):
    """A page of attempts."""

    class Meta:
        node = ProgramBudgetCodeAttempt
        doc_category = DOC_CATEGORY


class ProgramBudgetCodeLockout(ModelObjectType[models.CodeLockout]):
    """That somebody tried too often."""

    id = graphene.GlobalID(required=True, description="The ID of the lock-out.")
    subject = ProgramBudgetCodeLockoutSubject(required=True, description="What is locked out.")
    user_id = graphene.ID(description="The user that is.")
    checkout_id = graphene.ID(description="The checkout that is.")
    address = graphene.String(description="The network address that is.")
    tries = graphene.Int(required=True, description="How many wrong codes led to it.")
    is_active = graphene.Boolean(required=True, description="Whether it lasts.")
    starts_at = DateTime(required=True, description="When it began.")
    ends_at = DateTime(required=True, description="When it ends by itself.")
    released_at = DateTime(description="When staff ended it.")
    released_by = graphene.String(required=True, description="Who ended it; empty if nobody has.")

    class Meta:
        description = (
            "That a user, an address or a checkout tried too many wrong codes: no redemption code "
            "is taken from it until this ends. Vouchers and gift cards are."
        )
        interfaces = [graphene.relay.Node]
        model = models.CodeLockout
        doc_category = DOC_CATEGORY

    @staticmethod
    def resolve_user_id(root: models.CodeLockout, _info: Any) -> str | None:
        """Name the user."""
        is_user = root.subject == models.CodeLockout.Subject.USER
        return to_global_id("User", root.value) if is_user else None

    @staticmethod
    def resolve_checkout_id(root: models.CodeLockout, _info: Any) -> str | None:
        """Name the checkout."""
        is_checkout = root.subject == models.CodeLockout.Subject.CHECKOUT
        return to_global_id("Checkout", root.value) if is_checkout else None

    @staticmethod
    def resolve_address(root: models.CodeLockout, _info: Any) -> str | None:
        """Name the address."""
        return root.value if root.subject == models.CodeLockout.Subject.ADDRESS else None

    @staticmethod
    def resolve_is_active(root: models.CodeLockout, _info: Any) -> bool:
        """Say whether it was neither released nor has ended."""
        return root.released_at is None and timezone.now() < root.ends_at


class ProgramBudgetCodeLockoutCountableConnection(CountableConnection):
    """A page of lock-outs."""

    class Meta:
        node = ProgramBudgetCodeLockout
        doc_category = DOC_CATEGORY
