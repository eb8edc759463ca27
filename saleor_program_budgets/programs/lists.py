"""Lists of members, some with amounts, as CSV: read, and what can't be used of them told why."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import batched
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models.functions import Lower

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Member
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from saleor_program_budgets.models import Program

MOST_LINES = 100_000
MOST_BYTES = 20 * 1024 * 1024
LONGEST_REASON = 500
MEMBER_COLUMNS = ("member_id", "email", "external_user_id")
"""How a line may name its member: one of these, each line in its own way."""
COLUMNS = (*MEMBER_COLUMNS, "amount", "reason", "expires_on")
EXTERNAL_REFERENCE = "external_reference"
"""The field of Saleor's users that other systems know them by."""
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that can't be used: which, for what value, and why."""

    line: int
    field: str
    message: str

    def as_json(self) -> dict[str, Any]:
        """Return it as a batch keeps it."""
        return {"line": self.line, "field": self.field, "message": self.message}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: whom it names how, and what is to become of them."""

    line: int
    named_by: str
    name: str
    amount: Amount
    reason: str
    expires_at: datetime | None
    member_id: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    """One line of a list of members: whom it names how."""

    line: int
    named_by: str
    name: str
    member_id: int = 0


class Unusable(Exception):
    """A line that can't be used; *field* and message say why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def read_list(
    content: bytes, *, program: Program, at: datetime
) -> tuple[list[Row], list[Rejected]]:
    """Return the usable lines of a CSV with their members, and the others with the reason.

    The header names the columns: ``amount``, and at least one of ``member_id``, ``email`` and
    ``external_user_id``; ``reason`` and ``expires_on`` (the last day on which it can be used) are
    optional. Raises ``InvalidInput`` for what is no such list: another header or encoding, more
    than 100,000 lines or 20 MB.
    """
    rows: list[Row] = []
    rejected: list[Rejected] = []
    for line, cells in _lines(content):
        try:
            rows.append(_row(line, cells, program, at))
        except Unusable as problem:
            rejected.append(Rejected(line, problem.field, problem.message))
    found, unknown = _with_members(rows, program)
    return found, sorted([*rejected, *unknown], key=lambda problem: problem.line)


def read_members(content: bytes, *, program: Program) -> tuple[list[Named], list[Rejected]]:
    """Return the usable lines of a CSV with members alone, and the others with the reason.

    As ``read_list``, but without any column beside those that name members.
    """
    rows: list[Named] = []
    rejected: list[Rejected] = []
    for line, cells in _lines(content, MEMBER_COLUMNS):
        try:
            rows.append(_named(line, cells))
        except Unusable as problem:
            rejected.append(Rejected(line, problem.field, problem.message))
    found, unknown = _with_members(rows, program)
    return found, sorted([*rejected, *unknown], key=lambda problem: problem.line)


