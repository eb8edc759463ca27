"""Rows as people: what each column may hold, what an empty cell says, and what is rejected."""

import datetime as dt
import time
from pathlib import Path

import pytest

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.roster.columns import FIELDS, guess_mapping
from saleor_program_budgets.roster.rows import PersonRow, Rejected, Rejections, read_people
from saleor_program_budgets.roster.tables import read_table, write_csv

FILES = Path(__file__).parent / "files"
ANN = "ann@example.com"


def people(*lines: str, header: str) -> list[PersonRow | Rejected]:
    return read("\n".join([header, *lines]).encode())


def read(content: bytes) -> list[PersonRow | Rejected]:
    table = read_table(content)
    return list(read_people(table, guess_mapping(table.header)))


def person(line: int = 2, **values: object) -> PersonRow:
    fields = dict.fromkeys(PersonRow.__dataclass_fields__)
    return PersonRow(**fields | {"line": line} | values)


def one(field: str, cell: str) -> PersonRow | Rejected:
    """Return what becomes of a row with *cell* in a column."""
    header = ["email", field] if field != "email" else ["email", "title"]
    row = [ANN, cell] if field != "email" else [cell, ""]
    [found] = read("".join(write_csv(header, [row])).encode())
    return found


def test_a_person_with_everything() -> None:
    row = "E1,Ann@Example.COM,Ann,Lee,Sales / EMEA,Head,0042,CC-7,BOB@example.com,Yes,2026-12-31"
    assert people(row, header=",".join(FIELDS)) == [
        PersonRow(
            line=2,
            external_id="E1",
            email="ann@example.com",
            first_name="Ann",
            last_name="Lee",
            department="Sales / EMEA",
            title="Head",
            employee_number="0042",
            cost_center="CC-7",
            manager="BOB@example.com",
            is_active=True,
            effective_on=dt.date(2026, 12, 31),
        )
    ]


def test_empty_cells_clear_what_may_be_cleared_and_leave_the_rest() -> None:
    assert people("E1" + "," * 10, header=",".join(FIELDS)) == [
        person(
            external_id="E1",
            first_name="",
            last_name="",
            title="",
            employee_number="",
            cost_center="",
            manager="",
        )
    ]


def test_what_the_file_has_no_column_for_stays_as_it_is() -> None:
    assert people(ANN, header="email") == [person(email=ANN)]
    assert people("E1", header="external_id") == [person(external_id="E1")]


def test_a_short_row_ends_in_empty_cells() -> None:
    assert people(ANN, header="email,title,department") == [person(email=ANN, title="")]


def test_columns_stand_anywhere_and_some_mean_nothing() -> None:
    assert people(f"x,Head,,{ANN}", header="Birthday,Title,,E-Mail") == [
        person(email=ANN, title="Head")
    ]


def test_a_workbook() -> None:
    assert read((FILES / "people.xlsx").read_bytes()) == [
        person(
            external_id="E1",
            email="ann@example.com",
            department="Sales",
            is_active=True,
            effective_on=dt.date(2026, 12, 31),
        ),
        person(3, external_id="E2", email="bob@example.com", department="Sales", is_active=False),
    ]


@pytest.mark.parametrize(
    ("cells", "is_active"),
    [
        ("true TRUE yes 1 active Enabled ja aktiv OUI actif", True),
        ("false No 0 INACTIVE disabled Terminated nein inaktiv non inactif", False),
    ],
)
def test_activity(cells: str, is_active: bool) -> None:
    for cell in cells.split():
        assert one("active", cell) == person(email=ANN, is_active=is_active)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-12-31", dt.date(2026, 12, 31)),
        ("31.12.2026", dt.date(2026, 12, 31)),
        ("1.2.2026", dt.date(2026, 2, 1)),
        ("29.02.2028", dt.date(2028, 2, 29)),
    ],
)
def test_days(cell: str, day: dt.date) -> None:
    assert one("effective_on", cell) == person(email=ANN, effective_on=day)


@pytest.mark.parametrize("cell", ["12/31/2026", "31/12/2026", "01/02/2026", "2026/12/31"])
def test_days_with_slashes(cell: str) -> None:
    message = f"“{cell}” is read differently from country to country: write it as 2026-12-31."
    assert one("effective_on", cell) == Rejected(2, "effective_on", message)


