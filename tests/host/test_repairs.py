"""What a crash leaves behind is found and made up for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from saleor.payment.models import TransactionEvent, TransactionItem

from saleor_program_budgets import ledger
from saleor_program_budgets.interfaces import (
    reconciliation,
    transactions,
)
from saleor_program_budgets.models import Posting
from tests.host.support.orders import ORDER_CANCEL, amounts, crashed, reconcile
from tests.host.support.shop import balance_of, figures, global_id

if TYPE_CHECKING:
    from saleor_program_budgets.models import Member
    from tests.host.support.shop import ProgramStore, Shopper, Staff

pytestmark = pytest.mark.django_db


def test_crash_between_order_and_capture_is_repaired(
    shopper: Shopper, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        crashed(patch, "saleor_program_budgets.interfaces.orders.settle")
        order = shopper.order()
    assert figures() == [(7_500, 0, 0, 0)]

    assert reconcile() == (1, 0, 0)
    assert reconcile() == (0, 0, 0)

    assert figures() == [(7_500, 7_500, 0, 0)]
    order.refresh_from_db()
    assert order.charge_status == "full"
    assert ledger.verify().is_clean


def test_crash_between_capture_and_report_is_repaired(
    shopper: Shopper, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        crashed(patch, "saleor_program_budgets.interfaces.transactions.report")
        order = shopper.order()
    assert figures() == [(7_500, 7_500, 0, 0)]
    assert amounts(order.payment_transactions.get()) == {"authorized": 75}

    assert reconcile() == (0, 0, 1)
    assert reconcile() == (0, 0, 0)

    assert amounts(order.payment_transactions.get()) == {"charged": 75}
    order.refresh_from_db()
    assert order.charge_status == "full"


def test_crash_between_hold_and_answer_is_made_up_for_by_the_retry(
    shopper: Shopper, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = shopper.checkout()
    with monkeypatch.context() as patch:
        crashed(patch, "saleor_program_budgets.interfaces.gateway._result")
        shopper.client.post_graphql(
            _initialize(), {"id": global_id(checkout), "key": "once"}, check_no_permission=False
        )
    assert figures() == [(7_500, 0, 0, 0)]
    assert not TransactionEvent.objects.filter(type="authorization_success").exists()

    answer = shopper.apply(checkout, "75.00", key="once")

    assert answer["transactionEvent"]["type"] == "AUTHORIZATION_SUCCESS"
    assert figures() == [(7_500, 0, 0, 0)]
    assert shopper.complete(checkout)["errors"] == []


def test_crash_between_hold_and_answer_without_a_retry_expires(
    shopper: Shopper, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = shopper.checkout()
    with monkeypatch.context() as patch:
        crashed(patch, "saleor_program_budgets.interfaces.gateway._result")
        shopper.client.post_graphql(
            _initialize(), {"id": global_id(checkout), "key": "once"}, check_no_permission=False
        )

    reconciliation.expire_holds(at=timezone.now() + timedelta(hours=2))

    assert balance_of(member).available == 30_000
    assert amounts(TransactionItem.objects.get()) == {}


def test_lost_cancellation_is_repaired(
    shopper: Shopper, member: Member, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = shopper.order()
    with monkeypatch.context() as patch:
        crashed(patch, "saleor_program_budgets.interfaces.orders.settle")
        staff.call(ORDER_CANCEL, id=global_id(order))
    assert balance_of(member).spent == 7_500

    assert reconcile() == (0, 1, 0)
    assert reconcile() == (0, 0, 0)

    assert balance_of(member).available == 30_000


def test_reconciling_a_channel_that_charges_at_once_reports_nothing_twice(
    store: ProgramStore, shopper: Shopper, member: Member
) -> None:
    store.channel.default_transaction_flow_strategy = "charge"
    store.channel.save()
    checkout = shopper.checkout()
    shopper.apply(checkout)
    shopper.complete(checkout)
    events = TransactionEvent.objects.count()

    assert reconcile() == (0, 0, 0)
    assert TransactionEvent.objects.count() == events


def test_every_posting_names_its_event_and_every_event_its_posting(
    shopper: Shopper, member: Member, staff: Staff
) -> None:
    order = shopper.order()
    staff.call(ORDER_CANCEL, id=global_id(order))

    postings = Posting.objects.filter(hold__isnull=False).exclude(kind="hold")
    references = {transactions.posting_reference(posting.pk) for posting in postings}
    assert references == set(
        TransactionEvent.objects.filter(psp_reference__startswith="posting-").values_list(
            "psp_reference", flat=True
        )
    )
    assert {posting.order_id for posting in postings} == {str(order.pk)}
    assert {posting.member_id for posting in postings} == {member.pk}


def _initialize() -> str:
    return """
    mutation ($id: ID!, $key: String) {
      transactionInitialize(
        id: $id, amount: 75, idempotencyKey: $key, paymentGateway: {id: "saleor.program-budgets"}
      ) { errors { code } }
    }
    """
