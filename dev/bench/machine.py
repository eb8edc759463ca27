"""On what it was measured."""

import datetime as dt
import os
import platform
from pathlib import Path

from django.db import connection

_SHOWN_SETTINGS = (
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_compression",
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
    "work_mem",
)


def describe() -> str:
    """Return one sentence about processor, load, versions and the server's settings."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        (version,) = cursor.fetchone()
        cursor.execute(
            "SELECT name, current_setting(name) FROM unnest(%s::text[]) name",
            [list(_SHOWN_SETTINGS)],
        )
        settings = ", ".join(f"{name} {value}" for name, value in cursor.fetchall())
    today = dt.datetime.now(tz=dt.UTC).date()
    load, *_ = os.getloadavg()
    return (
        f"{today}: {os.cpu_count()} cores ({_processor()}; load {load:.1f} at the start), "
        f"Python {platform.python_version()}, PostgreSQL {version}: {settings}."
    )


def _processor() -> str:
    """The processor's name where the system says it."""
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