@pytest.mark.parametrize(
    ("field", "cell", "message"),
    [
        ("email", "ann", "“ann” is no e-mail address."),
        ("email", "ann@", "“ann@” is no e-mail address."),
        ("email", "a b@example.com", "“a b@example.com” is no e-mail address."),
        ("email", "a" * 243 + "@example.com", "The cell has 255 characters: up to 254 are kept."),
        ("external_id", "x" * 256, "The cell has 256 characters: up to 255 are kept."),
        ("first_name", "x" * 257, "The cell has 257 characters: up to 256 are kept."),
        ("last_name", "x" * 257, "The cell has 257 characters: up to 256 are kept."),
        ("department", "x" * 251, "The cell has 251 characters: up to 250 are kept."),
        ("title", "x" * 251, "The cell has 251 characters: up to 250 are kept."),
        ("employee_number", "x" * 251, "The cell has 251 characters: up to 250 are kept."),
        ("cost_center", "x" * 251, "The cell has 251 characters: up to 250 are kept."),
        ("manager", "x" * 9_999, "The cell has 9,999 characters: up to 250 are kept."),
        ("title", "a\nb", "The cell has a line break, or characters that can't be kept."),
        ("external_id", "a\0b", "The cell has a line break, or characters that can't be kept."),
        ("manager", "a\x7fb", "The cell has a line break, or characters that can't be kept."),
        ("last_name", "a\x85b", "The cell has a line break, or characters that can't be kept."),
        ("manager", "#N/A", "The cell has the spreadsheet's error #N/A: repair its formula."),
        ("title", "#DIV/0!", "The cell has the spreadsheet's error #DIV/0!: repair its formula."),
        ("title", "#NAME?", "The cell has the spreadsheet's error #NAME?: repair its formula."),
        ("active", "maybe", "“maybe” is neither active nor inactive: write one of these."),
        ("effective_on", "2026-02-30", "“2026-02-30” is not a date like 2026-12-31."),
        ("effective_on", "31.12.26", "“31.12.26” is not a date like 2026-12-31."),
        ("effective_on", "20261231", "“20261231” is not a date like 2026-12-31."),
        ("effective_on", "0000-01-01", "“0000-01-01” is not a date like 2026-12-31."),
        (
            "effective_on",
            "2026-01-05 10:30:00",
            "“2026-01-05 10:30:00” is not a date like 2026-12-31.",
        ),
    ],
)
def test_cells_that_cannot_be_used(field: str, cell: str, message: str) -> None:
    assert one(field, cell) == Rejected(2, field, message)


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("email", "a" * 64 + "@" + "b" * 60 + ".example.com"),
        ("external_id", "x" * 255),
        ("first_name", "Ö" * 256),
        ("department", "x" * 250),
        ("title", "x" * 250),
        ("title", "#1 fan"),
        ("last_name", "\u0645\u06cc\u200c\u0646\u0627"),  # a joiner that Persian needs
        ("title", "=Head"),
    ],
)
def test_cells_that_just_can(field: str, cell: str) -> None:
    values = {"email": ANN, field: cell}
    expected = person(**values) if field != "email" else person(**values, title="")
    assert one(field, cell) == expected


def test_an_ignored_column_may_hold_anything_short() -> None:
    assert people(f'{ANN},"a\n\0b"', header="email,notes") == [person(email=ANN)]
    assert read((FILES / "long-cell.csv").read_bytes()) == [
        Rejected(2, "line", "The line has a cell of more than 10,000 characters."),
        person(3, email="bob@example.com", title="Aide"),
    ]


def test_a_row_with_more_cells_than_the_header() -> None:
    assert people(f"{ANN},Head,,", "bob@example.com,Aide,,x", header="email,title") == [
        person(email=ANN, title="Head"),
        Rejected(3, "line", "The line has more cells than the header."),
    ]


def test_rows_that_name_nobody() -> None:
    assert people(",Head", header="email,title") == [Rejected(2, "line", "The line has no email.")]
    assert people(",,Head", header="email,external_id,title") == [
        Rejected(2, "line", "The line has no external_id and no email.")
    ]


