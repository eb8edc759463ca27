"""Cells of files, and what is said of files that can't be used."""

from __future__ import annotations

import re

from saleor_program_budgets.errors import InvalidInput

LONGEST_CELL = 10_000
"""Cells may come longer than this, and are then refused with their row by who reads it."""
FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""By these a spreadsheet takes a cell for something to execute, unless an apostrophe is before."""
SAVE_AS = "save the list of people as CSV or XLSX, and upload that."


def guarded(cell: str) -> str:
    """Return *cell* so that a spreadsheet shows it, and executes nothing."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def plain(cell: str) -> str:
    """Return *cell* without the apostrophe that ``guarded`` put before it."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def trimmed(cell: str) -> str:
    """Return *cell* as it was before it was written, without space around."""
    return plain(cell.strip())


def unusable(message: str) -> InvalidInput:
    """Return the error that says why a file can't be used."""
    return InvalidInput("file", message)
