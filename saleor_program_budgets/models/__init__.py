"""The tables, one module per aggregate. Money moves only through ``ledger``."""

from saleor_program_budgets.models.accounts import Account
from saleor_program_budgets.models.holds import Hold, HoldLot
from saleor_program_budgets.models.journal import Entry, Outcome, Posting, Refused
from saleor_program_budgets.models.limits import Cap, Limit, Lot, Raise
from saleor_program_budgets.models.programs import (
    Cycle,
    Member,
    Program,
    ProgramChannel,
)
from saleor_program_budgets.models.seals import Seal

__all__ = [
    "Account",
    "Cap",
    "Cycle",
    "Entry",
    "Hold",
    "HoldLot",
    "Limit",
    "Lot",
    "Member",
    "Outcome",
    "Posting",
    "Program",
    "ProgramChannel",
    "Raise",
    "Refused",
    "Seal",
]
