"""Who tries too often is locked out for a while: for codes of ours only.

Wrong tries are counted in the shop's cache, for the user, the checkout and the address they came
from. Nobody guesses 60 random bits; this keeps down the noise, and those who try a stolen list. So
a cache that can't be reached lets everybody pass, and is logged.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import TYPE_CHECKING

from django.core.cache import cache

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import CodeAttempt, CodeLockout

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from saleor_program_budgets.codes.callers import Caller
    from saleor_program_budgets.ledger import Actor

logger = logging.getLogger(__name__)

Subject = CodeLockout.Subject
WINDOW_SECONDS = 15 * 60
"""Tries are counted from the first one on for this long."""
LOCKOUT_SECONDS = 15 * 60
MOST_TRIES: Mapping[CodeLockout.Subject, int] = {
    Subject.USER: 10,
    Subject.CHECKOUT: 10,
    Subject.ADDRESS: 100,  # a company's people may share one
}
ENTERED_BY_STAFF = frozenset({CodeAttempt.Place.DRAFT, CodeAttempt.Place.BULK})
LONGEST_VALUE = 64
PREFIX_LENGTH = 64
"""Of an IPv6 address this much is a household's or a company's; the rest it chooses freely."""


def is_locked_out(caller: Caller) -> bool:
    """Say whether the user, the checkout or the address is locked out: one look into the cache."""
    try:
        return bool(cache.get_many([_lock_key(*who) for who in _subjects(caller)]))
    except Exception:  # each cache backend raises its own
        logger.exception("Whether codes are tried too often can't be told without the cache")
        return False


def count_wrong(caller: Caller, at: datetime) -> None:
    """Count one wrong try; who has made too many is locked out, and staff see it."""
    for subject, value in _subjects(caller):
        try:
            tries = _counted(_count_key(subject, value))
            is_new = tries >= MOST_TRIES[subject] and cache.add(
                _lock_key(subject, value), tries, LOCKOUT_SECONDS
            )
        except Exception:  # each cache backend raises its own
            logger.exception("A wrong code could not be counted without the cache")
            return
        if is_new:
            CodeLockout.objects.create(
                subject=subject,
                value=value,
                tries=tries,
                starts_at=at,
                ends_at=at + timedelta(seconds=LOCKOUT_SECONDS),
            )


def release(*, subject: CodeLockout.Subject, value: str, actor: Actor, at: datetime) -> int:
    """Let who was locked out try again, from zero; returns how many lock-outs that ended.

    Raises ``InvalidInput`` where nobody is locked out. An error of the cache is raised.
    """
    standing = CodeLockout.objects.filter(
        subject=subject, value=value, ends_at__gt=at, released_at=None
    )
    if "\x00" in value or not standing.exists():
        raise InvalidInput("value", f"No {subject.label.lower()} “{value}” is locked out.")
    cache.delete_many([_lock_key(subject, value), _count_key(subject, value)])
    return standing.update(released_at=at, released_by=str(actor))


def _counted(key: str) -> int:
    """Count one more under *key* and return the sum; the first starts the time that it counts."""
    if cache.add(key, 1, WINDOW_SECONDS):
        return 1
    try:
        tries = cache.incr(key)
    except ValueError:  # the time was over in this moment
        cache.add(key, 1, WINDOW_SECONDS)
        return 1
    if tries == 1:  # the same, with a cache that counts up from nothing, and then for ever
        cache.touch(key, WINDOW_SECONDS)
    return tries


def _subjects(caller: Caller) -> list[tuple[CodeLockout.Subject, str]]:
    """Return whom a try is counted for, as the lock-out of each names it.

    What staff enter for somebody is nobody's try: it would lock the customer out.
    """
    if caller.place in ENTERED_BY_STAFF:
        return []
    found = [
        (Subject.USER, str(caller.user_id) if caller.user_id is not None else ""),
        (Subject.CHECKOUT, caller.checkout_id[:LONGEST_VALUE]),
        (Subject.ADDRESS, _network_of(caller.network_address)),
    ]
    return [(subject, value) for subject, value in found if value]


def _network_of(address: IPv4Address | IPv6Address | None) -> str:
    """Return what stands for an address: itself, or the network that an IPv6 address is in."""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), PREFIX_LENGTH), strict=False))
    return str(address or "")


def _count_key(subject: CodeLockout.Subject, value: str) -> str:
    return f"program-budgets:codes:tries:{subject.value}:{value}"


def _lock_key(subject: CodeLockout.Subject, value: str) -> str:
    return f"program-budgets:codes:locked:{subject.value}:{value}"
