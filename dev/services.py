"""What a command needs around it: a database and a cache of its own."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev import clusters, databases, external, postgres, scratch, valkey
from dev.processes import server_identity
from dev.templates import Template


@dataclass(frozen=True, slots=True)
class Services:
    """Addresses of the running services."""

    #: A database of this run's own, holding what the template holds.
    database_url: str
    #: Where the data of a server that only this run uses lie; None for a given server.
    data: Path | None
    #: The database on the same server that this one was copied from, for tests to copy again.
    template: str
    cache_url: str
    broker_url: str


@contextmanager
def running(template: Template, *, durable: bool = True) -> Iterator[Services]:
    """Start a private PostgreSQL and Valkey, and stop them at the end.

    DATABASE_URL and CACHE_URL name servers to use instead. In a given server the run makes
    databases of its own beside the named one, which is left alone.

    Args:
        template: what the database holds at the start.
        durable: whether the private database survives a crash of the machine.
    """
    identity = server_identity()
    with ExitStack() as stack:
        directory = stack.enter_context(scratch.run_directory(identity))
        data = None
        if server_url := os.environ.get("DATABASE_URL"):
            template_name = external.provide(template, server_url)
        else:
            data = clusters.provide(template, directory / "postgres", identity=identity)
            server = stack.enter_context(postgres.running(data, identity=identity, durable=durable))
            server_url, template_name = server.url("postgres"), clusters.DATABASE
        cache_url = os.environ.get("CACHE_URL")
        broker_url = os.environ.get("CELERY_BROKER_URL") or cache_url
        if not cache_url:
            address = stack.enter_context(valkey.running(directory, identity=identity))
            cache_url, broker_url = f"{address}/0", broker_url or f"{address}/1"
        yield Services(
            database_url=stack.enter_context(
                databases.temporary(server_url, template=template_name)
            ),
            data=data,
            template=template_name,
            cache_url=cache_url,
            broker_url=broker_url or cache_url,
        )
