"""The text of each code, made from its batch's secret: the same one whenever it is asked for.

So a run that was interrupted goes on, and the clear text can leave later though it is kept nowhere.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from saleor_program_budgets.codes.digests import digest_of, digests_of
from saleor_program_budgets.codes.symbols import canonical, compose
from saleor_program_budgets.codes.vault import open_sealed, seal
from saleor_program_budgets.errors import InvalidInput

if TYPE_CHECKING:
    from saleor_program_budgets.models import CodeBatch

SECRET_BYTES = 32
MOST_DRAWS = 4
"""How often a code is drawn when others have its text; with 60 bits a second time hardly ever."""


def new_secret() -> bytes:
    """Return a new batch's secret, sealed."""
    return seal(secrets.token_bytes(SECRET_BYTES))


def secret_of(batch: CodeBatch) -> bytes:
    """Return the batch's secret; raises ``InvalidInput`` if it was forgotten, or can't be read."""
    if batch.secret is None:
        raise InvalidInput("batch", "The clear text of these codes has left, and is kept nowhere.")
    return open_sealed(bytes(batch.secret))


def text_of(*, batch: CodeBatch, secret: bytes, number: int, name: str, draw: int = 0) -> str:
    """Return the text of the batch's code *number*, for a member of this *name*."""
    random = hmac.digest(secret, f"{number}:{draw}".encode(), "sha512")
    return compose(batch=batch, name=name, random=random)


def text_again(*, batch: CodeBatch, secret: bytes, number: int, name: str, digest: bytes) -> str:
    """Return the text that a code was made with; its *digest* proves that it is the same.

    Raises ``InvalidInput`` when it isn't, since the shop's secret was changed.
    """
    for draw in range(MOST_DRAWS):
        text = text_of(batch=batch, secret=secret, number=number, name=name, draw=draw)
        if digest in digests_of(known(text)):
            return text
    raise InvalidInput(
        "secret",
        "The codes were made under another SECRET_KEY: name it in SECRET_KEY_FALLBACKS, or "
        "reissue the batch.",
    )


def digest_of_text(text: str) -> bytes:
    """Return the digest that a code with this text is found by."""
    return digest_of(known(text))


def known(text: str) -> str:
    """Return the symbols of a text of ours; raises ``InvalidInput`` for what is no code."""
    symbols = canonical(text)
    if symbols is None:
        raise InvalidInput("code", "The text is no code.")
    return symbols
