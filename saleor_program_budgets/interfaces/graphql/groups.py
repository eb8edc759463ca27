"""Dataloaders for groups of members."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from django.db.models import Count
from saleor.graphql.core.dataloaders import DataLoader

from saleor_program_budgets.models import GroupMember, MemberGroup

if TYPE_CHECKING:
    from collections.abc import Iterable


class GroupByIdLoader(DataLoader):
    """Groups by id; a deleted one is ``None``."""

    context_key = "program_budgets_group_by_id"

    def batch_load(self, keys: Iterable[int]) -> list[MemberGroup | None]:
        """Load in one query."""
        keys = list(keys)
        rows = MemberGroup.objects.using(self.database_connection_name).in_bulk(keys)
        return [rows.get(key) for key in keys]


class GroupsByProgramIdLoader(DataLoader):
    """The groups of each program, in order."""

    context_key = "program_budgets_groups_by_program_id"

    def batch_load(self, keys: Iterable[int]) -> list[list[MemberGroup]]:
        """Load in one query."""
        by_program: defaultdict[int, list[MemberGroup]] = defaultdict(list)
        groups = MemberGroup.objects.using(self.database_connection_name)
        for group in groups.filter(program_id__in=keys).order_by("position"):
            by_program[group.program_id].append(group)
        return [by_program[key] for key in keys]


class GroupsByMemberIdLoader(DataLoader):
    """The groups that each member is in, in order: the first one counts."""

    context_key = "program_budgets_groups_by_member_id"

    def batch_load(self, keys: Iterable[int]) -> list[list[MemberGroup]]:
        """Load in one query."""
        by_member: defaultdict[int, list[MemberGroup]] = defaultdict(list)
        enrolled = (
            GroupMember.objects.using(self.database_connection_name)
            .filter(member_id__in=keys)
            .select_related("group")
            .order_by("group__position")
        )
        for each in enrolled:
            by_member[each.member_id].append(each.group)
        return [by_member[key] for key in keys]


class SizeByGroupIdLoader(DataLoader):
    """How many members each group has."""

    context_key = "program_budgets_size_by_group_id"

    def batch_load(self, keys: Iterable[int]) -> list[int]:
        """Load in one query."""
        keys = list(keys)
        enrolled = GroupMember.objects.using(self.database_connection_name)
        sizes = dict(
            enrolled.filter(group_id__in=keys)
            .order_by()
            .values("group_id")
            .annotate(size=Count("pk"))
            .values_list("group_id", "size")
        )
        return [sizes.get(key, 0) for key in keys]
