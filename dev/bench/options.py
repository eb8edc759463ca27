"""What the command line says."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SECTIONS = ("hot", "crumbs", "closing", "codes", "figures", "people", "reads", "size", "weight")


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure, and how long.

    Attributes:
        sections: names of `SECTIONS`.
        seconds: for each line of a round.
        rounds: how often everything is measured in turn; the middle one counts.
        clients: how many buy at the same time.
        entries: how many the grown journal has.
        quick: shows that the tools work, and nothing else.
        markdown: print tables as a document has them.
        output: a document in which to replace the sections' tables.
    """

    sections: Sequence[str]
    seconds: float
    rounds: int
    clients: Sequence[int]
    entries: int
    quick: bool
    markdown: bool
    output: Path | None


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; leaves the program where it makes no sense."""
    parser = argparse.ArgumentParser(prog="python -m dev.bench")
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}; all if none")
    parser.add_argument("--seconds", type=float, help="per line and round (3)")
    parser.add_argument("--rounds", type=int, help="of which the middle one counts (5)")
    parser.add_argument("--clients", type=int, nargs="+", help="at the same time (1 8 32)")
    parser.add_argument("--entries", type=int, help="in the grown journal (10,000,000)")
    parser.add_argument("--quick", action="store_true", help="a minute that proves nothing")
    parser.add_argument("--markdown", action="store_true", help="print tables for a document")
    parser.add_argument("--output", type=Path, help="a document to replace the tables in")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.sections if name not in SECTIONS]
    if unknown:
        parser.error(f"no such section: {', '.join(unknown)} (there are {', '.join(SECTIONS)})")
    return Options(
        sections=given.sections or SECTIONS,
        seconds=given.seconds or (0.3 if given.quick else 3.0),
        rounds=given.rounds or (1 if given.quick else 5),
        clients=given.clients or ([1, 8] if given.quick else [1, 8, 32]),
        entries=given.entries or (100_000 if given.quick else 10_000_000),
        quick=given.quick,
        markdown=given.markdown,
        output=given.output,
    )
