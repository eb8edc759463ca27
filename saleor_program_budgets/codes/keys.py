"""Keys made from the shop's secret, one for each purpose: no two uses share one."""

from __future__ import annotations

from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes

KEY_BYTES = 32


def current_key(purpose: bytes) -> bytes:
    """Return the key (32 bytes) that *purpose* uses now, from ``SECRET_KEY``."""
    return _derived(force_bytes(settings.SECRET_KEY), purpose)


def keys_for(purpose: bytes) -> list[bytes]:
    """Return the keys (32 bytes each) for *purpose*, the current one first.

    They come from ``SECRET_KEY`` and then ``SECRET_KEY_FALLBACKS``: what was made under an earlier
    secret is known for as long as that stands there.
    """
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [_derived(force_bytes(secret), purpose) for secret in secrets]


@lru_cache(maxsize=64)
def _derived(secret: bytes, purpose: bytes) -> bytes:
    """Return HKDF-SHA256 (RFC 5869) of *secret*, without a salt."""
    info = b"saleor_program_budgets.codes." + purpose
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)
