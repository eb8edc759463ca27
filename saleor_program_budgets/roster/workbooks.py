"""Workbooks (XLSX): bounded first, since the parser keeps all that they hold, and then read."""

from __future__ import annotations

import datetime as dt
import io
import posixpath
import re
import struct
import zipfile
import zlib
from array import array
from dataclasses import dataclass, field
from itertools import chain, pairwise, repeat
from typing import TYPE_CHECKING, Any

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.roster.cells import SAVE_AS, trimmed, unusable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from python_calamine import CalamineSheet

MOST_UNPACKED = 300 * 1024 * 1024
"""Bytes that a workbook may take once it is unpacked."""
MOST_TIMES_LARGER = 150
"""By this factor a workbook may grow in that, beyond ``FREE_TO_GROW``; usual is 10 to 20."""
FREE_TO_GROW = 10 * 1024 * 1024
MOST_CELLS = 6_000_000
"""Cells in the rectangle around all that a sheet holds: all of them are kept at once."""
MOST_TEXT = 100 * 1024 * 1024
"""Bytes of text in the cells of a sheet: a file keeps a text once, for all cells that have it."""
MOST_ERRORS = 100_000

_CHUNK = 1024 * 1024
_SAMPLE = 64 * 1024
_CELL_START = re.compile(rb"<c[\s/>]")
_PREFIXED_CELL_START = re.compile(rb"<\w+:c[\s/>]")
_USUAL_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"([^<>]*)>')
_CELL = re.compile(
    rb"""<(?:\w+:)?c
    (?:\s+(?!r\s*=)[\w:]+\s*=\s*"[^"<>]*")*
    \s+r\s*=\s*"([A-Z]{1,3})([0-9]{1,7})"
    ((?:\s+[\w:]+\s*=\s*"[^"<>]*")*\s*/?)>""",
    re.VERBOSE,
)
_ERROR_CELL = re.compile(
    rb"""<(?:\w+:)?c(?=[^>]*\st="e")[^>]*\sr="([A-Z]{1,3})([0-9]{1,7})"[^>]*>
    (?:<(?:\w+:)?f[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>))?
    <(?:\w+:)?v>([^<]{1,50})<""",
    re.VERBOSE,
)
_TEXT_CELL = re.compile(rb"""t\s*=\s*["']s["']""")
_USUAL_TEXT_CELL = re.compile(rb't="s"[^<>]*>\s*<(?:\w+:)?v[^<>]*>([0-9]{1,9})<')
_SHARED_TEXT = re.compile(rb"<(?:\w+:)?si[\s/>]")
_SHARED_TEXTS = "xl/sharedStrings.xml"
_NOT_READABLE = "The file can't be read as a workbook: open it in a spreadsheet and " + SAVE_AS
_TOO_LARGE = "The workbook is far larger inside than any list of people: " + SAVE_AS


@dataclass(slots=True)
class _Extent:
    """How far the cells of a sheet that hold something reach, and those that hold an error."""

    shared_sizes: Sequence[int]
    columns: set[bytes] = field(default_factory=set)
    text_size: int = 0
    last_row: int = 0
    errors: dict[tuple[int, int], str] = field(default_factory=dict)

    def take(self, part: bytes) -> None:
        """Count the cells in a piece of the sheet; raises ``InvalidInput`` for too many."""
        filled = [(column, row) for column, row, end in _cells(part) if not end.endswith(b"/")]
        self.columns.update({column for column, _ in filled})
        self.last_row = max([self.last_row, *map(int, {row for _, row in filled})])
        width = max(map(_column_number, self.columns), default=0)
        if self.last_row * width > MOST_CELLS:
            raise unusable(
                f"The workbook has a sheet with cells down to row {self.last_row:,} in {width:,}"
                " columns: delete the cells beside and below the list."
            )
        self.text_size += _text_size(part, self.shared_sizes)
        if self.text_size > MOST_TEXT:
            raise unusable(_TOO_LARGE)
        if b't="e"' in part:
            for column, row, error in _ERROR_CELL.findall(part):
                self.errors[int(row), _column_number(column)] = error.decode(errors="replace")
            if len(self.errors) > MOST_ERRORS:
                raise unusable(
                    f"The workbook has a sheet with more than {MOST_ERRORS:,} cells that hold an"
                    " error, as #N/A does: repair its formulas, or save their values."
                )


