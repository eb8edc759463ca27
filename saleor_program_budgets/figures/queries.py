"""The SQL of figures: one file each, one round trip each."""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from django.contrib.auth import get_user_model
from django.db import connections, router

from saleor_program_budgets.models import FigureChange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.db.backends.utils import CursorWrapper

Query = Literal["cells", "closest", "days", "places", "programs", "recent", "version"]
NAMING_USERS = frozenset({"closest", "recent"})


def rows(
    query: Query, parameters: Mapping[str, Any], *, using: str | None
) -> list[tuple[Any, ...]]:
    """Return what a query finds; a read, without locks."""
    with _executed(query, parameters, using) as cursor:
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def records(
    query: Query, parameters: Mapping[str, Any], *, using: str | None
) -> list[dict[str, Any]]:
    """Return what a query finds, by the names of its columns."""
    with _executed(query, parameters, using) as cursor:
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@contextmanager
def _executed(
    query: Query, parameters: Mapping[str, Any], using: str | None
) -> Iterator[CursorWrapper]:
    connection = connections[using or router.db_for_read(FigureChange)]
    statement = _text(query)
    if query in NAMING_USERS:
        table = get_user_model()._meta.db_table
        statement = statement.format(user=connection.ops.quote_name(table))
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        yield cursor


@lru_cache
def _text(query: Query) -> str:
    return (files(__package__) / "sql" / f"{query}.sql").read_text(encoding="utf-8")
