"""Tokens of identity systems: shown once, kept as digests, each good for one roster alone."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import RosterToken

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.models import Roster

PREFIX = "pbt_"
BYTES = 32
HINT = 10
LONGEST_NAME = 250
LONGEST_OVERLAP = timedelta(days=30)
NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is noted when a token was last used."""


def create_token(
    *, roster: Roster, name: str, expires_at: datetime | None = None, actor: Actor, at: datetime
) -> tuple[RosterToken, str]:
    """Make a token for a roster; return it with its secret, which can't be read again.

    Raises ``InvalidInput`` for an empty name or an expiry that has passed.
    """
    name = name.strip()
    if not name:
        raise InvalidInput("name", "Say what the token is for.", code="REQUIRED")
    if len(name) > LONGEST_NAME or "\x00" in name:
        raise InvalidInput("name", f"A name has up to {LONGEST_NAME} characters.")
    if expires_at is not None and expires_at <= at:
        raise InvalidInput("expires_at", "The expiry has to lie in the future.")
    return _make(roster, name, expires_at, actor, at)


def rotate_token(
    *, token: RosterToken, overlap: timedelta = timedelta(0), actor: Actor, at: datetime
) -> tuple[RosterToken, str]:
    """Make a token in the place of *token*, which works for the *overlap* still; as ``create``.

    Raises ``InvalidInput`` for one that doesn't work any more, or an overlap above 30 days.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise InvalidInput("overlap", f"Tokens overlap by up to {LONGEST_OVERLAP.days} days.")
    with transaction.atomic():
        locked = RosterToken.objects.select_for_update().get(pk=token.pk)
        if not _works(locked, at) or locked.replaced_by_id is not None:
            raise InvalidInput("token", "The token was revoked, replaced or has expired.")
        new, secret = _make(locked.roster, locked.name, locked.expires_at, actor, at)
        end = at + overlap
        locked.expires_at = end if locked.expires_at is None else min(end, locked.expires_at)
        locked.replaced_by = new
        locked.save(update_fields=["expires_at", "replaced_by"])
    token.refresh_from_db()
    return new, secret


def revoke_token(*, token: RosterToken, actor: Actor, at: datetime) -> RosterToken:
    """Let a token work no more from now on; repeatable."""
    working = RosterToken.objects.filter(pk=token.pk, revoked_at=None)
    working.update(revoked_at=at, revoked_by=str(actor))
    token.refresh_from_db(fields=["revoked_at", "revoked_by"])
    return token


def find_token(*, secret: str, at: datetime) -> RosterToken | None:
    """Return the token with this *secret* if it works at *at*, with its roster and account.

    That it was used is noted, to the minute.
    """
    if not secret.startswith(PREFIX):
        return None
    tokens = RosterToken.objects.select_related("roster__account")
    token = tokens.filter(digest=_digest(secret)).first()
    if token is None or not _works(token, at):
        return None
    if token.last_used_at is None or token.last_used_at <= at - NOTED_EVERY:
        RosterToken.objects.filter(pk=token.pk).update(last_used_at=at)
        token.last_used_at = at
    return token


def _make(
    roster: Roster, name: str, expires_at: datetime | None, actor: Actor, at: datetime
) -> tuple[RosterToken, str]:
    secret = PREFIX + secrets.token_urlsafe(BYTES)
    token = RosterToken.objects.create(
        roster=roster,
        name=name,
        hint=secret[:HINT],
        digest=_digest(secret),
        created_by=str(actor),
        created_at=at,
        expires_at=expires_at,
    )
    return token, secret


def _works(token: RosterToken, at: datetime) -> bool:
    return token.revoked_at is None and (token.expires_at is None or at < token.expires_at)


def _digest(secret: str) -> bytes:
    """Return what is kept of a secret: it is random enough that no salt or key is needed."""
    return hashlib.sha256(secret.encode()).digest()
