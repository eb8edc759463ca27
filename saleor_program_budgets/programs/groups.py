"""Groups of members with terms of their own.

Terms count from the end of the open period on. So whatever changes them first lets what is over
by now end under the old ones: cycles keep the terms that they ended with, but who is in which
group is read when a member is renewed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING

from django.db import transaction

from saleor_program_budgets.errors import InvalidAmount, InvalidInput, NotFound
from saleor_program_budgets.models import GroupMember, Member, MemberGroup, Program
from saleor_program_budgets.programs import cycles
from saleor_program_budgets.programs.operations import MOST_ITEMS, check_carry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from saleor_program_budgets.money import Amount

BATCH = 500
"""How many members are brought up to date at once: a purchase of one of them waits that long."""
MOST_GROUPS = 100
MOST_MEMBERS = 100_000
"""How many members one call takes."""
LONGEST_NAME = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What a group has otherwise than its program; ``None`` leaves it to the program.

    The allotment is overridden when *allotment* or *allotment_items* is given, and the one that
    isn't is the program's of today. Carrying is when *carries_forward* is; then *carry_limit*
    ``None`` carries all, and *carry_days* ``None`` until the next period ends.
    """

    allotment: Amount | None = None
    allotment_items: int | None = None
    carries_forward: bool | None = None
    carry_limit: Amount | None = None
    carry_days: int | None = None

    def check(self, program: Program) -> None:
        """Raise ``InvalidInput`` for the first value that breaks a rule."""
        if self.allotment is not None:
            if self.allotment.currency != program.currency:
                raise InvalidInput("allotment", f"This program's currency is {program.currency}.")
            if self.allotment.minor < 0:
                raise InvalidAmount("allotment", "An allotment can't be negative.")
        if self.allotment_items is not None:
            if not 0 <= self.allotment_items <= MOST_ITEMS:
                raise InvalidInput("allotment_items", f"Allot from 0 to {MOST_ITEMS:,} items.")
            if self.allotment_items and not program.counts_items:
                raise InvalidInput("allotment_items", "This program doesn't count items.")
        if not self.carries_forward and (
            self.carry_limit is not None or self.carry_days is not None
        ):
            raise InvalidInput(
                "carries_forward", "A limit or a window is for a group that carries forward."
            )
        check_carry(program.currency, self.carry_limit, self.carry_days)

    def apply_to(self, group: MemberGroup) -> None:
        """Write the overrides into *group*, which isn't saved."""
        program = group.program
        group.overrides_allotment = self.allotment is not None or self.allotment_items is not None
        group.allotment_minor = group.allotment_items = 0
        if group.overrides_allotment:
            amount, items = self.allotment, self.allotment_items
            group.allotment_minor = program.allotment_minor if amount is None else amount.minor
            group.allotment_items = program.allotment_items if items is None else items
        group.overrides_carry = self.carries_forward is not None
        group.carries_forward = bool(self.carries_forward)
        group.carry_limit_minor = self.carry_limit.minor if self.carry_limit else None
        group.carry_days = self.carry_days


NOTHING = Overrides()


def create_group(
    *, program: Program, name: str, overrides: Overrides = NOTHING, at: datetime
) -> MemberGroup:
    """Add a group, last in order: it counts for members who are in no group before it.

    Raises ``InvalidInput`` for a name that is empty or in use, and for overrides that make no
    sense.
    """
    name = _checked_name(name)
    overrides.check(program)
    _end_what_is_over(program, at)
    with transaction.atomic():
        _lock(program)
        _require_unused(program, name)
        last = program.groups.order_by("position").last()
        if program.groups.count() >= MOST_GROUPS:
            raise InvalidInput("program", f"A program has up to {MOST_GROUPS} groups.")
        group = MemberGroup(program=program, name=name, position=last.position + 1 if last else 0)
        overrides.apply_to(group)
        group.save()
    return group


def update_group(
    *,
    group: MemberGroup,
    name: str | None = None,
    overrides: Overrides | None = None,
    at: datetime,
) -> MemberGroup:
    """Rename a group, or give it other terms from the end of the open period on.

    Raises what ``create_group`` raises.
    """
    program = group.program
    if overrides is not None:
        overrides.check(program)
        _end_what_is_over(program, at)
    with transaction.atomic():
        _lock(program)
        if name is not None:
            group.name = _checked_name(name)
            _require_unused(program, group.name, but=group)
        if overrides is not None:
            overrides.apply_to(group)
        group.save()
    return group


