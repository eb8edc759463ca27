"""The rows of a file as people, and what can't be used of them told why."""

from __future__ import annotations

import re
from bisect import insort
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from saleor_program_budgets.roster.cells import LONGEST_CELL
from saleor_program_budgets.roster.columns import NAMING_FIELDS, Field, checked_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from saleor_program_budgets.roster.tables import Table

KEPT = 100
LONGEST = {
    Field.EXTERNAL_ID: 255,
    Field.EMAIL: 254,
    Field.FIRST_NAME: 256,
    Field.LAST_NAME: 256,
}
LONGEST_OTHER = 250
_EMPTY: dict[Field, str | None] = dict.fromkeys(Field) | dict.fromkeys(
    [
        Field.FIRST_NAME,
        Field.LAST_NAME,
        Field.TITLE,
        Field.EMPLOYEE_NUMBER,
        Field.COST_CENTER,
        Field.MANAGER,
    ],
    "",
)
"""What an empty cell says: these it clears, the others it leaves as they are."""
LINE = "line"
"""What a row is rejected for that isn't the fault of one field."""

_ACTIVE = "true yes 1 active enabled ja aktiv oui actif"
_INACTIVE = "false no 0 inactive disabled terminated nein inaktiv non inactif"
_ACTIVITY = dict.fromkeys(_ACTIVE.split(), True) | dict.fromkeys(_INACTIVE.split(), False)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
SPREADSHEET_ERROR = re.compile(r"#(N/A|[A-Z_]+[!?]|DIV/0!)")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DOTTED_DATE = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One row of a file: who it is about, and what it says of them.

    ``None`` is what it doesn't speak of, an empty text what is to be cleared.
    """

    line: int
    external_id: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    department: str | None
    title: str | None
    employee_number: str | None
    cost_center: str | None
    manager: str | None
    """External id or e-mail address of another person, as written."""
    is_active: bool | None
    effective_on: date | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that can't be used: which, for what field, and why."""

    line: int
    field: str
    message: str

    def as_json(self) -> dict[str, Any]:
        """Return it as a report keeps it."""
        return {"line": self.line, "field": self.field, "message": self.message}


class Rejections:
    """Rejected rows: the first of them, and how many there are for each field."""

    def __init__(self, *, kept: int = KEPT) -> None:
        self.kept = kept
        self.first: list[Rejected] = []
        self.count = 0
        self.by_field: dict[str, int] = {}

    def add(self, rejected: Rejected) -> None:
        """Count a row, and keep it if it is among the first."""
        self.count += 1
        self.by_field[rejected.field] = self.by_field.get(rejected.field, 0) + 1
        insort(self.first, rejected, key=lambda each: each.line)
        del self.first[self.kept :]


class Unusable(Exception):
    """A cell that can't be used; *field* and message say why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def read_people(table: Table, mapping: Mapping[str, str]) -> Iterator[PersonRow | Rejected]:
    """Return the people of a file, one for each row, with the rows that can't be used between them.

    *mapping* has the field of each column that is used. Raises ``InvalidInput`` for a mapping that
    doesn't fit (``checked_mapping``), and while the rows are taken for a file that breaks off.
    """
    used = checked_mapping(table.header, mapping)
    columns = {Field(name): table.header.index(cell) for cell, name in used.items()}
    return _people(table, {field: columns[field] for field in Field if field in columns})


def _people(table: Table, columns: Mapping[Field, int]) -> Iterator[PersonRow | Rejected]:
    lines: dict[tuple[Field, str], int] = {}
    for line, cells in table.rows:
        try:
            texts = _texts(cells, columns, len(table.header))
            _check_names(line, texts, lines)
            yield _person(line, texts)
        except Unusable as problem:
            yield Rejected(line, str(problem.field), problem.message)


def _texts(cells: list[str], columns: Mapping[Field, int], width: int) -> dict[Field, str]:
    """Return what the row has in each column that is used."""
    if max(map(len, cells)) > LONGEST_CELL:
        raise Unusable(LINE, f"The line has a cell of more than {LONGEST_CELL:,} characters.")
    if any(cells[width:]):
        raise Unusable(LINE, "The line has more cells than the header.")
    return {field: cells[place] if place < len(cells) else "" for field, place in columns.items()}


def _check_names(line: int, texts: dict[Field, str], lines: dict[tuple[Field, str], int]) -> None:
    """Note whom the row names; raises ``Unusable`` for nobody, and for who was named before.

    A person counts as named also by a row that is rejected for something else: otherwise its
    repair would silently put another row out of use.
    """
    present = [field for field in NAMING_FIELDS if field in texts]
    names = {field: texts[field] for field in present if texts[field]}
    if not names:
        raise Unusable(LINE, f"The line has no {' and no '.join(present)}.")
    for field, name in names.items():
        _check_text(field, name)
    if Field.EMAIL in names:
        texts[Field.EMAIL] = names[Field.EMAIL] = _email(names[Field.EMAIL])
    for field, name in names.items():
        first = lines.setdefault((field, name), line)
        if first != line:
            raise Unusable(field, f"Line {first} names the same person.")


def _email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise Unusable(Field.EMAIL, f"“{text[:100]}” is no e-mail address.") from None
    return text.lower()


def _check_text(field: Field, text: str) -> None:
    longest = LONGEST.get(field, LONGEST_OTHER)
    if len(text) > longest:
        raise Unusable(field, f"The cell has {len(text):,} characters: up to {longest} are kept.")
    if not text.isprintable() and CONTROL.search(text):
        raise Unusable(field, "The cell has a line break, or characters that can't be kept.")
    if text.startswith("#") and SPREADSHEET_ERROR.fullmatch(text):
        raise Unusable(field, f"The cell has the spreadsheet's error {text}: repair its formula.")


def _person(line: int, texts: dict[Field, str]) -> PersonRow:
    for field, text in texts.items():
        _check_text(field, text)
    values = {field: text or _EMPTY[field] for field, text in texts.items()}
    return PersonRow(
        line=line,
        external_id=values.get(Field.EXTERNAL_ID),
        email=values.get(Field.EMAIL),
        first_name=values.get(Field.FIRST_NAME),
        last_name=values.get(Field.LAST_NAME),
        department=values.get(Field.DEPARTMENT),
        title=values.get(Field.TITLE),
        employee_number=values.get(Field.EMPLOYEE_NUMBER),
        cost_center=values.get(Field.COST_CENTER),
        manager=values.get(Field.MANAGER),
        is_active=_activity(values.get(Field.ACTIVE)),
        effective_on=_day(values.get(Field.EFFECTIVE_ON)),
    )


def _activity(text: str | None) -> bool | None:
    if text is None:
        return None
    try:
        return _ACTIVITY[text.casefold()]
    except KeyError:
        raise Unusable(
            Field.ACTIVE, f"“{text[:50]}” is neither active nor inactive: write one of these."
        ) from None


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    if "/" in text:
        raise Unusable(
            Field.EFFECTIVE_ON,
            f"“{text[:50]}” is read differently from country to country: write it as 2026-12-31.",
        )
    try:
        if found := _ISO_DATE.fullmatch(text):
            return date(*map(int, found.groups()))
        if found := _DOTTED_DATE.fullmatch(text):
            return date(*map(int, reversed(found.groups())))
    except ValueError:
        pass  # a day that there isn't, as 2026-02-30
    raise Unusable(Field.EFFECTIVE_ON, f"“{text[:50]}” is not a date like 2026-12-31.")
