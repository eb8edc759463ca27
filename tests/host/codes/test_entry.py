"""The promo-code box: for all but its member a code doesn't exist."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from saleor.checkout.models import Checkout
from saleor.discount.models import VoucherCode
from saleor.giftcard.models import GiftCard

from saleor_program_budgets import codes, ledger, programs
from saleor_program_budgets.interfaces import vouchers
from saleor_program_budgets.models import CodeAttempt, CodeBatch, CodeLockout, Lot, Program
from tests.host.support.codes import (
    ADD_PROMO_CODE,
    INVALID,
    REMOVE_PROMO_CODE,
    UNKNOWN,
    attempts,
    code_of,
    credit,
    discount,
    enter,
    entered,
    redemptions,
    saleors,
    voucher_in,
)
from tests.host.support.shop import ACTOR, balance_of, global_id, usd

pytestmark = pytest.mark.django_db


def response(client, checkout, text):
    """Return the whole answer, as the wire has it, without the request's cost."""
    variables = {"id": global_id(checkout), "code": text}
    answered = client.post_graphql(ADD_PROMO_CODE, variables, check_no_permission=False)
    content = answered.json()
    content.pop("extensions", None)
    return answered.status_code, content


def statements(queries):
    """Return the statements without their values, and without settings that are read at times."""
    texts = (re.split(r" WHERE | VALUES ", each["sql"])[0] for each in queries.captured_queries)
    return [re.sub(r"'[^']*'", "?", text) for text in texts if "site_sitesettings" not in text]


def test_its_member_gets_the_discount(shopper, text) -> None:
    answer = enter(shopper, shopper.checkout(), text)

    assert answer["errors"] == []
    assert answer["checkout"]["voucherCode"] == text
    assert answer["checkout"]["discount"] == {"amount": 20.0}
    assert answer["checkout"]["totalPrice"]["gross"] == {"amount": 55.0}
    assert (attempts(), redemptions(), saleors(text)) == ([], [], (True, 0))


def test_case_spaces_and_lookalikes_dont_matter(shopper, text) -> None:
    typed = f" {text.lower().replace('0', 'o').replace('1', 'l').replace('-', ' – ')} "

    answer = enter(shopper, shopper.checkout(), typed)

    assert (answer["errors"], answer["checkout"]["voucherCode"]) == ([], text)


def test_another_members_code_is_answered_as_an_unknown_one(thief, text) -> None:
    checkout = thief.checkout()

    unknown = response(thief.client, checkout, UNKNOWN)
    stolen = response(thief.client, checkout, text)

    assert stolen == unknown
    assert unknown[1]["data"]["checkoutAddPromoCode"]["errors"] == INVALID
    assert attempts() == [("checkout", "unknown"), ("checkout", "not_yours")]
    attempt = CodeAttempt.objects.get(reason="not_yours")
    assert (attempt.code, attempt.user_reference, attempt.actor, attempt.checkout_id) == (
        code_of(text),
        str(thief.client.user.pk),
        f"user:{thief.client.user.pk}",
        str(checkout.pk),
    )
    assert (attempt.address, attempt.channel_id) == ("127.0.0.1", str(checkout.channel_id))
    checkout.refresh_from_db()
    assert checkout.voucher_code is None
    assert (redemptions(), saleors(text)) == ([], (True, 0))


def test_unknown_and_stolen_take_the_same_queries(thief, text) -> None:
    checkout = thief.checkout()
    response(thief.client, checkout, UNKNOWN)

    seen = []
    for typed in (UNKNOWN, text):
        with CaptureQueriesContext(connection) as queries:
            response(thief.client, checkout, typed)
        seen.append(statements(queries))

    assert seen[0] == seen[1]


def test_an_ordinary_voucher_costs_one_query_more(shopper, open_store, monkeypatch) -> None:
    from saleor.graphql.checkout.mutations import CheckoutAddPromoCode as Core

    from saleor_program_budgets.interfaces.graphql.overrides import CheckoutAddPromoCode

    code = VoucherCode.objects.create(code="SAVE20", voucher=voucher_in(open_store.channel))
    checkout = shopper.checkout()
    response(shopper.client, checkout, code.code)
    with CaptureQueriesContext(connection) as with_codes:
        response(shopper.client, checkout, code.code)
    monkeypatch.setattr(
        CheckoutAddPromoCode,
        "perform_mutation",
        classmethod(lambda cls, *args, **data: Core.perform_mutation.__func__(Core, *args, **data)),
    )
    with CaptureQueriesContext(connection) as without:
        response(shopper.client, checkout, code.code)

    assert len(statements(with_codes)) == len(statements(without)) + 1


def test_anonymous_shopper(shopper, api_client, text) -> None:
    shopper.client = api_client
    checkout = shopper.checkout()

    assert response(api_client, checkout, text) == response(api_client, checkout, UNKNOWN)
    assert attempts() == [("checkout", "anonymous"), ("checkout", "unknown")]


