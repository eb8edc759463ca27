"""The record of what was changed in people: by whom, by what way, from what to what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saleor_program_budgets.models import PeopleChange, Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.models import Member

SOURCES = {"staff": Source.STAFF, "app": Source.API, "system": Source.SYSTEM}
"""Through what a change comes that names nothing but who makes it."""


def source_of(actor: Actor) -> Source:
    """Return through what *actor* makes changes."""
    return SOURCES.get(actor.kind, Source.API)


def record_members(
    *,
    kind: PeopleChange.Kind,
    members: Sequence[Member],
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    actor: Actor,
    at: datetime,
) -> None:
    """Record that the same was changed for each of *members*, by a member of staff, app or job."""
    PeopleChange.objects.bulk_create(
        [
            PeopleChange(
                kind=kind,
                program_id=member.program_id,
                member_id=member.pk,
                user_reference=member.user_reference,
                before=before or {},
                after=after or {},
                source=source_of(actor),
                actor=str(actor),
                effective_at=at,
                at=at,
            )
            for member in members
        ],
        batch_size=5_000,
    )
