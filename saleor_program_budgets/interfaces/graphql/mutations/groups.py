"""Give groups of members terms of their own."""

from __future__ import annotations

from typing import Any

import graphene
from django.utils import timezone
from saleor.graphql.core.scalars import PositiveDecimal
from saleor.graphql.core.types import BaseInputObjectType, NonNullList

from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_MEMBERS,
    CHANGE_PROGRAMS,
    DOC_CATEGORY,
    to_amount,
)
from saleor_program_budgets.interfaces.graphql.errors import (
    ProgramBudgetError,
    field_error,
    translated,
)
from saleor_program_budgets.interfaces.graphql.mutations.base import (
    LONGEST_NAME,
    BudgetMutation,
    checked_text,
)
from saleor_program_budgets.interfaces.graphql.types.group import ProgramBudgetGroup
from saleor_program_budgets.interfaces.graphql.types.member import ProgramBudgetMember
from saleor_program_budgets.interfaces.graphql.types.program import ProgramBudgetProgram
from saleor_program_budgets.models import Member, MemberGroup, Program
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import groups

MEMBERS_AT_ONCE = 1_000
TERMS = ("allotment", "allotment_items", "carries_forward", "carry_limit", "carry_days")


class ProgramBudgetGroupInput(BaseInputObjectType):
    """What a group has otherwise than its program."""

    name = graphene.String(description="The name of the group.")
    allotment = PositiveDecimal(
        description="What its members are allotted for a cycle; null to leave it to the program."
    )
    allotment_items = graphene.Int(
        description="How many pieces; null to leave it to the program, which has to count them."
    )
    carries_forward = graphene.Boolean(
        description="Whether they carry forward what is left; null to leave it to the program."
    )
    carry_limit = PositiveDecimal(description="How much of it at most; null for all.")
    carry_days = graphene.Int(description="For how many days; null until the next period ends.")

    class Meta:
        description = (
            "What a group has otherwise than its program. It counts from the end of the open "
            "period on; what isn't given stays as it is."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetGroupCreate(BudgetMutation):
    """Add a group."""

    group = graphene.Field(ProgramBudgetGroup, description="The new group.")

    class Arguments:
        program = graphene.ID(required=True, description="ID of the program.")
        input = ProgramBudgetGroupInput(required=True, description="Name and terms of the group.")

    class Meta:
        description = "Adds a group of members with terms of their own, last in order."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(
        cls, _root: Any, _info: Any, /, *, program: str, input: dict[str, Any]
    ) -> Any:
        """Create it."""
        found = cls.find(Program.objects.all(), program, ProgramBudgetProgram, field="program")
        name = checked_text(input.get("name"), field="name", longest=LONGEST_NAME)
        with translated():
            group = groups.create_group(
                program=found,
                name=name,
                overrides=_changed(groups.NOTHING, input, found.currency),
                at=timezone.now(),
            )
        return cls(group=group)


class ProgramBudgetGroupUpdate(BudgetMutation):
    """Change a group."""

    group = graphene.Field(ProgramBudgetGroup, description="The changed group.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the group.")
        input = ProgramBudgetGroupInput(required=True, description="What changes.")

    class Meta:
        description = "Renames a group, or gives it other terms from the next period on."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, _info: Any, /, *, id: str, input: dict[str, Any]) -> Any:
        """Lay what is given over the terms as they are."""
        group = _group(cls, id)
        name = None
        if "name" in input:
            name = checked_text(input["name"], field="name", longest=LONGEST_NAME)
        overrides = None
        if any(term in input for term in TERMS):
            overrides = _changed(_overrides_of(group), input, group.program.currency)
        with translated():
            groups.update_group(group=group, name=name, overrides=overrides, at=timezone.now())
        return cls(group=group)