def test_member_on_an_anonymous_checkout(shopper, api_client, owner, text) -> None:
    signed_in, shopper.client = shopper.client, api_client
    checkout = shopper.checkout()

    assert enter(shopper, checkout, text, client=signed_in)["errors"] == INVALID
    assert attempts() == [("checkout", "anonymous")]


def test_member_on_somebody_elses_checkout(shopper, thief, text) -> None:
    checkout = thief.checkout()

    assert enter(shopper, checkout, text)["errors"] == INVALID
    assert attempts() == [("checkout", "not_yours")]


def test_somebody_else_on_the_members_checkout(shopper, thief, text) -> None:
    checkout = shopper.checkout()

    assert enter(thief, checkout, text)["errors"] == INVALID
    assert attempts() == [("checkout", "not_yours")]
    attempt = CodeAttempt.objects.get()
    assert attempt.user_reference == str(thief.client.user.pk)


def test_app_acts_for_the_checkouts_user(shopper, thief, handling_app, text) -> None:
    mine, stolen = shopper.checkout(), thief.checkout()

    accepted = enter(shopper, mine, text, client=handling_app)
    refused = enter(thief, stolen, text, client=handling_app)

    assert (accepted["errors"], accepted["checkout"]["voucherCode"]) == ([], text)
    assert refused["errors"] == INVALID
    assert attempts() == [("checkout", "not_yours")]
    attempt = CodeAttempt.objects.get()
    assert attempt.actor == f"app:{handling_app.app.pk}"
    assert attempt.user_reference == str(thief.client.user.pk)


def test_member_who_has_left(shopper, owner, text) -> None:
    checkout = shopper.checkout()
    programs.deactivate_member(member=owner, reason="left", actor=ACTOR, at=timezone.now())

    assert enter(shopper, checkout, text)["errors"] == INVALID
    assert attempts() == [("checkout", "inactive_member")]


def test_revoked_code(shopper, text) -> None:
    codes.revoke_codes(
        codes=[code_of(text).pk],
        reason="lost",
        withdraw=vouchers.withdraw,
        actor=ACTOR,
        at=timezone.now(),
    )

    assert enter(shopper, shopper.checkout(), text)["errors"] == INVALID
    assert attempts() == [("checkout", "revoked")]
    assert saleors(text) == (False, 0)


def test_expired_code(shopper, text) -> None:
    CodeBatch.objects.update(expires_at=timezone.now())

    assert enter(shopper, shopper.checkout(), text)["errors"] == INVALID
    assert attempts() == [("checkout", "expired")]


def test_closed_program(shopper, open_store, text) -> None:
    checkout = shopper.checkout()
    open_store.change(closes_at=timezone.now() - timedelta(seconds=1))

    assert enter(shopper, checkout, text)["errors"] == INVALID
    assert attempts() == [("checkout", "program_closed")]


def test_channel_of_no_program(shopper, open_store, text) -> None:
    checkout = shopper.checkout()
    programs.set_channels(program=open_store.program, channel_ids=[])

    assert enter(shopper, checkout, text)["errors"] == INVALID
    assert attempts() == [("checkout", "wrong_store")]


def test_redeemed_code(shopper, text) -> None:
    assert shopper.complete(entered(shopper, text))["errors"] == []

    assert enter(shopper, shopper.checkout(), text)["errors"] == INVALID
    assert attempts() == [("checkout", "redeemed")]


def test_voucher_that_is_over_is_saleors_affair(shopper, voucher, text) -> None:
    voucher.end_date = timezone.now() - timedelta(days=1)
    voucher.save()

    assert enter(shopper, shopper.checkout(), text)["errors"] == INVALID
    assert attempts() == []


def test_code_that_saleor_counts_as_used_for_nothing_is_repaired(shopper, text) -> None:
    """A crash between Saleor's count and its order leaves that behind."""
    VoucherCode.objects.filter(code=text).update(is_active=False, used=1)

    answer = enter(shopper, shopper.checkout(), text)

    assert (answer["errors"], answer["checkout"]["voucherCode"]) == ([], text)
    assert saleors(text) == (True, 0)


def test_ordinary_voucher_and_gift_card_are_untouched(shopper, open_store, gift_card) -> None:
    VoucherCode.objects.create(code="SAVE20", voucher=voucher_in(open_store.channel))
    open_store.channel.allow_legacy_gift_card_use = True
    open_store.channel.save()
    GiftCard.objects.filter(pk=gift_card.pk).update(used_by=None, used_by_email=None)
    checkout = shopper.checkout()

    by_voucher = enter(shopper, checkout, "SAVE20")
    by_card = enter(shopper, checkout, gift_card.code)
    wrong_case = enter(shopper, checkout, "save20")

    assert (by_voucher["errors"], by_voucher["checkout"]["voucherCode"]) == ([], "SAVE20")
    assert by_card["errors"] == []
    assert list(checkout.gift_cards.all()) == [gift_card]
    assert wrong_case["errors"] == INVALID
    assert attempts() == [("checkout", "unknown")]