def delete_group(*, group: MemberGroup, at: datetime) -> None:
    """Remove a group; its members keep what they have, and fall back to their next group's terms.

    Or to the program's, where they are in no other.
    """
    program = group.program
    _end_what_is_over(program, at)
    _bring_up_to_date(program, group.enrolled.values_list("member_id", flat=True), at)
    with transaction.atomic():
        _lock(program)
        group.delete()


def reorder_groups(
    *, program: Program, group_ids: Sequence[int], at: datetime
) -> list[MemberGroup]:
    """Put the program's groups into this order; the first one that a member is in counts.

    Raises ``InvalidInput`` unless *group_ids* names each of them once.
    """
    _end_what_is_over(program, at)
    with transaction.atomic():
        _lock(program)
        groups = program.groups.in_bulk()
        if sorted(group_ids) != sorted(groups):
            raise InvalidInput("groups", "Name each group of the program once.")
        for position, group_id in enumerate(group_ids):
            groups[group_id].position = position
        MemberGroup.objects.bulk_update(groups.values(), ["position"])
    return [groups[group_id] for group_id in group_ids]


def set_group_members(
    *, group: MemberGroup, add: Iterable[int] = (), remove: Iterable[int] = (), at: datetime
) -> int:
    """Let members (by id) into the group and out of it; returns how many it then has.

    Their terms change with it from their next period on; who is in it already, or isn't, stays
    so. Set-based: one call takes thousands. Raises ``NotFound`` when an id names no member of
    the program, and ``InvalidInput`` for one that is to be added and removed; then nobody is.
    """
    program = group.program
    joining, leaving = set(add), set(remove)
    if joining & leaving:
        raise InvalidInput("remove", "A member can't be added and removed at once.")
    for field, ids in (("add", joining), ("remove", leaving)):
        if len(ids) > MOST_MEMBERS:
            raise InvalidInput(field, f"Name up to {MOST_MEMBERS:,} members at once.")
        _require_members(program, ids, field)
    enrolled = group.enrolled.values_list("member_id", flat=True)
    changing = (joining | leaving) - joining.intersection(enrolled)
    _bring_up_to_date(program, changing, at)
    with transaction.atomic():
        _lock(program)
        GroupMember.objects.bulk_create(
            (GroupMember(group=group, member_id=member_id) for member_id in sorted(joining)),
            ignore_conflicts=True,
            batch_size=5_000,
        )
        group.enrolled.filter(member_id__in=leaving).delete()
    return group.enrolled.count()


def _require_members(program: Program, ids: set[int], field: str) -> None:
    known = Member.objects.filter(program=program)
    found = sum(known.filter(pk__in=part).count() for part in batched(ids, 10_000))
    if found != len(ids):
        raise NotFound(field, "Not all of these are members of the program.")


def _bring_up_to_date(program: Program, members: Iterable[int], at: datetime) -> None:
    """Let what is over by *at* end for these members in the groups that they are in."""
    cycles.turn_due(program=program, at=at)
    for part in batched(sorted(members), BATCH):
        cycles.catch_up(program=program, members=part, at=at)


def _end_what_is_over(program: Program, at: datetime) -> None:
    """Close the cycles that are over with the terms that they ended with.

    Members who have years of their own are renewed: no cycle keeps terms for them.
    """
    if program.cycle_length == Program.CycleLength.ANNIVERSARY:
        cycles.renew_due(program=program, at=at)
    else:
        cycles.turn_due(program=program, at=at)


def _lock(program: Program) -> None:
    """One change of a program's groups at a time."""
    Program.objects.select_for_update().get(pk=program.pk)


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name:
        raise InvalidInput("name", "A group needs a name.", code="REQUIRED")
    if len(name) > LONGEST_NAME or "\x00" in name:
        raise InvalidInput("name", f"A name has up to {LONGEST_NAME} characters.")
    return name


def _require_unused(program: Program, name: str, *, but: MemberGroup | None = None) -> None:
    same = program.groups.filter(name=name)
    if (same.exclude(pk=but.pk) if but else same).exists():
        raise InvalidInput("name", f"A group “{name}” exists already.", code="UNIQUE")
