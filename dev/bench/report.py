"""Tables and sentences, for a terminal and for docs/benchmarks.md."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from saleor_program_budgets.simulation.report.tables import table

MILLISECONDS = 1_000
_NUMBER = re.compile(r"[-–]?[\d,.]*( ?(%|×|[kMG]?B|ms|s))?")


@dataclass(frozen=True, slots=True)
class Table:
    """Columns whose cells are all numbers are aligned to the right."""

    title: str
    heading: Sequence[str]
    lines: Sequence[Sequence[str]]

    def numeric(self) -> set[int]:
        """Return which columns hold numbers only."""
        return {
            column
            for column in range(len(self.heading))
            if self.lines and all(_NUMBER.fullmatch(line[column]) for line in self.lines)
        }

    def as_text(self) -> str:
        """Lay it out for a terminal."""
        return f"{self.title}\n\n{table(self.heading, self.lines, right=self.numeric())}"

    def as_markdown(self) -> str:
        """Write it as a document has it."""
        numeric = self.numeric()
        rule = ["--:" if column in numeric else "---" for column in range(len(self.heading))]
        rows = [self.heading, rule, *self.lines]
        return "\n".join([f"**{self.title}**", "", *(f"| {' | '.join(row)} |" for row in rows)])


type Part = Table | str


def text(parts: Sequence[Part], *, markdown: bool) -> str:
    """Return tables and sentences, one below the other."""
    return "\n\n".join(
        part if isinstance(part, str) else part.as_markdown() if markdown else part.as_text()
        for part in parts
    )


def replace(document: Path, section: str, parts: Sequence[Part]) -> None:
    """Put a section's tables between its marks in a document; raises where it has none."""
    begin, end = f"<!-- bench:{section} -->", f"<!-- /bench:{section} -->"
    before, found, rest = document.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{document} has no “{begin} … {end}”")
    body = text(parts, markdown=True)
    document.write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}", encoding="utf-8")


def say(what: str) -> None:
    """Tell whoever waits how far it is."""
    print(f"  … {what}", flush=True)


def milliseconds(seconds: float) -> str:
    """Return a time with two digits after the point."""
    return f"{seconds * MILLISECONDS:.2f}"


def size(number: float) -> str:
    """Return bytes in the unit that suits them."""
    for unit, bytes_of_it in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= bytes_of_it:
            return f"{number / bytes_of_it:.1f} {unit}"
    return f"{number:.0f} B"
