"""Whatever is typed, the answer comes in time, and is a proper one."""

from __future__ import annotations

import json
import time

import pytest

from saleor_program_budgets.models import CodeAttempt
from tests.host.support.codes import ADD_PROMO_CODE, INVALID, REDEEM, REMOVE_PROMO_CODE, attempts
from tests.host.support.shop import global_id

pytestmark = pytest.mark.django_db

CYRILLIC_A = "\u0410"
TAKEN = ["lower case", "spaced"]
PATIENCE_SECONDS = 5
"""Of a whole request through Django's test client, on a busy machine."""


def texts(text):
    """Return by name what a shopper, or somebody with ill intent, may type."""
    return {
        "empty": "",
        "spaces": " \t\r\n\u00a0\u2003",
        "only dashes": "----\u2013\u2014\u2011",
        "nul": f"{text[:4]}\0{text[4:]}",
        "nul alone": "\0",
        "look-alikes": f"{CYRILLIC_A}{text[1:]}",
        "fullwidth": "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in text),
        "combining": "\u0301".join(text),
        "zero width": "\u200b".join(text),
        "right to left": f"\u202e{text}",
        "emoji": "🎁" * 64,
        "sql": f"{text}' OR '1'='1",
        "percent": "%s%(x)s{0}",
        "json": '{"$ne": null}',
        "255 characters": "A" * 255,
        "256 characters": "A" * 256,
        "2000 nines": "9" * 2000,
        "lower case": text.lower(),
        "spaced": " ".join(text),
        "its own, and more": f"{text}0",
        "its own, cut": text[:-1],
    }


def post(client, query, variables):
    """Post as a browser does, over HTTP; returns the payload, once it came soon enough."""
    started = time.monotonic()
    answered = client.post_graphql(query, variables, check_no_permission=False)
    assert time.monotonic() - started < PATIENCE_SECONDS
    assert answered.status_code == 200
    content = json.loads(answered.content)
    assert "errors" not in content, content
    return next(iter(content["data"].values()))


@pytest.fixture
def each(text, forget_tries):
    """Go through the texts, none of them counted with those before."""

    def go_through():
        for name, typed in texts(text).items():
            CodeAttempt.objects.all().delete()
            forget_tries()
            yield name, typed

    return go_through()


def test_typed_into_the_promo_code_box(thief, each) -> None:
    checkout = thief.checkout()

    for name, typed in each:
        payload = post(thief.client, ADD_PROMO_CODE, {"id": global_id(checkout), "code": typed})

        assert (name, payload["checkout"], payload["errors"]) == (name, None, INVALID)
        [(place, reason)] = attempts()
        assert (place, reason in {"unknown", "not_yours"}) == ("checkout", True)


def test_typed_by_its_member(shopper, text, each) -> None:
    """Either it is taken as the code, or it is unknown: nothing else."""
    checkout, taken = shopper.checkout(), []

    for name, typed in each:
        payload = post(shopper.client, ADD_PROMO_CODE, {"id": global_id(checkout), "code": typed})
        if payload["errors"]:
            assert (payload["errors"], attempts()) == (INVALID, [("checkout", "unknown")])
        else:
            assert (payload["checkout"]["voucherCode"], attempts()) == (text, [])
            taken.append(name)

    assert taken == TAKEN


def test_typed_on_the_account_page(user_api_client, each) -> None:
    for name, typed in each:
        payload = post(user_api_client, REDEEM, {"code": typed})

        messages = [error["message"] for error in payload["errors"]]
        assert (name, messages) == (name, ["Promo code is invalid"])


def test_typed_to_be_taken_off(thief, each) -> None:
    checkout = thief.checkout()

    for name, typed in each:
        if typed:  # without one Saleor asks for its id
            variables = {"id": global_id(checkout), "code": typed}
            payload = post(thief.client, REMOVE_PROMO_CODE, variables)

            codes = [error["code"] for error in payload["errors"]]
            assert (name, codes) == (name, ["NOT_FOUND"])


def test_half_a_character(thief, text) -> None:
    """From 3.22 on Saleor refuses the request itself: it is no proper JSON."""
    variables = {"id": global_id(thief.checkout()), "code": f"{text}\ud800"}

    answered = thief.client.post_graphql(ADD_PROMO_CODE, variables, check_no_permission=False)

    if answered.status_code == 200:
        assert answered.json()["data"]["checkoutAddPromoCode"]["errors"] == INVALID
    else:
        assert answered.status_code == 400


HUGE = 10_000_000
LETTERS = ["A", "-", "é", "🎁", "\0"]


@pytest.mark.parametrize("letter", LETTERS)
def test_ten_megabytes(letter, thief, user_api_client, text, settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = None
    checkout = thief.checkout()
    huge = letter * (HUGE // len(letter.encode()))

    payload = post(thief.client, ADD_PROMO_CODE, {"id": global_id(checkout), "code": huge})
    on_account = post(user_api_client, REDEEM, {"code": huge})

    assert payload["errors"] == INVALID
    assert on_account["errors"][0]["message"] == "Promo code is invalid"
    assert attempts() == [("checkout", "unknown"), ("account", "unknown")]
    assert CodeAttempt.objects.filter(code=None).count() == 2


def test_ten_megabytes_are_more_than_saleor_reads(thief, text) -> None:
    variables = {"id": global_id(thief.checkout()), "code": "A" * HUGE}

    answered = thief.client.post_graphql(ADD_PROMO_CODE, variables, check_no_permission=False)

    assert answered.status_code in {400, 413}
    assert attempts() == []