def test_who_guesses_too_often_is_locked_out_of_codes_alone(
    shopper, owner, open_store, text
) -> None:
    VoucherCode.objects.create(code="SAVE20", voucher=voucher_in(open_store.channel))
    checkout = shopper.checkout()
    for _ in range(10):
        enter(shopper, checkout, UNKNOWN)

    locked_out = enter(shopper, checkout, text)
    ordinary = enter(shopper, checkout, "SAVE20")
    lockout = CodeLockout.objects.get(subject="user")
    for each in CodeLockout.objects.all():
        codes.release(
            subject=CodeLockout.Subject(each.subject),
            value=each.value,
            actor=ACTOR,
            at=timezone.now(),
        )
    released = enter(shopper, checkout, text)

    assert locked_out["errors"] == INVALID
    assert attempts() == [("checkout", "unknown")] * 10 + [("checkout", "locked_out")]
    assert ordinary["errors"] == []
    assert (lockout.value, lockout.tries) == (str(owner.user_id), 10)
    assert (released["errors"], released["checkout"]["voucherCode"]) == ([], text)


# store credit at the checkout


def test_store_credit_is_granted_and_the_checkout_stays_as_it_is(shopper, owner) -> None:
    text = credit(owner, usd(2_500))
    checkout = shopper.checkout()

    answer = enter(shopper, checkout, text.lower())

    assert answer["errors"] == []
    assert answer["checkout"]["voucherCode"] is None
    assert answer["checkout"]["totalPrice"]["gross"] == {"amount": 75.0}
    assert balance_of(owner).available == 32_500
    assert Lot.objects.get(origin=Lot.Origin.CODE).amount == 2_500
    assert (attempts(), redemptions()) == ([], [("", True)])
    assert ledger.verify().is_clean


def test_store_credit_is_granted_once(shopper, owner) -> None:
    text = credit(owner, usd(2_500))
    checkout = shopper.checkout()
    enter(shopper, checkout, text)

    again = enter(shopper, checkout, text)

    assert again["errors"] == INVALID
    assert attempts() == [("checkout", "redeemed")]
    assert balance_of(owner).available == 32_500


def test_somebody_elses_store_credit(thief, owner) -> None:
    text = credit(owner, usd(2_500))
    checkout = thief.checkout()

    assert response(thief.client, checkout, text) == response(thief.client, checkout, UNKNOWN)
    assert attempts() == [("checkout", "not_yours"), ("checkout", "unknown")]
    assert (balance_of(owner).available, redemptions()) == (30_000, [])


def test_store_credit_lost_in_a_race_is_answered_as_unknown(shopper, owner, monkeypatch) -> None:
    def lose(**_):
        raise codes.CodeRefused(CodeAttempt.Reason.REDEEMED)

    text = credit(owner, usd(2_500))
    monkeypatch.setattr(codes, "redeem_credit", lose)

    assert enter(shopper, shopper.checkout(), text)["errors"] == INVALID
    assert attempts() == [("checkout", "redeemed")]


# taking a code off


def remove(shopper, checkout, text):
    return shopper.call(REMOVE_PROMO_CODE, id=global_id(checkout), code=text)


def test_its_code_is_taken_off_however_it_is_typed(shopper, text) -> None:
    checkout = entered(shopper, text)

    answer = remove(shopper, checkout, text.lower())

    assert answer == {"checkout": {"voucherCode": None}, "errors": []}


def test_a_stolen_code_cant_be_told_from_an_unknown_one_by_taking_it_off(
    thief, owner, voucher, text
) -> None:
    """Saleor says of a code that exists that it isn't attached; here it doesn't exist."""
    thiefs = discount(owner.program.members.exclude(pk=owner.pk).get(), voucher)
    bare, with_code = thief.checkout(), entered(thief, thiefs)

    assert remove(thief, bare, text) == remove(thief, bare, UNKNOWN)
    assert remove(thief, with_code, text) == remove(thief, with_code, UNKNOWN)
    with_code.refresh_from_db()
    assert with_code.voucher_code == thiefs


def test_ordinary_voucher_is_taken_off(shopper, open_store) -> None:
    VoucherCode.objects.create(code="SAVE20", voucher=voucher_in(open_store.channel))
    checkout = shopper.checkout()
    enter(shopper, checkout, "SAVE20")

    assert remove(shopper, checkout, "SAVE20") == {"checkout": {"voucherCode": None}, "errors": []}
    assert Checkout.objects.get(pk=checkout.pk).voucher_code is None


def test_program_closed_by_staff(shopper, open_store, text) -> None:
    checkout = shopper.checkout()
    open_store.change(status=Program.Status.CLOSED)

    assert enter(shopper, checkout, text)["errors"] == INVALID
    assert attempts() == [("checkout", "program_closed")]
