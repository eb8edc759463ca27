"""How codes are written, and what counts as the same code when somebody types it."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saleor_program_budgets.codes.symbols import (
    ALPHABET,
    DEFAULT_PATTERN,
    canonical,
    checked_pattern,
    checked_prefix,
    compose,
    letters_of,
)
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import CodeBatch

patterns = st.lists(st.integers(1, 12), min_size=1, max_size=6).map(
    lambda lengths: "-".join("X" * length for length in lengths)
)
good_patterns = patterns.filter(lambda text: len(text) <= 40 and text.count("X") >= 12)
prefixes = st.from_regex(r"[0-9A-Z]{1,9}(-[0-9A-Z]{1,9})?", fullmatch=True) | st.just("")
noise = st.text(" \t\n\r-\N{NO-BREAK SPACE}\N{EN DASH}\N{MINUS SIGN}", max_size=3)


def batch(pattern: str = DEFAULT_PATTERN, prefix: str = "") -> CodeBatch:
    return CodeBatch(pattern=pattern, prefix=prefix)


@pytest.mark.parametrize(
    ("typed", "symbols"),
    [
        ("ABCD-EFGH-JKMN", "ABCDEFGHJKMN"),
        (" abcd efgh\tjkmn\n", "ABCDEFGHJKMN"),
        ("AB–CD—EF‑GH−JK－MN", "ABCDEFGHJKMN"),  # noqa: RUF001 as word processors write them
        ("\N{NO-BREAK SPACE}ABCD\N{THIN SPACE}EFGH", "ABCDEFGH"),
        ("oOiIlL", "001111"),
        ("SUMMER-0U", "SUMMER0U"),
        ("", None),
        (" - ", None),
        ("ABCD_EFGH", None),
        ("ABCD\x00EFGH", None),
        ("ÀBCD", None),
        ("\N{CYRILLIC CAPITAL LETTER A}BCD", None),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}BCD", None),
        ("١٢٣٤", None),
        ("\N{LATIN SMALL LETTER LONG S}", None),  # whose capital is an S, but not in ASCII
        ("\N{LATIN SMALL LETTER DOTLESS I}", None),
        ("ABCD\N{ZERO WIDTH SPACE}EFGH", None),
        ("\ud800", None),
        ("A" * 100, "A" * 100),
        ("A" * 101, None),
        (" " * 101, None),
    ],
)
def test_what_was_typed_as_it_is_compared(typed: str, symbols: str | None) -> None:
    assert canonical(typed) == symbols


def test_much_text_takes_no_time() -> None:
    text = "A" * 10_000_000
    began = time.perf_counter()
    assert canonical(text) is None
    assert time.perf_counter() - began < 0.01


@given(st.text(max_size=120))
def test_anything_is_a_code_or_none_and_reads_the_same_again(text: str) -> None:
    symbols = canonical(text)
    if symbols is not None:
        assert re.fullmatch("[0-9A-HJKMNP-Z]+", symbols)
        assert canonical(symbols) == symbols


@given(st.data(), good_patterns, prefixes, st.binary(min_size=40, max_size=64))
def test_a_code_is_read_however_it_is_typed(
    data: st.DataObject, pattern: str, prefix: str, random: bytes
) -> None:
    code = compose(batch=batch(pattern, prefix), name="", random=random)
    typed = ""
    for symbol in code.replace("-", ""):
        looks_like = {"0": "0Oo", "1": "1IiLl"}.get(symbol, symbol + symbol.lower())
        typed += data.draw(st.sampled_from(looks_like))
    assert canonical(typed) == canonical(code) is not None
    spaced = typed[:6] + data.draw(noise) + typed[6:] + data.draw(noise)
    assert canonical(spaced) == canonical(code)


@given(good_patterns, prefixes, st.text(max_size=30), st.binary(min_size=64, max_size=64))
def test_a_code_has_its_parts_in_order(pattern: str, prefix: str, name: str, random: bytes) -> None:
    code = compose(batch=batch(pattern, prefix), name=letters_of(name), random=random)
    assert len(code) <= 72
    filled = code[-len(pattern) :]
    assert [symbol == "-" for symbol in filled] == [place == "-" for place in pattern]
    assert set(filled) <= {*ALPHABET, "-"}
    before = code[: -len(pattern)]
    assert before.startswith(prefix)
    assert re.fullmatch("(-?[A-Z]{1,10})?-?", before.removeprefix(prefix))


@given(good_patterns, st.binary(min_size=40, max_size=40), st.binary(min_size=40, max_size=40))
def test_codes_differ_wherever_their_bits_do(pattern: str, one: bytes, other: bytes) -> None:
    def used(random: bytes) -> list[int]:
        return [byte % 32 for byte in random[: pattern.count("X")]]

    codes = [compose(batch=batch(pattern), name="", random=random) for random in (one, other)]
    assert (codes[0] == codes[1]) == (used(one) == used(other))


def test_every_symbol_stands_for_five_bits() -> None:
    for number, symbol in enumerate(ALPHABET):
        for byte in range(number, 256, 32):
            code = compose(batch=batch(), name="", random=bytes([byte] * 64))
            assert code == "-".join([symbol * 4] * 3)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Zoë", "ZOE"),
        ("Ann-Kathrin Müller", "ANNKATHRIN"),
        ("Łukasz", "UKASZ"),  # Ł has no parts to take an L from
        ("李", ""),
        ("", ""),
    ],
)
def test_a_name_gives_letters_that_anybody_can_type(name: str, letters: str) -> None:
    assert letters_of(name) == letters


def test_parts_that_are_empty_are_left_out() -> None:
    zeros = {"name": "", "random": bytes(30)}
    assert compose(batch=batch(), **zeros) == "0000-0000-0000"
    assert compose(batch=batch(prefix="TEAM"), **zeros) == "TEAM-0000-0000-0000"
    named = compose(batch=batch(prefix="TEAM"), **zeros | {"name": "ZOE"})
    assert named == "TEAM-ZOE-0000-0000-0000"


def test_prefixes() -> None:
    assert checked_prefix(" summer-26 ") == "SUMMER-26"
    assert checked_prefix("") == ""
    assert checked_prefix("A" * 20) == "A" * 20
    for prefix in ("A" * 21, "-A", "A-", "A--B", "A_B", "É", "A B", "A\x00"):
        with pytest.raises(InvalidInput) as raised:
            checked_prefix(prefix)
        assert raised.value.field == "prefix"


def test_patterns() -> None:
    assert checked_pattern("xxxx-xxxx-xxxx") == DEFAULT_PATTERN
    assert checked_pattern("X" * 40) == "X" * 40
    for pattern in ("X" * 41, "X" * 11, "XXXX-XXXX-XXX", "", "-" + "X" * 12, "X" * 12 + "-Y"):
        with pytest.raises(InvalidInput) as raised:
            checked_pattern(pattern)
        assert raised.value.field == "pattern"
