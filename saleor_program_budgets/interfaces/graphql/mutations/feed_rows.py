"""What the feed's mutations share: rows that answer one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from graphql import GraphQLError
from saleor.graphql.core.mutations import validation_error_to_error_type

from saleor_program_budgets.interfaces.graphql.errors import ProgramBudgetError, field_error
from saleor_program_budgets.interfaces.graphql.filters import key_in

ROWS_AT_ONCE = 1_000
IDEMPOTENT = "Sending the same again changes nothing."
NOBODY = -1
"""The key of what an id doesn't name, since it isn't there."""


def checked_rows(rows: Sequence[Any], *, field: str) -> Sequence[Any]:
    """Return *rows*; raises when there are more than one call takes."""
    if len(rows) > ROWS_AT_ONCE:
        raise field_error(field, f"One call takes {ROWS_AT_ONCE:,} rows at most.", "limit_exceeded")
    return rows


def errors_in(work: Callable[[], object]) -> list[ProgramBudgetError]:
    """Do a row's *work*, and return what was wrong with it."""
    try:
        work()
    except ValidationError as error:
        found: list[ProgramBudgetError] = validation_error_to_error_type(error, ProgramBudgetError)
        return found
    return []


def key_of(row: dict[str, Any], field: str, type_name: str) -> int | None:
    """Return the key in one of the row's ids, if it is given; raises for another type's."""
    if row.get(field) is None:
        return None
    try:
        return key_in(row[field], type_name)
    except GraphQLError as error:
        raise field_error(field, str(error), "graphql_error") from error


def check_texts(row: dict[str, Any]) -> None:
    """Raise where one of the row's texts can't even be looked for."""
    for name, value in row.items():
        if isinstance(value, str) and "\x00" in value:
            raise field_error(name, "This has characters that can't be kept.", "invalid")
