"""Dataloaders for rosters and their people, who may read them, and by whom a change is made."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Count, F, Q
from saleor.graphql.core.dataloaders import DataLoader
from saleor.permission.enums import AccountPermissions

from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_MEMBERS,
    READ_FIGURES,
    actor_in,
)
from saleor_program_budgets.models import (
    ImportLine,
    Member,
    Person,
    PlannedChange,
    Program,
    Roster,
    RosterImport,
    RosterProgram,
    RosterToken,
    Source,
)
from saleor_program_budgets.models.people import PRESENT
from saleor_program_budgets.roster.wanted import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from saleor.graphql.core.context import SaleorContext

READ_ROSTERS = [AccountPermissions.MANAGE_USERS, *READ_FIGURES]
"""Who may see that there are rosters, and how many people they have; not who those are."""
READ_PEOPLE = [*CHANGE_MEMBERS]
"""Who may see who they are: whoever may change them."""


def origin_in(context: SaleorContext) -> Origin:
    """Return by whom a change is made: an app through the API, or a member of staff."""
    actor = actor_in(context)
    return Origin(source=Source.API if actor.kind == "app" else Source.STAFF, actor=actor)


def people_in(using: str) -> QuerySet[Person]:
    """Return who is present, of all rosters."""
    return Person.objects.using(using).filter(PRESENT)


class RosterByIdLoader(DataLoader):
    """Rosters by id."""

    context_key = "program_budgets_roster_by_id"

    def batch_load(self, keys: Iterable[int]) -> list[Roster | None]:
        """Load in one query."""
        keys = list(keys)
        rows = Roster.objects.using(self.database_connection_name).in_bulk(keys)
        return [rows.get(key) for key in keys]


class PersonByIdLoader(DataLoader):
    """Persons by id; one who was removed is ``None``."""

    context_key = "program_budgets_person_by_id"

    def batch_load(self, keys: Iterable[int]) -> list[Person | None]:
        """Load in one query."""
        keys = list(keys)
        rows = people_in(self.database_connection_name).in_bulk(keys)
        return [rows.get(key) for key in keys]


class RosterImportByIdLoader(DataLoader):
    """Files of people by id; one that was discarded or forgotten is ``None``."""

    context_key = "program_budgets_roster_import_by_id"

    def batch_load(self, keys: Iterable[int]) -> list[RosterImport | None]:
        """Load in one query."""
        keys = list(keys)
        rows = RosterImport.objects.using(self.database_connection_name).in_bulk(keys)
        return [rows.get(key) for key in keys]


class ProgramsByRosterIdLoader(DataLoader):
    """The programs that each roster's people take part in."""

    context_key = "program_budgets_programs_by_roster_id"

    def batch_load(self, keys: Iterable[int]) -> list[list[Program]]:
        """Load in one query, by name."""
        by_roster: defaultdict[int, list[Program]] = defaultdict(list)
        links = (
            RosterProgram.objects.using(self.database_connection_name)
            .filter(roster_id__in=keys)
            .select_related("program")
            .order_by("program__name", "program_id")
        )
        for link in links:
            by_roster[link.roster_id].append(link.program)
        return [by_roster[key] for key in keys]


class PeopleCountsByRosterIdLoader(DataLoader):
    """How many people each roster has, and how many of them are active."""

    context_key = "program_budgets_people_counts_by_roster_id"

    def batch_load(self, keys: Iterable[int]) -> list[tuple[int, int]]:
        """Count in one query."""
        counts = {
            roster_id: (everybody, active)
            for roster_id, everybody, active in people_in(self.database_connection_name)
            .filter(roster_id__in=keys)
            .order_by()
            .values("roster_id")
            .annotate(everybody=Count("pk"), active=Count("pk", filter=Q(is_active=True)))
            .values_list("roster_id", "everybody", "active")
        }
        return [counts.get(key, (0, 0)) for key in keys]


class TokensByRosterIdLoader(DataLoader):
    """The tokens of each roster, the newest first."""

    context_key = "program_budgets_tokens_by_roster_id"

    def batch_load(self, keys: Iterable[int]) -> list[list[RosterToken]]:
        """Load in one query."""
        by_roster: defaultdict[int, list[RosterToken]] = defaultdict(list)
        tokens = RosterToken.objects.using(self.database_connection_name)
        for token in tokens.filter(roster_id__in=keys).order_by("-pk"):
            by_roster[token.roster_id].append(token)
        return [by_roster[key] for key in keys]


class MembersByPersonLoader(DataLoader):
    """Who a person is in the roster's programs, by (roster id, user reference)."""

    context_key = "program_budgets_members_by_person"

    def batch_load(self, keys: Iterable[tuple[int, str]]) -> list[list[Member]]:
        """Load in one query, in order of joining."""
        keys = list(keys)
        by_person: defaultdict[tuple[int, str], list[Member]] = defaultdict(list)
        members: QuerySet[Any] = Member.objects.using(self.database_connection_name).filter(
            program__enrolling__roster__in={roster_id for roster_id, _ in keys},
            user_reference__in={reference for _, reference in keys},
        )
        members = members.annotate(roster_id=F("program__enrolling__roster"))
        for member in members.order_by("joined_at", "pk"):
            by_person[member.roster_id, member.user_reference].append(member)
        return [by_person[key] for key in keys]


class PlannedByPersonIdLoader(DataLoader):
    """What is to happen to each person, the next first; done and cancelled ones left out."""

    context_key = "program_budgets_planned_by_person_id"

    def batch_load(self, keys: Iterable[int]) -> list[list[PlannedChange]]:
        """Load in one query."""
        by_person: defaultdict[int, list[PlannedChange]] = defaultdict(list)
        pending = PlannedChange.objects.using(self.database_connection_name).filter(
            person_id__in=keys, applied_at=None, cancelled_at=None
        )
        for planned in pending.order_by("effective_at", "pk"):
            by_person[planned.person_id].append(planned)
        return [by_person[key] for key in keys]


class LineCounts(NamedTuple):
    """How many lines a file has, are done, and are of those who aren't in it."""

    total: int = 0
    done: int = 0
    absent: int = 0


class LineCountsByRosterImportIdLoader(DataLoader):
    """How many lines of each file there are, by what they are."""

    context_key = "program_budgets_line_counts_by_roster_import_id"

    def batch_load(self, keys: Iterable[int]) -> list[LineCounts]:
        """Count in one query."""
        is_absent = Q(
            action=ImportLine.Action.LEAVE, values={"is_active": False}, before={"is_active": True}
        )
        rows = (
            ImportLine.objects.using(self.database_connection_name)
            .filter(roster_import_id__in=keys)
            .order_by()
            .values("roster_import_id")
            .annotate(
                total=Count("pk"),
                done=Count("pk", filter=~Q(status=ImportLine.Status.DRAFT)),
                absent=Count("pk", filter=is_absent),
            )
        )
        counts = {
            import_id: LineCounts(*numbers)
            for import_id, *numbers in rows.values_list(
                "roster_import_id", "total", "done", "absent"
            )
        }
        return [counts.get(key, LineCounts()) for key in keys]
