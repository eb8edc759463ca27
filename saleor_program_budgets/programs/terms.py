"""What members are allotted and carry: the program's terms, and those of its groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saleor_program_budgets.ledger import Terms
from saleor_program_budgets.models import GroupMember

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from saleor_program_budgets.models import MemberGroup, Program


def terms_of(program: Program, groups: Iterable[MemberGroup] | None = None) -> list[Terms]:
    """Return the terms of each group, in their order, and last those for everybody else.

    *groups* are the program's as they might be, in order.
    """
    common = _common(program)
    ordered = program.groups.order_by("position") if groups is None else groups
    return [*(_of_group(group, common) for group in ordered), common]


def as_json(program: Program, terms: Sequence[Terms] | None = None) -> list[dict[str, Any]]:
    """Return *terms*, or the program's as they are, as a cycle keeps them."""
    return [
        term.as_json(place, time_zone=program.time_zone)
        for place, term in enumerate(terms_of(program) if terms is None else terms)
    ]


def terms_by_member(program: Program, members: Iterable[int]) -> dict[int, Terms]:
    """Return whose terms (by id) are which: of the first group they are in, or the program's."""
    *of_groups, common = terms_of(program)
    by_group = {terms.group_id: terms for terms in of_groups}
    found = dict.fromkeys(members, common)
    enrolled = GroupMember.objects.filter(member_id__in=list(found)).order_by("-group__position")
    for member_id, group_id in enrolled.values_list("member_id", "group_id"):
        found[member_id] = by_group[group_id]
    return found


def _common(program: Program) -> Terms:
    return Terms(
        allotment=program.allotment_minor,
        items=program.allotment_items,
        carry_limit=program.carry_limit_minor if program.carries_forward else 0,
        carry_days=program.carry_days,
    )


def _of_group(group: MemberGroup, common: Terms) -> Terms:
    """Return a group's terms: what it doesn't override is the program's."""
    carry_limit, carry_days = common.carry_limit, common.carry_days
    if group.overrides_carry:
        carry_limit = group.carry_limit_minor if group.carries_forward else 0
        carry_days = group.carry_days
    return Terms(
        allotment=group.allotment_minor if group.overrides_allotment else common.allotment,
        items=group.allotment_items if group.overrides_allotment else common.items,
        carry_limit=carry_limit,
        carry_days=carry_days,
        group_id=group.pk,
    )
