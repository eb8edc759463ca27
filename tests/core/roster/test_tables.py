"""Files as administrators have them: each encoding, each format, and each fault."""

import io
import re
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.roster import tables, workbooks
from saleor_program_budgets.roster.cells import LONGEST_CELL, guarded, plain
from saleor_program_budgets.roster.tables import Table, read_table, write_csv

FILES = Path(__file__).parent / "files"
SAVE_AS = "save the list of people as CSV or XLSX, and upload that."
NOT_READABLE = f"The file can't be read as a workbook: open it in a spreadsheet and {SAVE_AS}"
TOO_LARGE = f"The workbook is far larger inside than any list of people: {SAVE_AS}"
NAMES = [
    "Müller Jürgen Groß Straße Ärger Öztürk Übel",
    "Hélène Lefèvre François Noël Çelik Garçon Benoît",
    "Søren Ærø Ødegård Århus Kjær Sjælland Bjørn",
    "Peña Muñoz José Íñigo",
    "O’Brien “Sales” – 500 € … Šimon Žan Œuvre",
]


def read(name: str) -> Table:
    return read_table((FILES / name).read_bytes())


def rows(text: str) -> list[tuple[int, list[str]]]:
    return list(read_table(text.encode()).rows)


def refusal(content: bytes) -> str:
    with pytest.raises(InvalidInput) as error:
        list(read_table(content).rows)
    assert error.value.field == "file"
    return error.value.message


