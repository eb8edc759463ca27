"""A hold in a small journal and in a large one, in turn."""

import random
import statistics
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from django.db.models import Max

from dev.bench import counters, crowd, purchases
from dev.bench.counters import PREFIX, Counted
from dev.bench.crowd import Purchase, Run, Workload
from dev.bench.library import Library
from dev.bench.options import Options
from dev.bench.population import Population
from dev.bench.report import Part, Table, milliseconds, say, size
from saleor_program_budgets.models import Entry, Member, Posting

_CLIENTS = (1, 8)
_FEW = 100
_TOLERATED = 1.15

type Opened = Callable[[], AbstractContextManager[Population]]


@dataclass(frozen=True, slots=True)
class _Found:
    run: Run
    counted: Counted
    holds: float


def measure(options: Options, library: Library) -> list[Part]:
    """Measure holds in both, round after round; the first round only warms up what is cached."""
    databases: dict[str, Opened] = {"small": library.small, "large": library.large}
    entries = {}
    for name, opened in databases.items():
        with opened() as population:
            entries[name] = Entry.objects.count()
            members = len(population.member_ids)
            say(f"size: {name} has {entries[name]:,} entries, {members:,} members")
    found: dict[tuple[str, int, str], list[_Found]] = {}
    for number in range(options.rounds + 1):
        say(f"size: round {number} of {options.rounds}")
        for clients in _CLIENTS:
            for who in ("anyone", f"the same {_FEW}"):
                for name, opened in databases.items():
                    with opened() as population:
                        outcome = _measure(population, who, clients, options.seconds)
                    if number:
                        found.setdefault((who, clients, name), []).append(outcome)
    note = (
        f"Each line is the middle one of {options.rounds} rounds of {options.seconds:g} s, both "
        "databases in turn on one server; ratios are taken within a round."
    )
    return [_results(found, entries), _reading(found), note]


def _measure(population: Population, who: str, clients: int, seconds: float) -> _Found:
    ids = list(population.member_ids)
    if who != "anyone":
        ids = ids[:: max(len(ids) // _FEW, 1)][:_FEW]

    def prepare(client: int) -> Purchase:
        # Each has people of its own, so that nobody waits for one member's row.
        mine = [Member(pk=pk) for pk in ids[client::clients]]
        chance = random.Random(client)  # noqa: S311 nothing to guess
        return lambda: _discard(purchases.hold(chance.choice(mine), population.stage))

    before = _last_posting()
    with counters.counted() as counted:
        run = crowd.measure(Workload("hold", prepare), clients=clients, seconds=seconds)
    return _Found(run, counted, _last_posting() - before)


def _last_posting() -> int:
    return Posting.objects.aggregate(last=Max("pk"))["last"] or 0


def _results(found: dict[tuple[str, int, str], list[_Found]], entries: dict[str, int]) -> Table:
    lines = []
    for who, clients in dict.fromkeys((who, clients) for who, clients, _ in found):
        small, large = (found[who, clients, name] for name in ("small", "large"))
        cost = _ratio(large, small, lambda one: one.run.median)
        lines.append(
            [
                who,
                str(clients),
                *_figures(small),
                *_figures(large),
                f"{cost:.2f}",
                f"{_ratio(large, small, lambda one: one.run.per_second):.2f}",
                "yes" if cost <= _TOLERATED else "no",
            ]
        )
    heading = ["who buys", "clients"]
    for name in ("small", "large"):
        heading += [f"{entries[name]:,}: a second", "median ms", "99 % ms", "log a hold"]
    heading += ["median ÷", "a second ÷", f"≤ {_TOLERATED}"]
    return Table("A hold as the journal grows", heading, lines)


def _figures(found: Sequence[_Found]) -> list[str]:
    return [
        f"{statistics.median(one.run.per_second for one in found):,.0f}",
        milliseconds(statistics.median(one.run.median for one in found)),
        milliseconds(statistics.median(one.run.percentile_99 for one in found)),
        size(statistics.median(one.counted.log_bytes / one.holds for one in found)),
    ]


def _ratio(
    large: Sequence[_Found], small: Sequence[_Found], figure: Callable[[_Found], float]
) -> float:
    pairs = zip(large, small, strict=True)
    return statistics.median(figure(one) / figure(other) for one, other in pairs)


def _reading(found: dict[tuple[str, int, str], list[_Found]]) -> Table:
    """Show that a hold reads by index, and as many rows in both."""
    one_client = {name: found["anyone", 1, name][-1] for name in ("small", "large")}
    tables = sorted({table for one in one_client.values() for table in one.counted.rows})
    lines = [
        [
            table.removeprefix(PREFIX),
            *(f"{one.counted.rows.get(table, 0) / one.holds:.1f}" for one in one_client.values()),
            *(
                f"{one.counted.sequential.get(table, 0) / one.holds:.2f}"
                for one in one_client.values()
            ),
        ]
        for table in tables
    ]
    heading = ["table", "rows read: small", "large", "scanned whole: small", "large"]
    return Table("What one hold reads", heading, lines)


def _discard(_: object) -> None:
    """Drop a result."""
