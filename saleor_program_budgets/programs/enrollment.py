"""Who takes part in a program, under which account, and with what granted."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.db import transaction

from saleor_program_budgets import ledger
from saleor_program_budgets.errors import InvalidInput, NotFound
from saleor_program_budgets.models import Account, Limit, Lot, Member, Program
from saleor_program_budgets.programs.operations import grant_allotment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor, Correction, Granted
    from saleor_program_budgets.money import Amount


def enroll(
    *,
    program: Program,
    user_ids: Sequence[int],
    account: Account,
    actor: Actor,
    at: datetime,
) -> list[Member]:
    """Enroll users (by id) under *account*; in an open program they get the cycle's allotment.

    A user who is a member already stays where they are. Set-based: one call takes thousands.
    Raises ``NotFound`` when an id names no user; then nobody is enrolled.
    """
    users = get_user_model().objects.filter(pk__in=user_ids)
    if users.count() != len(set(user_ids)):
        raise NotFound("users", "Not all of these users exist.")
    references = [str(user_id) for user_id in user_ids]
    Member.objects.bulk_create(
        [
            Member(
                program=program,
                user_id=user_id,
                user_reference=str(user_id),
                account=account,
                joined_at=at,
            )
            for user_id in sorted(user_ids)  # in one order, or two at once may deadlock
        ],
        ignore_conflicts=True,
        batch_size=5_000,
    )
    members = list(
        Member.objects.filter(program=program, user_reference__in=references).order_by("pk")
    )
    ledger.open_member_limits(members=members, unit=program.currency)
    cycle = program.cycles.filter(closed_at=None).first()
    if cycle is not None:
        active = [member.pk for member in members if member.is_active]
        grant_allotment(program=program, cycle=cycle, members=active, actor=actor, at=at)
    return members


def grant(
    *,
    member: Member,
    amount: Amount,
    reason: str,
    expires_at: datetime | None,
    key: str | None = None,
    actor: Actor,
    at: datetime,
) -> Granted:
    """Give one member *amount* beside their allotment, for a stated reason.

    Raises ``InvalidInput`` without a reason, in another currency than the program's, for an
    inactive member, or with an expiry that has passed; a repeated call gets the first outcome.
    """
    if not reason.strip():
        raise InvalidInput("reason", "Say why the amount is granted.", code="REQUIRED")
    if amount.currency != member.program.currency:
        raise InvalidInput("amount", f"This program's currency is {member.program.currency}.")
    if key is None or not ledger.is_answered(key=key):
        if not member.is_active:
            raise InvalidInput("member", "The member isn't active.")
        _require_future(expires_at, at)
    return ledger.grant(
        members=[member.pk],
        amount=amount,
        origin=Lot.Origin.GRANT,
        cycle=member.program.cycles.filter(closed_at=None).first(),
        expires_at=expires_at,
        reason=reason,
        key=key or f"grant:{uuid4()}",
        actor=actor,
        at=at,
    )


def adjust(
    *,
    member: Member,
    amount: Amount,
    reason: str,
    expires_at: datetime | None = None,
    key: str | None = None,
    actor: Actor,
    at: datetime,
) -> Correction:
    """Correct a member's budget up or down, for a stated reason.

    What is added lapses at *expires_at*, by default with the open cycle; what is taken away must
    be neither held nor spent (``NotAvailable``). A leaver's budget can be corrected too. Raises
    ``InvalidInput`` without a reason, in another currency, or with an expiry that has passed.
    """
    if not reason.strip():
        raise InvalidInput("reason", "Say why the budget is corrected.", code="REQUIRED")
    if amount.currency != member.program.currency:
        raise InvalidInput("amount", f"This program's currency is {member.program.currency}.")
    if key is None or not ledger.is_answered(key=key):
        _require_future(expires_at, at)
    cycle = member.program.cycles.filter(closed_at=None).first()
    return ledger.adjust(
        member=member,
        amount=amount,
        cycle=cycle,
        expires_at=expires_at or (cycle.ends_at if cycle else None),
        reason=reason,
        key=key or f"adjust:{uuid4()}",
        actor=actor,
        at=at,
    )


def _require_future(expires_at: datetime | None, at: datetime) -> None:
    if expires_at is not None and expires_at <= at:
        raise InvalidInput("expires_at", "The expiry has to lie in the future.")


def move_member(*, member: Member, account: Account) -> Member:
    """Put the member under another account.

    The balance follows; past spend and open holds stay under the old account's caps, and the
    next purchase meets the new account's.
    """
    with transaction.atomic():
        _lock(member)
        member.account = account
        member.save(update_fields=["account"])
    return member


def deactivate_member(*, member: Member, at: datetime) -> Member:
    """Let the member take no new holds; open ones are honoured."""
    with transaction.atomic():
        _lock(member)
        member.is_active = False
        member.deactivated_at = at
        member.save(update_fields=["is_active", "deactivated_at"])
    return member


def reactivate_member(*, member: Member, actor: Actor, at: datetime) -> Member:
    """Let the member buy again; an allotment missed meanwhile is granted."""
    with transaction.atomic():
        _lock(member)
        member.is_active = True
        member.deactivated_at = None
        member.save(update_fields=["is_active", "deactivated_at"])
    cycle = member.program.cycles.filter(closed_at=None).first()
    if cycle is not None:
        grant_allotment(
            program=member.program, cycle=cycle, members=[member.pk], actor=actor, at=at
        )
    return member


def _lock(member: Member) -> None:
    """Wait for the member's purchase in flight, and keep the next one out until commit."""
    list(
        Limit.objects.select_for_update()
        .filter(kind=Limit.Kind.MEMBER, member=member)
        .order_by("lock_rank", "pk")
        .values_list("pk")
    )
