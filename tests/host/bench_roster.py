"""Time files of 84,000 people with Saleor's own users: looked at, applied, exported, changed.

`python -m dev.bench.hosted roster` collects this file; the tests don't. On a private PostgreSQL
with default durability. Each step is a process of its own; while a file is applied, another
process buys for members who are in the file too.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from saleor_program_budgets.models import Program, Roster
    from tests.host.support.shop import ProgramStore

PEOPLE = 84_000
DEPARTMENTS = 300
SHOPPERS = 100
MOST_PREVIEW, MOST_APPLY, MOST_MEGABYTES, MOST_WAIT = 15, 60, 500, 250
COLUMNS = (
    *("external_id", "email", "first_name", "last_name", "department", "title"),
    *("employee_number", "cost_center", "manager"),
)


@dataclass(frozen=True)
class Step:
    """Seconds, the most memory in megabytes, and what shoppers waited meanwhile in milliseconds."""

    what: str
    seconds: float
    most: float
    waits: tuple[float, ...] = ()


@pytest.mark.django_db(transaction=True)
def measure_roster(store: ProgramStore) -> None:
    """Print what files of everybody cost."""
    from saleor_program_budgets import ledger
    from saleor_program_budgets.models import Person

    roster = _roster(store)
    steps = []
    for what, moved in (("new", 0), ("unchanged", 0), ("moved", 1)):
        content = _file(moved)
        steps.append(_step(f"{what}: looked at", lambda content=content: _preview(roster, content)))
        buys = store.program if what != "new" else None
        steps.append(_step(f"{what}: applied", lambda: _apply(roster), buys))
        _tidy()
    if Person.objects.filter(is_settled=True).count() != PEOPLE:
        raise RuntimeError("not everybody was settled")
    steps.append(_step("exported", lambda: _export(roster)))
    verification = ledger.verify()
    if not verification.is_clean:
        raise RuntimeError(f"the books don't balance: {verification.differences[:3]}")
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(_table(steps), f"\n\nload average {load}")  # noqa: T201 - what it is for


def _roster(store: ProgramStore) -> Roster:
    from django.utils import timezone

    from saleor_program_budgets import roster
    from tests.host.support.shop import ACTOR

    return roster.create_roster(
        name="Bench",
        account=store.department,
        programs=[store.program],
        actor=ACTOR,
        at=timezone.now(),
    )


def _file(moved: int) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number in range(PEOPLE):
        department = f"Department {(number + moved) % DEPARTMENTS}"
        manager = f"E{number // DEPARTMENTS:06}" if number >= DEPARTMENTS else ""
        writer.writerow(
            [
                *(f"E{number:06}", f"person{number}@acme.example", f"First{number % 500}"),
                *(f"Last{number}", department, "Clerk", number, f"CC{number % 40}", manager),
            ]
        )
    return text.getvalue().encode()


def _preview(roster: Roster, content: bytes) -> None:
    from django.utils import timezone

    from saleor_program_budgets import roster as people
    from saleor_program_budgets.interfaces.shop import SaleorShop
    from saleor_program_budgets.models import Source
    from tests.host.support.shop import ACTOR

    batch = people.preview_import(
        roster=roster,
        content=content,
        creates_departments=True,
        origin=people.Origin(Source.STAFF, ACTOR),
        shop=SaleorShop(),
        at=timezone.now(),
    )
    if sum(batch.counts.values()) != PEOPLE:
        raise RuntimeError(f"{batch.rejected_count} lines were rejected: {batch.rejected[:3]}")


def _apply(roster: Roster) -> None:
    from django.utils import timezone

    from saleor_program_budgets import roster as people
    from saleor_program_budgets.interfaces.roster_files import somebody_beside
    from saleor_program_budgets.interfaces.shop import SaleorShop
    from tests.host.support.shop import ACTOR

    with somebody_beside() as beside:
        batch = people.apply_import(
            roster_import=roster.imports.latest("pk"),
            shop=SaleorShop(),
            actor=ACTOR,
            at=timezone.now(),
            beside=beside,
        )
    if batch.lines.filter(status="applied").count() != PEOPLE:
        raise RuntimeError("not every line was applied")


def _export(roster: Roster) -> None:
    from saleor_program_budgets import roster as people

    if sum(map(len, people.export_people(roster=roster))) < PEOPLE:
        raise RuntimeError("the file is empty")


def _tidy() -> None:
    """Let the planner know the tables, as autovacuum would by and by."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _step(what: str, work: Callable[[], None], program: Program | None = None) -> Step:
    """Do the work in a process of its own; beside it one buys in *program*, if there is one."""
    from dev.bench import crowd

    done = Path(tempfile.mkdtemp()) / "done"

    def client(number: int, ready: Callable[[], None]) -> tuple[float, float, list[float]]:
        if number and program is not None:
            ready()
            return 0.0, 0.0, _buy(program, done)
        ready()
        began = time.perf_counter()
        try:
            work()
        finally:
            done.touch()
        return time.perf_counter() - began, _megabytes("VmHWM"), []

    answers = crowd.together(client, clients=1 if program is None else 2)
    seconds = max(answer[0] for answer in answers)
    waits = tuple(wait for answer in answers for wait in answer[2])
    step = Step(what, seconds, max(answer[1] for answer in answers), waits)
    print(step.what, f"{step.seconds:.1f} s", flush=True)  # noqa: T201 - a later step may fail
    return step


