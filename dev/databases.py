"""Create, clone and drop databases on a running server."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql


@contextmanager
def temporary(url: str, *, template: str | None, prefix: str = "program_budgets") -> Iterator[str]:
    """A database under a name of its own, dropped at the end.

    Args:
        url: a database on the server to connect to meanwhile; nothing is written into it.
        template: the database to copy, to which nobody may be connected; None for an empty one.
        prefix: how the name starts.
    """
    name = f"{prefix}_{secrets.token_hex(4)}"
    create(url, name, template=template)
    try:
        yield sibling(url, name)
    finally:
        drop(url, name)


def create(url: str, name: str, *, template: str | None) -> None:
    """Create a database, empty or as a copy of another one."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}").format(
        sql.Identifier(name),
        sql.Identifier(template or "template0"),
        sql.Identifier("file_copy" if template else "wal_log"),
    )
    with connect(url) as connection:
        connection.execute(statement)


def drop(url: str, name: str) -> None:
    """Drop a database if it exists, with whoever is still connected to it."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with connect(url) as connection:
        connection.execute(statement)


def rename(url: str, name: str, to: str) -> None:
    """Rename a database to which nobody is connected."""
    statement = sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
        sql.Identifier(name), sql.Identifier(to)
    )
    with connect(url) as connection:
        connection.execute(statement)


def connect(url: str) -> psycopg.Connection:
    """A connection outside any transaction, as the statements above demand."""
    scheme, rest = url.split("://", 1)
    if scheme not in {"postgres", "postgresql"}:
        raise ValueError(f"DATABASE_URL must start with postgres://, not {scheme}://")
    return psycopg.connect(f"postgresql://{rest}", autocommit=True)


def sibling(url: str, name: str) -> str:
    """The address of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
