"""Tables for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence


def table(heading: Sequence[str], lines: Sequence[Sequence[str]], *, right: Collection[int]) -> str:
    """Lay rows out in columns; those in *right* are aligned to the right."""
    rows = [heading, *lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heading))]

    def lay_out(row: Sequence[str]) -> str:
        align: list[Callable[[str, int], str]] = [
            str.rjust if column in right else str.ljust for column in range(len(row))
        ]
        cells = zip(align, row, widths, strict=True)
        return "  ".join(place(cell, width) for place, cell, width in cells).rstrip()

    rule = "  ".join("─" * width for width in widths)
    return "\n".join([lay_out(heading), rule, *(lay_out(line) for line in lines)])
