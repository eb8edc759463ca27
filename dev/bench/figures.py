"""Live figures: what a board costs to read, small and large, and what it costs purchases."""

import datetime as dt
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from dev.bench import population, trades
from dev.bench.library import Library
from dev.bench.options import Options
from dev.bench.population import Population
from dev.bench.report import MILLISECONDS, Part, Table, milliseconds, say
from dev.bench.world import ACTOR, AT, PLENTY
from saleor_program_budgets import accounts, figures, programs
from saleor_program_budgets.figures import Board
from saleor_program_budgets.models import Account, Entry, FigureChange, Member

_SMALL, _LARGE, _QUICK = (300, 3, 4, 100_000), (84_000, 40, 49, 1_000_000), (600, 3, 4, 20_000)
"""Members, divisions, teams in each, and entries."""
_INTO_TEAMS = """
UPDATE program_budgets_member member
    SET account_id = (%(teams)s::bigint[])[1 + member.id %% cardinality(%(teams)s::bigint[])]
    WHERE account_id = %(division)s
"""
_LATER = dt.timedelta(days=5)
"""The cycle is then older than the pace's window: so it is read of weeks, which takes longer."""
_TIMES = 15
_SECONDS_AT_MOST = 0.05
_QUERIES_AT_MOST = 6
_ORDERS, _TURNS = 50, 8


@dataclass(slots=True)
class Load:
    """One load of a board: what each query took, and what the fastest load took."""

    seconds: dict[str, float] = field(default_factory=dict)
    least: float = 0.0

    @property
    def total(self) -> float:
        """All queries together."""
        return sum(self.seconds.values())


def measure(options: Options, library: Library) -> list[Part]:
    """Load boards of a small and of a large population, and let people buy beside."""
    loads: dict[str, dict[str, Load]] = {}
    kept: list[Sequence[str]] = []
    ratio: list[Sequence[str]] = []
    for sizes in (_QUICK,) if options.quick else (_SMALL, _LARGE):
        with library.empty():
            say(f"figures: {sizes[0]:,} members")
            populated = _populated(*sizes)
            title = f"{Member.objects.count():,} members, {Account.objects.count():,} accounts"
            kept.append([title, f"{Entry.objects.count():,}", *_keeping()])
            at = AT + dt.timedelta(seconds=30 * populated.orders) + _LATER
            loads[title] = _boards(populated, at)
            ratio = _purchases(populated)
            differences = figures.verify()
            if differences:
                raise RuntimeError(f"figures differ: {differences[:3]}")
    return [*_tables(loads, kept), Table("A purchase with figures kept", _AB_HEADING, ratio), _NOTE]


_AB_HEADING = ("hold, bind and capture", "ms", "ratio")
_NOTE = (
    "Each load is the middle one of 15 by its time in the database, as the client sees it; beside "
    "it the least, which others on the machine disturbed the least. "
    "Purchases with and without the triggers are placed in turns by one client."
)


def _populated(members: int, divisions: int, teams: int, entries: int) -> Population:
    """Enroll members under divisions, put them into teams, and let them order."""
    populated = population.build(members=members, departments=divisions)
    for number, division_id in enumerate(populated.account_ids):
        made = [_team(f"{number}-{place}", division_id) for place in range(teams)]
        if number == 0:
            for team in made:
                _set_cap(populated, team)
        with connection.cursor() as cursor:
            cursor.execute(
                _INTO_TEAMS, {"teams": [team.pk for team in made], "division": division_id}
            )
    populated.grow(entries)
    return populated


def _team(name: str, division_id: int) -> Account:
    return accounts.create_account(
        name=f"Team {name}",
        slug=f"team-{name}",
        kind=Account.Kind.TEAM,
        parent=Account.objects.get(pk=division_id),
        at=AT,
    )


def _set_cap(populated: Population, account: Account) -> None:
    programs.set_cap(
        account=account,
        program=populated.stage.program,
        amount=PLENTY,
        reason="bench",
        key=f"cap:{account.pk}",
        actor=ACTOR,
        at=AT,
    )


def _keeping() -> list[str]:
    """Count all anew, which the orders written at once need, and fold what purchases left."""
    began = time.perf_counter()
    figures.recount()
    recounted = time.perf_counter() - began
    population.tidy()
    return [f"{recounted:.1f}"]


