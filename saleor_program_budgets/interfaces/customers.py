"""What becomes of members when Saleor deactivates, reactivates or deletes their user.

A membership follows the user's id: another e-mail address or name changes nothing. Whatever these
hooks miss (bulk updates fire none), the job that sweeps leavers makes up for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from saleor_program_budgets import programs
from saleor_program_budgets.models import Member

if TYPE_CHECKING:
    from datetime import datetime

    from saleor.account.models import User

    from saleor_program_budgets.ledger import Actor


def follow(*, user: User, actor: Actor, at: datetime) -> None:
    """Deactivate an inactive user's members; bring back those who left because of it."""
    members = Member.objects.filter(user_id=user.pk).select_related("program").order_by("pk")
    if user.is_active:
        for member in members.filter(is_active=False, left_with_user=True):
            programs.reactivate_member(member=member, actor=actor, at=at)
        return
    for member in members.filter(is_active=True):
        programs.deactivate_member(
            member=member,
            reason="the user was deactivated",
            left_with_user=True,
            actor=actor,
            at=at,
        )


def leave(*, user_id: int | None, actor: Actor, at: datetime) -> None:
    """Deactivate the members of a user that Saleor has deleted; they keep the user's reference."""
    if user_id is None:
        return
    members = Member.objects.filter(user_reference=str(user_id), user=None, is_active=True)
    for member in members.select_related("program").order_by("pk"):
        programs.deactivate_member(
            member=member,
            reason="the user was deleted",
            left_with_user=True,
            actor=actor,
            at=at,
        )
