"""How a code is written, and how one that somebody typed is read.

The random part is in Crockford's alphabet: 32 symbols of 5 bits, none of which is taken for
another. A prefix and a name may have any ASCII letter or digit.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from saleor_program_budgets.errors import InvalidInput

if TYPE_CHECKING:
    from saleor_program_budgets.models import CodeBatch

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SYMBOL_OF = ALPHABET.encode() * 8
"""A symbol for each byte, by its lower five bits."""
DEFAULT_PATTERN = "XXXX-XXXX-XXXX"
LEAST_RANDOM = 12
"""How many random symbols a pattern has at least: 60 bits."""
LONGEST_PATTERN = 40
LONGEST_PREFIX = 20
LONGEST_NAME = 10
LONGEST_TYPED = 100
"""More characters than any code has, with room for spaces between them."""
_DROPPED = re.compile(r"[\s\-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]+")
"""Spaces, and dashes as people, phones and word processors write them."""
_READ = str.maketrans("abcdefghijklmnopqrstuvwxyzOIL", "ABCDEFGH1JK1MN0PQRSTUVWXYZ011")
_SYMBOLS = re.compile(r"[0-9A-Z]+")
_PREFIX = re.compile(r"[0-9A-Z]+(-[0-9A-Z]+)*")
_PATTERN = re.compile(r"X+(-X+)*")


def canonical(text: str) -> str | None:
    """Return the symbols of what somebody typed, as they are compared; ``None`` for no code.

    Spaces and dashes of every kind are left out, small letters count as capitals, O as 0, I and L
    as 1. With any other character, with none left, or longer than 100 characters it is no code.
    """
    if len(text) > LONGEST_TYPED:
        return None
    symbols = _DROPPED.sub("", text).translate(_READ)
    return symbols if _SYMBOLS.fullmatch(symbols) else None


def compose(*, batch: CodeBatch, name: str, random: bytes) -> str:
    """Return a code of *batch* as people read it, filled from *random* (40 bytes or more).

    *name*, from ``letters_of()``, stands before the pattern, if there is one.
    """
    symbols = random[: batch.pattern.count("X")].translate(_SYMBOL_OF).decode()
    filled = batch.pattern.replace("X", "%s") % tuple(symbols)
    return "-".join(part for part in (batch.prefix, name, filled) if part)


def letters_of(name: str) -> str:
    """Return what a code shows of *name*: up to ten ASCII letters, without their accents."""
    plain = unicodedata.normalize("NFKD", name)
    letters = "".join(letter for letter in plain if letter.isascii() and letter.isalpha())
    return letters[:LONGEST_NAME].upper()


def checked_prefix(prefix: str) -> str:
    """Return *prefix* in capitals; raises ``InvalidInput`` for one that can't begin a code."""
    prefix = prefix.strip().upper()
    if len(prefix) > LONGEST_PREFIX:
        raise InvalidInput("prefix", f"A prefix has up to {LONGEST_PREFIX} characters.")
    if prefix and not _PREFIX.fullmatch(prefix):
        raise InvalidInput("prefix", "A prefix has letters A to Z, digits, and dashes between.")
    return prefix


def checked_pattern(pattern: str) -> str:
    """Return *pattern* in capitals; raises ``InvalidInput`` for one that makes no safe code."""
    pattern = pattern.strip().upper()
    if len(pattern) > LONGEST_PATTERN:
        raise InvalidInput("pattern", f"A pattern has up to {LONGEST_PATTERN} characters.")
    if not _PATTERN.fullmatch(pattern):
        raise InvalidInput(
            "pattern", f"A pattern has an X for each random symbol, and dashes: {DEFAULT_PATTERN}."
        )
    if pattern.count("X") < LEAST_RANDOM:
        raise InvalidInput(
            "pattern", f"With fewer than {LEAST_RANDOM} random symbols a code could be guessed."
        )
    return pattern