def test_rows_without_anything_are_no_rows() -> None:
    found = people("", ",", f"{ANN},", " , ", "bob@example.com,", header="email,notes")
    assert found == [person(4, email=ANN), person(6, email="bob@example.com")]


def test_the_same_person_twice() -> None:
    found = people(
        "E1,ann@example.com",
        "E2,ANN@example.com",
        "E1,",
        "e1,eve@example.com",
        ",Eve@example.com",
        "E2,bob@example.com",
        header="external_id,email",
    )
    assert found == [
        person(2, external_id="E1", email="ann@example.com"),
        Rejected(3, "email", "Line 2 names the same person."),
        Rejected(4, "external_id", "Line 2 names the same person."),
        person(5, external_id="e1", email="eve@example.com"),
        Rejected(6, "email", "Line 5 names the same person."),
        Rejected(7, "external_id", "Line 3 names the same person."),
    ]


def test_a_person_counts_as_named_by_a_row_that_is_rejected() -> None:
    assert people(f"{ANN},maybe", f"{ANN},yes", header="email,active") == [
        Rejected(2, "active", "“maybe” is neither active nor inactive: write one of these."),
        Rejected(3, "email", "Line 2 names the same person."),
    ]


def test_nul_characters_cost_only_their_row() -> None:
    assert read((FILES / "nul.csv").read_bytes()) == [
        Rejected(2, "title", "The cell has a line break, or characters that can't be kept."),
        person(3, email="bob@example.com", title="Aide"),
    ]


def test_errors_in_a_workbook() -> None:
    assert read((FILES / "errors.xlsx").read_bytes()) == [
        Rejected(2, "manager", "The cell has the spreadsheet's error #N/A: repair its formula."),
        Rejected(3, "title", "The cell has the spreadsheet's error #REF!: repair its formula."),
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "duplicate-header.csv",
            "“email” stands in the header twice: rename or remove one of the columns.",
        ),
        (
            "no-person-column.csv",
            (
                "One column has to say who a person is: their email or external_id."
                " Its header has: “Vorname”, “Nachname”, “Abteilung”."
            ),
        ),
    ],
)
def test_a_mapping_is_checked_before_any_row_is_read(name: str, message: str) -> None:
    table = read_table((FILES / name).read_bytes())
    with pytest.raises(InvalidInput) as error:
        read_people(table, guess_mapping(table.header))
    assert (error.value.field, error.value.message) == ("mapping", message)


def test_a_file_that_breaks_off_among_its_people() -> None:
    table = read_table((FILES / "open-quote.csv").read_bytes())
    found = read_people(table, guess_mapping(table.header))
    assert next(found) == person(email=ANN, title="Head")
    with pytest.raises(InvalidInput) as error:
        next(found)
    assert error.value.field == "file"


def test_a_rejected_row_as_it_is_kept() -> None:
    [rejected] = people("ann", header="email")
    assert isinstance(rejected, Rejected)
    assert rejected.as_json() == {
        "line": 2,
        "field": "email",
        "message": "“ann” is no e-mail address.",
    }
    assert type(rejected.field) is str


def test_rejections_are_counted_by_field_and_the_first_are_kept() -> None:
    rejections = Rejections(kept=2)
    rejected = [Rejected(2, "email", "a"), Rejected(3, "title", "b"), Rejected(4, "email", "c")]
    for each in rejected:
        rejections.add(each)
    assert rejections.first == rejected[:2]
    assert (rejections.count, rejections.by_field) == (3, {"email": 2, "title": 1})


def test_a_hundred_thousand_bad_rows_are_one_bounded_report() -> None:
    content = b"email,title\n" + b"nobody,Head\n" * 100_000
    table = read_table(content)
    rejections = Rejections()
    began = time.monotonic()
    for found in read_people(table, guess_mapping(table.header)):
        assert isinstance(found, Rejected)
        rejections.add(found)
    assert (rejections.count, len(rejections.first)) == (100_000, 100)
    assert rejections.by_field == {"email": 100_000}
    assert rejections.first[99] == Rejected(101, "email", "“nobody” is no e-mail address.")
    assert time.monotonic() - began < 30
