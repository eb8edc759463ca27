"""The database that a run trades in: made ready, copied for each of many runs, and lost."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connections, router

from saleor_program_budgets.models import Program
from saleor_program_budgets.simulation.options import Unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.backends.base.base import BaseDatabaseWrapper

#: What a client sees of a server or connection that is gone, of a timeout or of a deadlock: none
#: of it says whether the request was carried out, so the request is made again.
NO_ANSWER = (OperationalError, InterfaceError)


def connection() -> BaseDatabaseWrapper:
    """Return this thread's connection to where the ledger is written."""
    return connections[router.db_for_write(Program)]


def prepare(*, allows_existing: bool, write: Callable[[str], None]) -> None:
    """Make the tables in an empty database; refuse one that is in use."""
    tables = connection().introspection.table_names()
    if not tables:
        write("Making the tables…")
        call_command("migrate", verbosity=0, interactive=False)
    elif Program._meta.db_table not in tables:
        raise Unfit("the database lacks this app's tables: run migrate first")
    elif Program.objects.exists() and not allows_existing:
        raise Unfit(
            "the database holds programs already; give the simulation one of its own, or "
            "--allow-existing to add a program that stays there"
        )


@contextmanager
def copied() -> Iterator[None]:
    """Work in a copy of the database meanwhile, and drop it.

    The copy is made of files: its cost doesn't grow with what earlier runs left in the log.
    """
    home = connection()
    name = str(home.settings_dict["NAME"])
    copy = f"simulation_{uuid4().hex[:8]}"
    quoted = home.ops.quote_name(copy)
    run(f"CREATE DATABASE {quoted} TEMPLATE {home.ops.quote_name(name)} STRATEGY file_copy")
    _turn_to(copy)
    try:
        yield
    finally:
        _turn_to(name)
        run(f"DROP DATABASE {quoted} WITH (FORCE)")


def demand(setting: str, value: str) -> None:
    """Have all connections that are opened from now on, here or after a fork, start with this."""
    options = connection().settings_dict.setdefault("OPTIONS", {})
    demanded = f"-c {setting}={value}"
    given = str(options.get("options", ""))
    if demanded not in given:
        options["options"] = f"{given} {demanded}".strip()
    connections.close_all()


def show(setting: str) -> str:
    """Return a setting of the server's as this connection has it."""
    with connection().cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [setting])
        return str(cursor.fetchone()[0])


def run(statement: str) -> None:
    """Run a statement that returns nothing."""
    with connection().cursor() as cursor:
        cursor.execute(statement)


def _turn_to(name: str) -> None:
    connections.close_all()
    connection().settings_dict["NAME"] = name
