"""Look up redemption codes, who tried them in vain, and who is locked out."""

from __future__ import annotations

from typing import Any

import graphene
from django.db.models import Q
from django.utils import timezone
from saleor.graphql.core.connection import create_connection_slice
from saleor.graphql.core.context import get_database_connection_name
from saleor.graphql.core.fields import ConnectionField, PermissionsField

from saleor_program_budgets.interfaces.graphql.code_enums import (
    ProgramBudgetCodeBatchStatus,
    ProgramBudgetCodeKind,
)
from saleor_program_budgets.interfaces.graphql.codes import batches_in, codes_in
from saleor_program_budgets.interfaces.graphql.common import (
    ADDED_IN,
    DOC_CATEGORY,
    READ_FIGURES,
    node_or_none,
)
from saleor_program_budgets.interfaces.graphql.filters import (
    SORTS_KNOW_NO_CHANNEL,
    ProgramBudgetCodeAttemptFilterInput,
    ProgramBudgetCodeFilterInput,
    in_time,
    narrowed,
    newest_first,
    search_people,
)
from saleor_program_budgets.interfaces.graphql.types.code import (
    ProgramBudgetCodeAttemptCountableConnection,
    ProgramBudgetCodeBatch,
    ProgramBudgetCodeBatchCountableConnection,
    ProgramBudgetCodeCountableConnection,
    ProgramBudgetCodeLockoutCountableConnection,
)
from saleor_program_budgets.models import CodeAttempt, CodeLockout

PROGRAM, BATCH = "ProgramBudgetProgram", "ProgramBudgetCodeBatch"


class CodeQueries(graphene.ObjectType):
    """Batches, codes, attempts and lock-outs."""

    program_budget_code_batch = PermissionsField(
        ProgramBudgetCodeBatch,
        id=graphene.Argument(graphene.ID, required=True, description="ID of the batch."),
        description=f"Look up a batch of redemption codes by ID.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_code_batches = ConnectionField(
        ProgramBudgetCodeBatchCountableConnection,
        program=graphene.Argument(graphene.ID, description="Only those of this program."),
        kind=ProgramBudgetCodeKind(description="Only those of this kind."),
        status=ProgramBudgetCodeBatchStatus(description="Only those in this status."),
        description=f"Batches of redemption codes, the newest first.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_codes = ConnectionField(
        ProgramBudgetCodeCountableConnection,
        filter=ProgramBudgetCodeFilterInput(description="Filtering options for redemption codes."),
        search=graphene.String(description="Search by the member's e-mail address and name."),
        description=f"Redemption codes, the newest first.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_code_attempts = ConnectionField(
        ProgramBudgetCodeAttemptCountableConnection,
        filter=ProgramBudgetCodeAttemptFilterInput(
            description="Filtering options for refused tries."
        ),
        description=(
            "Refused tries of redemption codes, the newest first. Those of unknown codes are kept "
            f"for 30 days, the others for 400.{ADDED_IN}"
        ),
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )
    program_budget_code_lockouts = ConnectionField(
        ProgramBudgetCodeLockoutCountableConnection,
        is_active=graphene.Argument(
            graphene.Boolean, description="Only those that last, or that don't."
        ),
        description=f"Who tried too many wrong codes, the newest first.{ADDED_IN}",
        permissions=READ_FIGURES,
        doc_category=DOC_CATEGORY,
    )

    @staticmethod
    def resolve_program_budget_code_batch(_root: Any, info: Any, *, id: str) -> Any:
        """Find the batch; ``None`` when there is none."""
        rows = batches_in(get_database_connection_name(info.context))
        return node_or_none(rows, id, ProgramBudgetCodeBatch)

    @staticmethod
    def resolve_program_budget_code_batches(_root: Any, info: Any, **arguments: Any) -> Any:
        """List batches."""
        rows = batches_in(get_database_connection_name(info.context))
        rows = narrowed(rows, arguments, {"program": ("program", PROGRAM)})
        for name in ("kind", "status"):
            if arguments.get(name) is not None:
                rows = rows.filter(**{name: arguments[name]})
        return _page(rows, info, arguments, ProgramBudgetCodeBatchCountableConnection)

    @staticmethod
    def resolve_program_budget_codes(_root: Any, info: Any, **arguments: Any) -> Any:
        """List codes."""
        given = arguments.get("filter") or {}
        rows = narrowed(
            codes_in(get_database_connection_name(info.context)),
            given,
            {
                "program": ("batch__program", PROGRAM),
                "batch": ("batch", BATCH),
                "member": ("member", "ProgramBudgetMember"),
                "user": ("member__user", "User"),
            },
        )
        if given.get("state") is not None:
            rows = rows.filter(state=given["state"])
        rows = search_people(rows, arguments.get("search"), path="member__user__")
        return _page(rows, info, arguments, ProgramBudgetCodeCountableConnection)

    @staticmethod
    def resolve_program_budget_code_attempts(_root: Any, info: Any, **arguments: Any) -> Any:
        """List attempts."""
        given = arguments.get("filter") or {}
        rows = narrowed(
            CodeAttempt.objects.using(get_database_connection_name(info.context)),
            given,
            {
                "program": ("batch__program", PROGRAM),
                "batch": ("batch", BATCH),
                "code": ("code", "ProgramBudgetCode"),
                "user": ("user_reference", "User"),
            },
        )
        if given.get("reason") is not None:
            rows = rows.filter(reason=given["reason"])
        rows = in_time(rows, "tried_at", given)
        return _page(rows, info, arguments, ProgramBudgetCodeAttemptCountableConnection)

    @staticmethod
    def resolve_program_budget_code_lockouts(_root: Any, info: Any, **arguments: Any) -> Any:
        """List lock-outs."""
        rows = CodeLockout.objects.using(get_database_connection_name(info.context))
        if arguments.get("is_active") is not None:
            lasts = Q(released_at=None, ends_at__gt=timezone.now())
            rows = rows.filter(lasts if arguments["is_active"] else ~lasts)
        return _page(rows, info, arguments, ProgramBudgetCodeLockoutCountableConnection)


def _page(rows: Any, info: Any, arguments: dict[str, Any], connection: Any) -> Any:
    """Slice a list, the newest first."""
    arguments = arguments | SORTS_KNOW_NO_CHANNEL | {"sort_by": newest_first()}
    return create_connection_slice(rows, info, arguments, connection)
