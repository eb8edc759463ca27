"""Live figures: what budgets have, what happened, and for how long they last.

They come from limits and from totals that triggers and a job keep, never from adding up the
journal; docs/figures.md defines each.
"""

from saleor_program_budgets.figures.board import Board, Day, Place, ProgramRow, Row
from saleor_program_budgets.figures.folding import fold, fold_batch, recount
from saleor_program_budgets.figures.lines import Line, ShownCap, Sums
from saleor_program_budgets.figures.people import Closest, Redemption, Redemptions, State, Who
from saleor_program_budgets.figures.selection import Selection, ShownProgram, select, version
from saleor_program_budgets.figures.table import as_csv
from saleor_program_budgets.figures.verification import prove, verify

__all__ = [
    "Board",
    "Closest",
    "Day",
    "Line",
    "Place",
    "ProgramRow",
    "Redemption",
    "Redemptions",
    "Row",
    "Selection",
    "ShownCap",
    "ShownProgram",
    "State",
    "Sums",
    "Who",
    "as_csv",
    "fold",
    "fold_batch",
    "prove",
    "recount",
    "select",
    "verify",
    "version",
]
