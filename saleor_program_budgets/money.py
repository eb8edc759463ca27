"""Amounts of money in whole minor units.

Inside the ledger an amount is an integer and the name of its unit; ``Decimal`` exists only at
the edges. Nothing here rounds: a value that isn't a whole number of minor units is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from functools import lru_cache
from typing import Self

from babel.numbers import get_currency_precision

from saleor_program_budgets.errors import CurrencyMismatch, InvalidAmount

LARGEST_MINOR = 2**53
"""No single amount exceeds this, so that sums stay far from the database's bigint limit."""

_EXACT = Context(prec=60, traps=[InvalidOperation, Inexact, Overflow])
"""Python's own default context would round a 29th digit away unseen."""


ITEM = "ITEM"
"""The unit in which kit programs count: pieces, which have no decimal places."""


@lru_cache(maxsize=256)
def minor_digits(currency: str) -> int:
    """Return how many decimal places *currency* has (ISO 4217, from CLDR): USD 2, JPY 0."""
    return 0 if currency == ITEM else get_currency_precision(currency)


@dataclass(frozen=True, slots=True)
class Amount:
    """A whole number of minor units of one currency; may be negative.

    Arithmetic and comparison between different currencies raise ``CurrencyMismatch``.
    """

    minor: int
    currency: str

    @classmethod
    def from_decimal(cls, value: Decimal, currency: str, *, field: str = "amount") -> Self:
        """Convert a major-unit decimal, for example ``Decimal("65.00")`` USD to 6500 cents.

        Raises ``InvalidAmount`` naming *field* when the value isn't finite, has more decimal
        places than the currency, or is too large to be a sum of money.
        """
        digits = minor_digits(currency)
        try:
            scaled = value.scaleb(digits, context=_EXACT)
            whole = scaled.to_integral_value(context=_EXACT)
        except DecimalException as error:
            raise InvalidAmount(field, f"{value} is not an amount of money.") from error
        if not scaled.is_finite() or abs(whole) > LARGEST_MINOR:
            raise InvalidAmount(field, f"{value} is not an amount of money.")
        if scaled != whole:
            raise InvalidAmount(
                field,
                f"{value} has more than {digits} decimal places, which {currency} has not.",
            )
        return cls(int(whole), currency)

    def to_decimal(self) -> Decimal:
        """Return the amount in major units, with exactly the currency's decimal places."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def _same_currency(self, other: Amount) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(expected=self.currency, got=other.currency)

    def __add__(self, other: Amount) -> Amount:
        """Add an amount of the same currency."""
        self._same_currency(other)
        return Amount(self.minor + other.minor, self.currency)

    def __sub__(self, other: Amount) -> Amount:
        """Subtract an amount of the same currency."""
        self._same_currency(other)
        return Amount(self.minor - other.minor, self.currency)

    def __lt__(self, other: Amount) -> bool:
        """Compare with an amount of the same currency."""
        self._same_currency(other)
        return self.minor < other.minor

    def __le__(self, other: Amount) -> bool:
        """Compare with an amount of the same currency."""
        self._same_currency(other)
        return self.minor <= other.minor

    def __gt__(self, other: Amount) -> bool:
        """Compare with an amount of the same currency."""
        return other < self

    def __ge__(self, other: Amount) -> bool:
        """Compare with an amount of the same currency."""
        return other <= self

    def __bool__(self) -> bool:
        """Be false for zero only."""
        return self.minor != 0

    def __str__(self) -> str:
        """Render as people read it: ``65.00 USD``, ``3 items``."""
        if self.currency == ITEM:
            return "1 item" if self.minor == 1 else f"{self.minor:,} items"
        return f"{self.to_decimal():,} {self.currency}"


def zero(currency: str) -> Amount:
    """Return nothing of *currency*."""
    return Amount(0, currency)
