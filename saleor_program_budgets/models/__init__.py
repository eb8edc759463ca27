"""The tables, one module per aggregate. Money moves only through ``ledger``."""

from saleor_program_budgets.models.accounts import Account
from saleor_program_budgets.models.holds import Hold, HoldLimit, HoldLot
from saleor_program_budgets.models.journal import Entry, Outcome, Posting, Refused
from saleor_program_budgets.models.limits import Limit, Lot
from saleor_program_budgets.models.programs import (
    Cycle,
    Member,
    Program,
    ProgramChannel,
)

__all__ = [
    "Account",
    "Cycle",
    "Entry",
    "Hold",
    "HoldLimit",
    "HoldLot",
    "Limit",
    "Lot",
    "Member",
    "Outcome",
    "Posting",
    "Program",
    "ProgramChannel",
    "Refused",
]
