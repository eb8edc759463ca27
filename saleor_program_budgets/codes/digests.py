"""What the database knows a code by: a digest that nobody can compute without the shop's secret."""

from __future__ import annotations

import hmac

from saleor_program_budgets.codes.keys import current_key, keys_for

PURPOSE = b"digest"


def digest_of(canonical: str) -> bytes:
    """Return the digest (32 bytes) under which a code's symbols, from ``canonical()``, are kept."""
    return _digest(current_key(PURPOSE), canonical)


def digests_of(canonical: str) -> list[bytes]:
    """Return every digest that the symbols may be kept under: the current one, then earlier ones.

    There is more than one while ``SECRET_KEY_FALLBACKS`` names earlier secrets.
    """
    return [_digest(key, canonical) for key in keys_for(PURPOSE)]


def _digest(key: bytes, canonical: str) -> bytes:
    return hmac.digest(key, canonical.encode(), "sha256")
