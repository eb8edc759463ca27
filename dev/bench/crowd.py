"""Clients at the same time, each a process with a connection of its own."""

import multiprocessing
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError

from django.db import connections

_WARM_UP_SECONDS = 0.3
_WARM_UP_TIMES = 10
_PATIENCE_SECONDS = 120
_fork = multiprocessing.get_context("fork")

type Purchase = Callable[[], None]


def _nothing_around(_clients: int, _seconds: float) -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True)
class Workload:
    """A way to buy; `prepare` is called in each client, and returns what the client repeats.

    `around` is entered before they start, with how many they are and for how long.
    """

    name: str
    prepare: Callable[[int], Purchase]
    around: Callable[[int, float], AbstractContextManager[None]] = _nothing_around


@dataclass(frozen=True, slots=True)
class Run:
    """What the clients did together; the seconds are each purchase's."""

    per_second: float
    median: float
    percentile_99: float

    @property
    def spread(self) -> float:
        """How many times the median the slowest of a hundred takes."""
        return self.percentile_99 / self.median

    @classmethod
    def of(cls, timings: Sequence[float], seconds: float) -> "Run":
        """Sum up what all clients took, each for as long."""
        if not timings:
            return cls(0, float("nan"), float("nan"))
        ordered = sorted(timings)
        return cls(
            per_second=len(ordered) / seconds,
            median=ordered[len(ordered) // 2],
            percentile_99=ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)],
        )


def measure(workload: Workload, *, clients: int, seconds: float) -> Run:
    """Let the clients repeat a workload side by side, and return how they fared."""
    with workload.around(clients, seconds):

        def repeat(client: int, ready: Callable[[], None]) -> list[float]:
            purchase = workload.prepare(client)
            _warm_up(purchase)
            ready()
            return _repeat(purchase, seconds)

        timings = together(repeat, clients=clients)
    return Run.of([timing for each in timings for timing in each], seconds)


def together[T](work: Callable[[int, Callable[[], None]], T], *, clients: int) -> list[T]:
    """Run `work(client, ready)` in as many processes; `ready` returns when all have called it."""
    connections.close_all()  # a forked process must not share one
    start = _fork.Barrier(clients)
    pipes: list[Connection[None, _Answer[T]]] = []
    processes = []
    for client in range(clients):
        receiver, sender = _fork.Pipe(duplex=False)
        process = _fork.Process(target=_client, args=(work, client, start, sender), daemon=True)
        process.start()
        sender.close()
        pipes.append(receiver)
        processes.append(process)
    answers = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join(_PATIENCE_SECONDS)
    stories = [answer.story for answer in answers if answer.story]
    if stories:
        # Most of them only waited for the one that failed.
        told = min(stories, key=lambda story: BrokenBarrierError.__name__ in story)
        raise RuntimeError(f"{len(stories)} of {clients} clients failed:\n{told}")
    return [found for answer in answers for found in answer.found]


@dataclass(frozen=True, slots=True)
class _Answer[T]:
    """What a client found, or the story of how it failed."""

    found: Sequence[T] = ()
    story: str = ""


def _client[T](
    work: Callable[[int, Callable[[], None]], T],
    client: int,
    start: Barrier,
    results: "Connection[_Answer[T], None]",
) -> None:
    try:
        found = work(client, lambda: _discard(start.wait(_PATIENCE_SECONDS)))
        results.send(_Answer([found]))
    except Exception:  # noqa: BLE001 told to the one who asked, who raises
        start.abort()
        results.send(_Answer(story=traceback.format_exc()))
    connections.close_all()


def _warm_up(purchase: Purchase) -> None:
    """Connect, and let the database settle on its plans: after five executions it does."""
    ends = time.perf_counter() + _WARM_UP_SECONDS
    times = 0
    while times < _WARM_UP_TIMES or time.perf_counter() < ends:
        purchase()
        times += 1


def _repeat(purchase: Purchase, seconds: float) -> list[float]:
    timings: list[float] = []
    now = time.perf_counter()
    ends = now + seconds
    while now < ends:
        began = now
        purchase()
        now = time.perf_counter()
        timings.append(now - began)
    return timings


def _discard(_: object) -> None:
    """Drop a result."""
