"""Rows by the thousand: copied into tables, with ids taken beforehand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import connections, router

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db import models


def next_ids(model: type[models.Model], count: int) -> list[int]:
    """Return as many ids for new rows of *model*, in ascending order."""
    with connections[router.db_for_write(model)].cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return sorted(number for (number,) in cursor.fetchall())


def copy(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Add *rows* to *model*'s table, by the names of its columns; an object is kept as JSON.

    Nothing is filled in: a column that is left out has the database's default, mostly none.
    """
    table = model._meta.db_table
    statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
    with (
        connections[router.db_for_write(model)].cursor() as cursor,
        cursor.copy(statement) as target,
    ):
        for row in rows:
            target.write_row([_stored(value) for value in row])


def _stored(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value
