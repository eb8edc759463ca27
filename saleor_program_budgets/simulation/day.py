"""The day from its first line to its proof."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.figures import prove
from saleor_program_budgets.models import Program
from saleor_program_budgets.simulation import databases, server, story, world
from saleor_program_budgets.simulation.audit import books
from saleor_program_budgets.simulation.audit.auditor import ALIKE, Audit, Auditor
from saleor_program_budgets.simulation.audit.tally import Tally
from saleor_program_budgets.simulation.options import Fault, Plan, Unfit
from saleor_program_budgets.simulation.report import text
from saleor_program_budgets.simulation.report.figures import Figures, figures
from saleor_program_budgets.simulation.trading import diary
from saleor_program_budgets.simulation.trading.supervision import Supervisor, Traded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from saleor_program_budgets.ledger import Verification
    from saleor_program_budgets.simulation.report.progress import Progress
    from saleor_program_budgets.simulation.server import Server
    from saleor_program_budgets.simulation.trading.diary import Line
    from saleor_program_budgets.simulation.world import World

PACE = 600.0
"""How much faster the world's clock runs while people trade: a second is ten minutes."""
HOLD_TTL_MINUTES = 15
"""So that what is left behind expires within seconds of trading, and not what is being bought."""


@dataclass(frozen=True, slots=True)
class Trading:
    """What a day of trading came to, for reports."""

    plan: Plan
    world: World
    traded: Traded
    figures: Figures
    audit: Audit

    @property
    def is_clean(self) -> bool:
        """Whether nobody gave up and the auditor agrees."""
        return self.audit.is_clean and not self.traded.counts.failures


@dataclass(frozen=True, slots=True)
class Day:
    """How a day went: as claimed or not, and what proves it."""

    told_as_claimed: bool
    trading: Trading | None
    verification: Verification

    @property
    def overspent(self) -> int:
        """What was overspent by any count, in minor units."""
        counts = [sum(self.verification.overspent.values())]
        if self.trading is not None:
            counts += [self.trading.audit.overspent, self.trading.traded.counts.overspent]
        return max(counts)

    @property
    def is_proven(self) -> bool:
        """Whether the story went as claimed, trading as told, and the books prove it."""
        traded = self.trading is None or self.trading.is_clean
        is_proven = self.verification.is_clean and not self.overspent
        return self.told_as_claimed and traded and is_proven


def play(
    plan: Plan,
    *,
    clock: Callable[[], datetime],
    write: Callable[[str], None],
    progress: Progress,
) -> Day:
    """Play the whole day in the database as it is; raises ``Unfit`` for a plan that makes none."""
    try:
        departments = world.departments(
            members=plan.members, count=plan.departments, for_story=plan.tells_story
        )
    except ValueError as error:
        raise Unfit(str(error)) from error
    own = require_server(plan)
    acme = world.build(departments, clock=clock, for_story=plan.tells_story)
    write(
        f"{world.ORGANIZATION}: {plan.members} members with {world.ALLOTMENT:,.2f} each in "
        f"{plan.departments} departments.\n"
    )
    told = _tell(acme, write) if plan.tells_story else True
    trading = None
    if told and plan.trades:
        write(f"Trading with {plan.clients} clients, seed {plan.seed}…")
        trading = trade(acme, plan, own, progress)
        _report(trading, write)
    verification = prove()
    write(text.refusals())
    write(f"\n{text.proof(verification)}")
    return Day(told, trading, verification)


def require_server(plan: Plan) -> Server | None:
    """Return the server that the plan's crashes need; raises ``Unfit`` if it isn't ours."""
    if Fault.RESTART not in plan.faults:
        return None
    own = server.find_own()
    if own is None:
        raise Unfit(
            "the fault “restart” crashes the database server, and this one wasn't started for "
            "this run alone: run it as `python -m dev.run -- python -m "
            "saleor_program_budgets.simulation …` in a checkout, without DATABASE_URL"
        )
    # A server that acknowledges what it hasn't logged yet would lose it in the crash, rightly.
    databases.demand("synchronous_commit", "on")
    return own


def trade(acme: World, plan: Plan, own: Server | None, progress: Progress) -> Trading:
    """Trade by the plan, let what was left behind expire, and audit what clients were told.

    The diaries are kept, and their place named, if the auditor finds anything.
    """
    if Fault.DEADLOCK in plan.faults and databases.show("is_superuser") == "on":
        databases.demand("deadlock_timeout", "20ms")
    acme.open_the_departments()
    rules = world.rules(Program.OveragePolicy.BLOCK, hold_ttl_minutes=HOLD_TTL_MINUTES)
    programs.update_program(program=acme.program, rules=rules, at=acme.clock())
    acme.clock = world.FastClock(acme.clock(), time.monotonic(), PACE)
    before = books.read(acme)
    folder = Path(tempfile.mkdtemp(prefix="simulation-"))
    supervisor = Supervisor(world=acme, plan=plan, folder=folder, server=own, tell=progress)
    try:
        traded = supervisor.run()
    finally:
        progress.end()
    _end_the_day(acme)
    audit = Auditor(
        world=acme, plan=plan, tally=Tally(_lines(folder)), before=before, books=books.read(acme)
    ).audit()
    unlike = {finding.subject for finding in audit.findings if finding.check == ALIKE}
    trading = Trading(plan, acme, traded, figures(_lines(folder), traded, unlike=unlike), audit)
    if trading.is_clean:
        shutil.rmtree(folder)
    return trading


def _lines(folder: Path) -> Iterator[Line]:
    return chain.from_iterable(diary.read(path) for path in sorted(folder.glob("*.jsonl")))


def _end_the_day(acme: World) -> None:
    """Run the jobs once more, when no hold of trading has any time left, and seal the journal."""
    at = acme.clock() + timedelta(minutes=2 * HOLD_TTL_MINUTES)
    while programs.expire_due_holds(at=at):
        pass
    ledger.end_due_raises(at=at)
    ledger.seal(at=at)


def _tell(acme: World, write: Callable[[str], None]) -> bool:
    day = story.Day(acme)
    try:
        for act in story.ACTS:
            act(day)
    except story.Deviation as deviation:
        write(f"{text.happenings(day.rows)}\n\nTHE DAY WENT OTHERWISE: {deviation}")
        return False
    write(text.happenings(day.rows))
    write(f"\n{text.figures(acme)}\n")
    return True


def _report(trading: Trading, write: Callable[[str], None]) -> None:
    write(text.traded(trading.figures, trading.plan.clients))
    write(f"\n{text.figures(trading.world)}\n")
    if trading.figures.faults:
        write(f"{text.faults(trading.figures, trading.traded)}\n")
    write(f"{text.audited(trading.audit)}\n")
    for failure in trading.traded.counts.failures:
        write(f"FAILED: {failure}")
    if not trading.is_clean:
        write(f"The clients' diaries are kept in {trading.traded.folder}.")
