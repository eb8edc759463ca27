"""Redemption codes: a hundred thousand made, handed out and revoked, and one found in a million."""

import random
import resource
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection

from dev.bench import crowd, population, world
from dev.bench.crowd import Run
from dev.bench.library import Library
from dev.bench.options import Options
from dev.bench.report import Part, Table, milliseconds, say, size
from dev.bench.world import ACTOR, AT, Stage
from saleor_program_budgets import codes, programs
from saleor_program_budgets.models import CodeBatch, RedemptionCode
from saleor_program_budgets.money import Amount, zero

CHANNEL = "codes"
_MEMBERS, _BATCHES = 100_000, 10
_QUICK_MEMBERS, _QUICK_BATCHES = 2_000, 2
_OF_DEPARTMENT = 5_000
_LOOKS, _QUICK_LOOKS = 2_000, 200
_WORTH = Amount(25_00, "USD")
_KILOBYTE = 1_024
_SECONDS_AT_MOST, _BYTES_AT_MOST, _LOOK_AT_MOST = 10, 300_000_000, 0.002


@dataclass(frozen=True, slots=True)
class _Step:
    """How long one process took, and the most memory that it ever had."""

    seconds: float
    memory: int


@dataclass(frozen=True, slots=True)
class _Steps:
    """What is done to a batch, each step by a process of its own."""

    create: _Step
    make: _Step
    hand_out: _Step
    revoke: _Step


def measure(options: Options, library: Library) -> list[Part]:
    """Make batches of codes for as many members, and look some up among all of them."""
    members = _QUICK_MEMBERS if options.quick else _MEMBERS
    batches = _QUICK_BATCHES if options.quick else _BATCHES
    with library.empty():
        stage = _populated(members)
        say("codes: the first batch")
        steps = _first_batch(stage, members)
        texts: Sequence[str] = ()
        for number in range(1, batches):
            say(f"codes: batch {number + 1} of {batches}")
            texts = _alone(lambda: _texts_of_another(stage))[0]
        population.tidy()
        total = RedemptionCode.objects.count()
        say(f"codes: finding some of {total:,}")
        found = _looks(texts, _QUICK_LOOKS if options.quick else _LOOKS)
    note = (
        f"{members:,} members, and a batch of store credit for all of them; each step is a process "
        f"of its own, whose most memory is named. Then {batches - 1} more batches, and texts of "
        f"the last looked up at random among {total:,}, beside texts that are no code and a "
        "statement that does nothing."
    )
    return [_of_steps(steps, members), _of_looks(found), _targets(steps, found), note]


def _populated(members: int) -> Stage:
    program = programs.create_program(
        slug="codes",
        rules=programs.Rules(name="Codes", allotment=zero("USD")),
        channel_ids=[CHANNEL],
        at=AT,
    )
    stage = Stage(program, programs.open_program(program=program, actor=ACTOR, at=AT))
    root = world.add_root(stage)
    say(f"codes: enrolling {members:,} members")

    def enroll() -> None:
        for first in range(0, members, _OF_DEPARTMENT):
            of_it = min(_OF_DEPARTMENT, members - first)
            world.add_department(stage, root=root, members=of_it)

    _alone(enroll)  # what this process once had its children would have too
    population.tidy()
    return stage


def _create(stage: Stage) -> CodeBatch:
    return codes.create_batch(
        program=stage.program,
        name="Bench",
        kind=CodeBatch.Kind.STORE_CREDIT,
        delivery=CodeBatch.Delivery.DOWNLOAD,
        amount=_WORTH,
        actor=ACTOR,
        at=AT,
    )


def _first_batch(stage: Stage, members: int) -> _Steps:
    def create() -> None:
        _create(stage)

    def make() -> None:
        codes.generate(batch=CodeBatch.objects.get(), publish=None, at=AT)

    def hand_out() -> None:
        codes.hand_out(batch=CodeBatch.objects.get(), actor=ACTOR, at=AT)

    def revoke() -> None:
        codes.revoke_batch(
            batch=CodeBatch.objects.get(), reason="bench", withdraw=None, actor=ACTOR, at=AT
        )

    steps = _Steps(
        create=_alone(create)[1],
        make=_alone(make)[1],
        hand_out=_alone(hand_out)[1],
        revoke=_alone(revoke)[1],
    )
    revoked = RedemptionCode.objects.exclude(revoked_at=None).count()
    if revoked != members:
        raise RuntimeError(f"{revoked} codes were revoked, and not {members}")
    return steps


def _texts_of_another(stage: Stage) -> list[str]:
    batch = codes.generate(batch=_create(stage), publish=None, at=AT)
    return [issued.text for issued in codes.hand_out(batch=batch, actor=ACTOR, at=AT)]


def _alone[T](work: Callable[[], T]) -> tuple[T, _Step]:
    """Do the work in a process of its own."""

    def do(_: int, ready: Callable[[], None]) -> tuple[T, _Step]:
        connection.ensure_connection()
        ready()
        began = time.perf_counter()
        done = work()
        seconds = time.perf_counter() - began
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILOBYTE
        return done, _Step(seconds, memory)

    [answer] = crowd.together(do, clients=1)
    return answer


def _looks(texts: Sequence[str], times: int) -> dict[str, Run]:
    chance = random.Random(1)  # noqa: S311 nothing to guess
    some = chance.choices(texts, k=times)
    unknown = [f"{text[:-4]}{secrets.token_hex(2)}" for text in some]
    with connection.cursor() as cursor:
        return {
            "a statement that does nothing": _timed(some, lambda _: cursor.execute("SELECT 1")),
            "a code": _timed(some, _look),
            "no code of ours": _timed(unknown, _look),
        }


def _look(text: str) -> object:
    return codes.find(text=text, channel_id=CHANNEL)


def _timed(texts: Sequence[str], look: Callable[[str], object]) -> Run:
    timings = []
    for text in texts[: len(texts) // 10]:  # to warm up
        look(text)
    for text in texts:
        began = time.perf_counter()
        look(text)
        timings.append(time.perf_counter() - began)
    return Run.of(timings, sum(timings))


def _of_steps(steps: _Steps, members: int) -> Table:
    lines = [
        [what, f"{step.seconds:.2f}", f"{members / step.seconds:,.0f}", size(step.memory)]
        for what, step in (
            ("create the batch", steps.create),
            ("make its codes", steps.make),
            ("hand them out", steps.hand_out),
            ("revoke it", steps.revoke),
        )
    ]
    return Table(f"{members:,} codes", ["step", "s", "codes a second", "memory"], lines)


def _of_looks(found: dict[str, Run]) -> Table:
    lines = [
        [what, milliseconds(run.median), milliseconds(run.percentile_99)]
        for what, run in found.items()
    ]
    return Table("Looking a code up", ["text", "median ms", "99 % ms"], lines)


def _targets(steps: _Steps, found: dict[str, Run]) -> Table:
    rows: list[tuple[str, str, float, float]] = [
        ("codes made", f"< {_SECONDS_AT_MOST} s", steps.make.seconds, _SECONDS_AT_MOST),
        ("memory", f"< {size(_BYTES_AT_MOST)}", steps.make.memory, _BYTES_AT_MOST),
        (
            "median of finding one",
            f"< {milliseconds(_LOOK_AT_MOST)} ms",
            found["a code"].median,
            _LOOK_AT_MOST,
        ),
    ]
    lines = [[what, target, "yes" if real < most else "no"] for what, target, real, most in rows]
    return Table("Targets", ["what", "target", "met"], lines)
