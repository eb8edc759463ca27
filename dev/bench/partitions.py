"""The entry table in parts: what inserts and queries would cost, tried on copies."""

import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib.resources import files

from django.db import connection

from dev.bench.options import Options
from dev.bench.report import Part, Table, milliseconds, say, size

_VARIANTS = {"one table": "whole", "in 12 by id": "by_id", "in 12 by time": "by_month"}
_ENTRIES = 2_000_000
_POSTINGS = 3_000
_TIMES = 25
_INSERT = """
DO $$
DECLARE
    v_posting bigint := {first};
BEGIN
    FOR number IN 1 .. {postings} LOOP
        INSERT INTO bench_{table}
            (id, bucket, amount, balance_before, balance_after, limit_id, lot_id, posting_id, at)
        SELECT v_posting * 6 + line, 'held', 1, 0, 1, 1 + (v_posting * 7919 + line) % 80000, NULL,
               v_posting, timestamptz '2026-12-31Z'
            FROM generate_series(1, 6) line;
        v_posting := v_posting + 1;
    END LOOP;
END
$$
"""
_OF_POSTING = "SELECT * FROM bench_{table} WHERE posting_id = {posting}"
_OF_LIMIT = "SELECT * FROM bench_{table} WHERE limit_id = {limit} ORDER BY id DESC LIMIT 21"
_NEWEST = "SELECT * FROM bench_{table} ORDER BY id DESC LIMIT 21"
_CHAIN = """
SELECT count(*) FROM (
    SELECT balance_before, lag(balance_after) OVER (
               PARTITION BY limit_id, lot_id, bucket ORDER BY id) AS expected
        FROM bench_{table}
) chained WHERE balance_before <> expected
"""


def measure(options: Options) -> list[Part]:
    """Copy the first entries three times, measure each in turn, and drop the copies."""
    entries = min(_ENTRIES, options.entries)
    say(f"weight: three copies of {entries:,} entries")
    script = (files(__package__) / "partitions.sql").read_text(encoding="utf-8")
    _execute(script.replace("{entries}", str(entries)))
    _execute("VACUUM (ANALYZE) bench_whole, bench_by_id, bench_by_month")
    try:
        lines = [[name, *_figures(table)] for name, table in _VARIANTS.items()]
    finally:
        _execute("DROP TABLE bench_whole, bench_by_id, bench_by_month")
    heading = ["entries", "ms a posting of six", "ms of a posting", "ms newest of a limit"]
    heading += ["ms newest", "s the chain", "size"]
    return [Table(f"The journal in parts, {entries:,} entries", heading, lines)]


def _figures(table: str) -> list[str]:
    (posting, limit, last) = _execute(
        f"SELECT max(posting_id) / 2, min(limit_id), max(posting_id) FROM bench_{table}"  # noqa: S608
    )
    queries = [
        _OF_POSTING.format(table=table, posting=posting),
        _OF_LIMIT.format(table=table, limit=limit),
        _NEWEST.format(table=table),
    ]
    weight = _execute(
        "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
        " WHERE relname ~ %s AND relkind = 'r'",
        [f"^bench_{table}(_\\d+)?$"],
    )
    # Read before what is inserted makes the newest entries unlike all others.
    pages = [milliseconds(_typical(query)) for query in queries]
    chain = _seconds(lambda: _execute(_CHAIN.format(table=table)))
    inserts = []
    for turn in range(3):
        first = last + 10_000_000 + turn * _POSTINGS
        insert = _INSERT.format(table=table, postings=_POSTINGS, first=first)
        inserts.append(_seconds(partial(_execute, insert)) / _POSTINGS)
    inserted = milliseconds(statistics.median(inserts))
    return [inserted, *pages, f"{chain:.1f}", size(int(weight[0]))]


def _typical(query: str) -> float:
    _execute(query)
    return statistics.median(_seconds(lambda: _execute(query)) for _ in range(_TIMES))


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _execute(statement: str, values: list[str] | None = None) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone() if cursor.description else ()
