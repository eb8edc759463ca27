"""Templates on a given server: databases beside the one that DATABASE_URL names."""

import time

from psycopg import Connection, sql

from dev import databases
from dev.templates import Template, say

_PREFIX = "template_"
_KEPT_PER_FAMILY = 3


def provide(template: Template, url: str) -> str:
    """Make sure that a server has a template, and name the database that holds it.

    Two runs that want the same template build it once: the second waits. A database gets the
    template's name only when it is complete.
    """
    name = f"{_PREFIX}{template.name}"
    with databases.connect(url) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        if not _exists(connection, name):
            _build(template, name, url)
            _prune(connection, template, keep=name)
    return name


def _build(template: Template, name: str, url: str) -> None:
    parent = provide(template.parent, url) if template.parent else None
    began = time.monotonic()
    partial = f"partial_{template.name}"
    databases.drop(url, partial)
    databases.create(url, partial, template=parent)
    template.migrate(databases.sibling(url, partial))
    databases.rename(url, partial, to=name)
    say(f"Built a database once: {template.title}, in {time.monotonic() - began:.0f} s.")


def _prune(connection: Connection, template: Template, *, keep: str) -> None:
    """Drop all but the last made few of the family; object ids grow with time."""
    rows = connection.execute(
        "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid DESC",
        [_PREFIX],
    ).fetchall()
    relatives = [name for (name,) in rows if template.is_relative(name.removeprefix(_PREFIX))]
    for name in relatives[_KEPT_PER_FAMILY:]:
        if name != keep:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def _exists(connection: Connection, name: str) -> bool:
    query = "SELECT FROM pg_database WHERE datname = %s"
    return connection.execute(query, [name]).rowcount == 1
