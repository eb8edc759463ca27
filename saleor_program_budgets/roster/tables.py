"""Files of people as administrators have them, CSV or XLSX: read as rows of text, and written."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal

from charset_normalizer import from_bytes

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.roster.cells import LONGEST_CELL, SAVE_AS, guarded, trimmed, unusable
from saleor_program_budgets.roster.workbooks import workbook_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


MOST_BYTES = 40 * 1024 * 1024
MOST_ROWS = 200_000
MOST_COLUMNS = 200
DELIMITERS = ",;\t|"

_CHUNK = 1024 * 1024
_SAMPLE = 64 * 1024
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_SEPARATOR_LINE = re.compile(r'"?sep=([,;|:^~#&!/]|\t)"?', re.IGNORECASE)
_UTF8_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_OTHER_FORMATS = {
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls), or one protected by a password",
    b"{\\rtf": "a text document",
    b"\x1f\x8b": "a compressed file",
    b"<": "a web page or an XML file",
}


@dataclass(frozen=True, slots=True)
class Table:
    """The header and the rows of a file, all as text without space around.

    A row comes with the line in which it starts, as an editor or a spreadsheet counts them. Empty
    rows are left out. Taking the rows, once, raises ``InvalidInput`` where the file breaks off.
    """

    header: list[str]
    rows: Iterator[tuple[int, list[str]]]
    kind: Literal["csv", "xlsx"]
    encoding: str
    delimiter: str


def read_table(content: bytes) -> Table:
    """Return what a file holds: CSV in any usual encoding, or the first sheet of an XLSX.

    Raises ``InvalidInput`` for what is no such file, is empty or too large.
    """
    if len(content) > MOST_BYTES:
        raise unusable(f"A file has up to {MOST_BYTES // 1024 // 1024} MB: split it.")
    if content.startswith(b"PK"):
        return _table(workbook_rows(content), kind="xlsx")
    start = content[:100].lstrip()
    for magic, name in _OTHER_FORMATS.items():
        if start.startswith(magic):
            raise unusable(f"The file is {name}: {SAVE_AS}")
    text = _decodable(content)
    delimiter, skipped = _delimiter(text)
    records = _records(text, delimiter, skipped)
    return _table(records, kind="csv", encoding=text.encoding, delimiter=delimiter)


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a CSV in pieces, safe to open in a spreadsheet; ``read_table`` reads the same cells."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    for row in chain([header], rows):
        writer.writerow([guarded(cell) for cell in row])
        if buffer.tell() >= _SAMPLE:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    if buffer.tell():
        yield buffer.getvalue()


def _table(
    records: Iterator[tuple[int, list[str]]],
    *,
    kind: Literal["csv", "xlsx"],
    encoding: str = "",
    delimiter: str = "",
) -> Table:
    """Return the *records*, of which the first that isn't empty is the header."""
    rows = ((line, cells) for line, cells in records if any(cells))
    line, header = next(rows, (0, []))
    if not header:
        raise unusable("The file is empty.")
    while not header[-1]:
        header.pop()
    if len(header) > MOST_COLUMNS:
        raise unusable(f"Line {line} has {len(header):,} columns: up to {MOST_COLUMNS} are read.")
    if any("@" in cell for cell in header):
        raise unusable(
            f"Line {line} holds a person: the first line has to name the columns, as in “email”."
        )
    first = next(rows, None)
    if first is None:
        raise unusable("The file has a header and nobody below it.")
    return Table(header, _bounded(chain([first], rows)), kind, encoding, delimiter)


