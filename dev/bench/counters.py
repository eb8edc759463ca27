"""What the server counts: rows and indexes read, log written."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db import connection

PREFIX = "program_budgets_"


@dataclass(slots=True)
class Counted:
    """What came to be counted meanwhile; complete when the block has ended."""

    log_bytes: int = 0
    scans: dict[str, int] = field(default_factory=dict)
    sequential: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)


@contextmanager
def counted() -> Iterator[Counted]:
    """Count what this database does within the block: index scans by index, the rest by table."""
    found = Counted()
    before = _numbers()
    yield found
    after = _numbers()

    def grown(kind: str) -> dict[str, int]:
        changes = {name: number - before[kind].get(name, 0) for name, number in after[kind].items()}
        return {name: change for name, change in changes.items() if change}

    found.log_bytes = grown("log").get("bytes", 0)
    found.scans = grown("scans")
    found.sequential = grown("sequential")
    found.rows = grown("rows")


def indexes_of(action: Callable[[], object]) -> Mapping[str, int]:
    """Return how often an action on Django's own connection scans each index."""
    with counted() as found:
        action()
    return found.scans


def relation_bytes() -> dict[str, int]:
    """Return how large each of our tables (without indexes) and indexes is."""
    return dict(
        _rows(
            "SELECT relname, pg_relation_size(oid) FROM pg_class"
            " WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace"
            " AND coalesce((SELECT indrelid::regclass::text FROM pg_index"
            "               WHERE indexrelid = pg_class.oid), relname) LIKE 'program\\_budgets\\_%'"
        )
    )


def unique_indexes() -> set[str]:
    """Return the indexes that refuse a second row, used or not."""
    return {
        name
        for name, _ in _rows(
            "SELECT relname, 0 FROM pg_class JOIN pg_index ON indexrelid = oid WHERE indisunique"
        )
    }


def tables_of_indexes() -> dict[str, str]:
    """Return which table each index of ours is on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexrelname, relname FROM pg_stat_user_indexes"
            " WHERE relname LIKE 'program\\_budgets\\_%'"
        )
        return dict(cursor.fetchall())


def _numbers() -> dict[str, dict[str, int]]:
    _rows("SELECT pg_stat_force_next_flush()::text, 0")
    _rows("SELECT pg_stat_clear_snapshot()::text, 0")
    tables = "FROM pg_stat_user_tables"
    return {
        "log": dict(_rows("SELECT 'bytes', (pg_current_wal_insert_lsn() - '0/0')::bigint")),
        "scans": dict(_rows("SELECT indexrelname, idx_scan FROM pg_stat_user_indexes")),
        "sequential": dict(_rows(f"SELECT relname, seq_scan {tables}")),
        "rows": dict(_rows(f"SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) {tables}")),
    }


def _rows(query: str) -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [(name, number) for name, number in cursor.fetchall()]
