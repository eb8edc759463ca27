"""The last crumbs of a cap: eight clients want more than is left."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from dev.bench import crowd, purchases, world
from dev.bench.crowd import Run
from dev.bench.library import Library
from dev.bench.options import Options
from dev.bench.report import Part, Table, milliseconds, say
from dev.bench.world import Department, Stage
from saleor_program_budgets.errors import CapReached
from saleor_program_budgets.models import Cap
from saleor_program_budgets.money import Amount

_PURCHASE = Amount(100, "USD")
_FITS = 500
"""So many purchases fit: most while the cap is worth splitting, the last 64 when it isn't."""
_CLIENTS = 8
_REFUSALS_EACH = 100
_WARM_UP_TIMES = 10


@dataclass(frozen=True, slots=True)
class _Crumbs:
    holds: Run
    refusals: Run
    left_minor: int


def measure(options: Options, _library: Library) -> list[Part]:
    """Measure a fresh department in every round, from plenty to nothing."""
    stage = world.open_stage()
    root = world.add_root(stage)
    spare = world.add_department(stage, root=root, members=_CLIENTS)
    rounds = []
    for number in range(1, options.rounds + 1):
        say(f"crumbs: round {number} of {options.rounds}")
        ceiling = Amount(_PURCHASE.minor * _FITS, _PURCHASE.currency)
        department = world.add_department(stage, root=root, members=_CLIENTS, ceiling=ceiling)
        rounds.append(_exhaust(stage, department, spare))
    lines = [
        _line(f"the last {_FITS} holds", [found.holds for found in rounds]),
        _line("refusals after them", [found.refusals for found in rounds]),
    ]
    heading = ["clients", "what", "per second", "median ms", "99 % ms"]
    left = sum(found.left_minor for found in rounds)
    return [
        Table(f"The last crumbs of a cap, {_CLIENTS} clients", heading, lines),
        f"Left of the caps in the end: {left}; each was used up to the last cent.",
    ]


def _line(what: str, runs: list[Run]) -> list[str]:
    return [
        str(_CLIENTS),
        what,
        f"{statistics.median(run.per_second for run in runs):,.0f}",
        milliseconds(statistics.median(run.median for run in runs)),
        milliseconds(statistics.median(run.percentile_99 for run in runs)),
    ]


def _exhaust(stage: Stage, department: Department, spare: Department) -> _Crumbs:
    """Buy until every client has been refused often; raises if something is left then."""

    def buy(client: int, ready: Callable[[], None]) -> tuple[list[float], list[float], list[float]]:
        member = department.members[client]
        for _ in range(_WARM_UP_TIMES):
            purchases.hold(spare.members[client], stage)
        ready()
        held: list[float] = []
        refused: list[float] = []
        ended = [time.perf_counter()]
        while len(refused) < _REFUSALS_EACH:
            began = time.perf_counter()
            try:
                purchases.hold(member, stage, amount=_PURCHASE)
            except CapReached:
                refused.append(time.perf_counter() - began)
            else:
                held.append(time.perf_counter() - began)
                ended.append(time.perf_counter())
        return held, refused, [ended[0], ended[-1], time.perf_counter()]

    answers = crowd.together(buy, clients=_CLIENTS)
    begins = min(times[0] for _, _, times in answers)
    crossing = max(times[1] for _, _, times in answers)
    ends = max(times[2] for _, _, times in answers)
    cap = Cap.objects.get(account=department.account)
    if cap.available or sum(len(held) for held, _, _ in answers) != _FITS:
        raise RuntimeError(f"{cap.available} is left, though everybody was refused")
    return _Crumbs(
        holds=Run.of([taken for held, _, _ in answers for taken in held], crossing - begins),
        refusals=Run.of([taken for _, refused, _ in answers for taken in refused], ends - crossing),
        left_minor=cap.available,
    )
