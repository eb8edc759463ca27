"""The record of what was changed in a roster's people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from saleor_program_budgets.models import PeopleChange
from saleor_program_budgets.roster import bulk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from saleor_program_budgets.models import Roster
    from saleor_program_budgets.roster.plan import Step
    from saleor_program_budgets.roster.wanted import Origin

Kind = PeopleChange.Kind
COLUMNS = (
    "kind",
    "roster_id",
    "person_id",
    "user_reference",
    "before",
    "after",
    "source",
    "source_reference",
    "line",
    "actor",
    "effective_at",
    "at",
)


class Row(NamedTuple):
    """One change of one person; *step* says for which line and since when."""

    kind: Kind
    person_id: int
    user_reference: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    step: Step | None


def kind_of(values: Mapping[str, Any]) -> Kind:
    """Return what the most of a change is."""
    if "removed_at" in values:
        return Kind.REMOVED
    if "is_active" in values:
        return Kind.RETURNED if values["is_active"] else Kind.LEFT
    return Kind.MOVED if "account" in values else Kind.UPDATED


def write(roster: Roster, rows: Iterable[Row], *, origin: Origin, at: datetime) -> None:
    """Record changes; of what is said to have been so before, that instant is kept too."""
    bulk.copy(
        PeopleChange,
        COLUMNS,
        (
            (
                row.kind.value,
                roster.pk,
                row.person_id,
                row.user_reference,
                {name: row.before[name] for name in row.after if name in row.before},
                dict(row.after),
                origin.source.value,
                origin.reference,
                row.step.line or None if row.step else None,
                str(origin.actor),
                (row.step.effective_at if row.step else None) or at,
                at,
            )
            for row in rows
        ),
    )
