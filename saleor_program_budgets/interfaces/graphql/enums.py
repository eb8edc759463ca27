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


class ProgramBudgetLotOrigin(BaseEnum):
    """How value came to a member."""

    ALLOTMENT = "allotment"
    GRANT = "grant"

    class Meta:
        description = "How value came to a member."
        doc_category = DOC_CATEGORY


class ProgramBudgetPostingKind(BaseEnum):
    """What moved value."""

    GRANT = "grant"
    CEILING = "ceiling"
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    EXPIRE = "expire"
    REFUND = "refund"

    class Meta:
        description = "What moved value."
        doc_category = DOC_CATEGORY


class ProgramBudgetBucket(BaseEnum):
    """Where value is."""

    FUNDING = "funding"
    AVAILABLE = "available"
    HELD = "held"
    SPENT = "spent"
    LAPSED = "lapsed"

    class Meta:
        description = "Where value is. FUNDING is outside: what a lot or a cap was given, negated."
        doc_category = DOC_CATEGORY
