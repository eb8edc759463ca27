"""Corrections of many members in tests: previewed, applied, undone, and looked at."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Adjustment
from saleor_program_budgets.programs import jobs
from tests.support.world import TESTS, World

OTHER = ledger.Actor("staff", "another")


def preview(world: World, **changes: object) -> Adjustment:
    request = {
        "program": world.program,
        "reason": "a bonus",
        "actor": TESTS,
        "at": world.at,
    }
    return programs.preview_adjustment(**request | changes)


def of_list(world: World, *lines: str, header: str = "member_id,amount") -> Adjustment:
    return preview(world, csv="\n".join([header, *lines]).encode())


def apply(world: World, batch: Adjustment, **changes: object) -> Adjustment:
    return programs.apply_adjustment(
        **{"adjustment": batch, "actor": OTHER, "at": world.at} | changes
    )


def undo(world: World, batch: Adjustment, **changes: object) -> Adjustment:
    request = {"adjustment": batch, "reason": "a mistake", "actor": OTHER, "at": world.at}
    return programs.undo_adjustment(**request | changes)


def lines(batch: Adjustment) -> list[tuple[int, int, str, str]]:
    return list(batch.lines.values_list("number", "amount", "status", "error"))


def rejected(batch: Adjustment) -> list[tuple[int, str]]:
    assert batch.rejected_count == len(batch.rejected)
    return [(problem["line"], problem["field"]) for problem in batch.rejected]


@contextmanager
def at_work_on(batch: Adjustment) -> Iterator[None]:
    """Let another process be at work on it."""
    parameters = connection.get_connection_params()
    names = {"dbname", "user", "host", "port"} & parameters.keys()
    where = {name: parameters[name] for name in names}
    with psycopg.connect(**where) as other:
        other.execute(
            "SELECT pg_advisory_lock(%s, hashtext(%s))", [jobs.LOCKS, f"adjustment:{batch.pk}"]
        )
        yield
        other.execute("SELECT pg_advisory_unlock_all()")
