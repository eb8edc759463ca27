"""Orders imported in bulk redeem no codes: they pass no gate."""

from __future__ import annotations

import pytest
from saleor.order.models import Order

from saleor_program_budgets import programs
from saleor_program_budgets.models import CodeAttempt
from tests.host.graphql.queries import data_of
from tests.host.graphql.test_overrides import BULK, bulk_order
from tests.host.support.codes import UNKNOWN, attempts, code_of, redemptions, saleors

pytestmark = pytest.mark.django_db


@pytest.fixture
def importer(staff_api_client, permission_manage_orders_import):
    staff_api_client.user.user_permissions.add(permission_manage_orders_import)
    return staff_api_client


@pytest.mark.parametrize("policy", [None, "REJECT_FAILED_ROWS", "IGNORE_FAILED"])
def test_one_order_with_a_code_stops_them_all(
    policy, importer, owner, open_store, channel_PLN, text
) -> None:
    orders = [bulk_order(channel_PLN.slug), bulk_order(channel_PLN.slug) | {"voucherCode": text}]

    payload = data_of(importer, BULK, orders=orders, policy=policy)

    assert payload["count"] == 0
    assert payload["results"][0] == {"order": None, "errors": []}
    [refusal] = payload["results"][1]["errors"]
    assert (refusal["path"], refusal["code"]) == ("voucher_code", "INVALID")
    assert "issued to a member" in refusal["message"]
    assert Order.objects.count() == 0
    assert attempts() == [("bulk", "anonymous")]
    attempt = CodeAttempt.objects.get()
    assert (attempt.code, attempt.actor) == (code_of(text), f"staff:{importer.user.pk}")
    assert (redemptions(), saleors(text)) == ([], (True, 0))


def test_also_in_the_programs_own_channel(importer, open_store, text) -> None:
    order = bulk_order(open_store.channel.slug) | {"voucherCode": text}

    payload = data_of(importer, BULK, orders=[order])

    assert [error["path"] for error in payload["results"][0]["errors"]] == [
        "channel",
        "voucher_code",
    ]


@pytest.mark.parametrize("typed", [UNKNOWN, "x" * 1000])
def test_other_codes_are_saleors_affair(typed, importer, open_store, text) -> None:
    programs.set_channels(program=open_store.program, channel_ids=[])
    order = bulk_order(open_store.channel.slug) | {"voucherCode": typed, "status": "UNFULFILLED"}

    payload = data_of(importer, BULK, orders=[order])

    assert "VoucherCode" in str(payload["results"][0]["errors"])
    assert (Order.objects.count(), attempts()) == (0, [])
