"""The processes that trade: started, watched, replaced when they are killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from typing import TYPE_CHECKING

from django.db import connections

from saleor_program_budgets.simulation.options import Behaviour, Fault
from saleor_program_budgets.simulation.trading import scripts
from saleor_program_budgets.simulation.trading.client import Client
from saleor_program_budgets.simulation.trading.errands import (
    Errand,
    Role,
    errands,
    with_mishaps,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.context import ForkProcess
    from pathlib import Path

    from saleor_program_budgets.simulation.options import Plan
    from saleor_program_budgets.simulation.world import World

JANITORS, JANITORS_OVERLAPPING = 1, 2
CLOSED = "closed"
"""A file of this name in the diaries' folder tells everybody that trading is over."""
_fork = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Job:
    """What one process is there for; ``number`` tells it from others of its role."""

    role: Role
    number: int

    @property
    def name(self) -> str:
        """Its name in keys and diaries."""
        return f"{self.role[0]}{self.number}"

    def diary(self, folder: Path) -> Path:
        """Return where its diary is kept."""
        return folder / f"{self.role}-{self.number}.jsonl"


def jobs(plan: Plan) -> list[Job]:
    """Return all jobs that a plan needs, clients first."""
    clients = [Job(Role.CLIENT, number) for number in range(plan.clients)]
    janitors = JANITORS_OVERLAPPING if Fault.CLOCK in plan.faults else JANITORS
    if not {Behaviour.EXPIRY, Fault.CLOCK} & {*plan.behaviours, *plan.faults}:
        janitors = 0
    lockers = 1 if Fault.DEADLOCK in plan.faults else 0
    return [
        *clients,
        *(Job(Role.JANITOR, number) for number in range(janitors)),
        *(Job(Role.LOCKER, number) for number in range(lockers)),
    ]


def start(
    job: Job, *, plan: Plan, world: World, folder: Path, ends_at: float | None
) -> ForkProcess:
    """Start the process for a job, or its successor: it goes on where the diary ends.

    A forked process must not share a connection: ours are closed first.
    """
    connections.close_all()
    process = _fork.Process(
        target=_work,
        kwargs={
            "job": job,
            "plan": plan,
            "world": world,
            "folder": folder,
            "ends_at": ends_at,
            "parent": os.getpid(),
        },
        daemon=True,
    )
    process.start()
    return process


def quota(plan: Plan, client: int) -> int | None:
    """Return how many of the purchases are this client's; nothing when time ends the trading."""
    if plan.orders is None:
        return None
    return plan.orders // plan.clients + (client < plan.orders % plan.clients)


def planned(plan: Plan, job: Job) -> Iterator[Errand]:
    """Yield all errands of a job, ending with its last purchase where purchases are counted."""
    wanted = with_mishaps(
        errands(plan, role=job.role, client=job.number), plan, role=job.role, client=job.number
    )
    left = quota(plan, job.number) if job.role is Role.CLIENT else None
    if left is None:
        yield from wanted
        return
    while left > 0:
        errand = next(wanted)
        left -= errand.is_purchase
        yield errand


def _work(
    *, job: Job, plan: Plan, world: World, folder: Path, ends_at: float | None, parent: int
) -> None:
    """Run what the process is for; its whole life."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's; the parent ends us
    client = Client(world=world, name=job.name, diary=job.diary(folder))

    def goes_on(errand: Errand) -> bool:
        is_over = (folder / CLOSED).exists() or (ends_at is not None and time.monotonic() > ends_at)
        return os.getppid() == parent and (not is_over or client.has_begun(errand))

    try:
        ahead = dropwhile(lambda errand: errand.number < client.memory.errand, planned(plan, job))
        for errand in takewhile(goes_on, ahead):
            scripts.run(client, errand)
    except Exception as error:  # noqa: BLE001 reported, and makes the run fail
        client.fail(error)
    finally:
        client.close()
