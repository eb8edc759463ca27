"""The close of a cycle: what is left of it is carried or lapses, while shoppers go on buying."""

import datetime as dt
import multiprocessing
import os
import random
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from uuid import uuid4

from django.db import connection

from dev.bench import crowd, population, world
from dev.bench.crowd import Run
from dev.bench.library import Library
from dev.bench.options import Options
from dev.bench.purchases import CHECKOUT
from dev.bench.report import Part, Table, milliseconds, say, size
from dev.bench.world import ACTOR, AT, Stage
from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Limit, Lot, Member, Rollover
from saleor_program_budgets.money import Amount

CHANNEL = "closing"
_MEMBERS, _DEPARTMENTS = 84_000, 200
_QUICK_MEMBERS, _QUICK_DEPARTMENTS = 2_000, 20
_SHOPPERS = 4
_ALLOTMENT = Amount(1_000_00, "USD")
_CARRIED_AT_MOST = Amount(100_00, "USD")
_CARRY_DAYS = 30
_PURCHASE = Amount(1_00, "USD")
_OPEN_EVERY = 20
_BEFORE_SECONDS = 5.0
_KILOBYTE = 1_024
_SECONDS_AT_MOST, _PLAN_SECONDS_AT_MOST = 60, 10
_BYTES_AT_MOST, _WAIT_AT_MOST = 500_000_000, 0.250
_fork = multiprocessing.get_context("fork")


@dataclass(frozen=True, slots=True)
class Closing:
    """What the process that closed the cycle saw; ``busy`` are its server's processor seconds."""

    seconds: float
    busy: float
    memory: int
    renewed: ledger.Renewed
    batches: Sequence[float]


@dataclass(frozen=True, slots=True)
class Shopping:
    """How long each purchase of one shopper took, and in how many seconds all did."""

    timings: Sequence[float]
    seconds: float


def measure(options: Options, library: Library) -> list[Part]:
    """Close a cycle of many members while some buy."""
    members = _QUICK_MEMBERS if options.quick else _MEMBERS
    departments = _QUICK_DEPARTMENTS if options.quick else _DEPARTMENTS
    with library.empty():
        stage, users = _populated(members=members, departments=departments)
        say("closing: the plan")
        began = time.perf_counter()
        planned = programs.plan(program=stage.program)
        plan_seconds = time.perf_counter() - began
        say("closing: shopping before the close")
        before = _shop(stage, users, at=AT + dt.timedelta(days=60), closes=False)[1]
        population.tidy()
        say("closing: the close")
        closing, during = _shop(stage, users, at=stage.cycle.ends_at, closes=True)
        if closing is None:
            raise RuntimeError("nobody closed the cycle")
        _require_closed(stage, members)
        verification = ledger.verify()
        if not verification.is_clean:
            raise RuntimeError(f"the books don't balance: {verification.differences[:3]}")
    note = (
        f"{members:,} members in {departments} departments with a cap each, under an organization "
        f"with one; {_ALLOTMENT} each, of which {_CARRIED_AT_MOST} are carried at most. "
        f"{_SHOPPERS} shoppers buy for anybody, without a pause, also before anybody has turned "
        f"the cycle. {closing.renewed.limits:,} members were renewed by the job, the others by "
        f"themselves. The planned sums are those of {sum(row.members for row in planned):,}."
    )
    return [
        _results(closing, before, during, plan_seconds),
        _targets(closing, during, plan_seconds),
        note,
    ]


def _populated(*, members: int, departments: int) -> tuple[Stage, Sequence[int]]:
    """Return a program in which everybody has bought about once, and its users."""
    population.install()
    program = programs.create_program(
        slug="closing",
        rules=programs.Rules(
            name="Closing",
            allotment=_ALLOTMENT,
            carries_forward=True,
            carry_limit=_CARRIED_AT_MOST,
            carry_days=_CARRY_DAYS,
        ),
        channel_ids=[CHANNEL],
        at=AT,
    )
    stage = Stage(program, programs.open_program(program=program, actor=ACTOR, at=AT))
    root = world.add_root(stage)
    say(f"closing: enrolling {members:,} members")
    for number in range(departments):
        size_of_it = members // departments + (number < members % departments)
        world.add_department(stage, root=root, members=size_of_it)
    enrolled = list(Member.objects.filter(program=program).values_list("pk", "user_id"))
    say("closing: purchases of the cycle")
    population.trade(
        [member for member, _ in enrolled],
        stage,
        first=1,
        orders=members,
        open_every=_OPEN_EVERY,
    )
    population.tidy()
    return stage, [user for _, user in enrolled]