def _lines(
    content: bytes, columns: Sequence[str] = COLUMNS
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield number and cells of each line that isn't empty."""
    text = _decoded(content)
    first_line = text.partition("\n")[0]
    is_semicolon = ";" in first_line and "," not in first_line
    reader = csv.reader(io.StringIO(text), delimiter=";" if is_semicolon else ",", strict=True)
    try:
        header = _checked_header(next(reader, []), columns)
        count = 0
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MOST_LINES:
                raise InvalidInput("csv", f"A list has up to {MOST_LINES:,} lines.")
            padded = [*cells, *[""] * (len(header) - len(cells))]
            named = dict(zip(header, (cell.strip() for cell in padded), strict=False))
            yield reader.line_num, named | {"": "".join(padded[len(header) :]).strip()}
    except csv.Error as error:
        raise InvalidInput("csv", f"Line {reader.line_num} isn't CSV: {error}.") from error


def _decoded(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise InvalidInput("csv", f"A list has up to {MOST_BYTES // 1024 // 1024} MB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidInput("csv", f"Save the list as UTF-8: line {line} isn't.") from error


def _checked_header(cells: list[str], columns: Sequence[str]) -> list[str]:
    header = [cell.strip().lower() for cell in cells]
    for column in header:
        if column not in columns:
            raise InvalidInput(
                "csv", f"“{column[:50]}” is no column of a list; those are {', '.join(columns)}."
            )
    if len(set(header)) != len(header):
        raise InvalidInput("csv", "A column stands in the header twice.")
    needs_amount = "amount" in columns
    if (needs_amount and "amount" not in header) or not set(header).intersection(MEMBER_COLUMNS):
        needed = f"{'“amount” and ' if needs_amount else ''}one of {', '.join(MEMBER_COLUMNS)}"
        raise InvalidInput("csv", f"The header needs {needed}.")
    if "external_user_id" in header and not _has_external_reference():
        raise InvalidInput("csv", "The users of this shop have no external ids.")
    return header


def _has_external_reference() -> bool:
    try:
        get_user_model()._meta.get_field(EXTERNAL_REFERENCE)
    except FieldDoesNotExist:
        return False
    return True


def _named(line: int, cells: dict[str, str]) -> Named:
    if cells[""]:
        raise Unusable("line", "The line has more cells than the header.")
    for column, cell in cells.items():
        if "\x00" in cell:
            raise Unusable(column, "The cell has characters that can't be kept.")
    named_by = [column for column in MEMBER_COLUMNS if cells.get(column)]
    if len(named_by) != 1:
        raise Unusable("member", f"Name the member by one of {', '.join(MEMBER_COLUMNS)}.")
    return Named(line, named_by[0], cells[named_by[0]])


def _row(line: int, cells: dict[str, str], program: Program, at: datetime) -> Row:
    named = _named(line, cells)
    reason = cells.get("reason", "")
    if len(reason) > LONGEST_REASON:
        raise Unusable("reason", f"A reason has up to {LONGEST_REASON} characters.")
    return Row(
        line=line,
        named_by=named.named_by,
        name=named.name,
        amount=_amount(cells["amount"], program),
        reason=reason,
        expires_at=_expiry(cells.get("expires_on", ""), program, at),
    )


def _amount(cell: str, program: Program) -> Amount:
    try:
        amount = Amount.from_decimal(Decimal(cell), program.currency)
    except InvalidOperation:
        raise Unusable("amount", f"“{cell[:50]}” is not an amount of money.") from None
    except InvalidInput as error:
        raise Unusable("amount", error.message[:200]) from None
    if not amount:
        raise Unusable("amount", "The amount is zero.")
    return amount


def _expiry(cell: str, program: Program, at: datetime) -> datetime | None:
    if not cell:
        return None
    try:
        last_day = date.fromisoformat(cell)
        day_after = last_day + timedelta(days=1)
    except (ValueError, OverflowError):
        raise Unusable("expires_on", f"“{cell[:50]}” is not a date like 2026-12-31.") from None
    expires_at = datetime.combine(
        day_after, datetime.min.time(), tzinfo=ZoneInfo(program.time_zone)
    )
    if expires_at <= at:
        raise Unusable("expires_on", "The expiry has to lie in the future.")
    return expires_at


def _with_members[R: (Row, Named)](
    rows: list[R], program: Program
) -> tuple[list[R], list[Rejected]]:
    """Return the rows with their members, and those that name none or several."""
    by_name = {column: _members_by(column, rows, program) for column in MEMBER_COLUMNS}
    found: list[R] = []
    rejected: list[Rejected] = []
    for row in rows:
        members = by_name[row.named_by].get(_canonical(row), [])
        if len(members) == 1:
            found.append(replace(row, member_id=members[0]))
            continue
        problem = "names several members" if members else "is no member of this program"
        rejected.append(Rejected(row.line, row.named_by, f"“{row.name[:100]}” {problem}."))
    return found, rejected


def _members_by(column: str, rows: Iterable[Row | Named], program: Program) -> dict[Any, list[int]]:
    """Return the program's members (ids) by what the rows name them by, in *column*."""
    names = {_canonical(row) for row in rows if row.named_by == column} - {None}
    key: Any = {
        "member_id": "pk",
        "email": Lower("user__email"),
        "external_user_id": f"user__{EXTERNAL_REFERENCE}",
    }[column]
    found: dict[Any, list[int]] = {}
    for part in batched(names, BATCH):
        members = Member.objects.filter(program=program)
        if isinstance(key, str):
            pairs = members.filter(**{f"{key}__in": part}).values_list(key, "pk")
        else:
            named = members.annotate(named=key).filter(named__in=part)
            pairs = named.values_list("named", "pk")
        for name, member_id in pairs:
            found.setdefault(name, []).append(member_id)
    return found


def _canonical(row: Row | Named) -> str | int | None:
    """Return a row's name as it is looked up; ``None`` is nobody's."""
    if row.named_by == "member_id":
        is_id = row.name.isascii() and row.name.isdigit() and len(row.name) <= 18
        return int(row.name) if is_id else None
    return row.name.lower() if row.named_by == "email" else row.name
