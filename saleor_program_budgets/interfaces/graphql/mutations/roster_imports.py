"""Files of people: look at what one would do, apply it, or forget it."""

from __future__ import annotations

from typing import Any

import graphene
from django.utils import timezone
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import BaseInputObjectType, NonNullList, Upload

from saleor_program_budgets import roster as rosters
from saleor_program_budgets.interfaces import roster_files
from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_MEMBERS,
    DOC_CATEGORY,
    actor_in,
)
from saleor_program_budgets.interfaces.graphql.errors import (
    ProgramBudgetError,
    field_error,
    translated,
)
from saleor_program_budgets.interfaces.graphql.mutations.base import BudgetMutation
from saleor_program_budgets.interfaces.graphql.people import origin_in
from saleor_program_budgets.interfaces.graphql.people_enums import ProgramBudgetRosterImportMode
from saleor_program_budgets.interfaces.graphql.types.roster import ProgramBudgetRoster
from saleor_program_budgets.interfaces.graphql.types.roster_import import ProgramBudgetRosterImport
from saleor_program_budgets.interfaces.shop import SaleorShop
from saleor_program_budgets.models import Roster, RosterImport
from saleor_program_budgets.roster import tables

FIELDS_OF_CORE = {"import": "id", "leavers": "confirmed_leavers", "job": "id"}
"""How the core names what is named differently here."""


class ProgramBudgetRosterColumnInput(BaseInputObjectType):
    """What a column says."""

    column = graphene.String(required=True, description="The column, as its header names it.")
    field = graphene.String(
        required=True,
        description=(
            "What of a person it says: external_id, email, first_name, last_name, department, "
            "title, employee_number, cost_center, manager, active or effective_on; empty if it is "
            "to be ignored."
        ),
    )

    class Meta:
        description = "What a column of a file says of a person."
        doc_category = DOC_CATEGORY


class ProgramBudgetRosterImportPreview(BudgetMutation):
    """Look at what a file would do."""

    roster_import = graphene.Field(
        ProgramBudgetRosterImport,
        name="import",
        description="The draft, with its lines and rejected ones.",
    )

    class Arguments:
        roster = graphene.ID(required=True, description="ID of the roster.")
        file = Upload(description="The file: CSV in any usual encoding, or XLSX; up to 40 MB.")
        csv = graphene.String(description="The same as text, in place of a file.")
        file_name = graphene.String(description="Its name; that of the upload if not given.")
        mode = ProgramBudgetRosterImportMode(
            description="Whether who isn't in the file stays or leaves. Defaults to PARTIAL."
        )
        mapping = NonNullList(
            ProgramBudgetRosterColumnInput,
            description=(
                "Which column means what. Without it they mean what they did in the files before, "
                "or what they are mostly called; `mapping` of the draft says so."
            ),
        )
        create_departments = graphene.Boolean(
            default_value=False,
            description=(
                "Whether departments that there aren't yet are created when it is applied; their "
                "lines are rejected otherwise."
            ),
        )
        effective_at = DateTime(
            description=(
                "From when on moves, leaves and returns count, unless a line says so itself; at "
                "once if not given."
            )
        )

    class Meta:
        description = (
            "Says what a file of people would do, line by line. Nothing is written before it is "
            "applied, but for which column means what."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_MEMBERS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, **given: Any) -> Any:
        """Preview it."""
        roster = cls.find(
            Roster.objects.all(), given["roster"], ProgramBudgetRoster, field="roster"
        )
        content, name = _content(info, given)
        with translated():
            found = rosters.preview_import(
                roster=roster,
                content=content,
                file_name=given.get("file_name") or name,
                mode=RosterImport.Mode(given.get("mode") or RosterImport.Mode.PARTIAL),
                mapping=_mapping(given.get("mapping")),
                creates_departments=bool(given.get("create_departments")),
                effective_at=given.get("effective_at"),
                origin=origin_in(info.context),
                shop=SaleorShop(),
                at=timezone.now(),
            )
        return cls(roster_import=found)


class ProgramBudgetRosterImportApply(BudgetMutation):
    """Do what a file's preview says."""

    roster_import = graphene.Field(
        ProgramBudgetRosterImport, name="import", description="The file."
    )
    is_queued = graphene.Boolean(
        required=True,
        default_value=False,
        description="Whether a task does it; `progress` of the file shows how far it is.",
    )

    class Arguments:
        id = graphene.ID(required=True, description="ID of the file.")
        confirmed_leavers = graphene.Int(
            description="How many leave since they aren't in it, as `leavers` says; for a FULL one."
        )

    class Meta:
        description = (
            "Does what a file's preview says and nothing else, many lines in a task. STALE where "
            "the preview no longer holds. Who is changed by others meanwhile is left alone, and "
            "their line says so. Repeating it changes nothing, and goes on with what was "
            "interrupted."
        )
        doc_category = DOC_CATEGORY
        permissions = CHANGE_MEMBERS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(
        cls, _root: Any, info: Any, /, *, id: str, confirmed_leavers: int | None = None
    ) -> Any:
        """Apply it, or have it applied."""
        found, actor = _file(cls, id), actor_in(info.context)
        with translated(**FIELDS_OF_CORE):
            is_queued = roster_files.is_large(found)
            if is_queued:
                roster_files.queue(
                    roster_import=found, confirmed_leavers=confirmed_leavers, actor=actor
                )
                found.refresh_from_db()
            else:
                found = rosters.apply_import(
                    roster_import=found,
                    confirmed_leavers=confirmed_leavers,
                    shop=SaleorShop(),
                    actor=actor,
                    at=timezone.now(),
                )
        return cls(roster_import=found, is_queued=is_queued)


class ProgramBudgetRosterImportDiscard(BudgetMutation):
    """Forget a file."""

    roster_import = graphene.Field(
        ProgramBudgetRosterImport, name="import", description="The file, as it was."
    )

    class Arguments:
        id = graphene.ID(required=True, description="ID of the file.")

    class Meta:
        description = "Forgets a file that was only looked at, with all that it says of people."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_MEMBERS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, _info: Any, /, *, id: str) -> Any:
        """Forget it."""
        found = _file(cls, id)
        key = found.pk
        with translated(**FIELDS_OF_CORE):
            rosters.discard_import(roster_import=found)
        found.pk = key
        return cls(roster_import=found)


def _file(mutation: type[BudgetMutation], import_id: str) -> RosterImport:
    rows = RosterImport.objects.select_related("roster__account")
    found: RosterImport = mutation.find(rows, import_id, ProgramBudgetRosterImport)
    return found


def _content(info: Any, given: dict[str, Any]) -> tuple[bytes, str]:
    """Return what was given as a file or as text, as it is, and its name."""
    text, name = given.get("csv"), given.get("file")
    if (text is None) == (name is None):
        code = "required" if text is None else "invalid"
        raise field_error("file", "Give the people either as a file or as text.", code)
    if text is not None:
        return text.encode(errors="replace"), ""
    file = info.context.FILES.get(name)
    if file is None:
        raise field_error("file", "There is no such file in the request.", "not_found")
    return file.read(tables.MOST_BYTES + 1), file.name or ""


def _mapping(given: list[dict[str, str]] | None) -> dict[str, str] | None:
    """Return the columns by name; raises where one is given twice."""
    if given is None:
        return None
    mapping = {each["column"]: each["field"] for each in given}
    if len(mapping) < len(given):
        raise field_error("mapping", "A column is given twice.", "invalid")
    return mapping