def _shop(
    stage: Stage, users: Sequence[int], *, at: dt.datetime, closes: bool
) -> tuple[Closing | None, Run]:
    """Let shoppers buy at *at*, for a while or until a process beside them has closed the cycle."""
    is_over = _fork.Event()

    def work(client: int, ready: Callable[[], None]) -> Closing | Shopping:
        if closes and client == 0:
            return _close(stage, ready, at, is_over)
        chance = random.Random(client)  # noqa: S311 nothing to guess
        ends = None if closes else _BEFORE_SECONDS

        def goes_on(seconds: float) -> bool:
            return not is_over.is_set() and (ends is None or seconds < ends)

        return _buy(lambda: chance.choice(users), ready, at, goes_on)

    found = crowd.together(work, clients=_SHOPPERS + closes)
    shopped = [one for one in found if isinstance(one, Shopping)]
    timings = [timing for one in shopped for timing in one.timings]
    run = Run.of(timings, max(one.seconds for one in shopped))
    return next((one for one in found if isinstance(one, Closing)), None), run


def _close(stage: Stage, ready: Callable[[], None], at: dt.datetime, is_over: Event) -> Closing:
    steps: list[float] = []

    def progress(_: ledger.Renewed) -> None:
        steps.append(time.perf_counter())

    try:
        ready()
        began, busy_before = time.perf_counter(), busy_seconds()
        renewed = programs.renew_due(program=stage.program, at=at, progress=progress)
        seconds, busy = time.perf_counter() - began, busy_seconds() - busy_before
    finally:
        is_over.set()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILOBYTE
    pauses = [after - before for before, after in zip([began, *steps], steps, strict=False)]
    return Closing(seconds, busy, memory, renewed, pauses)


def busy_seconds() -> float:
    """Return the processor time of this connection's server process, which runs beside."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _buy(
    next_user: Callable[[], int],
    ready: Callable[[], None],
    at: dt.datetime,
    goes_on: Callable[[float], bool],
) -> Shopping:
    timings: list[float] = []
    programs.find_store(channel_id=CHANNEL)  # connect
    ready()
    began = now = time.perf_counter()
    while goes_on(now - began):
        user = next_user()
        before = time.perf_counter()
        _purchase(user, at)
        now = time.perf_counter()
        timings.append(now - before)
    return Shopping(timings, now - began)


def _purchase(user: int, at: dt.datetime) -> None:
    store = programs.find_store(channel_id=CHANNEL)
    if store is None:
        raise RuntimeError("the channel has no program")
    programs.reserve(
        store=store,
        user_id=user,
        amount=_PURCHASE,
        checkout_id=CHECKOUT,
        channel_id=CHANNEL,
        key=uuid4().hex,
        actor=ACTOR,
        at=at,
    )


def _require_closed(stage: Stage, members: int) -> None:
    limits = Limit.objects.filter(kind=Limit.Kind.MEMBER, program=stage.program)
    found = (
        limits.filter(renews_at__gt=stage.cycle.ends_at).count(),
        Rollover.objects.count(),
        Lot.objects.filter(origin=Lot.Origin.ALLOTMENT).exclude(cycle=stage.cycle).count(),
    )
    if found != (members, members, members):
        raise RuntimeError(f"not everybody was renewed once: {found}")


def _results(closing: Closing, before: Run, during: Run, plan_seconds: float) -> Table:
    per_second = closing.renewed.limits / closing.seconds
    lines = [
        ["the plan, s", f"{plan_seconds:.2f}"],
        ["the close, s", f"{closing.seconds:.1f}"],
        ["of which its server was busy, s", f"{closing.busy:.1f}"],
        ["members a second", f"{per_second:,.0f}"],
        ["longest batch, ms", milliseconds(max(closing.batches))],
        ["memory of its process", size(closing.memory)],
        ["purchases a second before", f"{before.per_second:,.0f}"],
        ["their 99 %, ms", milliseconds(before.percentile_99)],
        ["purchases a second meanwhile", f"{during.per_second:,.0f}"],
        ["their median, ms", milliseconds(during.median)],
        ["their 99 % meanwhile, ms", milliseconds(during.percentile_99)],
    ]
    return Table("A cycle closes", ["what", "measured"], lines)


def _targets(closing: Closing, during: Run, plan_seconds: float) -> Table:
    rows = [
        ("the plan", f"< {_PLAN_SECONDS_AT_MOST} s", plan_seconds, _PLAN_SECONDS_AT_MOST),
        ("the close", f"< {_SECONDS_AT_MOST} s", closing.seconds, _SECONDS_AT_MOST),
        ("memory", f"< {size(_BYTES_AT_MOST)}", closing.memory, _BYTES_AT_MOST),
        (
            "99 % of purchases",
            f"< {milliseconds(_WAIT_AT_MOST)} ms",
            during.percentile_99,
            _WAIT_AT_MOST,
        ),
    ]
    lines = [[what, target, "yes" if found < most else "no"] for what, target, found, most in rows]
    return Table("Targets", ["what", "target", "met"], lines)
