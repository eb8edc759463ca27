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


class ProgramBudgetLotOrigin(BaseEnum):
    """How value came to a member."""

    ALLOTMENT = "allotment"
    GRANT = "grant"
    ADJUSTMENT = "adjustment"
    REFUND = "refund"

    class Meta:
        description = (
            "How value came to a member. REFUND is what was refunded after its own lot had lapsed."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetPostingKind(BaseEnum):
    """What moved value."""

    GRANT = "grant"
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
            "What moved value. SHARE moves a cap's ceiling between the shares it is split into, "
            "and changes no figure of the cap."
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