def _cells(part: bytes) -> list[tuple[bytes, bytes, bytes]]:
    """Return column, row and end of each cell's tag; raises ``InvalidInput`` if one has none."""
    count = len(_CELL_START.findall(part))
    if b":c" in part:
        count += len(_PREFIXED_CELL_START.findall(part))
    cells = _USUAL_CELL.findall(part)
    if len(cells) != count:
        cells = _CELL.findall(part)
    if len(cells) != count:
        raise unusable(_NOT_READABLE)
    return cells


def _text_size(part: bytes, shared_sizes: Sequence[int]) -> int:
    """Return how many bytes the texts take that a piece of a sheet only refers to."""
    numbers = [int(number) for number in _USUAL_TEXT_CELL.findall(part)]
    if len(numbers) != len(_TEXT_CELL.findall(part)):
        raise unusable(_NOT_READABLE)
    return sum(shared_sizes[number] for number in numbers)


def _shared_sizes(pieces: Iterator[bytes]) -> Sequence[int]:
    """Return how many bytes each of the texts takes that cells refer to by its number."""
    starts = array("Q")
    place = 0
    left = b""
    for piece in pieces:
        data = left + piece
        if b"<!" in data:  # a comment could hide a text, and Excel writes none
            raise ValueError(_SHARED_TEXTS)
        cut = max(0, data.rfind(b"<"))
        starts.extend(place + found.start() for found in _SHARED_TEXT.finditer(data[:cut]))
        place += cut
        left = data[cut:]
        if len(left) > 2 * _CHUNK:
            raise ValueError(_SHARED_TEXTS)
    return [end - start for start, end in pairwise([*starts, place])]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def workbook_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row of the first visible sheet that has any."""
    extents = _checked_extents(content)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        known = chain(extents, repeat(_Extent([])))
        for sheet, extent in zip(_visible_sheets(workbook), known, strict=False):
            if sheet and sheet.start:
                yield from _sheet_rows(sheet, extent)
                return
    except InvalidInput:
        raise
    except (CalamineError, OSError, ValueError) as error:
        raise unusable(_NOT_READABLE) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # Rust's, which isn't an Exception
            raise
        raise unusable(_NOT_READABLE) from error


def _visible_sheets(workbook: CalamineWorkbook) -> Iterator[CalamineSheet | None]:
    for index, sheet in enumerate(workbook.sheets_metadata):
        is_list = (sheet.visible, sheet.typ) == (SheetVisibleEnum.Visible, SheetTypeEnum.WorkSheet)
        yield workbook.get_sheet_by_index(index) if is_list else None


def _sheet_rows(sheet: CalamineSheet, extent: _Extent) -> Iterator[tuple[int, list[str]]]:
    first_column = sheet.start[1] + 1 if sheet.start else 1
    errors: dict[int, dict[int, str]] = {}
    for (row, column), error in extent.errors.items():
        errors.setdefault(row, {})[column - first_column] = error
    for row, values in enumerate(sheet.iter_rows(), start=1):
        cells = [trimmed(_cell_text(value)) for value in values]
        for position, error in errors.get(row, {}).items():
            if 0 <= position < len(cells):
                cells[position] = error  # calamine has an empty cell there
        yield row, cells


def _cell_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime):
        is_day = value.time() == dt.time()
        return value.date().isoformat() if is_day else value.isoformat(" ")
    return str(value)


def _checked_extents(content: bytes) -> list[_Extent]:
    """Return how far each sheet reaches, in the workbook's order, before any is read.

    Raises ``InvalidInput`` for what is no workbook, and for one that takes far too much memory.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        _check_kind(archive)
        parts = archive.infolist()
        claimed = sum(part.file_size for part in parts)
        grows_too_much = claimed > max(FREE_TO_GROW, MOST_TIMES_LARGER * len(content))
        if claimed > MOST_UNPACKED or grows_too_much:
            raise unusable(_TOO_LARGE)
        shared = [part for part in parts if part.filename == _SHARED_TEXTS]
        sizes = _shared_sizes(_unpacked(content, shared[-1])) if shared else []
        extents = {part.filename: _extent(_unpacked(content, part), sizes) for part in parts}
        return [extents.get(path, _Extent(sizes)) for path in _sheet_paths(archive)]
    except (zipfile.BadZipFile, zlib.error, struct.error) as error:
        raise unusable(_NOT_READABLE) from error
    except (NotImplementedError, ValueError, RuntimeError, LookupError, OSError) as error:
        raise unusable(_NOT_READABLE) from error


