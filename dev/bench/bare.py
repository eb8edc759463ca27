"""Yardsticks without a ledger: rows of three numbers and the constraint, and nothing else.

The rows are numbered: a member's for each client, then the root's and the department's.
"""

from collections.abc import Callable, Mapping, Sequence

import psycopg
from django.db import connection, models, transaction

from dev.bench.crowd import Purchase, Workload

_PLENTY = 10**12
_MEMBERS = 1_000
_ROOT, _DEPARTMENT = _MEMBERS + 1, _MEMBERS + 2
_TABLE = """
CREATE TABLE bench_limit (
    id bigint PRIMARY KEY, lock_rank int NOT NULL, ceiling bigint NOT NULL,
    held bigint NOT NULL, spent bigint NOT NULL,
    CHECK (held + spent <= ceiling), CHECK (held >= 0 AND spent >= 0)
) WITH (fillfactor = 50)
"""
ONE_ROW = "UPDATE bench_limit SET held = held + 1 WHERE id = {} AND held + spent + 1 <= ceiling"
_THREE_ROWS = """
WITH locked AS MATERIALIZED (
    SELECT id FROM bench_limit WHERE id = ANY(%s) ORDER BY lock_rank, id FOR UPDATE
)
UPDATE bench_limit SET held = held + 1 FROM locked
    WHERE bench_limit.id = locked.id AND held + spent + 1 <= ceiling
"""
HOT_ROW = _DEPARTMENT


class BareLimit(models.Model):
    """The three numbers of a limit with the same constraint, and nothing else."""

    id = models.BigIntegerField(primary_key=True)
    lock_rank = models.IntegerField()
    ceiling = models.BigIntegerField()
    held = models.BigIntegerField()
    spent = models.BigIntegerField()

    class Meta:
        app_label = "bench"
        managed = False
        db_table = "bench_limit"

    def __str__(self) -> str:
        return str(self.pk)


def install() -> None:
    """Create the rows."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLE)
    ranks = {_ROOT: 2, _DEPARTMENT: 1} | dict.fromkeys(range(1, _MEMBERS + 1), 0)
    BareLimit._default_manager.bulk_create(
        [
            BareLimit(id=number, lock_rank=rank, ceiling=_PLENTY, held=0, spent=0)
            for number, rank in ranks.items()
        ]
    )


def prepared() -> Callable[[str, Sequence[object] | Mapping[str, object]], psycopg.Cursor]:
    """Return the driver's own way to execute prepared statements, on Django's connection."""
    connection.ensure_connection()
    raw: psycopg.Connection = connection.connection
    cursor = psycopg.Cursor(raw)
    return lambda statement, values: cursor.execute(statement, values, prepare=True)


def _one_row(_client: int) -> Purchase:
    execute = prepared()
    statement = ONE_ROW.format("%s")
    return lambda: _discard(execute(statement, [HOT_ROW]))


def _three_rows(client: int) -> Purchase:
    execute = prepared()
    rows = _rows(client)
    return lambda: _discard(execute(_THREE_ROWS, [rows]))


def _orm(client: int) -> Purchase:
    """Lock the rows, check them in Python, save them: a transaction of six round trips."""
    rows = _rows(client)

    def purchase() -> None:
        with transaction.atomic():
            limits = list(
                BareLimit._default_manager.select_for_update()
                .filter(pk__in=rows)
                .order_by("lock_rank", "pk")
            )
            if any(limit.held + limit.spent + 1 > limit.ceiling for limit in limits):
                raise ValueError("nothing is left")
            for limit in limits:
                limit.held += 1
                limit.save(update_fields=["held"])

    return purchase


def _rows(client: int) -> list[int]:
    return [client + 1, _DEPARTMENT, _ROOT]


def _discard(_: object) -> None:
    """Drop a result."""


BARE = Workload("bare update of one row", _one_row)
BARE_THREE = Workload("bare update of three rows", _three_rows)
BARE_ORM = Workload("ORM on three bare rows: lock, check, save", _orm)
