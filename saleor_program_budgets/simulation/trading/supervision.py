"""Watching over a day of trading: who dies is replaced, what happens is counted while it does."""

from __future__ import annotations

import multiprocessing.connection
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from saleor_program_budgets.simulation import databases
from saleor_program_budgets.simulation.databases import NO_ANSWER
from saleor_program_budgets.simulation.options import Fault
from saleor_program_budgets.simulation.trading import processes
from saleor_program_budgets.simulation.trading.diary import Event, Line, Op, Reader, Status
from saleor_program_budgets.simulation.trading.errands import Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import ForkProcess
    from pathlib import Path

    from saleor_program_budgets.simulation.options import Plan
    from saleor_program_budgets.simulation.server import Server
    from saleor_program_budgets.simulation.trading.processes import Job
    from saleor_program_budgets.simulation.world import CapFigures, World

TICK_SECONDS = 0.1
MOST_SAMPLES = 1_000
ERRANDS_PER_CRASH, SECONDS_PER_CRASH, MOST_CRASHES = 500, 20.0, 10
PATIENCE_SECONDS = 120.0
"""For how long the last errands may take when trading is over."""


@dataclass(slots=True)
class Counts:
    """What has happened so far."""

    seconds: float = 0.0
    orders: int = 0
    errands: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    overspent: int = 0

    def note(self, line: Line) -> None:
        """Count a line of a client's diary."""
        if line.event is Event.ANSWER and line.answer is not None:
            if line.answer.status is Status.REFUSED:
                self.refused[line.answer.code] += 1
            elif line.what == Op.SETTLE:
                self.orders += 1
        elif line.event is Event.FAULT:
            self.faults[line.what] += 1
        elif line.event is Event.FAILURE:
            self.failures.append(line.what)


@dataclass(frozen=True, slots=True)
class Sample:
    """What the caps read at one moment; ``at`` as the diaries count it."""

    at: float
    caps: list[CapFigures]


@dataclass(slots=True)
class Traded:
    """A day of trading that is over; the diaries are in ``folder``."""

    folder: Path
    began: float
    counts: Counts = field(default_factory=Counts)
    samples: list[Sample] = field(default_factory=list)
    crashes: list[tuple[float, float]] = field(default_factory=list)
    replaced: Counter[str] = field(default_factory=Counter)


class Supervisor:
    """Runs all jobs of a plan to their end."""

    def __init__(
        self,
        *,
        world: World,
        plan: Plan,
        folder: Path,
        server: Server | None,
        tell: Callable[[Counts], None],
    ) -> None:
        """*tell* is called a few times a second with what has happened so far."""
        self._world, self._plan, self._folder, self._server = world, plan, folder, server
        self._tell = tell
        self._jobs = processes.jobs(plan)
        self._readers = {job: Reader(job.diary(folder)) for job in self._jobs}
        self._processes: dict[Job, ForkProcess] = {}
        self._ends_at: float | None = None
        self._errands = 0
        self._crashes_at: list[float] = []
        self._sample_every = TICK_SECONDS
        self.traded = Traded(folder=folder, began=time.monotonic())

    def run(self) -> Traded:
        """Trade until the plan is carried out and everybody has come to an end."""
        began = self.traded.began = time.monotonic()
        if self._plan.seconds is not None:
            self._ends_at = began + self._plan.seconds
        self._crashes_at = self._crash_times()
        try:
            for job in self._jobs:
                self._start(job)
            self._watch(Role.CLIENT, until=None)
            (self._folder / processes.CLOSED).touch()
            self._watch(*Role, until=time.monotonic() + PATIENCE_SECONDS)
        finally:
            for process in self._processes.values():
                process.kill()
        self._look()
        return self.traded

    def _watch(self, *roles: Role, until: float | None) -> None:
        """Go round until every process of these roles has ended."""
        while any(job.role in roles for job in self._processes):
            sentinels = [process.sentinel for process in self._processes.values()]
            multiprocessing.connection.wait(sentinels, timeout=TICK_SECONDS)
            for job, process in list(self._processes.items()):
                if process.exitcode is not None:
                    self._ended(job, process.exitcode)
            self._look()
            if until is not None and time.monotonic() > until:
                raise TimeoutError("a client doesn't come to its end")

    def _start(self, job: Job) -> None:
        self._processes[job] = processes.start(
            job, plan=self._plan, world=self._world, folder=self._folder, ends_at=self._ends_at
        )

    def _ended(self, job: Job, status: int) -> None:
        """Replace who was killed; anybody else has ended in their own way."""
        del self._processes[job]
        if status == -signal.SIGKILL:
            self.traded.replaced[job.role] += 1
            self._start(job)
        elif status != 0:
            self.traded.counts.failures.append(f"{job.name} ended with status {status}")

    def _look(self) -> None:
        """Read what is new in the diaries, sample the caps, and crash the server if it is time."""
        counts = self.traded.counts
        counts.seconds = time.monotonic() - self.traded.began
        for job, reader in self._readers.items():
            for line in reader.new():
                counts.note(line)
                if line.event is Event.DONE and job.role is Role.CLIENT:
                    counts.errands += 1
        if self._crashes_at and self._share() >= self._crashes_at[0] and self._server is not None:
            del self._crashes_at[0]
            counts.faults[Fault.RESTART] += 1
            at = time.monotonic()
            self.traded.crashes.append((at, self._server.crash()))
        self._sample()
        self._tell(counts)

    def _sample(self) -> None:
        samples = self.traded.samples
        if samples and time.monotonic() - samples[-1].at < self._sample_every:
            return
        try:
            caps = self._world.caps()
        except NO_ANSWER:  # the server is down, or the connection was cut; the next one will do
            databases.connection().close()
            return
        samples.append(Sample(time.monotonic(), caps))
        overspent = sum(cap.overspent for cap in caps)
        self.traded.counts.overspent = max(self.traded.counts.overspent, overspent)
        if len(samples) > MOST_SAMPLES:
            del samples[1::2]
            self._sample_every *= 2

    def _share(self) -> float:
        """Return how much of the plan is done, from 0 to 1."""
        if self._plan.seconds is not None:
            return self.traded.counts.seconds / self._plan.seconds
        return self.traded.counts.errands / max(self._errands, 1)

    def _crash_times(self) -> list[float]:
        """Draw at which shares of the plan the server crashes; at least once if at all."""
        if Fault.RESTART not in self._plan.faults or self._server is None:
            return []
        if self._plan.seconds is None:
            clients = [job for job in self._jobs if job.role is Role.CLIENT]
            self._errands = sum(1 for job in clients for _ in processes.planned(self._plan, job))
            number = self._errands // ERRANDS_PER_CRASH
        else:
            number = int(self._plan.seconds / SECONDS_PER_CRASH)
        choice = random.Random(f"{self._plan.seed}:crashes")  # noqa: S311 a repeatable run, not a secret
        wanted = min(max(number, 1), MOST_CRASHES)
        return sorted(choice.uniform(0.1, 0.9) for _ in range(wanted))
