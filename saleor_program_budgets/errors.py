"""What can go wrong, by name.

Two families: *errors* are mistakes in a request (a bad value, an unknown id, a reused key);
*refusals* are answers: the purchase was understood and doesn't fit. Each refusal has a stable
``code`` and a ``precedence``; when several would apply, the lowest precedence is the one given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.money import Amount


class BudgetError(Exception):
    """Base of everything this package raises on purpose."""


class InvalidInput(BudgetError):
    """A value the caller gave breaks a rule; *field* names it."""

    def __init__(self, field: str, message: str, *, code: str = "INVALID") -> None:
        super().__init__(message)
        self.field = field
        self.message = message
        self.code = code


class InvalidAmount(InvalidInput):
    """Not a whole, finite, sensible number of minor units, or of the wrong sign."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message, code="INVALID_AMOUNT")


class NotFound(InvalidInput):
    """An id that names nothing the caller may see."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message, code="NOT_FOUND")


class KeyConflict(InvalidInput):
    """The idempotency key was already used for a different request."""

    def __init__(self, key: str) -> None:
        super().__init__(
            "idempotency_key",
            "This idempotency key was already used for a different request.",
            code="KEY_CONFLICT",
        )
        self.key = key


class Behind(BudgetError):
    """The member's period, or the cycle, is over: it has to be renewed first.

    ``programs`` does so before, or asks again; nobody above it meets this.
    """


class NotHeld(BudgetError):
    """A capture, release or refund asks for more than the hold has left for it."""

    def __init__(
        self, *, requested: Amount, left: Amount, items: int = 0, items_left: int = 0
    ) -> None:
        super().__init__(
            f"{requested} with {items} items was asked for; {left} with {items_left} items is left."
            if items
            else f"{requested} was asked for; {left} is left."
        )
        self.requested = requested
        self.left = left
        self.items = items
        self.items_left = items_left


class HoldChanged(BudgetError):
    """The hold isn't as the caller read it any more; look again."""


class NotAvailable(BudgetError):
    """More is to be taken back from a member than they have neither held nor spent."""

    def __init__(self, *, requested: Amount, available: Amount) -> None:
        super().__init__(f"{requested} was to be taken back; {available} is available.")
        self.requested = requested
        self.available = available


class NotReversible(BudgetError):
    """The posting can't be undone by its mirror image; the message says why."""


class LedgerInvariant(BudgetError):
    """The ledger would contradict itself; nothing was written. Always a defect."""


class Refusal(BudgetError):
    """The purchase doesn't fit; carries which rule bound, by how much, and when it resets.

    The message is written for the shopper and speaks of nobody else's figures.
    """

    code: ClassVar[str]
    precedence: ClassVar[int]

    def __init__(
        self,
        message: str,
        *,
        requested: Amount | None = None,
        available: Amount | None = None,
        shortfall: Amount | None = None,
        resets_at: datetime | None = None,
        limit_id: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.requested = requested
        self.available = available
        self.shortfall = shortfall
        self.resets_at = resets_at
        self.limit_id = limit_id

    @staticmethod
    def again(code: str, message: str, *, resets_at: datetime | None) -> Refusal:
        """Return the refusal with this code as it was worded the first time."""
        kind = REFUSALS[code]
        refusal = kind.__new__(kind)
        Refusal.__init__(refusal, message, resets_at=resets_at)
        return refusal


class BudgetsSwitchedOff(Refusal):
    """The plugin is inactive while the channel's program is open: the store stays shut."""

    code = "BUDGETS_SWITCHED_OFF"
    precedence = 5

    def __init__(self) -> None:
        super().__init__(
            "This store can't take orders right now: its budget plugin is switched off. "
            "Administrators: activate Program Budgets, or take this channel off its program."
        )


class ProgramClosed(Refusal):
    """The program was closed, or this instant lies outside its window."""

    code = "PROGRAM_CLOSED"
    precedence = 10

    def __init__(self, *, opens_at: datetime | None = None) -> None:
        when = f" It opens on {opens_at:%d %B %Y at %H:%M %Z}." if opens_at else ""
        super().__init__(f"This program is not open for orders.{when}", resets_at=opens_at)


class NotAMember(Refusal):
    """The shopper is anonymous or not enrolled in the channel's program."""

    code = "NOT_A_MEMBER"
    precedence = 20

    def __init__(self, *, signed_in: bool = True) -> None:
        super().__init__(
            "You are not enrolled in this program. Ask its administrator to add you."
            if signed_in
            else "Sign in to use your budget in this store."
        )


class MemberInactive(Refusal):
    """The membership was deactivated."""

    code = "MEMBER_INACTIVE"
    precedence = 21

    def __init__(self) -> None:
        super().__init__("Your membership in this program is not active.")


class CurrencyMismatch(Refusal):
    """The money isn't of the program's currency."""

    code = "CURRENCY_MISMATCH"
    precedence = 30

    def __init__(self, *, expected: str, got: str) -> None:
        super().__init__(f"This program's budgets are in {expected}; {got} can't be used.")


class BalanceShort(Refusal):
    """The member's own balance is too low."""

    code = "BALANCE_SHORT"
    precedence = 50


class CapReached(Refusal):
    """A cap on the member's account, or on one above it, leaves too little."""

    code = "CAP_REACHED"
    precedence = 60


class NotCovered(Refusal):
    """At completion the budget held for the checkout doesn't cover what it must."""

    code = "NOT_COVERED"
    precedence = 70


REFUSALS: dict[str, type[Refusal]] = {
    refusal.code: refusal
    for refusal in sorted(Refusal.__subclasses__(), key=lambda cls: cls.precedence)
}
"""Every refusal by its code, in order of precedence."""
