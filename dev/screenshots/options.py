"""What the command line says."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.paths import ROOT

STATES = ("empty", "normal", "large")
PICTURES = ROOT / "docs" / "screenshots"


@dataclass(frozen=True, slots=True)
class Options:
    """What to do.

    Attributes:
        states: names of `STATES`, to be photographed.
        members: how many the large installation has.
        folder: for the pictures.
        figures: the document to put the board's times into; None to take none.
    """

    states: Sequence[str]
    members: int
    folder: Path
    figures: Path | None


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; leaves the program where it makes no sense."""
    parser = argparse.ArgumentParser(prog="python -m dev.screenshots")
    parser.add_argument("states", nargs="*", help=f"of {', '.join(STATES)}; all if none")
    parser.add_argument("--members", type=int, default=84_000, help="of the large one (84,000)")
    parser.add_argument("--output", type=Path, default=PICTURES, help="folder of the pictures")
    parser.add_argument("--measure", type=Path, help="a document to put the board's times into")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.states if name not in STATES]
    if unknown:
        parser.error(f"no such state: {', '.join(unknown)} (there are {', '.join(STATES)})")
    return Options(
        states=given.states or STATES,
        members=given.members,
        folder=given.output,
        figures=given.measure,
    )
