"""The one table from refusals and input errors to what a GraphQL client sees."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import graphene
from django.core.exceptions import ValidationError
from saleor.graphql.core.scalars import DateTime
from saleor.graphql.core.types import BaseEnum, Money
from saleor.graphql.core.types.common import Error

from saleor_program_budgets import errors
from saleor_program_budgets.interfaces.graphql.common import DOC_CATEGORY, to_money
from saleor_program_budgets.roster.wanted import Changed

if TYPE_CHECKING:
    from collections.abc import Iterator

DESCRIPTIONS = {
    "graphql_error": "The id isn't a global id of the expected type.",
    "invalid": "The value breaks a rule; the message says which.",
    "invalid_amount": "The amount isn't a whole, positive number of the currency's minor units.",
    "key_conflict": "The idempotency key was already used for a different request.",
    "limit_exceeded": "The list has more items than one call takes.",
    "not_available": "More was to be taken back than is neither held nor spent.",
    "not_found": "The id names nothing that the requestor may see.",
    "not_held": "More was asked for than the hold has left.",
    "not_reversible": "The posting can't be undone; the message says why.",
    "required": "A value is missing.",
    "unique": "Another object already has this value.",
    "checkout_completion_in_progress": "The checkout is just being completed.",
    "payment_failed": "The budget couldn't be applied; the message says why.",
    "stale": "What was looked at has changed since; look at it again.",
    "already_delivered": "The codes have left before, and can't be read again.",
    "budgets_switched_off": "The plugin is inactive while the channel's program is open.",
    "program_closed": "The program isn't open at this instant.",
    "not_a_member": "The shopper isn't enrolled in the channel's program, or not signed in.",
    "member_inactive": "The membership was deactivated.",
    "currency_mismatch": "The money isn't in the program's currency.",
    "balance_short": "The member's own balance is too low.",
    "cap_reached": "A cap on the member's account, or on one above it, leaves too little.",
    "not_covered": "What is held for the checkout doesn't cover what it must.",
}
"""Every code, as Saleor spells enum values, and what it says. Refusals keep their core codes."""


class ProgramBudgetErrorCode(BaseEnum):
    """Codes of ``ProgramBudgetError``; the first block is shared with Saleor's own errors."""

    GRAPHQL_ERROR = "graphql_error"
    INVALID = "invalid"
    INVALID_AMOUNT = "invalid_amount"
    KEY_CONFLICT = "key_conflict"
    LIMIT_EXCEEDED = "limit_exceeded"
    NOT_AVAILABLE = "not_available"
    NOT_FOUND = "not_found"
    NOT_HELD = "not_held"
    NOT_REVERSIBLE = "not_reversible"
    REQUIRED = "required"
    UNIQUE = "unique"
    CHECKOUT_COMPLETION_IN_PROGRESS = "checkout_completion_in_progress"
    PAYMENT_FAILED = "payment_failed"
    STALE = "stale"
    ALREADY_DELIVERED = "already_delivered"
    BUDGETS_SWITCHED_OFF = "budgets_switched_off"
    PROGRAM_CLOSED = "program_closed"
    NOT_A_MEMBER = "not_a_member"
    MEMBER_INACTIVE = "member_inactive"
    CURRENCY_MISMATCH = "currency_mismatch"
    BALANCE_SHORT = "balance_short"
    CAP_REACHED = "cap_reached"
    NOT_COVERED = "not_covered"

    class Meta:
        description = "What a program budget error or refusal is about."
        doc_category = DOC_CATEGORY

    @property
    def description(self) -> str:
        """Describe one value in the schema."""
        return DESCRIPTIONS[self.value]


class ProgramBudgetError(Error):
    """An input error, or a refusal with its amounts."""

    code = ProgramBudgetErrorCode(description="The error code.", required=True)
    requested = graphene.Field(
        Money, description="What was asked for, on a refusal or NOT_AVAILABLE."
    )
    available = graphene.Field(
        Money, description="What the binding limit leaves, on a refusal or NOT_AVAILABLE."
    )
    shortfall = graphene.Field(
        Money, description="By how much it is short, on a refusal or NOT_AVAILABLE."
    )
    resets_at = DateTime(description="When the binding limit resets, on a refusal.")

    class Meta:
        description = "Represents errors and refusals in program budget mutations."
        doc_category = DOC_CATEGORY


def code_of(core_code: str) -> str:
    """Return the enum value for a code of the core; unknown codes become ``invalid``."""
    value = core_code.lower()
    return value if value in DESCRIPTIONS else "invalid"


def refusal_error(refusal: errors.Refusal) -> ValidationError:
    """Return *refusal* as a non-field error that carries its amounts."""
    amounts: dict[str, Any] = {
        name: to_money(getattr(refusal, name)) for name in ("requested", "available", "shortfall")
    }
    return ValidationError(
        # Django formats a message that comes with parameters.
        refusal.message.replace("%", "%%"),
        code=code_of(refusal.code),
        params={**amounts, "resets_at": refusal.resets_at},
    )


def not_available_error(error: errors.NotAvailable) -> ValidationError:
    """Return *error* as one on the amount, with what was asked for and what there is."""
    amounts: dict[str, Any] = {
        "requested": to_money(error.requested),
        "available": to_money(error.available),
        "shortfall": to_money(error.requested - error.available),
    }
    return ValidationError(
        {"amount": ValidationError(str(error), code="not_available", params=amounts)}
    )


def field_error(field: str, message: str, code: str) -> ValidationError:
    """Return an error on one input field, named as in Python."""
    return ValidationError({field: ValidationError(message, code=code)})


@contextmanager
def translated(**renamed: str) -> Iterator[None]:
    """Turn what the core raises into Saleor's field errors.

    *renamed* maps the core's field names to those of the mutation, where they differ.
    """
    try:
        yield
    except errors.Refusal as refusal:
        raise refusal_error(refusal) from refusal
    except errors.InvalidInput as error:
        field = renamed.get(error.field, error.field)
        raise field_error(field, error.message, code_of(error.code)) from error
    except Changed as error:
        raise field_error("version", str(error), "stale") from error
    except errors.NotHeld as error:
        raise ValidationError(str(error), code="not_held") from error
    except errors.NotAvailable as error:
        raise not_available_error(error) from error
    except errors.NotReversible as error:
        raise field_error("posting", str(error), "not_reversible") from error
