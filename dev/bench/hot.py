"""The hot department: purchases at the same time that share every cap above their members."""

import statistics
from collections.abc import Callable, Mapping, Sequence

from dev.bench import bare, crowd, orm, pgbench, plain, population, purchases, world
from dev.bench.crowd import Run, Workload
from dev.bench.library import Library
from dev.bench.options import Options
from dev.bench.report import Part, Table, milliseconds, say
from dev.bench.world import Stage
from saleor_program_budgets.models import Limit

BARE = bare.BARE.name
BARE_THREE = bare.BARE_THREE.name
BARE_ORM = bare.BARE_ORM.name
HOLD = "hold, hot"
COLD = "hold, cold"
UNSPLIT = "hold, hot, never split"
PLAIN = "hold, hot, plain SQL from the client"
ORM = "ORM doing the same job, hot"
CAPTURE = "capture, hot"
_ENOUGH_TO_SPLIT = 8
_YARDSTICKS = (BARE, BARE_THREE, BARE_ORM, ORM)

type Measure = Callable[..., Run]
type Rounds = Mapping[tuple[str, int], Sequence[Run]]


def measure(options: Options, _library: Library) -> list[Part]:
    """Measure all ways to buy in turn, round after round."""
    bare.install()
    population.install()
    most = max(_ENOUGH_TO_SPLIT, *options.clients)
    lines = _lines(world.open_stage(), most)
    runs: dict[tuple[str, int], list[Run]] = {}
    for number in range(1, options.rounds + 1):
        say(f"hot: round {number} of {options.rounds}")
        for clients in options.clients:
            # There and back, so that none always comes first.
            for name, run in list(lines.items())[:: 1 if number % 2 else -1]:
                outcome = run(clients=clients, seconds=options.seconds)
                runs.setdefault((name, clients), []).append(outcome)
    note = (
        f"Each line is the middle one of {options.rounds} rounds of {options.seconds:g} s; ratios "
        f"are taken within a round. {_shares()}"
    )
    if not pgbench.is_there():
        note += " pgbench isn't in the private PostgreSQL's directory of programs."
    targets = _targets(runs, options.clients)
    return [_results(runs), *([targets] if targets.lines else []), note]


def _lines(stage: Stage, most: int) -> dict[str, Measure]:
    hot = world.add_department(stage, root=world.add_root(stage), members=most)
    unsplit = world.add_department(stage, root=world.add_root(stage), members=most)
    cold = [world.add_department(stage, root=world.add_root(stage), members=1) for _ in range(most)]
    workloads = [
        bare.BARE,
        bare.BARE_THREE,
        bare.BARE_ORM,
        orm.holds(ORM, stage, lambda client: unsplit.members[client]),
        plain.holds(PLAIN, stage, lambda client: hot.members[client]),
        purchases.holds(UNSPLIT, stage, lambda client: unsplit.members[client], splits=False),
        purchases.holds(HOLD, stage, lambda client: hot.members[client]),
        purchases.holds(COLD, stage, lambda client: cold[client].members[0]),
        purchases.Captures(CAPTURE, stage, hot).workload,
    ]
    lines = {workload.name: _measured(workload) for workload in workloads}
    if pgbench.is_there():
        scripts = [pgbench.bare(), pgbench.hold(stage, hot)]
        lines |= {script.name: script.measure for script in scripts}
    say("hot: warming up, until the caps have split themselves")
    lines[HOLD](clients=most, seconds=0.5)
    return lines


def _measured(workload: Workload) -> Measure:
    return lambda *, clients, seconds: crowd.measure(workload, clients=clients, seconds=seconds)


def _shares() -> str:
    spreads = Limit.objects.filter(kind=Limit.Kind.CAP, share=0).values_list("spread", flat=True)
    split = [spread for spread in spreads if spread > 1]
    return f"{len(split)} caps have split into {max(split, default=1)} shares."


def _results(runs: Rounds) -> Table:
    lines = []
    for (name, clients), repeated in runs.items():
        run = sorted(repeated, key=lambda run: run.per_second)[len(repeated) // 2]
        lines.append(
            [
                name,
                str(clients),
                f"{run.per_second:,.0f}",
                milliseconds(run.median),
                milliseconds(run.percentile_99),
                f"{statistics.median(run.spread for run in repeated):.1f}",
                *(f"{ratio(runs, name, yard, clients):.2f}" for yard in _YARDSTICKS),
            ]
        )
    heading = ["one purchase of one cent", "clients", "per second", "median ms", "99 % ms"]
    heading += ["99 % ÷ median", "÷ one row", "÷ three rows", "÷ ORM, bare", "÷ ORM, same job"]
    return Table("Hot department", heading, lines)


def ratio(
    runs: Rounds, name: str, yardstick: str, clients: int, *, yard_clients: int | None = None
) -> float:
    """Return how many times as fast as a yardstick it is, in the middle one of the rounds."""
    pairs = zip(runs[name, clients], runs[yardstick, yard_clients or clients], strict=True)
    return statistics.median(run.per_second / yard.per_second for run, yard in pairs)


def _targets(runs: Rounds, clients: Sequence[int]) -> Table:
    lines = []
    if 8 in clients:
        for yardstick, least in ((BARE, 0.6), (BARE_THREE, 0.6), (BARE_ORM, 5), (ORM, 5)):
            found = ratio(runs, HOLD, yardstick, 8)
            lines.append(_target(f"8 clients, hold ÷ {yardstick}", found, at_least=least))
    if 32 in clients:
        if 8 in clients:
            found = ratio(runs, HOLD, HOLD, 32, yard_clients=8)
            lines.append(_target("hold, 32 clients ÷ 8 clients", found, at_least=1))
        found = statistics.median(run.spread for run in runs[HOLD, 32])
        lines.append(["32 clients, 99 % ÷ median", "< 20", f"{found:.2f}", _yes(found < 20)])
    return Table("Targets", ["what", "target", "measured", "met"], lines)


def _target(what: str, found: float, *, at_least: float) -> list[str]:
    return [what, f"≥ {at_least}", f"{found:.2f}", _yes(found >= at_least)]


def _yes(is_met: bool) -> str:  # noqa: FBT001 a word for it
    return "yes" if is_met else "no"
