"""The test database: what may differ from a real one, and looking at it from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

JOURNAL_TABLES = (
    "program_budgets_posting",
    "program_budgets_entry",
    "program_budgets_refused",
    "program_budgets_outcome",
    "program_budgets_seal",
    "program_budgets_peoplechange",
)
Rows = dict[str, list[dict[str, Any]]]


def let_tests_flush() -> None:
    """Allow TRUNCATE of the journal in the database we are connected to: a test one.

    Django empties every table after a test with transactions of its own. UPDATE and DELETE stay
    refused; the test of the truncate guard switches it on again for itself.
    """
    with connection.cursor() as cursor:
        for table in JOURNAL_TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER program_budgets_no_truncate")


def tables() -> list[str]:
    """Return the names of all tables of this app."""
    return sorted(
        model._meta.db_table
        for model in apps.get_app_config("program_budgets").get_models()
        if model._meta.managed  # the others are views
    )


def snapshot(*, without: Sequence[str] = ()) -> Rows:
    """Return every row of every table of this app, save the tables named *without*.

    What triggers note for figures follows from the others.
    """
    left_out = {*without, "figurechange"}
    with connection.cursor() as cursor:
        found: Rows = {}
        for table in tables():
            if table.removeprefix("program_budgets_") in left_out:
                continue
            cursor.execute(f"SELECT to_jsonb(t) FROM {table} t ORDER BY t")
            found[table] = [row for (row,) in cursor.fetchall()]
        return found


def money(*, without: Sequence[str] = ("refused", "outcome")) -> Rows:
    """Return all that a refusal may not touch: every row but refusals and outcomes."""
    return snapshot(without=without)


def tamper(statement: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> None:
    """Run a statement as somebody would who owns the tables and switches the guards off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in JOURNAL_TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER program_budgets_append_only")
        try:
            cursor.execute(statement, parameters)
        finally:
            for table in JOURNAL_TABLES:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER program_budgets_append_only")


def drop_foreign_keys() -> None:
    """Let rows name what doesn't exist, for the rest of the test."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE contype = 'f' AND conrelid::regclass::text LIKE 'program_budgets_%'"
        )
        for table, name in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")


def check_constraints() -> Iterator[tuple[str, str, str]]:
    """Yield table, name and definition of each check constraint on this app's tables."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE contype = 'c'"
            " AND conrelid::regclass::text LIKE 'program_budgets_%' ORDER BY 1, 2"
        )
        yield from cursor.fetchall()


def divide(cap_id: int, spread: int) -> None:
    """Divide a cap into *spread* shares, as many purchases at once do."""
    tamper("SELECT program_budgets_divide(%s, %s, now())", [cap_id, spread])
