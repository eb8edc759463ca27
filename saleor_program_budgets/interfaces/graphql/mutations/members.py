"""Enroll, move, deactivate and reactivate members, and grant them value."""

from __future__ import annotations

from typing import Any

import graphene
from django.utils import timezone
from saleor.account.models import User
from saleor.graphql.account.types import User as UserType
from saleor.graphql.core.scalars import DateTime, PositiveDecimal
from saleor.graphql.core.types import NonNullList

from saleor_program_budgets import programs
from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_MEMBERS,
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
    ledger_key,
)
from saleor_program_budgets.interfaces.graphql.types.account import ProgramBudgetAccount
from saleor_program_budgets.interfaces.graphql.types.member import ProgramBudgetMember
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.models import Account, Member, Program

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
        users = NonNullList(graphene.ID, description="IDs of users.")
        emails = NonNullList(graphene.String, description="E-mail addresses of users.")

    class Meta:
        description = (
            f"Enrolls up to {ENROLLED_AT_ONCE} users, by ID or e-mail address, in a program under "
            "an account. In an open program they get the cycle's allotment. Who is a member "
            "already stays where they are. If one user is unknown, nobody is enrolled."
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
        user_ids = _users(cls, given.get("users") or [], given.get("emails") or [])
        with translated():
            members = programs.enroll(
                program=program,
                user_ids=user_ids,
                account=account,
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
    def perform_mutation(cls, _root: Any, _info: Any, /, *, id: str, account: str) -> Any:
        """Move them."""
        member = _member(cls, id)
        with translated():
            programs.move_member(member=member, account=_account(cls, account))
        return cls(member=member)


class ProgramBudgetMemberDeactivate(BudgetMutation):
    """Let a member take no new holds."""

    member = graphene.Field(ProgramBudgetMember, description="The deactivated member.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the member.")

    class Meta:
        description = "Lets a member spend no more; open holds are honoured."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_MEMBERS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, _info: Any, /, *, id: str) -> Any:
        """Deactivate them."""
        member = _member(cls, id)
        with translated():
            programs.deactivate_member(member=member, at=timezone.now())
        return cls(member=member)


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
