"""Refusals have stable codes in one written order."""

import datetime as dt

import pytest

from saleor_program_budgets.errors import (
    REFUSALS,
    CurrencyMismatch,
    KeyConflict,
    MemberInactive,
    NotAMember,
    NotFound,
    NotHeld,
    ProgramClosed,
)
from saleor_program_budgets.money import Amount


def test_the_order_of_precedence_is_fixed() -> None:
    assert [(code, refusal.precedence) for code, refusal in REFUSALS.items()] == [
        ("BUDGETS_SWITCHED_OFF", 5),
        ("PROGRAM_CLOSED", 10),
        ("NOT_A_MEMBER", 20),
        ("MEMBER_INACTIVE", 21),
        ("CURRENCY_MISMATCH", 30),
        ("BALANCE_SHORT", 50),
        ("CAP_REACHED", 60),
        ("NOT_COVERED", 70),
    ]


def test_program_closed_says_when_it_opens() -> None:
    opens_at = dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC)
    refusal = ProgramClosed(opens_at=opens_at)
    assert str(refusal) == (
        "This program is not open for orders. It opens on 01 May 2026 at 08:00 UTC."
    )
    assert refusal.resets_at == opens_at
    assert str(ProgramClosed()) == "This program is not open for orders."


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        (
            NotAMember(),
            "You are not enrolled in this program. Ask its administrator to add you.",
        ),
        (NotAMember(signed_in=False), "Sign in to use your budget in this store."),
        (MemberInactive(), "Your membership in this program is not active."),
        (
            CurrencyMismatch(expected="USD", got="EUR"),
            "This program's budgets are in USD; EUR can't be used.",
        ),
    ],
)
def test_messages_speak_to_the_shopper(refusal: Exception, message: str) -> None:
    assert str(refusal) == message


def test_errors_name_their_field() -> None:
    assert (NotFound("hold", "There is no such hold.").field, NotFound("a", "b").code) == (
        "hold",
        "NOT_FOUND",
    )
    conflict = KeyConflict("k")
    assert (conflict.field, conflict.code, conflict.key) == (
        "idempotency_key",
        "KEY_CONFLICT",
        "k",
    )


def test_not_held_says_how_much_is_left() -> None:
    error = NotHeld(requested=Amount(701, "USD"), left=Amount(700, "USD"))
    assert str(error) == "7.01 USD was asked for; 7.00 USD is left."