def _bounded(rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    yield from islice(rows, MOST_ROWS)
    if next(rows, None):
        raise unusable(f"A file has up to {MOST_ROWS:,} people: split it.")


# Text ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Text:
    """Bytes that are known to be text in *encoding* from *start* on."""

    content: bytes
    encoding: str
    start: int = 0

    def lines(self) -> io.TextIOWrapper:
        """Return the lines, which end as they end in the file: CRLF, LF or CR."""
        raw = io.BytesIO(self.content)
        raw.seek(self.start)
        return io.TextIOWrapper(raw, self.encoding, newline="")

    def broken_at(self) -> int | None:
        """Return the place of the first byte that isn't text in the encoding."""
        decoder = codecs.getincrementaldecoder(self.encoding)()
        for place in range(self.start, len(self.content), _CHUNK):
            part = self.content[place : place + _CHUNK]
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(part, final=place + _CHUNK >= len(self.content))
            except UnicodeDecodeError as error:
                return place - pending + error.start
        return None

    def checked(self) -> _Text:
        """Return itself; raises ``InvalidInput`` where it isn't in its encoding."""
        place = self.broken_at()
        if place is None:
            return self
        before = self.content[self.start : place].decode(self.encoding, "replace")
        line = len(f"{before}.".replace("\r\n", "\n").replace("\r", "\n").split("\n"))
        raise unusable(
            f"Line {line} has characters that aren't {self.encoding.upper()}, as the others are:"
            " save the list again as CSV in UTF-8."
        )


def _decodable(content: bytes) -> _Text:
    """Return the content with its encoding: marked, UTF-16, UTF-8, or one of the older ones."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            return _Text(content, encoding, len(mark)).checked()
    head = content[:4096]
    is_high_first, is_low_first = (4 * head[at::2].count(0) > len(head) for at in (0, 1))
    if is_high_first != is_low_first:
        return _Text(content, "utf-16-be" if is_high_first else "utf-16-le").checked()
    text = _Text(content, "utf-8")
    if text.broken_at() is None:
        return text
    sample = _sample(content)
    if _is_mostly_utf8(sample):
        return text.checked()
    return _Text(content, _old_encoding(content, sample))


def _sample(content: bytes) -> bytes:
    """Return the first lines that say something of the encoding, not being ASCII."""
    lines = (found[0] for found in re.finditer(rb"[^\r\n]+", content))
    return b"\n".join(islice((line for line in lines if not line.isascii()), 500))[:_SAMPLE]


def _is_mostly_utf8(sample: bytes) -> bool:
    """Return whether the text was UTF-8 before something in it broke.

    Text in an older encoding hardly ever has even one sequence that UTF-8 allows.
    """
    others = sum(byte >= 0x80 for byte in sample)
    return 2 * sum(map(len, _UTF8_SEQUENCE.findall(sample))) > others


def _old_encoding(content: bytes, sample: bytes) -> str:
    """Return the encoding from before UTF-8, Western European as far as that can be told."""
    if b"\n" not in content:
        # Lines ended in CR on the Macs that had this encoding.
        candidates = ["cp1252", "mac_roman"]
        best = from_bytes(sample, cp_isolation=candidates, enable_fallback=False).best()
        if best and best.encoding == "mac_roman":
            return "mac_roman"
    return "latin-1" if _Text(content, "cp1252").broken_at() is not None else "cp1252"


# CSV -----------------------------------------------------------------------------------------


def _delimiter(text: _Text) -> tuple[str, int]:
    """Return what separates the cells, and how many lines before the header say so (Excel's)."""
    declared = _SEPARATOR_LINE.fullmatch(next(text.lines(), "").rstrip("\r\n"))
    if declared:
        return declared[1], 1
    return max(DELIMITERS, key=lambda delimiter: _shape(text, delimiter)), 0


def _shape(text: _Text, delimiter: str) -> tuple[int, bool]:
    """Return how many cells the header would have, and whether the row below has as many."""
    records = _records(text, delimiter, 0)
    try:
        header = next((cells for _, cells in records if any(cells)), [])
        return len(header), len(next(records, (0, []))[1]) == len(header)
    except InvalidInput:
        return 0, False


def _records(text: _Text, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each record with the line in which it starts."""
    lines = _Lines(text.lines(), skipped)
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        start = lines.count + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            is_too_long = "field limit" in str(error)
            if not is_too_long or lines.count > start:
                raise _broken(error, start, lines.count) from error
            cells = [lines.last[: LONGEST_CELL + 1]]
        yield start, [trimmed(cell) for cell in cells]


class _Lines:
    """The lines of a text, which know how many were taken and which was the last."""

    def __init__(self, lines: Iterator[str], skipped: int) -> None:
        self.lines = lines
        self.count = len(list(islice(lines, skipped)))
        self.last = ""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        self.last = next(self.lines)
        self.count += 1
        return self.last


def _broken(error: csv.Error, start: int, line: int) -> InvalidInput:
    if "expected after" in str(error):
        return unusable(
            f"Line {line} has text right after a quoted cell:"
            ' within quotes, write each quotation mark twice ("").'
        )
    if "end of data" in str(error) or "field limit" in str(error):
        return unusable(f"The quotation mark that opens a cell in line {start} is never closed.")
    return unusable(f"Line {line} isn't CSV ({error}): {SAVE_AS}")
