"""Inputs for filtering and sorting, and how they narrow a queryset.

Plain inputs instead of Saleor's filter sets: those differ between versions, and look up a
default channel that no budget has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import graphene
from django.core.exceptions import ValidationError
from django.db.models import Q
from graphql import GraphQLError
from saleor.graphql.core.types import (
    BaseEnum,
    BaseInputObjectType,
    NonNullList,
    SortInputObjectType,
)
from saleor.graphql.core.types.common import DateTimeRangeInput
from saleor.graphql.core.utils import from_global_id_or_error

from saleor_program_budgets.interfaces.graphql.code_enums import (
    ProgramBudgetCodeAttemptReason,
    ProgramBudgetCodeState,
)
from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY
from saleor_program_budgets.interfaces.graphql.enums import (
    ProgramBudgetAccountKind,
    ProgramBudgetPostingKind,
    ProgramBudgetProgramStatus,
)
from saleor_program_budgets.interfaces.graphql.errors import ProgramBudgetErrorCode
from saleor_program_budgets.interfaces.graphql.people_enums import (
    ProgramBudgetPeopleChangeKind,
    ProgramBudgetPeopleSource,
    ProgramBudgetRosterImportAction,
    ProgramBudgetRosterImportLineStatus,
)
from saleor_program_budgets.models.holds import REMAINS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

BY_WRITING = ["id"]
"""The journal's sort columns: rows are numbered as they are written."""
DESCENDING = "-"
"""The value of Saleor's ``OrderDirection.DESC``, as its sorting wants it."""
SORTS_KNOW_NO_CHANNEL = {"channel": "-"}
"""Handed to Saleor's sorting, which would otherwise look up a default channel."""


class ProgramBudgetProgramFilterInput(BaseInputObjectType):
    """Which programs."""

    status = ProgramBudgetProgramStatus(description="In this state.")
    channels = NonNullList(graphene.ID, description="Whose store is one of these channels.")

    class Meta:
        description = "Filtering options for programs."
        doc_category = DOC_CATEGORY


class ProgramBudgetAccountFilterInput(BaseInputObjectType):
    """Which accounts."""

    kind = ProgramBudgetAccountKind(description="Of this kind.")
    parent = graphene.ID(description="Directly below this account.")
    is_root = graphene.Boolean(description="With nothing above, or with something.")

    class Meta:
        description = "Filtering options for accounts."
        doc_category = DOC_CATEGORY


class ProgramBudgetMemberFilterInput(BaseInputObjectType):
    """Which members."""

    program = graphene.ID(description="Of this program.")
    account = graphene.ID(description="Under exactly this account.")
    under_account = graphene.ID(description="Under this account, or one below it.")
    user = graphene.ID(description="This user.")
    group = graphene.ID(description="In this group.")
    is_active = graphene.Boolean(description="Active ones, or inactive ones.")

    class Meta:
        description = "Filtering options for members."
        doc_category = DOC_CATEGORY


class ProgramBudgetHoldFilterInput(BaseInputObjectType):
    """Which holds."""

    program = graphene.ID(description="Of this program.")
    member = graphene.ID(description="Of this member.")
    checkout = graphene.ID(description="For this checkout.")
    order = graphene.ID(description="For this order.")
    is_open = graphene.Boolean(description="That still reserve something, or no longer do.")

    class Meta:
        description = "Filtering options for holds."
        doc_category = DOC_CATEGORY


class ProgramBudgetEntryFilterInput(BaseInputObjectType):
    """Which entries."""

    program = graphene.ID(description="Of this program.")
    member = graphene.ID(description="Of postings of this member.")
    account = graphene.ID(description="On a cap of this account.")
    order = graphene.ID(description="For this order.")
    kind = ProgramBudgetPostingKind(
        description="Of postings of this kind. Without it, all kinds but SHARE are listed."
    )
    at = graphene.Field(DateTimeRangeInput, description="In this time.")

    class Meta:
        description = "Filtering options for the journal."
        doc_category = DOC_CATEGORY