def _buy(program: Program, done: Path) -> list[float]:
    """Hold and give back a little for one member after the other, until the work is done."""
    from uuid import uuid4

    from django.utils import timezone

    from saleor_program_budgets import ledger, programs
    from saleor_program_budgets.models import Member
    from saleor_program_budgets.money import Amount
    from tests.host.support.shop import ACTOR

    members = list(Member.objects.filter(program=program).order_by("?")[:SHOPPERS])
    waits: list[float] = []
    while not done.exists():
        member = members[len(waits) % len(members)]
        now = timezone.now()
        began = time.perf_counter()
        cycle = programs.up_to_date(member, at=now)
        held = ledger.hold(
            member=member,
            cycle=cycle,
            amount=Amount(1_00, program.currency),
            checkout_id=str(uuid4()),
            channel_id="bench",
            expires_at=now + dt.timedelta(hours=1),
            key=f"bench:{uuid4()}",
            actor=ACTOR,
            at=now,
        )
        waits.append((time.perf_counter() - began) * 1_000)
        ledger.release(hold_id=held.hold_id, key=f"bench:{uuid4()}", actor=ACTOR, at=now)
    return waits


def _megabytes(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1_024 / 1_000_000
    raise RuntimeError(f"the kernel doesn't tell {name}")


def _table(steps: list[Step]) -> str:
    heading = f"{f'{PEOPLE:,} people':<28}{'s':>8}{'MB most':>9}{'purchases':>11}{'p99 ms':>8}"
    lines = [f"\n{heading}"]
    for step in steps:
        late = f"{statistics.quantiles(step.waits, n=100)[-1]:>8.0f}" if step.waits else ""
        count = f"{len(step.waits):>11}" if step.waits else ""
        lines.append(f"{step.what:<28}{step.seconds:>8.1f}{step.most:>9.0f}{count}{late}")
    looked = max(step.seconds for step in steps if "looked" in step.what)
    applied = max(step.seconds for step in steps if "applied" in step.what)
    most = max(step.most for step in steps)
    lines.append(f"looked at in under {MOST_PREVIEW} s: {_yes(looked < MOST_PREVIEW)}")
    lines.append(f"applied in under {MOST_APPLY} s: {_yes(applied < MOST_APPLY)}")
    lines.append(f"under {MOST_MEGABYTES} MB: {_yes(most < MOST_MEGABYTES)}")
    return "\n".join(lines)


def _yes(is_met: bool) -> str:
    return "yes" if is_met else "no"
