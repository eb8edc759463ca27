"""Look up holds, entries and refused purchases, and run the proof."""

from __future__ import annotations

from typing import Any

import graphene
from saleor.core.db.connection import allow_writer
from saleor.graphql.core.connection import create_connection_slice
from saleor.graphql.core.context import get_database_connection_name
from saleor.graphql.core.fields import ConnectionField, PermissionsField

from saleor_program_budgets import figures, ledger
from saleor_program_budgets.interfaces.graphql.common import (
    ADDED_IN,
    DOC_CATEGORY,
    READ_FIGURES,
)
from saleor_program_budgets.interfaces.graphql.filters import (
    SORTS_KNOW_NO_CHANNEL,
    ProgramBudgetEntryFilterInput,
    ProgramBudgetHoldFilterInput,
    ProgramBudgetJournalSortingInput,
    ProgramBudgetRefusedPurchaseFilterInput,
    in_time,
    key_in,
    narrowed,
    newest_first,
    with_remainder,
)
from saleor_program_budgets.interfaces.graphql.types.journal import (
    ProgramBudgetEntryCountableConnection,
    ProgramBudgetHoldCountableConnection,
    ProgramBudgetRefusedPurchaseCountableConnection,
    ProgramBudgetVerification,
)
from saleor_program_budgets.models import Entry, Hold, Posting, Refused

PROGRAM = "ProgramBudgetProgram"
MEMBER = "ProgramBudgetMember"


class JournalQueries(graphene.ObjectType):
    """Holds, entries, refusals, proof."""

    program_budget_holds = ConnectionField(
        ProgramBudgetHoldCountableConnection,
        filter=ProgramBudgetHoldFilterInput(description="Filtering options for holds."),
        description=f"List of budget holds.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_entries = ConnectionField(
        ProgramBudgetEntryCountableConnection,
        sort_by=ProgramBudgetJournalSortingInput(description="Sort entries."),
        filter=ProgramBudgetEntryFilterInput(description="Filtering options for entries."),
        description=(
            "The journal of all budgets, newest first. What only moves a cap's ceiling between its "
            f"shares is left out, unless it is asked for.{ADDED_IN}"
        ),
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_refusals = ConnectionField(
        ProgramBudgetRefusedPurchaseCountableConnection,
        sort_by=ProgramBudgetJournalSortingInput(description="Sort refused purchases."),
        filter=ProgramBudgetRefusedPurchaseFilterInput(
            description="Filtering options for refused purchases."
        ),
        description=f"List of purchases that budgets refused, newest first.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_verify = PermissionsField(
        ProgramBudgetVerification,
        required=True,
        description=(
            "Recompute every balance from the journal, and every figure from balances and "
            "journal, and name each difference. Reads the whole journal of the primary "
            f"database.{ADDED_IN}"
        ),
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )

    @staticmethod
    def resolve_program_budget_holds(_root: Any, info: Any, **arguments: Any) -> Any:
        """List holds."""
        given = arguments.get("filter") or {}
        queryset = narrowed(
            Hold.objects.using(get_database_connection_name(info.context)),
            given,
            {
                "program": ("program", PROGRAM),
                "member": ("member", MEMBER),
                "checkout": ("checkout_id", "Checkout"),
                "order": ("order_id", "Order"),
            },
        )
        if given.get("is_open") is not None:
            queryset = with_remainder(queryset, given["is_open"])
        return create_connection_slice(
            queryset, info, arguments, ProgramBudgetHoldCountableConnection
        )

    @staticmethod
    def resolve_program_budget_entries(_root: Any, info: Any, **arguments: Any) -> Any:
        """List entries, each with its posting and limit."""
        given = arguments.get("filter") or {}
        using = get_database_connection_name(info.context)
        queryset = narrowed(
            Entry.objects.using(using),
            given,
            {
                "program": ("posting__program", PROGRAM),
                "member": ("posting__member", MEMBER),
                "order": ("posting__order_id", "Order"),
            },
        )
        if given.get("account") is not None:
            account_id = key_in(given["account"], "ProgramBudgetAccount")
            limits = ledger.limits_on(account_id=account_id, using=using)
            queryset = queryset.filter(limit_id__in=limits)
        if given.get("kind") is not None:
            queryset = queryset.filter(posting__kind=given["kind"])
        else:
            # What moves between a cap's shares nets to zero for the cap, bucket by bucket.
            queryset = queryset.exclude(posting__kind=Posting.Kind.SHARE)
        queryset = in_time(queryset, "posting__at", given).select_related("posting", "limit")
        return _page(queryset, info, arguments, ProgramBudgetEntryCountableConnection)

    @staticmethod
    def resolve_program_budget_refusals(_root: Any, info: Any, **arguments: Any) -> Any:
        """List refused purchases, each with the limit that bound."""
        given = arguments.get("filter") or {}
        queryset = narrowed(
            Refused.objects.using(get_database_connection_name(info.context)),
            given,
            {"program": ("program", PROGRAM), "member": ("member", MEMBER)},
        )
        if given.get("code") is not None:
            queryset = queryset.filter(code__iexact=given["code"])
        queryset = in_time(queryset, "at", given).select_related("limit")
        return _page(queryset, info, arguments, ProgramBudgetRefusedPurchaseCountableConnection)

    @staticmethod
    @allow_writer()
    def resolve_program_budget_verify(_root: Any, _info: Any) -> ledger.Verification:
        """Prove on the primary: a replica may lag between two of the compared tables' writes."""
        return figures.prove()


def _page(queryset: Any, info: Any, arguments: dict[str, Any], connection: Any) -> Any:
    """Slice a journal: newest first unless the client sorts."""
    arguments = arguments | SORTS_KNOW_NO_CHANNEL
    arguments["sort_by"] = arguments.get("sort_by") or newest_first()
    return create_connection_slice(queryset, info, arguments, connection)