class ProgramBudgetRefusedPurchaseFilterInput(BaseInputObjectType):
    """Which refused purchases."""

    program = graphene.ID(description="Of this program.")
    member = graphene.ID(description="Of this member.")
    code = ProgramBudgetErrorCode(description="Refused by this rule.")
    at = graphene.Field(DateTimeRangeInput, description="In this time.")

    class Meta:
        description = "Filtering options for refused purchases."
        doc_category = DOC_CATEGORY


class ProgramBudgetCodeFilterInput(BaseInputObjectType):
    """Which redemption codes."""

    program = graphene.ID(description="Of this program.")
    batch = graphene.ID(description="Of this batch.")
    member = graphene.ID(description="Issued to this member.")
    user = graphene.ID(description="Issued to this user, in any program.")
    state = ProgramBudgetCodeState(description="In this state.")

    class Meta:
        description = "Filtering options for redemption codes."
        doc_category = DOC_CATEGORY


class ProgramBudgetCodeAttemptFilterInput(BaseInputObjectType):
    """Which refused tries of codes."""

    program = graphene.ID(description="Of a code of this program.")
    batch = graphene.ID(description="Of a code of this batch.")
    code = graphene.ID(description="Of this code.")
    user = graphene.ID(description="By this user.")
    reason = ProgramBudgetCodeAttemptReason(description="Refused for this reason.")
    at = graphene.Field(DateTimeRangeInput, description="In this time.")

    class Meta:
        description = "Filtering options for refused tries of redemption codes."
        doc_category = DOC_CATEGORY


class ProgramBudgetPersonFilterInput(BaseInputObjectType):
    """Which people."""

    roster = graphene.ID(description="Of this roster.")
    account = graphene.ID(description="Who belong to exactly this account.")
    under_account = graphene.ID(description="Who belong to this account, or one below it.")
    is_active = graphene.Boolean(description="Active ones, or inactive ones.")
    external_id = graphene.String(description="Whom their organization knows by exactly this.")
    user = graphene.ID(description="Who are this user, in any roster.")

    class Meta:
        description = "Filtering options for people."
        doc_category = DOC_CATEGORY


class ProgramBudgetPeopleChangeFilterInput(BaseInputObjectType):
    """Which changes of people."""

    roster = graphene.ID(description="In this roster.")
    person = graphene.ID(description="Of this person, removed or not.")
    member = graphene.ID(description="Of this member.")
    user = graphene.ID(description="Of this user, in any roster.")
    kind = ProgramBudgetPeopleChangeKind(description="Of this kind.")
    source = ProgramBudgetPeopleSource(description="Which came through this.")
    at = graphene.Field(DateTimeRangeInput, description="Written in this time.")

    class Meta:
        description = "Filtering options for changes of people."
        doc_category = DOC_CATEGORY


class ProgramBudgetRosterImportLineFilterInput(BaseInputObjectType):
    """Which lines of a file."""

    action = ProgramBudgetRosterImportAction(description="That do this.")
    status = ProgramBudgetRosterImportLineStatus(description="Of which this became.")

    class Meta:
        description = "Filtering options for lines of a file of people."
        doc_category = DOC_CATEGORY


class ProgramBudgetPersonSortField(BaseEnum):
    """By what people are sorted."""

    EMAIL = ["email", "id"]
    LAST_NAME = ["last_name", "first_name", "id"]
    CREATED_AT = ["created_at", "id"]
    CHANGED_AT = ["changed_at", "id"]

    class Meta:
        description = "By what people are sorted."
        doc_category = DOC_CATEGORY

    @property
    def description(self) -> str:
        """Describe one value in the schema."""
        return f"Sort people by {self.name.lower().replace('_', ' ')}."


class ProgramBudgetPersonSortingInput(SortInputObjectType):
    """How people are sorted."""

    class Meta:
        doc_category = DOC_CATEGORY
        sort_enum = ProgramBudgetPersonSortField
        type_name = "people"


class ProgramBudgetProgramSortField(BaseEnum):
    """By what programs are sorted."""

    NAME = ["name", "id"]
    CREATED_AT = ["created_at", "id"]

    class Meta:
        description = "By what programs are sorted."
        doc_category = DOC_CATEGORY

    @property
    def description(self) -> str:
        """Describe one value in the schema."""
        return f"Sort programs by {self.name.lower().replace('_', ' ')}."


