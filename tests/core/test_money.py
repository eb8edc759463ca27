"""Amounts are whole minor units; whatever isn't one is refused, never rounded."""

from decimal import Decimal

import pytest

from saleor_program_budgets.errors import CurrencyMismatch, InvalidAmount
from saleor_program_budgets.money import LARGEST_MINOR, Amount, minor_digits, zero


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        ("65.00", "USD", 6500),
        ("65", "USD", 6500),
        ("65.000", "USD", 6500),
        ("-0.01", "USD", -1),
        ("0", "USD", 0),
        ("6.5E+1", "USD", 6500),
        ("65", "JPY", 65),
        ("0.065", "KWD", 65),
        ("1.1" + "0" * 80, "USD", 110),
        ("90071992547409.92", "USD", LARGEST_MINOR),
    ],
)
def test_from_decimal(value: str, currency: str, minor: int) -> None:
    assert Amount.from_decimal(Decimal(value), currency) == Amount(minor, currency)


@pytest.mark.parametrize(
    ("value", "currency", "message"),
    [
        ("0.001", "USD", "0.001 has more than 2 decimal places, which USD has not."),
        ("65.5", "JPY", "65.5 has more than 0 decimal places, which JPY has not."),
        ("1E-30", "USD", "1E-30 has more than 2 decimal places, which USD has not."),
        ("NaN", "USD", "NaN is not an amount of money."),
        ("sNaN", "USD", "sNaN is not an amount of money."),
        ("-Infinity", "USD", "-Infinity is not an amount of money."),
        ("9E+999999", "USD", "9E+999999 is not an amount of money."),
        ("90071992547409.93", "USD", "90071992547409.93 is not an amount of money."),
        ("-90071992547409.93", "USD", "-90071992547409.93 is not an amount of money."),
    ],
)
def test_from_decimal_refuses(value: str, currency: str, message: str) -> None:
    with pytest.raises(InvalidAmount) as error:
        Amount.from_decimal(Decimal(value), currency, field="ceiling")
    assert (error.value.field, error.value.code, error.value.message) == (
        "ceiling",
        "INVALID_AMOUNT",
        message,
    )


@pytest.mark.parametrize("zeros", [26, 27, 60])
def test_from_decimal_sees_digits_beyond_pythons_usual_precision(zeros: int) -> None:
    with pytest.raises(InvalidAmount):
        Amount.from_decimal(Decimal("1." + "0" * zeros + "1"), "USD")


@pytest.mark.parametrize(
    ("currency", "digits", "decimal"),
    [("USD", 2, "1234.56"), ("JPY", 0, "123456"), ("KWD", 3, "123.456")],
)
def test_to_decimal_has_the_currencys_places(currency: str, digits: int, decimal: str) -> None:
    assert minor_digits(currency) == digits
    assert str(Amount(123456, currency).to_decimal()) == decimal


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Amount(8_400_000, "USD"), "84,000.00 USD"),
        (Amount(-1, "USD"), "-0.01 USD"),
        (Amount(1234, "JPY"), "1,234 JPY"),
    ],
)
def test_str(amount: Amount, text: str) -> None:
    assert str(amount) == text


def test_arithmetic_and_comparison() -> None:
    small, large = Amount(1, "USD"), Amount(3, "USD")
    assert small + large == Amount(4, "USD")
    assert small - large == Amount(-2, "USD")
    assert small < large
    assert small <= Amount(1, "USD")
    assert not large <= small
    assert max(small, large) is large
    assert bool(zero("USD")) is False
    assert bool(Amount(-1, "USD")) is True


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__"])
def test_currencies_do_not_mix(operation: str) -> None:
    with pytest.raises(CurrencyMismatch) as refusal:
        getattr(Amount(1, "USD"), operation)(Amount(1, "EUR"))
    assert str(refusal.value) == "This program's budgets are in USD; EUR can't be used."


def test_amounts_of_different_currencies_differ() -> None:
    assert Amount(1, "USD") != Amount(1, "EUR")