class ProgramBudgetGroupDelete(BudgetMutation):
    """Remove a group."""

    group_id = graphene.ID(description="The ID of the group that was.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the group.")

    class Meta:
        description = (
            "Removes a group. Its members keep what they have; from the next period on they have "
            "the terms of their next group, or the program's."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, _info: Any, /, *, id: str) -> Any:
        """Remove it."""
        group = _group(cls, id)
        with translated():
            groups.delete_group(group=group, at=timezone.now())
        return cls(group_id=id)


class ProgramBudgetGroupReorder(BudgetMutation):
    """Put a program's groups into order."""

    groups = NonNullList(
        ProgramBudgetGroup, required=True, default_value=[], description="The groups in order."
    )

    class Arguments:
        program = graphene.ID(required=True, description="ID of the program.")
        groups = NonNullList(
            graphene.ID, required=True, description="IDs of all of its groups, the first first."
        )

    class Meta:
        description = (
            "Puts a program's groups into order: the first one that a member is in counts for them."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, _info: Any, /, **given: Any) -> Any:
        """Reorder them."""
        program = cls.find(
            Program.objects.all(), given["program"], ProgramBudgetProgram, field="program"
        )
        named = cls.find_all(
            MemberGroup.objects.all(), given["groups"], ProgramBudgetGroup, field="groups"
        )
        with translated():
            ordered = groups.reorder_groups(
                program=program, group_ids=[group.pk for group in named], at=timezone.now()
            )
        return cls(groups=ordered)


class ProgramBudgetGroupMembersSet(BudgetMutation):
    """Let members into a group, and out of it."""

    group = graphene.Field(ProgramBudgetGroup, description="The group.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the group.")
        add = NonNullList(graphene.ID, description="IDs of members to let in.")
        remove = NonNullList(graphene.ID, description="IDs of members to let out.")

    class Meta:
        description = (
            f"Lets up to {MEMBERS_AT_ONCE} members into a group and out of it. Their terms change "
            "from their next period on. If one is unknown, nothing changes."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_MEMBERS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, _info: Any, /, **given: Any) -> Any:
        """Find everybody first."""
        group = _group(cls, given["id"])
        with translated():
            groups.set_group_members(
                group=group,
                add=_members(cls, given.get("add"), "add"),
                remove=_members(cls, given.get("remove"), "remove"),
                at=timezone.now(),
            )
        return cls(group=group)


def _group(mutation: type[BudgetMutation], group_id: str) -> MemberGroup:
    rows = MemberGroup.objects.select_related("program")
    found: MemberGroup = mutation.find(rows, group_id, ProgramBudgetGroup)
    return found


def _members(mutation: type[BudgetMutation], ids: list[str] | None, field: str) -> list[int]:
    if len(ids or []) > MEMBERS_AT_ONCE:
        raise field_error(field, f"One call takes {MEMBERS_AT_ONCE} members.", "limit_exceeded")
    rows = mutation.find_all(Member.objects.all(), ids or [], ProgramBudgetMember, field=field)
    return [row.pk for row in rows]


def _overrides_of(group: MemberGroup) -> groups.Overrides:
    """Return what the group has otherwise than its program."""
    currency = group.program.currency
    allots, carries = group.overrides_allotment, group.overrides_carry
    limit = group.carry_limit_minor
    return groups.Overrides(
        allotment=Amount(group.allotment_minor, currency) if allots else None,
        allotment_items=group.allotment_items if allots else None,
        carries_forward=group.carries_forward if carries else None,
        carry_limit=Amount(limit, currency) if carries and limit is not None else None,
        carry_days=group.carry_days if carries else None,
    )


def _changed(overrides: groups.Overrides, given: dict[str, Any], currency: str) -> groups.Overrides:
    """Return *overrides* with what the input gives laid over them."""
    terms = {name: getattr(overrides, name) for name in TERMS}
    terms |= {name: given[name] for name in TERMS if name in given}
    for name in ("allotment", "carry_limit"):
        if given.get(name) is not None:
            with translated():
                terms[name] = to_amount(given[name], currency, field=name)
    return groups.Overrides(**terms)
