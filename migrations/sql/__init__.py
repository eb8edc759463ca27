"""SQL that migrations run: ``name.sql``, undone by ``name.reverse.sql``."""

from __future__ import annotations

from importlib.resources import files

from django.db.migrations import RunSQL


def run_sql(name: str) -> RunSQL:
    """Return the operation that runs ``name.sql``, with its reverse."""
    folder = files(__package__)
    return RunSQL(
        (folder / f"{name}.sql").read_text(encoding="utf-8"),
        (folder / f"{name}.reverse.sql").read_text(encoding="utf-8"),
    )
