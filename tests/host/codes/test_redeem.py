"""Store credit on the account page; one message for every code that isn't taken."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from saleor_program_budgets import ledger
from saleor_program_budgets.models import CodeAttempt
from tests.host.graphql.queries import data_of
from tests.host.support.codes import (
    REDEEM,
    UNKNOWN,
    attempts,
    credit,
    discount,
    redemptions,
)
from tests.host.support.shop import balance_of, usd

pytestmark = pytest.mark.django_db

REFUSED = {
    "amount": None,
    "expiresAt": None,
    "budget": None,
    "errors": [{"field": "code", "message": "Promo code is invalid", "code": "INVALID"}],
}


def redeem(client, text):
    return data_of(client, REDEEM, code=text)


def test_its_member_gets_the_credit(user_api_client, owner) -> None:
    text = credit(owner, usd(2_500), credit_days=30)
    before = timezone.now()

    answer = redeem(user_api_client, f" {text.lower()} ")

    assert answer["errors"] == []
    assert answer["amount"] == {"amount": 25.0, "currency": "USD"}
    assert answer["budget"] == {"available": {"amount": 325.0}, "program": {"slug": "acme"}}
    expires_at = timezone.datetime.fromisoformat(answer["expiresAt"])
    assert before + timedelta(days=29) < expires_at < before + timedelta(days=31)
    assert balance_of(owner).available == 32_500
    assert (redemptions(), attempts()) == ([("", True)], [])
    assert ledger.verify().is_clean


def test_a_second_time_it_is_refused(user_api_client, owner) -> None:
    text = credit(owner, usd(2_500))
    redeem(user_api_client, text)

    assert redeem(user_api_client, text) == REFUSED
    assert attempts() == [("account", "redeemed")]
    assert balance_of(owner).available == 32_500


def test_all_others_are_told_the_same(
    user_api_client, user2_api_client, api_client, handling_app, owner, voucher
) -> None:
    text, for_checkouts = credit(owner, usd(2_500)), discount(owner, voucher)

    assert redeem(user_api_client, UNKNOWN) == REFUSED
    assert redeem(user2_api_client, text) == REFUSED
    assert redeem(api_client, text) == REFUSED
    assert redeem(handling_app, text) == REFUSED
    assert redeem(user_api_client, for_checkouts) == REFUSED
    assert attempts() == [
        ("account", "unknown"),
        ("account", "not_yours"),
        ("account", "anonymous"),
        ("account", "anonymous"),
        ("account", "wrong_store"),
    ]
    assert CodeAttempt.objects.get(reason="not_yours").address == "127.0.0.1"
    assert (redemptions(), balance_of(owner).available) == ([], 30_000)


def test_who_guesses_is_locked_out(user_api_client, owner) -> None:
    text = credit(owner, usd(2_500))
    for _ in range(10):
        redeem(user_api_client, UNKNOWN)

    assert redeem(user_api_client, text) == REFUSED
    assert attempts()[-1] == ("account", "locked_out")
    assert balance_of(owner).available == 30_000
