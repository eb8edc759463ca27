"""Tokens by which identity systems change a roster's people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import graphene
from django.utils import timezone
from saleor.graphql.core.scalars import DateTime

from saleor_program_budgets import roster as rosters
from saleor_program_budgets.interfaces.graphql.common import (
    CHANGE_PROGRAMS,
    DOC_CATEGORY,
    actor_in,
)
from saleor_program_budgets.interfaces.graphql.errors import ProgramBudgetError, translated
from saleor_program_budgets.interfaces.graphql.mutations.base import (
    LONGEST_NAME,
    BudgetMutation,
    checked_text,
)
from saleor_program_budgets.interfaces.graphql.types.roster import (
    ProgramBudgetRoster,
    ProgramBudgetRosterToken,
)
from saleor_program_budgets.models import Roster, RosterToken

FIELDS_OF_CORE = {"token": "id", "overlap": "overlap_hours"}
"""How the core names what is named differently here."""
MOST_HOURS = 24 * 366
"""Beyond that a duration can't be asked of the core, which allows fewer."""


class ProgramBudgetRosterTokenCreate(BudgetMutation):
    """Make a token."""

    token = graphene.Field(ProgramBudgetRosterToken, description="The new token.")
    secret = graphene.String(
        description="What the identity system is to show; it can't be read again."
    )

    class Arguments:
        roster = graphene.ID(required=True, description="ID of the roster.")
        name = graphene.String(required=True, description="What staff call the token.")
        expires_at = DateTime(description="From when it no longer works; null for never.")

    class Meta:
        description = "Makes a token by which an identity system changes a roster's people."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, **given: Any) -> Any:
        """Make it."""
        roster = cls.find(
            Roster.objects.all(), given["roster"], ProgramBudgetRoster, field="roster"
        )
        with translated():
            token, secret = rosters.create_token(
                roster=roster,
                name=checked_text(given["name"], field="name", longest=LONGEST_NAME),
                expires_at=given.get("expires_at"),
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        return cls(token=token, secret=secret)


class ProgramBudgetRosterTokenRotate(BudgetMutation):
    """Replace a token."""

    token = graphene.Field(ProgramBudgetRosterToken, description="The new token.")
    secret = graphene.String(
        description="What the identity system is to show; it can't be read again."
    )

    class Arguments:
        id = graphene.ID(required=True, description="ID of the token.")
        overlap_hours = graphene.Int(
            default_value=0,
            description="For how many hours the old one works still, up to 30 days.",
        )

    class Meta:
        description = "Makes a token in the place of another, with its name and expiry."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(
        cls, _root: Any, info: Any, /, *, id: str, overlap_hours: int | None = 0
    ) -> Any:
        """Replace it."""
        token = cls.find(RosterToken.objects.all(), id, ProgramBudgetRosterToken)
        hours = min(overlap_hours or 0, MOST_HOURS)
        with translated(**FIELDS_OF_CORE):
            token, secret = rosters.rotate_token(
                token=token,
                overlap=timedelta(hours=max(hours, -1)),
                actor=actor_in(info.context),
                at=timezone.now(),
            )
        return cls(token=token, secret=secret)


class ProgramBudgetRosterTokenRevoke(BudgetMutation):
    """Revoke a token."""

    token = graphene.Field(ProgramBudgetRosterToken, description="The revoked token.")

    class Arguments:
        id = graphene.ID(required=True, description="ID of the token.")

    class Meta:
        description = "Lets a token work no more, at once. Repeating it changes nothing."
        doc_category = DOC_CATEGORY
        permissions = CHANGE_PROGRAMS
        error_type_class = ProgramBudgetError

    @classmethod
    def perform_mutation(cls, _root: Any, info: Any, /, *, id: str) -> Any:
        """Revoke it."""
        token = cls.find(RosterToken.objects.all(), id, ProgramBudgetRosterToken)
        with translated(**FIELDS_OF_CORE):
            token = rosters.revoke_token(
                token=token, actor=actor_in(info.context), at=timezone.now()
            )
        return cls(token=token)
