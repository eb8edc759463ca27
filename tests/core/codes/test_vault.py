"""What is sealed with the shop's secret, and opened with nothing else."""

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings

from saleor_program_budgets.codes.vault import open_sealed, seal
from saleor_program_budgets.errors import InvalidInput

SECRET = bytes(range(32))


def test_what_is_sealed_is_opened_with_the_secret_or_an_earlier_one() -> None:
    with override_settings(SECRET_KEY="one"):
        sealed = seal(SECRET)
        assert SECRET not in sealed
        assert seal(SECRET) != sealed
        assert open_sealed(sealed) == SECRET
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["one"]):
        assert open_sealed(sealed) == SECRET
    with override_settings(SECRET_KEY="new"), pytest.raises(InvalidInput, match="SECRET_KEY"):
        open_sealed(sealed)


def test_what_was_tampered_with_is_not_opened() -> None:
    sealed = seal(SECRET)
    for broken in (sealed[:-1], b"", Fernet(Fernet.generate_key()).encrypt(SECRET)):
        with pytest.raises(InvalidInput):
            open_sealed(broken)
