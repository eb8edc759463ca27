"""The day from its first line to its proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.management import call_command
from django.db import connections, router

from saleor_program_budgets import ledger
from saleor_program_budgets.models import Program
from saleor_program_budgets.simulation import story, trading, world
from saleor_program_budgets.simulation.report import text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from saleor_program_budgets.ledger import Verification
    from saleor_program_budgets.simulation.world import World


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked for; ``orders`` or ``seconds`` ends the trading."""

    members: int
    departments: int
    clients: int
    orders: int | None
    seconds: float | None
    seed: int
    allows_existing: bool


class Unfit(Exception):
    """The day can't be played like this; says why, for the command line."""


def play(plan: Plan, *, clock: Callable[[], datetime], write: Callable[[str], None]) -> bool:
    """Play the whole day and say whether it went as claimed and the books prove it."""
    try:
        departments = world.departments(members=plan.members, count=plan.departments)
    except ValueError as error:
        raise Unfit(str(error)) from error
    _prepare_database(plan, write)
    acme = world.build(departments, clock=clock)
    write(
        f"{world.ORGANIZATION}: {plan.members} members with {world.ALLOTMENT:,.2f} each in "
        f"{plan.departments} departments.\n"
    )
    told = _tell(acme, write)
    if told and (plan.orders is None or plan.orders > 0):
        traded = _trade(acme, plan, write)
    else:
        traded = told
    return _prove(write) and told and traded


def _prepare_database(plan: Plan, write: Callable[[str], None]) -> None:
    """Make the tables in an empty database; refuse one that is in use."""
    connection = connections[router.db_for_write(Program)]
    tables = connection.introspection.table_names()
    if not tables:
        write("Making the tables…")
        call_command("migrate", verbosity=0, interactive=False)
    elif Program._meta.db_table not in tables:
        raise Unfit("the database lacks this app's tables: run migrate first")
    elif Program.objects.exists() and not plan.allows_existing:
        raise Unfit(
            "the database holds programs already; give the simulation one of its own, or "
            "--allow-existing to add a program that stays there"
        )


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


def _trade(acme: World, plan: Plan, write: Callable[[str], None]) -> bool:
    acme.open_the_departments()
    write(f"Trading with {plan.clients} clients, seed {plan.seed}…")
    outcome = trading.run(
        acme, clients=plan.clients, orders=plan.orders, seconds=plan.seconds, seed=plan.seed
    )
    write(text.traded(outcome))
    write(f"\n{text.figures(acme)}\n")
    for failure in outcome.failures:
        write(f"FAILED: {failure!r}")
    return not outcome.failures


def _prove(write: Callable[[str], None]) -> bool:
    verification: Verification = ledger.verify()
    write(text.refusals())
    write(f"\n{text.proof(verification)}")
    return verification.is_clean and not any(verification.overspent.values())
