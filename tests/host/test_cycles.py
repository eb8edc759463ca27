"""Windows and cycles at their instants: at display, at the hold, and at completion."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from freezegun import freeze_time

from saleor_program_budgets import ledger, tasks
from saleor_program_budgets.models import Cycle, Hold, Program
from tests.host.support.cycles import end_cycle
from tests.host.support.shop import balance_of, global_id, order_of

SHOWN = """
query ($id: ID!) {
  checkout(id: $id) {
    programBudget { available { amount } applicable { amount } resetsAt refusal { code } }
  }
}
"""
SOON = timedelta(minutes=2)
INSTANT = timedelta(microseconds=1)


def shown(shopper, checkout):
    budget = shopper.call(SHOWN, id=global_id(checkout))["programBudget"]
    refusal = budget["refusal"]["code"] if budget["refusal"] else None
    return budget["available"]["amount"], budget["applicable"]["amount"], refusal


def outcome(answer):
    return (answer["data"] or {}).get("code") or answer["transactionEvent"]["type"]


def test_a_store_opens_at_its_instant(store, member, shopper) -> None:
    checkout = shopper.checkout()
    opens_at = timezone.now() + SOON
    store.change(opens_at=opens_at)

    with freeze_time(opens_at - INSTANT):
        assert shown(shopper, checkout) == (300.0, 0.0, "PROGRAM_CLOSED")
        refused = shopper.apply(checkout)
    with freeze_time(opens_at):
        assert shown(shopper, checkout) == (300.0, 75.0, None)
        applied = shopper.apply(checkout)

    assert (outcome(refused), refused["data"]["resetsAt"]) == (
        "PROGRAM_CLOSED",
        opens_at.isoformat(),
    )
    assert outcome(applied) == "AUTHORIZATION_SUCCESS"


@pytest.mark.parametrize("is_swept", [False, True])
def test_a_store_closes_at_its_instant_and_what_was_held_completes(
    is_swept, store, member, shopper
) -> None:
    held, late = shopper.checkout(), shopper.checkout()
    closes_at = timezone.now() + SOON
    store.change(closes_at=closes_at)

    with freeze_time(closes_at - INSTANT):
        applied = shopper.apply(held)
    with freeze_time(closes_at):
        if is_swept:
            assert tasks.close_programs() == {"closed": ["acme"]}
        assert shown(shopper, late)[2] == "PROGRAM_CLOSED"
        refused = shopper.apply(late)
        completed = shopper.complete(held)

    assert outcome(applied) == "AUTHORIZATION_SUCCESS"
    assert outcome(refused) == "PROGRAM_CLOSED"
    assert completed["errors"] == []
    assert balance_of(member).spent == 7_500


@pytest.mark.parametrize("has_the_job_come", [False, True])
def test_a_checkout_that_was_open_when_the_cycle_ended_completes_in_the_old_one(
    has_the_job_come, store, member, shopper
) -> None:
    checkout = shopper.checkout()
    shopper.apply(checkout)
    end_cycle(store, ago=timedelta(seconds=1))
    if has_the_job_come:
        tasks.renew()

    order = order_of(shopper.complete(checkout))

    tasks.renew()
    first, second = Cycle.objects.order_by("number")
    hold = Hold.objects.get()
    assert (hold.order_id, hold.cycle_id, hold.captured) == (str(order.pk), first.pk, 7_500)
    spent = {
        cycle.number: ledger.cycle_figures(cycle=cycle, at=timezone.now()).spent
        for cycle in (first, second)
    }
    assert spent == {1: 7_500, 2: 0}
    assert balance_of(member).available == 30_000
    assert ledger.verify().differences == ()


def test_the_next_cycle_begins_at_its_instant_for_who_shops_then(store, member, shopper) -> None:
    """No job has come: the display renews before it looks, and the hold before it holds."""
    before, after = shopper.checkout(), shopper.checkout()
    ends_at = end_cycle(store, ago=-SOON)
    shopper.apply(shopper.checkout(quantity=3))

    with freeze_time(ends_at - INSTANT):
        assert shown(shopper, before) == (95.0, 75.0, None)
        last = shopper.apply(before)
    with freeze_time(ends_at):
        assert shown(shopper, after) == (300.0, 75.0, None)
        first = shopper.apply(after)

    assert outcome(last) == outcome(first) == "AUTHORIZATION_SUCCESS"
    assert list(Hold.objects.order_by("created_at").values_list("cycle__number", flat=True)) == [
        1,
        1,
        2,
    ]
    assert ledger.verify().differences == ()


def test_a_hold_right_at_the_end_needs_no_look_before(store, member, shopper) -> None:
    checkout = shopper.checkout(quantity=4)
    ends_at = end_cycle(store, ago=-SOON)
    shopper.apply(shopper.checkout(quantity=4))

    with freeze_time(ends_at):
        applied = shopper.apply(checkout)

    assert outcome(applied) == "AUTHORIZATION_SUCCESS"
    assert Hold.objects.latest("created_at").cycle.number == 2


def test_after_the_last_window_the_store_is_shut(store, member, shopper) -> None:
    checkout = shopper.checkout()
    ends_at = end_cycle(store, ago=timedelta(seconds=1))
    store.change(cycle_length=Program.CycleLength.WINDOW, closes_at=ends_at)

    assert outcome(shopper.apply(checkout)) == "PROGRAM_CLOSED"
    tasks.renew()

    store.program.refresh_from_db()
    assert store.program.status == Program.Status.CLOSED
    assert not Hold.objects.exists()
