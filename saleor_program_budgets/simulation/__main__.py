"""Play a day of trading against the core: the story, then mixed trading, then the proof.

    python -m saleor_program_budgets.simulation [--faults all] [--html report.html]
    python -m saleor_program_budgets.simulation --seeds 200 --faults all
    python -m saleor_program_budgets.simulation --year

With --year it is a year of several programs in fast-forward: cycles, carry-forward, joiners and
leavers, until all money of the year is accounted for.

It writes into the database of the configured Django settings (DJANGO_SETTINGS_MODULE), so give it
one of its own. The exit status is 0 if every client was told the truth, the books balance and
nothing was overspent.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.conf import settings

from saleor_program_budgets.simulation.options import Behaviour, Fault, Plan, Unfit, chosen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOT_CONFIGURED = """\
The simulation needs Django settings that name a database of its own:

    DJANGO_SETTINGS_MODULE=my.settings python -m saleor_program_budgets.simulation

In a checkout of this project, with a private database that is removed afterwards:

    python -m dev.run -- python -m saleor_program_budgets.simulation
"""
#: The size of a run, and of each of many.
USUAL: Mapping[str, int] = {"members": 304, "departments": 4, "clients": 8, "orders": 500}
SMALL: Mapping[str, int] = {"members": 20, "departments": 3, "clients": 4, "orders": 120}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line says; returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.seeds is not None and options.html is not None:
        parser.error("--html shows one run: give the seed that it is to show, without --seeds")
    if options.year is not None and (options.seeds is not None or options.html is not None):
        parser.error("--year tells of one year, in words: without --seeds and --html")
    if not settings.configured and not os.environ.get("DJANGO_SETTINGS_MODULE"):
        sys.stderr.write(NOT_CONFIGURED)
        return 2
    django.setup()
    try:
        return 0 if _run(options) else 1
    except Unfit as reason:
        parser.error(str(reason))


def _run(options: argparse.Namespace) -> bool:
    # Models can be imported only now.
    from saleor_program_budgets.simulation import databases, day, seeds  # noqa: PLC0415
    from saleor_program_budgets.simulation.report import page  # noqa: PLC0415
    from saleor_program_budgets.simulation.report.progress import Progress  # noqa: PLC0415

    if options.year is not None:
        return _run_year(options)
    plan = _plan(options)
    if options.html is not None:
        if not plan.trades:
            raise Unfit("--html shows trading: there is none with --orders 0")
        page.require_plots()
    databases.prepare(allows_existing=options.allow_existing, write=_write)
    progress = Progress(plan, sys.stderr)
    if options.seeds is not None:
        return seeds.play(plan, seeds=options.seeds, clock=_now, write=_write, progress=progress)
    played = day.play(plan, clock=_now, write=_write, progress=progress)
    if options.html is not None:
        page.write(options.html, played, at=_now())
        _write(f"The report is in {options.html}.")
    return played.is_proven


def _run_year(options: argparse.Namespace) -> bool:
    # Models can be imported only now.
    from saleor_program_budgets.simulation import databases  # noqa: PLC0415
    from saleor_program_budgets.simulation.year import play  # noqa: PLC0415

    members = options.members or USUAL["members"]
    year = options.year or _now().year + 1
    play.require_enough(members=members)
    databases.prepare(allows_existing=options.allow_existing, write=_write)
    return play.play(
        year=year, members=members, seed=options.seed, clock=_now, write=_write
    ).is_proven


def _plan(options: argparse.Namespace) -> Plan:
    size = USUAL if options.seeds is None else SMALL
    given = {name: getattr(options, name) for name in size if getattr(options, name) is not None}
    wanted = {**size, **given}
    return Plan(
        members=wanted["members"],
        departments=wanted["departments"],
        clients=wanted["clients"],
        orders=wanted["orders"] if options.seconds is None else None,
        seconds=options.seconds,
        seed=options.seed,
        behaviours=options.behaviours,
        faults=options.faults,
        tells_story=not options.no_story and options.seeds is None,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m saleor_program_budgets.simulation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    size = parser.add_argument_group("size (with --seeds: the figure in brackets)")
    for name, what in (
        ("members", "people in the program"),
        ("departments", "at least the story's four"),
        ("clients", "processes that trade at the same time"),
    ):
        size.add_argument(
            f"--{name}", type=_count, metavar="N", help=f"{what}: {USUAL[name]} ({SMALL[name]})"
        )
    length = size.add_mutually_exclusive_group()
    length.add_argument(
        "--orders",
        type=_number,
        metavar="N",
        help=f"purchases to try, 0 for none: {USUAL['orders']} ({SMALL['orders']})",
    )
    length.add_argument(
        "--seconds", type=_seconds, metavar="S", help="how long to trade, in place of --orders"
    )
    _add_what_happens(parser)
    parser.add_argument(
        "--year",
        nargs="?",
        type=_year,
        const=0,
        metavar="YYYY",
        help="play a year in fast-forward, in place of a day of trading (default: the next one)",
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page too")
    parser.add_argument(
        "--allow-existing",
        action="store_true",
        help="run although the database holds programs; what is added stays there",
    )
    return parser


def _add_what_happens(parser: argparse.ArgumentParser) -> None:
    what = parser.add_argument_group("what happens")
    what.add_argument("--seed", type=int, default=1, help="of all that is drawn (default: 1)")
    what.add_argument(
        "--seeds",
        type=_count,
        metavar="N",
        help="play N small days, from --seed on, each in a copy of the database",
    )
    what.add_argument(
        "--with",
        dest="behaviours",
        type=partial(_chosen, of=Behaviour),
        default=frozenset(Behaviour),
        metavar="LIST",
        help=f"beside buying: all (default), none, or some of {', '.join(Behaviour)}",
    )
    what.add_argument(
        "--faults",
        type=partial(_chosen, of=Fault),
        default=frozenset(),
        metavar="LIST",
        help=f"what goes wrong: none (default), all, or some of {', '.join(Fault)}",
    )
    what.add_argument("--no-story", action="store_true", help="begin with the trading")


def _chosen[Choice: (Behaviour, Fault)](text: str, *, of: type[Choice]) -> frozenset[Choice]:
    try:
        return chosen(text, of=of)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _number(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("can't be negative")
    return number


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("has to be at least 1")
    return number


def _year(text: str) -> int:
    year = int(text)
    if not 1980 <= year <= 9000:
        raise argparse.ArgumentTypeError("has to lie between 1980 and 9000")
    return year


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("has to be more than 0")
    return number


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 the edge, where the clock is read


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
