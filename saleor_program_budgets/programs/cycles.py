"""Cycles end and begin by themselves: who comes first, a job or a shopper, turns them.

Turning a cycle is one short transaction for the program; its members are then renewed in batches,
and each of them at the latest before anything is bought or changed for them. All of it is dated
the instant it was due, so that a job that comes late, twice or not at all changes no balance.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from saleor_program_budgets import errors, ledger
from saleor_program_budgets.models import Cycle, Program
from saleor_program_budgets.programs import calendar
from saleor_program_budgets.programs.terms import as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor, Planned, Renewed, Terms
    from saleor_program_budgets.models import Hold, Member

ACTOR = ledger.Actor.system("cycles")
MOST_TURNS = 10_000
PATIENCE_SECONDS = 0.05
"""How long to wait for shoppers whose rows were passed over, before asking again."""
LOOKS_AT_MOST = 20
"""How often rows are passed over until those members are asked for by name, and waited for."""


def open_cycle(*, program: Program, using: str | None = None) -> Cycle | None:
    """Return the program's open cycle."""
    return program.cycles.using(using).filter(closed_at=None).first()


def turn_due(*, program: Program, at: datetime) -> Cycle | None:
    """Close the cycles that are over at *at*, open those that follow, and return the open one.

    A program without a next cycle is closed.
    """
    for _ in range(MOST_TURNS):
        cycle = open_cycle(program=program)
        if cycle is None or cycle.ends_at > at:
            return cycle
        program.refresh_from_db()  # whoever asks may have read the rules long ago
        ledger.turn_cycle(
            cycle=cycle,
            following=calendar.following_period(program=program, cycle=cycle),
            terms=as_json(program),
            actor=ACTOR,
        )
        program.refresh_from_db(fields=["status"])
    raise errors.LedgerInvariant("a program's cycles found no end")


def catch_up(*, program: Program, members: Sequence[int], at: datetime) -> Cycle | None:
    """Bring *members* (ids) up to *at*, and return the cycle that is open then.

    Called before anything is bought or changed for them; mostly there is nothing to do.
    """
    cycle = turn_due(program=program, at=at)
    while True:
        due = ledger.next_renewal(program=program, members=members)
        if due is None or due > at:
            return cycle
        ledger.renew(
            _ending_at(program, due), members=members, upto=_upto(program, due), actor=ACTOR, at=at
        )


def catch_up_holders(*, holds: Iterable[Hold], at: datetime) -> None:
    """Bring the members whose *holds* these are up to *at*.

    What is given back to them counts in the cycle that is open then, whether or not a job has
    come by.
    """
    for member in ledger.members_due(members={hold.member_id for hold in holds}, at=at):
        up_to_date(member, at=at)


def renew_due(
    *,
    program: Program,
    at: datetime,
    batch: int = ledger.BATCH,
    progress: Callable[[Renewed], None] | None = None,
) -> Renewed:
    """Renew everybody who is due at *at*, batch by batch; *progress* is told the sum so far.

    Whoever is buying comes last. Interrupted at any point, the next call goes on from there; it
    also completes an opening that was.
    """
    cycle = turn_due(program=program, at=at)
    done = ledger.Renewed(0)
    looks = 0
    while True:
        due = ledger.next_renewal(program=program)
        if due is None or due > at:
            break
        ending = _ending_at(program, due)
        upto = _upto(program, due)
        named = None
        if looks == LOOKS_AT_MOST:
            named = ledger.first_due(program=program, due=due, most=batch)
        step = ledger.renew(ending, members=named, upto=upto, batch=batch, actor=ACTOR, at=at)
        looks = 0 if step.limits else looks + 1
        if looks:
            time.sleep(PATIENCE_SECONDS)
        done += step
        if progress is not None:
            progress(done)
    if cycle is not None:
        place(program=program, cycle=cycle, actor=ACTOR, at=at, batch=batch)
    return done


def place(
    *, program: Program, cycle: Cycle, actor: Actor, at: datetime, batch: int = ledger.BATCH
) -> None:
    """Let all members who stand in no period begin with *cycle*, in full."""
    ending = ledger.PeriodEnd(
        program=program,
        terms=as_json(program),
        cycle=None,
        following=cycle,
        boundary=None,
        is_anniversary=program.cycle_length == Program.CycleLength.ANNIVERSARY,
    )
    while members := ledger.first_due(program=program, due=None, most=batch):
        ledger.renew(ending, members=members, batch=batch, actor=actor, at=at)


def plan(
    *, program: Program, terms: Sequence[Terms] | None = None, using: str | None = None
) -> list[Planned]:
    """Return what the end of the open cycle would do, by account, with other *terms* or these.

    Nothing is written. Raises ``InvalidInput`` for a program that has no open cycle.
    """
    return ledger.plan(coming_end(program=program, terms=terms, using=using), using=using)


def coming_end(
    *, program: Program, terms: Sequence[Terms] | None = None, using: str | None = None
) -> ledger.PeriodEnd:
    """Return the end of the open cycle as it would be with other *terms* or these.

    Raises ``InvalidInput`` for a program that has no open cycle.
    """
    cycle = open_cycle(program=program, using=using)
    if cycle is None:
        raise errors.InvalidInput("program", "The program has no open cycle.")
    following = calendar.following_period(program=program, cycle=cycle)
    after = None
    if following is not None:
        after = Cycle(
            pk=0,
            program=program,
            number=cycle.number + 1,
            starts_at=following.starts_at,
            ends_at=following.ends_at,
        )
    is_anniversary = program.cycle_length == Program.CycleLength.ANNIVERSARY
    return ledger.PeriodEnd(
        program=program,
        terms=as_json(program, terms),
        cycle=cycle,
        following=after,
        boundary=None if is_anniversary else cycle.ends_at,
        is_anniversary=is_anniversary,
    )


def up_to_date(member: Member, *, at: datetime) -> Cycle | None:
    """Bring one member up to *at*, and return the cycle that is open then."""
    return catch_up(program=member.program, members=[member.pk], at=at)


def _upto(program: Program, due: datetime) -> datetime | None:
    return due if program.cycle_length == Program.CycleLength.ANNIVERSARY else None


def _ending_at(program: Program, boundary: datetime) -> ledger.PeriodEnd:
    """Return the end of the period that ended at *boundary*, under the terms it ended with."""
    if program.cycle_length == Program.CycleLength.ANNIVERSARY:
        # The one that was open then, and none where the program was over.
        cycle = program.cycles.filter(starts_at__lte=boundary, ends_at__gt=boundary).first()
        return ledger.PeriodEnd(
            program=program,
            terms=as_json(program),
            cycle=cycle,
            following=cycle,
            boundary=None,
            is_anniversary=True,
        )
    cycle = program.cycles.filter(ends_at=boundary).exclude(closed_at=None).first()
    if cycle is None:
        raise errors.LedgerInvariant(f"no cycle of program {program.pk} ended at {boundary}")
    return ledger.PeriodEnd(
        program=program,
        terms=cycle.terms or as_json(program),
        cycle=cycle,
        # One that was opened later, by hand, doesn't follow.
        following=program.cycles.filter(number=cycle.number + 1, starts_at=boundary).first(),
        boundary=boundary,
    )
