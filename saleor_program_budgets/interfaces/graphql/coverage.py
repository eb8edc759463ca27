"""How far a cap covers the allotments under it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Case, Count, F, OuterRef, Subquery, When
from django.db.models.functions import Coalesce
from saleor.graphql.core.dataloaders import DataLoader

from saleor_program_budgets.models import Account, Cap, GroupMember, Member

if TYPE_CHECKING:
    from collections.abc import Iterable


class CapKey(NamedTuple):
    """What of a cap decides which allotments it covers."""

    account_id: int | None
    program_id: int | None
    unit: str


def cap_key(cap: Cap) -> CapKey:
    """Return the key by which ``AllottedByCapLoader`` knows *cap*."""
    return CapKey(cap.account_id, cap.program_id, cap.unit)


class AllottedByCapLoader(DataLoader):
    """Per cap, the sum in minor units of the active members' allotments for one cycle.

    A member's is that of the first group they are in, where it overrides the program's.
    """

    context_key = "program_budgets_allotted_by_cap"

    def batch_load(self, keys: Iterable[CapKey]) -> list[int]:
        """Load the tree's edges and the members counted by account, in two queries."""
        parents = dict(
            Account.objects.using(self.database_connection_name)
            .without_tree_fields()
            .order_by()
            .values_list("pk", "parent_id")
        )
        allotted: defaultdict[CapKey, int] = defaultdict(int)
        first_group = GroupMember.objects.filter(member=OuterRef("pk")).order_by("group__position")
        of_group = Case(
            When(group__overrides_allotment=True, then=F("group__allotment_minor")), default=None
        )
        counted = (
            Member.objects.using(self.database_connection_name)
            .filter(is_active=True)
            .annotate(
                allotment=Coalesce(
                    Subquery(first_group.annotate(allotment=of_group).values("allotment")[:1]),
                    F("program__allotment_minor"),
                )
            )
            .filter(allotment__gt=0)
            .order_by()
            .values("account_id", "program_id", "program__currency", "allotment")
            .annotate(members=Count("pk"))
            .values_list("account_id", "program_id", "program__currency", "allotment", "members")
        )
        for account_id, program_id, unit, allotment, members in counted:
            above: int | None = account_id
            while above is not None:
                allotted[CapKey(above, program_id, unit)] += allotment * members
                allotted[CapKey(above, None, unit)] += allotment * members
                above = parents.get(above)
        return [allotted[key] for key in keys]
