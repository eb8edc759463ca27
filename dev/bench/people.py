"""A whole roster at once: enrolled, corrected from a list, previewed, reminded."""

import datetime as dt
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import batched, pairwise

from django.contrib.auth import get_user_model

from dev.bench import crowd, population, world
from dev.bench.closing import busy_seconds
from dev.bench.library import Library
from dev.bench.options import Options
from dev.bench.report import Part, Table, milliseconds, say, size
from dev.bench.world import ACTOR, AT, Stage
from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Account, Adjustment, AdjustmentLine, Member
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import reminders

_MEMBERS, _QUICK_MEMBERS = 84_000, 2_000
_DEPARTMENTS, _MEMBERS_OF_DEPARTMENT = 40, 1_000
_ALLOTMENT, _MORE = Amount(300_00, "USD"), Amount(400_00, "USD")
_LINES = ("5.00", "-5.00")
_KILOBYTE = 1_024
_SECONDS_AT_MOST, _BYTES_AT_MOST = 60, 500_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done for all, in a process of its own; ``busy`` are its server's seconds.

    ``longest`` is the longest of its transactions, where it has several.
    """

    what: str
    seconds: float
    busy: float
    memory: int
    longest: float | None = None


def measure(options: Options, library: Library) -> list[Part]:
    """Do what administrators do with a roster, one after the other."""
    members = _QUICK_MEMBERS if options.quick else _MEMBERS
    with library.empty():
        stage, departments = _empty_program()
        half = members // 2
        steps = [_enrolled(stage, departments[0], half)]
        for number, users in enumerate(batched(_users(members - half), _MEMBERS_OF_DEPARTMENT)):
            _enroll(stage, departments[number % _DEPARTMENTS], users)
        population.tidy()
        steps += _corrected(stage)
        steps.append(_step("preview of other rules", lambda _: _preview_rules(stage)))
        steps.append(_step("one run of reminders", lambda _: _remind(stage)))
        count = Member.objects.count()
        verification = ledger.verify()
        if not verification.is_clean:
            raise RuntimeError(f"the books don't balance: {verification.differences[:3]}")
    note = (
        f"{count:,} members, of whom {half:,} were enrolled in the one call that is timed; "
        f"{_ALLOTMENT} each. The list names everybody once by e-mail, and adds and takes 5.00 in "
        "turn. Reminders are found and marked as sent, and sent nowhere."
    )
    return [_results(steps), _targets(steps), note]


def _empty_program() -> tuple[Stage, Sequence[Account]]:
    program = programs.create_program(
        slug="people",
        rules=programs.Rules(name="People", allotment=_ALLOTMENT),
        channel_ids=[],
        at=AT,
    )
    stage = Stage(program, programs.open_program(program=program, actor=ACTOR, at=AT))
    root = world.add_root(stage)
    departments = [
        world.add_department(stage, root=root, members=0).account for _ in range(_DEPARTMENTS)
    ]
    return stage, departments


def _users(number: int) -> list[int]:
    model = get_user_model()
    first = model._default_manager.count() + 1
    users = [
        model(username=f"person{each}", email=f"Person{each}@example.com")
        for each in range(first, first + number)
    ]
    return [user.pk for user in model._default_manager.bulk_create(users, batch_size=5_000)]


def _enroll(stage: Stage, account: Account, users: Sequence[int]) -> None:
    programs.enroll(program=stage.program, user_ids=users, account=account, actor=ACTOR, at=AT)


def _enrolled(stage: Stage, account: Account, number: int) -> Step:
    users = _users(number)
    population.tidy()
    return _step(f"{number:,} enrolled in one call", lambda _: _enroll(stage, account, users))


def _corrected(stage: Stage) -> list[Step]:
    """Let a list of everybody be looked at, applied and undone."""
    emails = Member.objects.order_by("pk").values_list("user__email", flat=True)
    lines = [f"{email},{_LINES[number % 2]}" for number, email in enumerate(emails)]
    csv = "\n".join(["email,amount", *lines]).encode()
    steps = [_step(f"preview of a list of {len(lines):,}", lambda _: _preview(stage, csv))]
    batch = Adjustment.objects.select_related("program").get()
    steps.append(
        _step(
            "the list applied",
            lambda progress: programs.apply_adjustment(
                adjustment=batch, actor=ACTOR, at=AT, progress=progress
            ),
        )
    )
    steps.append(
        _step(
            "the list undone",
            lambda progress: programs.undo_adjustment(
                adjustment=batch, reason="bench", actor=ACTOR, at=AT, progress=progress
            ),
        )
    )
    undone = batch.lines.filter(status=AdjustmentLine.Status.UNDONE).count()
    if undone != len(lines):
        raise RuntimeError(f"of {len(lines)} lines only {undone} were undone")
    return steps


def _preview(stage: Stage, csv: bytes) -> None:
    programs.preview_adjustment(program=stage.program, reason="bench", csv=csv, actor=ACTOR, at=AT)


def _preview_rules(stage: Stage) -> None:
    rules = programs.Rules(name="People", allotment=_MORE, carries_forward=True)
    programs.preview_rules(program=stage.program, rules=rules, at=AT)


def _remind(stage: Stage) -> None:
    at = stage.cycle.ends_at - dt.timedelta(days=7)
    for reminder in reminders.due_reminders(at=at):
        reminders.mark_sent(reminder=reminder, at=at)


def _step(what: str, work: Callable[[Callable[[int, int], None]], object]) -> Step:
    """Do it in a process of its own."""
    say(f"people: {what}")

    def timed(_client: int, ready: Callable[[], None]) -> Step:
        busy_before = busy_seconds()
        ready()
        began = time.perf_counter()
        ends: list[float] = [began]
        work(lambda *_: ends.append(time.perf_counter()))
        seconds = time.perf_counter() - began
        pauses = [after - before for before, after in pairwise(ends)]
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KILOBYTE
        busy = busy_seconds() - busy_before
        return Step(what, seconds, busy, memory, max(pauses, default=None))

    [step] = crowd.together(timed, clients=1)
    return step


def _results(steps: Sequence[Step]) -> Table:
    lines = [
        [
            step.what,
            f"{step.seconds:.1f}",
            f"{step.busy:.1f}",
            milliseconds(step.longest) if step.longest is not None else "",
            size(step.memory),
        ]
        for step in steps
    ]
    heading = ["what", "s", "of which its server was busy, s", "longest set, ms", "memory"]
    return Table("A whole roster", heading, lines)


def _targets(steps: Sequence[Step]) -> Table:
    lines = [
        [step.what, f"< {_SECONDS_AT_MOST} s", "yes" if step.seconds < _SECONDS_AT_MOST else "no"]
        for step in steps
        if step.longest is not None
    ]
    most = max(step.memory for step in steps)
    lines.append(["memory", f"< {size(_BYTES_AT_MOST)}", "yes" if most < _BYTES_AT_MOST else "no"])
    return Table("Targets", ["what", "target", "met"], lines)
