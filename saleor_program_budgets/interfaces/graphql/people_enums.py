"""Enums of rosters and their people, each with the values the core stores."""

from __future__ import annotations

from saleor.graphql.core.types import BaseEnum

from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY


class ProgramBudgetRosterPlacedBy(BaseEnum):
    """By what an identity system says where somebody belongs."""

    DEPARTMENT = "department"
    GROUP = "group"

    class Meta:
        description = (
            "By what an identity system says where somebody belongs: the DEPARTMENT of the "
            "person, or the GROUP that they are a member of."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetPeopleSource(BaseEnum):
    """Through what a change in people came."""

    FILE = "file"
    SCIM = "scim"
    API = "api"
    STAFF = "staff"
    SCHEDULE = "schedule"
    SYSTEM = "system"

    class Meta:
        description = (
            "Through what a change in people came: a FILE, an identity system (SCIM), an app "
            "(API), a member of STAFF; SCHEDULE for one whose time has come, SYSTEM for one that "
            "followed from another."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetPeopleChangeKind(BaseEnum):
    """What changed."""

    CREATED = "created"
    UPDATED = "updated"
    MOVED = "moved"
    LEFT = "left"
    RETURNED = "returned"
    REMOVED = "removed"
    PLANNED = "planned"
    CANCELLED = "cancelled"
    ENROLLED = "enrolled"

    class Meta:
        description = (
            "What changed. PLANNED and CANCELLED are about a change ahead; ENROLLED is a "
            "membership in a program."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetPlannedChangeKind(BaseEnum):
    """What is to happen to a person."""

    MOVE = "move"
    LEAVE = "leave"
    RETURN = "return"

    class Meta:
        description = "What is to happen to a person."
        doc_category = DOC_CATEGORY


class ProgramBudgetRosterImportStatus(BaseEnum):
    """How far a file of people has come."""

    DRAFT = "draft"
    APPLYING = "applying"
    APPLIED = "applied"
    STALE = "stale"

    class Meta:
        description = (
            "How far a file of people has come. A DRAFT has written nothing; a STALE one no longer "
            "fits what has become of the roster since, and is previewed anew."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetRosterImportMode(BaseEnum):
    """Whether who isn't in the file stays or leaves."""

    PARTIAL = "partial"
    FULL = "full"

    class Meta:
        description = "Whether who isn't in the file stays (PARTIAL) or leaves (FULL)."
        doc_category = DOC_CATEGORY


class ProgramBudgetRosterImportAction(BaseEnum):
    """What a line of a file does."""

    CREATE = "create"
    LEAVE = "leave"
    RETURN = "return"
    MOVE = "move"
    UPDATE = "update"
    UNCHANGED = "unchanged"

    class Meta:
        description = (
            "The most that a line of a file does; a move or a return may change other values too."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetRosterImportLineStatus(BaseEnum):
    """What became of a line of a file."""

    DRAFT = "draft"
    APPLIED = "applied"
    FAILED = "failed"

    class Meta:
        description = "What became of a line; a FAILED one could not be applied, and says why."
        doc_category = DOC_CATEGORY
