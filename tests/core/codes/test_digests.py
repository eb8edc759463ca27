"""What the database knows codes by, also after the shop's secret was changed."""

import hashlib
import hmac

from django.test import override_settings

from saleor_program_budgets.codes.digests import digest_of, digests_of


def expected(secret: str) -> bytes:
    """Return the digest of ABC, computed from RFC 5869 and RFC 2104."""
    extracted = hmac.digest(bytes(32), secret.encode(), "sha256")
    info = b"saleor_program_budgets.codes.digest"
    key = hmac.digest(extracted, info + b"\x01", "sha256")
    return hmac.new(key, b"ABC", hashlib.sha256).digest()


@override_settings(SECRET_KEY="one", SECRET_KEY_FALLBACKS=[])
def test_a_digest_needs_the_shops_secret() -> None:
    assert digest_of("ABC") == expected("one")
    assert digests_of("ABC") == [expected("one")]
    assert digest_of("ABD") != digest_of("ABC")


@override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["one", "two"])
def test_earlier_secrets_are_looked_up_too() -> None:
    assert digest_of("ABC") == expected("new")
    assert digests_of("ABC") == [expected("new"), expected("one"), expected("two")]