def _check_kind(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    if "mimetype" in names:
        raise unusable(f"The file is an OpenDocument file (.ods): {SAVE_AS}")
    if "xl/workbook.bin" in names:
        raise unusable(f"The file is a binary Excel workbook (.xlsb): {SAVE_AS}")
    if "xl/workbook.xml" not in names:
        raise unusable("The file is a ZIP, but no workbook: unpack it, and upload what is in it.")


def _extent(pieces: Iterator[bytes], shared_sizes: Sequence[int]) -> _Extent:
    """Return how far the cells of a part reach, if it is a sheet."""
    extent = _Extent(shared_sizes)
    left = b""
    is_sheet = False
    for piece in pieces:
        data = left + piece
        is_sheet = is_sheet or b"sheetData" in data
        cut = _end_of_cells(data) if is_sheet else max(0, len(data) - len(b"sheetData"))
        if is_sheet:
            extent.take(data[:cut])
        left = data[cut:]
    if is_sheet:
        extent.take(left)
    return extent


def _end_of_cells(data: bytes) -> int:
    """Return where to cut a sheet so that no cell is cut in two."""
    cut = max((data.rfind(end) + len(end) for end in (b"</c>", b":c>") if end in data), default=0)
    if len(data) - cut > 2 * _CHUNK:  # a stretch of cells that hold nothing
        cut = data.rfind(b"/>") + 2
        if len(data) - cut > 2 * _CHUNK:
            raise unusable(_NOT_READABLE)
    return cut


def _unpacked(content: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield what the part really holds; raises ``ValueError`` if it isn't what is claimed."""
    if part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} or part.flag_bits & 1:
        raise ValueError(part.compress_type)
    header = content[part.header_offset : part.header_offset + 30]
    start = part.header_offset + 30 + sum(struct.unpack("<26xHH", header))
    packed = memoryview(content)[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        if len(packed) != part.file_size:
            raise ValueError(part.file_size)
        yield from (bytes(packed[at : at + _CHUNK]) for at in range(0, len(packed), _CHUNK))
        return
    size = 0
    for piece in _inflated(packed):
        size += len(piece)
        if size > part.file_size:
            break
        yield piece
    if size != part.file_size:
        raise ValueError(part.file_size)


def _inflated(packed: memoryview) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    for place in range(0, len(packed), _SAMPLE):
        left: bytes | memoryview = packed[place : place + _SAMPLE]
        while left:
            yield inflater.decompress(left, _CHUNK)
            left = inflater.unconsumed_tail
    while not inflater.eof and (rest := inflater.decompress(b"", _CHUNK)):
        yield rest


def _sheet_paths(archive: zipfile.ZipFile) -> list[str]:
    """Return the paths of the sheets' parts, in the workbook's order."""
    relations = archive.read("xl/_rels/workbook.xml.rels").decode(errors="replace")
    targets = {}
    for relation in re.findall(r"<(?:\w+:)?Relationship\s[^>]*>", relations):
        targets[_attribute(relation, "Id")] = _attribute(relation, "Target")
    workbook = archive.read("xl/workbook.xml").decode(errors="replace")
    ids = [_attribute(tag, r"\w+:id") for tag in re.findall(r"<(?:\w+:)?sheet\s[^>]*>", workbook)]
    return [posixpath.join("/xl", targets.get(each, ""))[1:] for each in ids]


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf"""\s{name}\s*=\s*["']([^"']*)["']""", tag)
    return found[1] if found else ""