def _boards(populated: Population, at: dt.datetime) -> dict[str, Load]:
    division_id = populated.account_ids[0]
    team = Account.objects.filter(parent=division_id).order_by("pk")[0]
    program_ids = [populated.stage.program.pk]

    def board(**chosen: Any) -> Callable[[], Board]:
        return lambda: Board(figures.select(program_ids=program_ids, at=at, **chosen))

    return {
        "the whole program": _typical(board()),
        "the organization": _typical(board(account_id=populated.root_id)),
        "a division": _typical(board(account_id=division_id)),
        "a team": _typical(board(account_id=team.pk)),
        "a year's period": _typical(
            board(since=at.date() - dt.timedelta(days=365), until=at.date())
        ),
        "the version alone": _middle(
            [_timed(lambda: figures.version(at=at)) for _ in range(_TIMES)]
        ),
    }


def _typical(make: Callable[[], Board]) -> Load:
    def read() -> None:
        shown = make()
        _ = (shown.rows, shown.totals, shown.programs, shown.days)
        shown.recent(first=20)
        shown.closest(first=20)

    read()
    return _middle([_timed(read) for _ in range(_TIMES)])


def _timed(read: Callable[[], object]) -> Load:
    load = Load()
    with _noted(load):
        read()
    return load


def _middle(loads: list[Load]) -> Load:
    ordered = sorted(loads, key=lambda load: load.total)
    middle = ordered[len(ordered) // 2]
    middle.least = ordered[0].total
    return middle


@contextmanager
def _noted(load: Load) -> Iterator[None]:
    def note(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            name = sql.partition("\n")[0].removeprefix("-- ")[:40]
            load.seconds[f"{len(load.seconds)} {name}"] = time.perf_counter() - began

    with connection.execute_wrapper(note):
        yield


def _purchases(populated: Population) -> list[Sequence[str]]:
    """Place orders in turns with the triggers and without; what went unnoticed is counted anew."""
    member = Member.objects.select_related("program").get(pk=populated.member_ids[-1])
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(10):
        trades.order(member, populated.stage)
    for turn in range(_TURNS):
        is_kept = turn % 2 == 0
        _keep(is_kept=is_kept)
        for _ in range(_ORDERS):
            began = time.perf_counter()
            trades.order(member, populated.stage)
            seconds[is_kept].append(time.perf_counter() - began)
    _keep(is_kept=True)
    waiting = FigureChange.objects.count()
    began = time.perf_counter()
    figures.fold_batch(at=AT)
    folded = (time.perf_counter() - began) / max(waiting, 1)
    figures.recount()
    with_triggers, without = (statistics.median(seconds[kept]) for kept in (True, False))
    return [
        ["with figures", milliseconds(with_triggers), f"{with_triggers / without:.3f}"],
        ["without", milliseconds(without), "1"],
        ["folding, a change", f"{folded * MILLISECONDS:.3f}", ""],
    ]


def _keep(*, is_kept: bool) -> None:
    word = "ENABLE" if is_kept else "DISABLE"
    with connection.cursor() as cursor:
        for trigger, table in (("note_entries", "entry"), ("note_refusals", "refused")):
            cursor.execute(
                f"ALTER TABLE program_budgets_{table} {word} TRIGGER program_budgets_{trigger}"
            )


def _tables(
    loads: dict[str, dict[str, Load]], kept: Sequence[Sequence[str]]
) -> tuple[Table, Table, Table]:
    lines, parts = [], []
    for title, boards in loads.items():
        for name, load in boards.items():
            is_met = load.total < _SECONDS_AT_MOST and len(load.seconds) <= _QUERIES_AT_MOST
            lines.append(
                [
                    name,
                    title,
                    f"{len(load.seconds)}",
                    milliseconds(load.total),
                    milliseconds(load.least),
                    "yes" if is_met else "no",
                ]
            )
        parts += [
            [title, query, milliseconds(seconds)]
            for query, seconds in boards["the whole program"].seconds.items()
        ]
    return (
        Table("A board", ("of", "with", "queries", "ms", "least", "≤ 6, < 50 ms"), lines),
        Table("Its queries", ("with", "query", "ms"), parts),
        Table("Counting all anew", ("with", "entries", "s"), kept),
    )
