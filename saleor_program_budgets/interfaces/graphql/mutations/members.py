"""Enroll, move, deactivate and reactivate members; grant, adjust and claw back value."""

from __future__ import annotations

from typing import Any

import graphene
from django.utils import timezone
from saleor.account.models import User
from saleor.graphql.account.types import User as UserType
from saleor.graphql.core.scalars import DateTime, Decimal, PositiveDecimal
from saleor.graphql.core.types import NonNullList

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_MEMBERS,
    CHANGE_PROGRAMS,
    DOC_CATEGORY,
    POSTING,
    actor_in,
    to_amount,
    to_global_id,
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
    ledger_key,
)
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.group import ProgramBudgetGroup
from saleor_program_budgets.interfaces.graphql.types.member import ProgramBudgetMember
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.models import Account, Member, MemberGroup, Program

ENROLLED_AT_ONCE = 1_000


class ProgramBudgetMemberEnroll(BudgetMutation):
    """Enroll users."""

    members = NonNullList(
        ProgramBudgetMember,
        required=True,
        default_value=[],
        description="The members, those that had been enrolled before included.",
    )

    class Arguments:
        program = graphene.ID(required=True, description="ID of the program.")
        account = graphene.ID(required=True, description="ID of the account they spend under.")
        group = graphene.ID(description="ID of a group of the program that they join.")
        users = NonNullList(graphene.ID, description="IDs of users.")
        emails = NonNullList(graphene.String, description="E-mail addresses of users.")

    class Meta:
        description = (
            f"Enrolls up to {ENROLLED_AT_ONCE} users, by ID or e-mail address, in a program under "
            "an account. In an open program they get their share of the cycle's allotment. Who is "
            "a member already stays where they are. If one user is unknown, nobody is enrolled."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_MEMBERS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, **given: Any) -> Any:
        """Find everybody first, then enroll them in one call."""
        program = cls.find(
            Program.objects.all(), given["program"], ProgramBudgetProgram, field="program"
        )
        account = _account(cls, given["account"])
        group = None
        if given.get("group") is not None:
            groups = MemberGroup.objects.all()
            group = cls.find(groups, given["group"], ProgramBudgetGroup, field="group")
        user_ids = _users(cls, given.get("users") or [], given.get("emails") or [])
        with translated():
            members = programs.enroll(
                program=program,
                user_ids=user_ids,
                account=account,
                group=group,
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        return cls(members=members)


class ProgramBudgetMemberMove(BudgetMutation):
    """Put a member under another account."""

    member = graphene.Field(ProgramBudgetMember, description="The moved member.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the member.")
        account = graphene.ID(required=True, description="ID of the account from now on.")

    class Meta:
        description = (
            "Puts a member under another account. The balance follows; past spend and open holds "
            "stay under the old account's caps."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_MEMBERS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, id: str, account: str) -> Any:
        """Move them."""
        member = _member(cls, id)
        with translated():
            programs.move_member(
                member=member,
                account=_account(cls, account),
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        return cls(member=member)


class ProgramBudgetMemberDeactivate(BudgetMutation):
    """Let a member take no new holds, and take back what they haven't used."""

    member = graphene.Field(ProgramBudgetMember, description="The deactivated member.")
    posting_id = graphene.ID(
        description="The clawback's posting; null when there was nothing to take back."
    )

    class Arguments:
        id = graphene.ID(required=True, description="ID of the member.")
        reason = graphene.String(description="Why, for the journal.")

    class Meta:
        description = (
            "Lets a member spend no more, and takes back what they have neither held nor spent. "
            "Open holds are honoured; what of them comes back is taken back too."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_MEMBERS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, **given: Any) -> Any:
        """Deactivate them first, so that no purchase comes between."""
        member = _member(cls, given["id"])
        reason = "left the program"
        if given.get("reason") is not None:
            reason = checked_text(given["reason"], field="reason", longest=LONGEST_REASON)
        with translated():
            taken = programs.deactivate_member(
                member=member, reason=reason, actor=actor_in(info.context), at=timezone.now()
            )
        of_money = [each for each in taken if each.amount.currency == member.program.currency]
        return cls(member=member, posting_id=_posting_id(of_money[0] if of_money else None))


class ProgramBudgetMemberReactivate(BudgetMutation):
    """Let a member buy again."""

    member = graphene.Field(ProgramBudgetMember, description="The reactivated member.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the member.")

    class Meta:
        description = "Lets a member buy again; an allotment missed meanwhile is granted."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_MEMBERS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, id: str) -> Any:
        """Reactivate them."""
        member = _member(cls, id)
        with translated():
            programs.reactivate_member(
                member=member, actor=actor_in(info.context), at=timezone.now()
            )
        return cls(member=member)


class ProgramBudgetGrant(BudgetMutation):
    """Grant a member value beside the allotment."""

    member = graphene.Field(ProgramBudgetMember, description="The member.")

    class Arguments:
        member = graphene.ID(required=True, description="ID of the member.")
        amount = PositiveDecimal(
            required=True, description="What is granted, in the program's currency."
        )
        reason = graphene.String(required=True, description="Why, for the journal.")
        expires_at = DateTime(description="From when it can't be spent; null if never.")
        idempotency_key = graphene.String(
            description="A repeated call with the same key and values changes nothing."
        )

    class Meta:
        description = "Grants a member value beside their allotment, for a stated reason."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, **given: Any) -> Any:
        """Grant it."""
        member = _member(cls, given["member"], field="member")
        with translated():
            programs.grant(
                member=member,
                amount=to_amount(given["amount"], member.program.currency),
                reason=checked_text(given["reason"], field="reason", longest=LONGEST_REASON),
                expires_at=given.get("expires_at"),
                key=ledger_key("grant", given.get("idempotency_key")),
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        return cls(member=member)


class ProgramBudgetAdjust(BudgetMutation):
    """Correct a member's budget."""

    member = graphene.Field(ProgramBudgetMember, description="The member.")
    posting_id = graphene.ID(
        description="The adjustment's posting, as `programBudgetReverse` takes it."
    )

    class Arguments:
        member = graphene.ID(required=True, description="ID of the member.")
        amount = Decimal(
            required=True,
            description=(
                "What is added, in the program's currency; negative to take back what is neither "
                "held nor spent."
            ),
        )
        reason = graphene.String(required=True, description="Why, for the journal.")
        expires_at = DateTime(
            description=(
                "From when what is added can't be spent; the end of the open cycle if not given."
            )
        )
        idempotency_key = graphene.String(
            description="A repeated call with the same key and values changes nothing."
        )

    class Meta:
        description = "Corrects a member's budget up or down, for a stated reason."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, **given: Any) -> Any:
        """Adjust it."""
        member = _member(cls, given["member"], field="member")
        with translated():
            amount = to_amount(given["amount"], member.program.currency)
            if amount.minor < 0 and given.get("expires_at") is not None:
                raise field_error("expires_at", "What is taken back has no expiry.", "invalid")
            correction = programs.adjust(
                member=member,
                amount=amount,
                reason=checked_text(given["reason"], field="reason", longest=LONGEST_REASON),
                expires_at=given.get("expires_at"),
                key=ledger_key("adjust", given.get("idempotency_key")),
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        return cls(member=member, posting_id=_posting_id(correction))


def _posting_id(correction: ledger.Correction | None) -> str | None:
    if correction is None or correction.posting_id is None:
        return None
    return to_global_id(POSTING, str(correction.posting_id))


def _member(mutation: type[BudgetMutation], member_id: str, *, field: str = "id") -> Member:
    members = Member.objects.select_related("program")
    found: Member = mutation.find(members, member_id, ProgramBudgetMember, field=field)
    return found


def _account(mutation: type[BudgetMutation], account_id: str) -> Account:
    accounts = Account.objects.without_tree_fields()
    found: Account = mutation.find(accounts, account_id, ProgramBudgetAccount, field="account")
    return found


def _users(mutation: type[BudgetMutation], ids: list[str], emails: list[str]) -> list[int]:
    """Return the users' keys, each once; raises unless everybody is found."""
    if not ids and not emails:
        raise field_error("users", "Name at least one user, by ID or e-mail address.", "required")
    if len(ids) + len(emails) > ENROLLED_AT_ONCE:
        raise field_error(
            "users", f"One call enrolls {ENROLLED_AT_ONCE} users at most.", "limit_exceeded"
        )
    by_id = mutation.find_all(User.objects.all(), ids, UserType, field="users")
    wanted = {email.strip().lower() for email in emails}
    by_email = dict(User.objects.filter(email__in=wanted).values_list("email", "pk"))
    if missing := sorted(wanted - by_email.keys()):
        names = ", ".join(missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise field_error("emails", f"No user has the address {names}{more}.", "not_found")
    return list(dict.fromkeys([*(user.pk for user in by_id), *by_email.values()]))
