"""Enums, each with the values the core stores."""

from __future__ import annotations

from saleor.graphql.core.types import BaseEnum

from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY


class ProgramBudgetAccountKind(BaseEnum):
    """What an account stands for; the rules are the same for all of them."""

    ORGANIZATION = "organization"
    DIVISION = "division"
    TEAM = "team"
    LOCATION = "location"

    class Meta:
        description = "What an account stands for; the rules are the same for all of them."
        doc_category = DOC_CATEGORY


class ProgramBudgetProgramStatus(BaseEnum):
    """The states of a program."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"

    class Meta:
        description = (
            "DRAFT takes no orders yet, OPEN does within its window, CLOSED no longer does."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetOveragePolicy(BaseEnum):
    """What a purchase above the budget does."""

    BLOCK = "block"
    PAY_DIFFERENCE = "pay_difference"

    class Meta:
        description = (
            "What a purchase above the budget does: BLOCK refuses it, PAY_DIFFERENCE lets the "
            "shopper pay the rest by another method."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetRefundPolicy(BaseEnum):
    """What a refund of value that has lapsed becomes."""

    FORFEIT = "forfeit"
    GRACE = "grace"
    REISSUE = "reissue"

    class Meta:
        description = (
            "What a refund of value that has lapsed meanwhile becomes: FORFEIT lets it lapse, "
            "GRACE gives it back for some days, REISSUE makes it part of the open cycle."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetCycleLength(BaseEnum):
    """How long a program's cycles last."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    ANNUAL = "annual"
    CUSTOM = "custom"
    WINDOW = "window"
    ANNIVERSARY = "anniversary"

    class Meta:
        description = (
            "How long a program's cycles last. CUSTOM ones are cut at the dates given, WINDOW is "
            "one cycle until the program closes; under ANNIVERSARY each member is renewed a year "
            "after they joined."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetProration(BaseEnum):
    """What a member who joins in the middle of a cycle is allotted of it."""

    FULL = "full"
    DAILY = "daily"
    MONTHLY = "monthly"
    NEXT_CYCLE = "next_cycle"

    class Meta:
        description = (
            "What a member who joins in the middle of a cycle is allotted of it: all of it, the "
            "share of the days or months that are left, or nothing before the next cycle."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetLotOrigin(BaseEnum):
    """How value came to a member."""

    ALLOTMENT = "allotment"
    GRANT = "grant"
    ADJUSTMENT = "adjustment"
    REFUND = "refund"
    CARRY = "carry"
    CODE = "code"

    class Meta:
        description = (
            "How value came to a member. REFUND is what was refunded after its own lot had "
            "lapsed, CARRY what was left of the period before, CODE a redeemed store-credit code."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetPostingKind(BaseEnum):
    """What moved value."""

    GRANT = "grant"
    ROLLOVER = "rollover"
    LAPSE = "lapse"
    ADJUSTMENT = "adjustment"
    CLAWBACK = "clawback"
    CEILING = "ceiling"
    SHARE = "share"
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    EXPIRE = "expire"
    REFUND = "refund"
    REVERSAL = "reversal"

    class Meta:
        description = (
            "What moved value. ROLLOVER is the end of a member's period: what was left went on or "
            "lapsed; LAPSE is what expired apart from it. SHARE moves a cap's ceiling between the "
            "shares it is split into, and changes no figure of the cap."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetJobState(BaseEnum):
    """How a run of a job stands."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    LOST = "lost"

    class Meta:
        description = (
            "How a run of a job stands. A LOST one was heard of no more: its process or its "
            "connection died, and the next run takes up what it left."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetAdjustmentStatus(BaseEnum):
    """How far an adjustment of many members has come."""

    DRAFT = "draft"
    APPLYING = "applying"
    APPLIED = "applied"
    UNDOING = "undoing"
    UNDONE = "undone"

    class Meta:
        description = "How far an adjustment has come; a DRAFT has posted nothing."
        doc_category = DOC_CATEGORY


class ProgramBudgetAdjustmentSource(BaseEnum):
    """Whom an adjustment is for."""

    MEMBER = "member"
    ACCOUNT = "account"
    LIST = "list"

    class Meta:
        description = "Whom an adjustment is for."
        doc_category = DOC_CATEGORY


class ProgramBudgetAdjustmentLineStatus(BaseEnum):
    """What became of a line of an adjustment."""

    DRAFT = "draft"
    POSTED = "posted"
    FAILED = "failed"
    UNDONE = "undone"
    KEPT = "kept"

    class Meta:
        description = (
            "What became of a line of an adjustment. A FAILED one no longer fitted when it was "
            "applied; a KEPT one had been used when it was to be undone."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetBucket(BaseEnum):
    """Where value is."""

    FUNDING = "funding"
    AVAILABLE = "available"
    HELD = "held"
    SPENT = "spent"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    MOVED = "moved"

    class Meta:
        description = (
            "Where value is. FUNDING is outside: what a lot or a cap was given, negated. MOVED "
            "went on into another lot."
        )
        doc_category = DOC_CATEGORY
