"""Enums of redemption codes, each with the values the core stores."""

from __future__ import annotations

from saleor.graphql.core.types import BaseEnum

from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY


class ProgramBudgetCodeKind(BaseEnum):
    """What a code is worth."""

    DISCOUNT = "discount"
    STORE_CREDIT = "store_credit"

    class Meta:
        description = (
            "What a code is worth: DISCOUNT stands for a code of one of the shop's vouchers, "
            "STORE_CREDIT adds an amount to its member's budget."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetCodeSource(BaseEnum):
    """Whom a batch of codes is for."""

    PROGRAM = "program"
    ACCOUNT = "account"
    GROUP = "group"
    LIST = "list"
    REISSUE = "reissue"

    class Meta:
        description = (
            "Whom a batch of codes is for; REISSUE for those whose codes of another batch it "
            "replaces."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetCodeDelivery(BaseEnum):
    """How codes reach people."""

    DOWNLOAD = "download"
    EMAIL = "email"

    class Meta:
        description = (
            "How codes reach people: DOWNLOAD hands all of them out once, EMAIL sends each to its "
            "member as soon as they are made."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetCodeBatchStatus(BaseEnum):
    """How far a batch of codes has come."""

    GENERATING = "generating"
    READY = "ready"
    DELIVERED = "delivered"
    REVOKED = "revoked"

    class Meta:
        description = (
            "How far a batch of codes has come. READY: all are made; DELIVERED: they have left."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetCodeState(BaseEnum):
    """How a code stands."""

    ACTIVE = "active"
    REDEEMED = "redeemed"
    REVOKED = "revoked"
    EXPIRED = "expired"

    class Meta:
        description = "How a code stands; one that was redeemed stays so, whatever came after."
        doc_category = DOC_CATEGORY


class ProgramBudgetCodeAttemptReason(BaseEnum):
    """Why a code was refused."""

    UNKNOWN = "unknown"
    LOCKED_OUT = "locked_out"
    NOT_YOURS = "not_yours"
    ANONYMOUS = "anonymous"
    WRONG_STORE = "wrong_store"
    PROGRAM_CLOSED = "program_closed"
    INACTIVE_MEMBER = "inactive_member"
    REVOKED = "revoked"
    EXPIRED = "expired"
    REDEEMED = "redeemed"

    class Meta:
        description = (
            "Why a code was refused. Shoppers are told the same for all of them, as for a code "
            "that doesn't exist."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetCodeAttemptPlace(BaseEnum):
    """Where a code was tried."""

    CHECKOUT = "checkout"
    COMPLETION = "completion"
    ACCOUNT = "account"
    DRAFT = "draft"
    BULK = "bulk"

    class Meta:
        description = (
            "Where a code was tried: entered at a CHECKOUT, at its COMPLETION, on the ACCOUNT "
            "page, in a DRAFT order, or in a BULK import of orders."
        )
        doc_category = DOC_CATEGORY


class ProgramBudgetCodeLockoutSubject(BaseEnum):
    """What is locked out."""

    USER = "user"
    ADDRESS = "address"
    CHECKOUT = "checkout"

    class Meta:
        description = "What tried too often: a user, a network address, or a checkout."
        doc_category = DOC_CATEGORY
