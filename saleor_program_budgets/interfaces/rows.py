"""Many new rows of a model of Saleor's in one statement, ten times as fast as ``bulk_create``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connections, router

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Field, Model


def insert(
    template: Model,
    columns: Mapping[str, Sequence[Any]],
    *,
    formulas: Mapping[str, str] | None = None,
    unless_taken: str | None = None,
    returning: Sequence[str] = ("id",),
) -> list[tuple[Any, ...]]:
    """Insert rows as *template* is, but for *columns*: for each field the values, row by row.

    What isn't a field among *columns* is text that *formulas* (SQL, by field) may refer to, as
    they may to the others: as ``each.<name>``. Rows whose value of the field *unless_taken*
    another row has are left out, also if that row is committed only meanwhile. Returns the
    fields *returning* of the rows that were inserted. Fires no signals, as ``bulk_create``.
    """
    model = type(template)
    connection = connections[router.db_for_write(model)]
    quote = connection.ops.quote_name
    known = {field.name: field for field in model._meta.concrete_fields}
    fields = {name: field for name, field in known.items() if not field.primary_key}
    formulas = formulas or {}
    sources, parameters = [], []
    for name, field in fields.items():
        if name in formulas:
            sources.append(formulas[name])
        elif name in columns:
            sources.append(f"each.{quote(name)}")
        else:
            sources.append(f"CAST(%s AS {_type_of(field, connection)})")
            parameters.append(field.get_db_prep_save(field.pre_save(template, True), connection))
    arrays = [
        f"CAST(%s AS {_type_of(fields[name], connection) if name in fields else 'text'}[])"
        for name in columns
    ]
    conflict = ""
    if unless_taken is not None:
        conflict = f" ON CONFLICT ({quote(known[unless_taken].column)}) DO NOTHING"
    statement = (  # Only names of models and fields, and formulas of this package, go into it.
        f"INSERT INTO {quote(model._meta.db_table)}"  # noqa: S608
        f" ({', '.join(quote(field.column) for field in fields.values())})"
        f" SELECT {', '.join(sources)}"
        f" FROM unnest({', '.join(arrays)}) AS each ({', '.join(map(quote, columns))})"
        f"{conflict}"
        f" RETURNING {', '.join(quote(known[name].column) for name in returning)}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, *map(list, columns.values())])
        return list(cursor.fetchall())


def _type_of(field: Field, connection: BaseDatabaseWrapper) -> str:
    """Return the column's type without its length: a cast would cut to that, and say nothing."""
    name, _, rest = str(field.db_type(connection)).partition("(")
    return name + rest.partition(")")[2]
