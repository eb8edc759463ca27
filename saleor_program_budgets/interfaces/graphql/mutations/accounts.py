"""Build the account tree and put caps on it."""

from __future__ import annotations

from typing import Any

import graphene
from django.utils import timezone
from saleor.graphql.core.scalars import DateTime, PositiveDecimal
from saleor.graphql.core.types import BaseInputObjectType

from saleor_program_budgets import accounts, programs
from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_PROGRAMS,
    DOC_CATEGORY,
    actor_in,
    to_amount,
)
from saleor_program_budgets.interfaces.graphql.enums import ProgramBudgetAccountKind
from saleor_program_budgets.interfaces.graphql.errors import (
    ProgramBudgetError,
    field_error,
    translated,
)
from saleor_program_budgets.interfaces.graphql.mutations.base import (
    LONGEST_NAME,
    LONGEST_REASON,
    BudgetMutation,
    checked_slug,
    checked_text,
    ledger_key,
)
from saleor_program_budgets.interfaces.graphql.types.account import (
    ProgramBudgetAccount,
    ProgramBudgetCap,
)
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.models import Account, Cap, Program


class ProgramBudgetAccountCreateInput(BaseInputObjectType):
    """A new account."""

    name = graphene.String(required=True, description="The name of the account.")
    slug = graphene.String(description="Its slug. Made from the name if not given.")
    kind = ProgramBudgetAccountKind(required=True, description="What the account stands for.")
    parent = graphene.ID(description="The account above it; none for a root.")

    class Meta:
        description = "A new account of the budget tree."
        doc_category = DOC_CATEGORY


class ProgramBudgetAccountCreate(BudgetMutation):
    """Add an account."""

    account = graphene.Field(ProgramBudgetAccount, description="The new account.")

    class Arguments:
        input = ProgramBudgetAccountCreateInput(required=True, description="The new account.")

    class Meta:
        description = "Adds an account to the budget tree."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, _info: Any, /, *, input: dict[str, Any]) -> Any:
        """Add it below its parent."""
        name = checked_text(input["name"], field="name", longest=LONGEST_NAME)
        with translated():
            account = accounts.create_account(
                name=name,
                slug=checked_slug(input.get("slug"), name=name),
                kind=Account.Kind(input["kind"]),
                parent=_parent(cls, input.get("parent")),
                at=timezone.now(),
            )
        return cls(account=account)


class ProgramBudgetAccountUpdate(BudgetMutation):
    """Rename an account."""

    account = graphene.Field(ProgramBudgetAccount, description="The changed account.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the account.")
        name = graphene.String(required=True, description="Its new name.")

    class Meta:
        description = "Renames an account of the budget tree."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, _info: Any, /, *, id: str, name: str) -> Any:
        """Rename it."""
        account = cls.find(_accounts(), id, ProgramBudgetAccount)
        name = checked_text(name, field="name", longest=LONGEST_NAME)
        with translated():
            accounts.rename_account(account=account, name=name)
        return cls(account=account)


class ProgramBudgetAccountMove(BudgetMutation):
    """Move an account with everything below it."""

    account = graphene.Field(ProgramBudgetAccount, description="The moved account.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the account.")
        parent = graphene.ID(description="The account above it from now on; none for a root.")

    class Meta:
        description = (
            "Moves an account, with everything below it. Past spend and open holds stay under "
            "the caps they were taken under."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(
        cls, _root: Any, _info: Any, /, *, id: str, parent: str | None = None
    ) -> Any:
        """Move it."""
        account = cls.find(_accounts(), id, ProgramBudgetAccount)
        with translated():
            accounts.move_account(account=account, parent=_parent(cls, parent))
        return cls(account=account)


class ProgramBudgetCapSet(BudgetMutation):
    """Set a cap."""

    cap = graphene.Field(ProgramBudgetCap, description="The cap as it stands now.")

    class Arguments:
        account = graphene.ID(required=True, description="ID of the account it stands on.")
        program = graphene.ID(
            description="ID of the program it counts, in its open cycle; none for all programs."
        )
        amount = PositiveDecimal(required=True, description="The ceiling; 0 lets nothing pass.")
        currency = graphene.String(
            description="The currency; needed, and allowed, only without a program."
        )
        reason = graphene.String(required=True, description="Why, for the journal.")
        idempotency_key = graphene.String(
            description="A repeated call with the same key and values changes nothing."
        )

    class Meta:
        description = (
            "Sets the cap on an account and everything below it. Raising works at once; lowering "
            "below what is used leaves that standing and lets nothing new pass. Temporary raises "
            "come on top until they end."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, **given: Any) -> Any:
        """Set it, in the program's currency."""
        account = cls.find(_accounts(), given["account"], ProgramBudgetAccount, field="account")
        program = None
        if given.get("program") is not None:
            programs_ = Program.objects.all()
            program = cls.find(programs_, given["program"], ProgramBudgetProgram, field="program")
        currency = _currency(program, given.get("currency"))
        with translated():
            cap = programs.set_cap(
                account=account,
                program=program,
                amount=to_amount(given["amount"], currency),
                reason=checked_text(given["reason"], field="reason", longest=LONGEST_REASON),
                key=ledger_key("cap", given.get("idempotency_key")),
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        return cls(cap=cap)


class ProgramBudgetCapRaise(BudgetMutation):
    """Raise a cap for a while."""

    cap = graphene.Field(ProgramBudgetCap, description="The cap as it stands now.")

    class Arguments:
        cap = graphene.ID(required=True, description="ID of the cap.")
        amount = PositiveDecimal(
            required=True, description="What comes on top of the ceiling, in the cap's currency."
        )
        ends_at = DateTime(required=True, description="From when it no longer counts.")
        reason = graphene.String(required=True, description="Why, for the journal.")
        idempotency_key = graphene.String(
            description="A repeated call with the same key and values changes nothing."
        )

    class Meta:
        description = (
            "Raises a cap until a given instant, when the raise ends by itself. What was used "
            "above the ceiling by then stands as an overhang."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, **given: Any) -> Any:
        """Raise it."""
        cap = cls.find(Cap.objects.all(), given["cap"], ProgramBudgetCap, field="cap")
        with translated():
            programs.raise_cap(
                cap=cap,
                amount=to_amount(given["amount"], cap.unit),
                ends_at=given["ends_at"],
                reason=checked_text(given["reason"], field="reason", longest=LONGEST_REASON),
                key=ledger_key("raise", given.get("idempotency_key")),
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        return cls(cap=cap)


def _accounts() -> Any:
    return Account.objects.without_tree_fields()


def _parent(mutation: type[BudgetMutation], parent_id: str | None) -> Account | None:
    if parent_id is None:
        return None
    found: Account = mutation.find(_accounts(), parent_id, ProgramBudgetAccount, field="parent")
    return found


def _currency(program: Program | None, given: str | None) -> str:
    """Return the currency that a cap counts; raises unless exactly one place says it."""
    if program is None and given is None:
        raise field_error("currency", "A cap on all programs needs a currency.", "required")
    if program is not None and given not in {None, program.currency}:
        raise field_error(
            "currency", f"This program's currency is {program.currency}.", "currency_mismatch"
        )
    if program is None and not Program.objects.filter(currency=given).exists():
        raise field_error("currency", f"No program has the currency “{given}”.", "invalid")
    return program.currency if program is not None else str(given)
