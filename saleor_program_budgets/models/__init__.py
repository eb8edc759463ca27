"""The tables, one module per aggregate. Money moves only through ``ledger``."""

from saleor_program_budgets.models.accounts import Account
from saleor_program_budgets.models.adjustments import Adjustment, AdjustmentLine
from saleor_program_budgets.models.codes import (
    CodeAttempt,
    CodeBatch,
    CodeLockout,
    CodeRedemption,
    RedemptionCode,
)
from saleor_program_budgets.models.figures import (
    AccountDay,
    AccountTotal,
    AccountWeek,
    CycleTotal,
    DayTotal,
    FigureChange,
    FigureFold,
    Standing,
)
from saleor_program_budgets.models.holds import Hold, HoldLot
from saleor_program_budgets.models.jobs import JobRun
from saleor_program_budgets.models.journal import Entry, Outcome, Posting, Refused
from saleor_program_budgets.models.limits import Cap, Limit, Lot, Raise, Rollover
from saleor_program_budgets.models.people import (
    ImportLine,
    PeopleChange,
    Person,
    PlannedChange,
    Roster,
    RosterImport,
    RosterProgram,
    RosterToken,
    Source,
)
from saleor_program_budgets.models.programs import (
    Cycle,
    GroupMember,
    Member,
    MemberGroup,
    Program,
    ProgramChannel,
)
from saleor_program_budgets.models.reminders import Reminder
from saleor_program_budgets.models.seals import Seal

__all__ = [
    "Account",
    "AccountDay",
    "AccountTotal",
    "AccountWeek",
    "Adjustment",
    "AdjustmentLine",
    "Cap",
    "CodeAttempt",
    "CodeBatch",
    "CodeLockout",
    "CodeRedemption",
    "Cycle",
    "CycleTotal",
    "DayTotal",
    "Entry",
    "FigureChange",
    "FigureFold",
    "GroupMember",
    "Hold",
    "HoldLot",
    "ImportLine",
    "JobRun",
    "Limit",
    "Lot",
    "Member",
    "MemberGroup",
    "Outcome",
    "PeopleChange",
    "Person",
    "PlannedChange",
    "Posting",
    "Program",
    "ProgramChannel",
    "Raise",
    "RedemptionCode",
    "Refused",
    "Reminder",
    "Rollover",
    "Roster",
    "RosterImport",
    "RosterProgram",
    "RosterToken",
    "Seal",
    "Source",
    "Standing",
]
