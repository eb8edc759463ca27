"""Clients at the same time, each a process with a connection of its own."""

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from django.db import connections

from dev.bench.scene import Scene
from dev.bench.workloads import Workload

_WARM_UP_SECONDS = 0.3
_PATIENCE_SECONDS = 60
_fork = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Run:
    """What the clients did together; the seconds are each purchase's."""

    per_second: float
    median: float
    percentile_99: float


def measure(workload: Workload, scene: Scene, *, clients: int, seconds: float) -> Run:
    """Let the clients repeat a workload side by side, and return how they fared."""
    connections.close_all()  # a forked process must not share one
    start = _fork.Barrier(clients)
    pipes = []
    processes = []
    for client in range(clients):
        receiver, sender = _fork.Pipe(duplex=False)
        process = _fork.Process(
            target=_client,
            kwargs={
                "workload": workload,
                "scene": scene,
                "client": client,
                "seconds": seconds,
                "start": start,
                "results": sender,
            },
            daemon=True,
        )
        process.start()
        sender.close()
        pipes.append(receiver)
        processes.append(process)
    timings = sorted(seconds for pipe in pipes for seconds in pipe.recv())
    for process in processes:
        process.join(_PATIENCE_SECONDS)
    return Run(
        per_second=len(timings) / seconds,
        median=timings[len(timings) // 2],
        percentile_99=timings[int(len(timings) * 0.99)],
    )


def _client(
    *,
    workload: Workload,
    scene: Scene,
    client: int,
    seconds: float,
    start: Barrier,
    results: "Connection[list[float], None]",
) -> None:
    purchase = workload.prepare(scene, client)
    _repeat(purchase, _WARM_UP_SECONDS)
    start.wait(_PATIENCE_SECONDS)
    results.send(_repeat(purchase, seconds))
    connections.close_all()


def _repeat(purchase: Callable[[], None], seconds: float) -> list[float]:
    timings: list[float] = []
    now = time.perf_counter()
    ends = now + seconds
    while now < ends:
        began = now
        purchase()
        now = time.perf_counter()
        timings.append(now - began)
    return timings
