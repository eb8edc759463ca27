"""Databases beside the run's own, each made when the first section asks for it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.core.management import call_command
from django.db import connection

from dev import databases
from dev.bench import population
from dev.bench.options import Options
from dev.bench.population import Population
from dev.bench.report import say


class Library:
    """Populated databases of this run, on its server; `close` drops them."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._stack = ExitStack()
        self._populations: dict[str, tuple[str, Population]] = {}

    @contextmanager
    def small(self) -> Iterator[Population]:
        """Work in a database of ten thousand entries."""
        with self._populated("small", members_of=10_000, entries=10_000) as populated:
            yield populated

    @contextmanager
    def large(self, entries: int | None = None) -> Iterator[Population]:
        """Work in the database that grows to *entries*, by default to all that are asked for."""
        most = self._options.entries
        with self._populated("large", members_of=most, entries=entries or most) as populated:
            yield populated

    @contextmanager
    def empty(self) -> Iterator[None]:
        """Work in a migrated database that is dropped afterwards."""
        with ExitStack() as stack, connected_to(self._create(stack)):
            call_command("migrate", verbosity=0, interactive=False)
            yield

    def close(self) -> None:
        """Drop the databases."""
        connection.close()
        self._stack.close()

    @contextmanager
    def _populated(self, name: str, *, members_of: int, entries: int) -> Iterator[Population]:
        if name not in self._populations:
            database = self._create(self._stack)
            with connected_to(database):
                call_command("migrate", verbosity=0, interactive=False)
                members = population.members_for(members_of)
                say(f"enrolling {members:,} members")
                self._populations[name] = (database, population.build(members=members))
        database, populated = self._populations[name]
        with connected_to(database):
            populated.grow(entries)
            yield populated

    def _create(self, stack: ExitStack) -> str:
        url = stack.enter_context(
            databases.temporary(
                os.environ["DATABASE_URL"], template=os.environ["PROGRAM_BUDGETS_TEMPLATE"]
            )
        )
        return url.rpartition("/")[2]


@contextmanager
def connected_to(database: str) -> Iterator[None]:
    """Let Django's connection, and those of processes forked meanwhile, go to another database."""
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