class ProgramBudgetProgramSortingInput(SortInputObjectType):
    """How programs are sorted."""

    class Meta:
        doc_category = DOC_CATEGORY
        sort_enum = ProgramBudgetProgramSortField
        type_name = "programs"


class ProgramBudgetMemberSortField(BaseEnum):
    """By what members are sorted."""

    EMAIL = ["user__email", "id"]
    LAST_NAME = ["user__last_name", "user__first_name", "id"]
    JOINED_AT = ["joined_at", "id"]

    class Meta:
        description = "By what members are sorted."
        doc_category = DOC_CATEGORY

    @property
    def description(self) -> str:
        """Describe one value in the schema."""
        return f"Sort members by {self.name.lower().replace('_', ' ')}."


class ProgramBudgetMemberSortingInput(SortInputObjectType):
    """How members are sorted."""

    class Meta:
        doc_category = DOC_CATEGORY
        sort_enum = ProgramBudgetMemberSortField
        type_name = "members"


class ProgramBudgetJournalSortField(BaseEnum):
    """By what the journal is sorted."""

    AT = BY_WRITING

    class Meta:
        description = "By what the journal is sorted."
        doc_category = DOC_CATEGORY

    @property
    def description(self) -> str:
        """Describe one value in the schema."""
        return "Sort by time of writing."


class ProgramBudgetJournalSortingInput(SortInputObjectType):
    """How the journal is sorted."""

    class Meta:
        doc_category = DOC_CATEGORY
        sort_enum = ProgramBudgetJournalSortField
        type_name = "the journal"


def newest_first() -> Any:
    """Return the sorting that journals have when the client names none."""
    container = ProgramBudgetJournalSortingInput._meta.container
    return container({"direction": DESCENDING, "field": BY_WRITING})


def narrowed(
    queryset: QuerySet[Any], given: Mapping[str, Any] | None, by_id: Mapping[str, tuple[str, str]]
) -> QuerySet[Any]:
    """Filter *queryset* by the ids in *given*; ``by_id`` maps input → (lookup, type name).

    Raises ``GraphQLError`` for an id of another type, as Saleor's filters do.
    """
    for name, (lookup, type_name) in by_id.items():
        if given and given.get(name) is not None:
            _, key = from_global_id_or_error(given[name], type_name, raise_error=True)
            try:
                queryset = queryset.filter(**{lookup: key})
            except (ValueError, ValidationError) as error:
                raise GraphQLError(f"Invalid ID: {given[name]}.") from error
    return queryset


def key_in(global_id: str, type_name: str) -> int:
    """Return the key in a global id; raises ``GraphQLError`` for another type's or none."""
    _, key = from_global_id_or_error(global_id, type_name, raise_error=True)
    try:
        return int(key)
    except ValueError as error:
        raise GraphQLError(f"Invalid ID: {global_id}.") from error


def in_time(queryset: QuerySet[Any], field: str, given: Mapping[str, Any] | None) -> QuerySet[Any]:
    """Filter by the range under ``at``, both ends included, as Saleor's ranges are."""
    span = (given or {}).get("at") or {}
    for end in ("gte", "lte"):
        if span.get(end) is not None:
            queryset = queryset.filter(**{f"{field}__{end}": span[end]})
    return queryset


def with_remainder(queryset: QuerySet[Any], is_open: bool) -> QuerySet[Any]:
    """Filter holds by whether they still reserve something."""
    return queryset.filter(REMAINS if is_open else ~REMAINS)


def search_people(
    queryset: QuerySet[Any], search: str | None, *, path: str = "user__"
) -> QuerySet[Any]:
    """Filter so that every word occurs in the user's e-mail address or name.

    *path* is the lookup that leads to the user, from members unless given.
    """
    for word in (search or "").split():
        queryset = queryset.filter(
            Q(**{f"{path}email__icontains": word})
            | Q(**{f"{path}first_name__icontains": word})
            | Q(**{f"{path}last_name__icontains": word})
        )
    return queryset
