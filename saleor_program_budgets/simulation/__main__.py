"""Play a day of trading against the core: the story, then mixed trading, then the proof.

    python -m saleor_program_budgets.simulation [--members 304] [--clients 8] [--orders 500]

It writes into the database of the configured Django settings (DJANGO_SETTINGS_MODULE), so give it
one of its own. The exit status is 0 if the books balance and nothing was overspent.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import django
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_CONFIGURED = """\
The simulation needs Django settings that name a database of its own:

    DJANGO_SETTINGS_MODULE=my.settings python -m saleor_program_budgets.simulation

In a checkout of this project, with a private database that is removed afterwards:

    python -m dev.run -- python -m saleor_program_budgets.simulation
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not settings.configured and not os.environ.get("DJANGO_SETTINGS_MODULE"):
        sys.stderr.write(NOT_CONFIGURED)
        return 2
    django.setup()
    # Models can be imported only now.
    from saleor_program_budgets.simulation.day import Plan, Unfit, play  # noqa: PLC0415

    plan = Plan(
        members=options.members,
        departments=options.departments,
        clients=options.clients,
        orders=options.orders if options.seconds is None else None,
        seconds=options.seconds,
        seed=options.seed,
        allows_existing=options.allow_existing,
    )
    try:
        is_proven = play(plan, clock=_now, write=_write)
    except Unfit as reason:
        parser.error(str(reason))
    return 0 if is_proven else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m saleor_program_budgets.simulation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--members", type=_count, default=304, help="people in the program")
    parser.add_argument("--departments", type=_count, default=4, help="at least the story's four")
    parser.add_argument("--clients", type=_count, default=8, help="who trade at the same time")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--orders", type=int, default=500, help="how many to trade, 0 for none")
    length.add_argument("--seconds", type=float, help="how long to trade, in place of --orders")
    parser.add_argument("--seed", type=int, default=1, help="of the traders' choices")
    parser.add_argument(
        "--allow-existing",
        action="store_true",
        help="run although the database holds programs; what is added stays there",
    )
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("has to be at least 1")
    return number


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 the edge, where the clock is read


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