def workbook(fill: Callable[[openpyxl.Workbook], None] = lambda _: None) -> bytes:
    book = openpyxl.Workbook()
    fill(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def repacked(name: str, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """Return a workbook with some of its parts changed, or without them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(FILES / name) as source, zipfile.ZipFile(buffer, "w") as target:
        for part in source.namelist():
            changed = change(part, source.read(part))
            if changed is not None:
                target.writestr(part, changed)
    return buffer.getvalue()


# Encodings


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("utf8.csv", "utf-8"),
        ("utf8-bom.csv", "utf-8"),
        ("utf16-le.csv", "utf-16-le"),
        ("utf16-be.csv", "utf-16-be"),
        ("utf16-no-bom.csv", "utf-16-le"),
        ("latin1.csv", "cp1252"),
    ],
)
def test_the_same_people_in_any_encoding(name: str, encoding: str) -> None:
    table = read(name)
    assert (table.kind, table.encoding, table.delimiter) == ("csv", encoding, ",")
    assert table.header == ["email", "first_name", "last_name", "department"]
    assert list(table.rows) == [
        (2, ["jurgen@example.com", "Jürgen", "Müller", "Vertrieb"]),
        (3, ["soren@example.com", "Søren", "Ærø", "Århus"]),
        (4, ["helene@example.com", "Hélène", "Lefèvre", "Crédit"]),
    ]


def test_utf16_be_without_a_mark() -> None:
    table = read_table((FILES / "utf16-be.csv").read_bytes()[2:])
    assert (table.encoding, next(table.rows)[1][1]) == ("utf-16-be", "Jürgen")


def test_what_windows_1252_has_beyond_latin_1() -> None:
    table = read("cp1252.csv")
    assert table.encoding == "cp1252"
    assert list(table.rows) == [
        (2, ["ann@example.com", "O’Brien", "“Sales” – up to 500 €"]),
        (3, ["zoe@example.com", "Müller", "Köln"]),
    ]


@pytest.mark.parametrize("name", " ".join(NAMES).split())
@pytest.mark.parametrize("end", ["\n", "\r"])
def test_one_name_in_a_thousand_is_enough(name: str, end: str) -> None:
    lines = [f"p{number}@example.com,Smith" for number in range(1_000)]
    content = end.join(["email,last_name", *lines, f"last@example.com,{name}"]).encode("cp1252")
    assert list(read_table(content).rows)[-1] == (1_002, ["last@example.com", name])


def test_what_windows_1252_leaves_open_is_latin_1() -> None:
    table = read_table(b"email,title\nann@example.com,\xfc\x81\n")
    assert (table.encoding, list(table.rows)) == ("latin-1", [(2, ["ann@example.com", "ü\x81"])])


def test_lines_and_letters_of_old_macs() -> None:
    table = read("mac-cr.csv")
    assert (table.encoding, table.delimiter) == ("mac_roman", ";")
    assert list(table.rows) == [
        (2, ["jurgen@example.com", "Jürgen", "Müller"]),
        (3, ["soren@example.com", "Søren", "Ærø"]),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ((FILES / "broken-utf8.csv").read_bytes(), "Line 5 has characters that aren't UTF-8"),
        (b"\xef\xbb\xbfemail\r\na@b.example\r\n\xff", "Line 3 has characters that aren't UTF-8"),
        (b"\xff\xfee\0m\0\n\0\x00\xd8x\0", "Line 2 has characters that aren't UTF-16-LE"),
        (b"e\0m\0a\0i\0l\0\r\0x\0y", "Line 2 has characters that aren't UTF-16-LE"),
    ],
)
def test_text_that_breaks_off(content: bytes, message: str) -> None:
    advice = ", as the others are: save the list again as CSV in UTF-8."
    assert refusal(content) == message + advice


def test_a_break_is_found_behind_any_amount_of_text() -> None:
    lines = "Zoë,é\n".encode() * 400_000
    line = f"Line {1 + 400_000 + 1} has characters that aren't UTF-8"
    assert refusal(b"email,name\n" + lines + b"\xe9,x").startswith(line)


# CSV


@pytest.mark.parametrize(
    ("name", "delimiter", "header", "people"),
    [
        (
            "semicolon.csv",
            ";",
            ["E-Mail", "Nachname, Vorname", "Abteilung"],
            [(2, ["ann@example.com", "Lee, Ann", "Vertrieb", ""])],
        ),
        ("tab.csv", "\t", ["email", "title"], [(2, ["ann@example.com", "Head, Sales"])]),
        ("pipe.csv", "|", ["email", "title"], [(2, ["ann@example.com", "Head; Sales"])]),
        ("sep-line.csv", ";", ["email", "title"], [(3, ["ann@example.com", "a,b,c"])]),
    ],
)
def test_delimiters(
    name: str, delimiter: str, header: list[str], people: list[tuple[int, list[str]]]
) -> None:
    table = read(name)
    assert (table.delimiter, table.header, list(table.rows)) == (delimiter, header, people)


@pytest.mark.parametrize(
    ("text", "delimiter", "header"),
    [
        ("email\na@b.example", ",", ["email"]),
        ("Name, Vorname;email\nLee;a@b.example", ";", ["Name, Vorname", "email"]),
        ('"a;b;c","email"\nx,a@b.example', ",", ["a;b;c", "email"]),
        ('"Name\nin full";email\nx;a@b.example', ";", ["Name\nin full", "email"]),
        ('"sep=\t"\na;b;c\temail\nx\ty', "\t", ["a;b;c", "email"]),
        ("SEP=:\na:b\nx:y", ":", ["a", "b"]),
        ('email, "title"\na@b.example, "x, y"', ",", ["email", "title"]),
        ("\n,,\n email ,title,,\nx,y", ",", ["email", "title"]),
    ],
)
def test_headers(text: str, delimiter: str, header: list[str]) -> None:
    table = read_table(text.encode())
    assert (table.delimiter, table.header, len(list(table.rows))) == (delimiter, header, 1)


def test_lines_are_counted_as_an_editor_does() -> None:
    assert list(read("quoted-newlines.csv").rows) == [
        (2, ["ann@example.com", "one\ntwo\n\nfour"]),
        (7, ["bob@example.com", 'say "hi"']),
        (9, ["eve@example.com", ""]),
    ]
    text = 'email,notes\r"a",\r\nb,"1\r\n2\r3\n4"\nc,'
    assert rows(text) == [(2, ["a", ""]), (3, ["b", "1\r\n2\r3\n4"]), (7, ["c", ""])]


def test_cells_come_without_space_and_rows_as_long_as_they_are() -> None:
    assert rows("email,title\n a , b\u00a0\nc\nd,e,f,") == [
        (2, ["a", "b"]),
        (3, ["c"]),
        (4, ["d", "e", "f", ""]),
    ]


def test_cells_that_are_too_long_or_have_nuls_are_the_readers_affair() -> None:
    assert [len(cells[2]) for _, cells in read("long-cell.csv").rows] == [10_001, 10_000]
    assert list(read("nul.csv").rows) == [
        (2, ["ann@example.com", "He\0ad"]),
        (3, ["bob@example.com", "Aide"]),
    ]


@pytest.mark.parametrize("cell", ["x" * 200_000, f'"{"x" * 200_000}"'])
def test_a_cell_beyond_what_csv_reads_takes_only_its_row_along(cell: str) -> None:
    found = rows(f"email,title\na,{cell}\nb,c\n")
    assert [(line, len(cells), len(cells[0])) for line, cells in found] == [
        (2, 1, LONGEST_CELL + 1),
        (3, 2, 1),
    ]


# XLSX


def test_a_workbook() -> None:
    table = read("people.xlsx")
    assert (table.kind, table.encoding, table.delimiter) == ("xlsx", "", "")
    assert table.header == ["Employee ID", "Work Email", "Department", "Active", "Effective Date"]
    assert list(table.rows) == [
        (2, ["E1", "ann@example.com", "Sales", "true", "2026-12-31"]),
        (3, ["E2", "bob@example.com", "Sales", "false", ""]),
    ]


def test_what_cells_hold_and_where_they_stand() -> None:
    table = read("kinds.xlsx")
    assert table.header == ["email", "value"]
    assert [(line, cells[1]) for line, cells in table.rows] == [
        (4, "1042"),
        (5, "1042.5"),
        (6, "10000000000000000"),
        (7, "2026-12-31"),
        (8, "2026-01-05 10:30:00"),
        (9, "true"),
        (10, "false"),
        (11, "03:04:00"),
        (12, "=1+1"),
        (13, "Müller"),
        (20, ""),
    ]


def test_texts_that_cells_refer_to() -> None:
    # As Excel writes them: each text once, some in several runs.
    assert list(read("shared-strings.xlsx").rows) == list(read("people.xlsx").rows)


def test_a_text_that_many_cells_refer_to(monkeypatch: pytest.MonkeyPatch) -> None:
    # “Sales” stands in two cells, everything else in one.
    content = (FILES / "shared-strings.xlsx").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        texts = archive.read("xl/sharedStrings.xml")
    size = sum(len(text) for text in re.findall(rb"<si>.*?</si>", texts))
    sales = re.search(rb"<si><r>.*?</si>", texts)
    assert sales
    monkeypatch.setattr(workbooks, "MOST_TEXT", size + len(sales[0]))
    assert len(list(read_table(content).rows)) == 2
    monkeypatch.setattr(workbooks, "MOST_TEXT", size + len(sales[0]) - 1)
    assert refusal(content) == TOO_LARGE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b't="s"', b"t='s'"),
        (b"<v>1</v>", b"<v>&#49;</v>"),
        (b"<v>1</v>", b"<v>99</v>"),
        (b"<si>", b"<!-- <si> --><si>"),
    ],
)
def test_references_that_excel_would_not_write(old: bytes, new: bytes) -> None:
    content = repacked("shared-strings.xlsx", lambda _, data: data.replace(old, new))
    assert refusal(content) == NOT_READABLE


def test_the_first_sheet_that_can_be_seen_and_has_anything() -> None:
    table = read("hidden-sheets.xlsx")
    assert (table.header, list(table.rows)) == (["email"], [(2, ["ann@example.com"])])


def test_errors_of_a_spreadsheet_are_no_empty_cells() -> None:
    # The sheet with the people is neither the first nor the only one with errors.
    assert list(read("errors.xlsx").rows) == [
        (2, ["ann@example.com", "Head", "#N/A"]),
        (3, ["bob@example.com", "#REF!", ""]),
    ]


def test_errors_of_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    old = b'<c r="C3" t="e"><v>#REF!</v></c>'
    new = b'<c r="C3" s="0" t="e"><f>1/"0"</f><v>#DIV/0!</v></c>'
    content = repacked("errors.xlsx", lambda _, data: data.replace(old, new))
    assert list(read_table(content).rows)[1] == (3, ["bob@example.com", "#DIV/0!", ""])
    monkeypatch.setattr(workbooks, "MOST_ERRORS", 1)
    assert refusal(content) == (
        "The workbook has a sheet with more than 1 cells that hold an error, as #N/A does:"
        " repair its formulas, or save their values."
    )


def test_tags_with_a_prefix() -> None:
    def prefixed(part: str, data: bytes) -> bytes:
        if part != "xl/worksheets/sheet1.xml":
            return data
        tagged = data.replace(b"</", b"<~").replace(b"<", b"<x:").replace(b"<x:~", b"</x:")
        return tagged.replace(b"xmlns=", b"xmlns:x=")

    assert len(list(read_table(repacked("people.xlsx", prefixed)).rows)) == 2


def test_cells_that_do_not_say_where_they_stand() -> None:
    content = repacked("people.xlsx", lambda _, data: data.replace(b'<c r="B2"', b"<c"))
    assert refusal(content) == NOT_READABLE


def test_a_sheet_larger_than_what_is_read_at_once() -> None:
    # 250 characters of text in each of 20,000 rows are five pieces.
    def fill(book: openpyxl.Workbook) -> None:
        book.active.append(["email", "notes"])
        for number in range(20_000):
            book.active.append([f"p{number}@example.com", "n" * 250])
        book.active["A20003"] = "#N/A"

    content = repacked_inline(workbook(fill))
    found = list(read_table(content).rows)
    assert (len(found), found[-1]) == (20_001, (20_003, ["#N/A", ""]))


def repacked_inline(content: bytes) -> bytes:
    """Return a workbook whose archive isn't compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(buffer, "w") as target:
        for part in source.namelist():
            target.writestr(part, source.read(part))
    return buffer.getvalue()


# What is refused


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("empty.csv", "The file is empty."),
        ("header-only.csv", "The file has a header and nobody below it."),
        (
            "no-header.csv",
            "Line 1 holds a person: the first line has to name the columns, as in “email”.",
        ),
        (
            "broken-quote.csv",
            (
                "Line 3 has text right after a quoted cell:"
                ' within quotes, write each quotation mark twice ("").'
            ),
        ),
        ("open-quote.csv", "The quotation mark that opens a cell in line 3 is never closed."),
        ("report.pdf", f"The file is a PDF: {SAVE_AS}"),
        (
            "old.xls",
            f"The file is an old Excel file (.xls), or one protected by a password: {SAVE_AS}",
        ),
        ("bomb.xlsx", TOO_LARGE),
        (
            "far-cell.xlsx",
            (
                "The workbook has a sheet with cells down to row 1,048,576 in 16,384 columns:"
                " delete the cells beside and below the list."
            ),
        ),
    ],
)
def test_files_that_are_refused(name: str, message: str) -> None:
    assert refusal((FILES / name).read_bytes()) == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b" \r\n\r\n", "The file is empty.", id="blank"),
        pytest.param(b"sep=;\r\n", "The file is empty.", id="separator"),
        pytest.param(b"\xff\xfe", "The file is empty.", id="mark"),
        pytest.param(b"{\\rtf1 people}", f"The file is a text document: {SAVE_AS}", id="rtf"),
        pytest.param(b"\x1f\x8b\x08\x00", f"The file is a compressed file: {SAVE_AS}", id="gzip"),
        pytest.param(
            b"\n<html><table>", f"The file is a web page or an XML file: {SAVE_AS}", id="html"
        ),
        pytest.param(b"PK\x03\x04 nothing", NOT_READABLE, id="zip"),
        pytest.param(
            b"," * 200 + b"x\ny", "Line 1 has 201 columns: up to 200 are read.", id="columns"
        ),
        pytest.param(
            b'email\n"' + b"x\n" * 100_000,
            "The quotation mark that opens a cell in line 2 is never closed.",
            id="quote",
        ),
        pytest.param(workbook(), "The file is empty.", id="workbook"),
    ],
)
def test_other_content_that_is_refused(content: bytes, message: str) -> None:
    assert refusal(content) == message


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("people.csv", "The file is a ZIP, but no workbook: unpack it, and upload what is in it."),
        ("mimetype", f"The file is an OpenDocument file (.ods): {SAVE_AS}"),
        ("xl/workbook.bin", f"The file is a binary Excel workbook (.xlsb): {SAVE_AS}"),
        ("xl/workbook.xml", NOT_READABLE),
    ],
)
def test_archives_that_are_no_workbooks(part: str, message: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(part, "people")
    assert refusal(buffer.getvalue()) == message


def test_a_workbook_that_lies_about_its_size() -> None:
    content = (FILES / "bomb.xlsx").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = content.replace(size.to_bytes(4, "little"), (2_000).to_bytes(4, "little"))
    assert lying != content
    assert refusal(lying) == NOT_READABLE


def test_a_workbook_that_is_protected_or_cut_off() -> None:
    content = (FILES / "people.xlsx").read_bytes()
    assert refusal(content[:-100]) == NOT_READABLE
    encrypted = bytearray(content)
    encrypted[content.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(encrypted)) == NOT_READABLE


def test_the_bounds_of_a_workbook(monkeypatch: pytest.MonkeyPatch) -> None:
    content = (FILES / "people.xlsx").read_bytes()
    monkeypatch.setattr(workbooks, "MOST_CELLS", 15)
    assert len(list(read_table(content).rows)) == 2
    monkeypatch.setattr(workbooks, "MOST_CELLS", 14)
    assert refusal(content).startswith("The workbook has a sheet with cells down to row 3 in 5 col")
    monkeypatch.setattr(workbooks, "MOST_UNPACKED", 1_000)
    assert refusal(content) == TOO_LARGE


def test_the_bounds_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (tables.MOST_BYTES, tables.MOST_ROWS) == (41_943_040, 200_000)
    assert refusal(bytes(tables.MOST_BYTES + 1)) == "A file has up to 40 MB: split it."
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    assert rows("email\na\n\nb") == [(2, ["a"]), (4, ["b"])]
    assert refusal(b"email\na\nb\nc") == "A file has up to 2 people: split it."


# Writing


@pytest.mark.parametrize("cell", ["=1+1", "+49 30", "-", "@sum", "\tx", "\rx", "'=1", "''@"])
def test_cells_that_a_spreadsheet_would_execute(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"
    assert plain(guarded(cell)) == cell


@pytest.mark.parametrize("cell", ["", "a=b", "O'Brien", "'Ndrangheta", "'", "''", " =1"])
def test_other_cells_are_left_alone(cell: str) -> None:
    assert guarded(cell) == plain(cell) == cell


def test_what_is_written() -> None:
    people = [["ann@example.com", "=Head"], ["bob@example.com", 'a "b", c']]
    written = list(write_csv(["email", "title"], people))
    assert written == ['email,title\r\nann@example.com,\'=Head\r\nbob@example.com,"a ""b"", c"\r\n']
    assert list(read_table(written[0].encode()).rows) == list(enumerate(people, start=2))


def test_writing_takes_rows_as_it_goes() -> None:
    taken = 0

    def people() -> Iterator[list[str]]:
        nonlocal taken
        for taken in range(1, 10_001):
            yield [f"p{taken}@example.com"]

    pieces = write_csv(["email"], people())
    first = next(pieces)
    assert (len(first) < 70_000, taken < 4_000) == (True, True)
    assert len("".join([first, *pieces]).splitlines()) == 10_001


cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)


@given(st.lists(st.lists(cells, min_size=3, max_size=3).filter(any), min_size=1, max_size=5))
@settings(deadline=None)
def test_what_is_written_is_read(people: list[list[str]]) -> None:
    content = "".join(write_csv(["email", "a", "b"], people)).encode()
    assert [found for _, found in read_table(content).rows] == people


# Anything at all


def consume(content: bytes) -> None:
    with suppress(InvalidInput):
        for line, found in read_table(content).rows:
            assert (line > 0, any(found)) == (True, True)


@given(st.binary(max_size=400))
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    consume(content)


@given(
    st.sampled_from(sorted(path.name for path in FILES.iterdir() if path.stat().st_size < 10_000)),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4), st.integers(0, 8)), max_size=4),
    st.floats(0.5, 1),
)
@settings(deadline=None, max_examples=300)
def test_damaged_files_are_read_or_refused(
    name: str, changes: list[tuple[float, bytes, int]], kept: float
) -> None:
    content = (FILES / name).read_bytes()
    for place, inserted, removed in changes:
        start = int(place * len(content))
        content = content[:start] + inserted + content[start + removed :]
    consume(content)
    consume(content[: int(kept * len(content))])


@given(
    st.sampled_from(["people.xlsx", "kinds.xlsx", "errors.xlsx", "shared-strings.xlsx"]),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4), st.integers(0, 8)), min_size=1),
    st.sampled_from(["sheet1.xml", "workbook.xml", "sharedStrings.xml", "styles.xml", ".rels"]),
)
@settings(deadline=None, max_examples=200)
def test_workbooks_damaged_inside_are_read_or_refused(
    name: str, changes: list[tuple[float, bytes, int]], ending: str
) -> None:
    def damaged(part: str, data: bytes) -> bytes:
        if part.endswith(ending):
            for place, inserted, removed in changes:
                start = int(place * len(data))
                data = data[:start] + inserted + data[start + removed :]
        return data

    consume(repacked(name, damaged))


# Cost


def test_a_hundred_thousand_rows_are_never_held_at_once() -> None:
    lines = "".join(f"p{number}@example.com,Jürgen,Müller\n" for number in range(100_000))
    content = f"email,first_name,last_name\n{lines}".encode()
    began = time.monotonic()
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_table(content).rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (count, peak < 10 * 1024 * 1024) == (100_000, True)
    assert time.monotonic() - began < 30
