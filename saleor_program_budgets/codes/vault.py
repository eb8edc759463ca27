"""Sealing what is kept for a while and must not be read from the database alone."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from saleor_program_budgets.codes.keys import keys_for
from saleor_program_budgets.errors import InvalidInput

PURPOSE = b"vault"


def seal(secret: bytes) -> bytes:
    """Encrypt *secret* under the shop's current key."""
    return _vault().encrypt(secret)


def open_sealed(sealed: bytes) -> bytes:
    """Return what was sealed under the shop's current key, or under an earlier one.

    Raises ``InvalidInput`` when no key opens it: the shop's secret was changed, and the earlier
    one is not among ``SECRET_KEY_FALLBACKS``.
    """
    try:
        return _vault().decrypt(sealed)
    except InvalidToken as error:
        raise InvalidInput(
            "secret",
            "The codes were made under another SECRET_KEY: name it in SECRET_KEY_FALLBACKS, or "
            "reissue the batch.",
        ) from error


def _vault() -> MultiFernet:
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys_for(PURPOSE)])
