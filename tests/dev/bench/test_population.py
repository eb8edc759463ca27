"""Orders written by the thousand say what orders placed one by one would have said."""

import pytest

from dev.bench import population, purchases, trades
from dev.bench.population import Population
from saleor_program_budgets import ledger
from saleor_program_budgets.models import Entry, Hold, HoldLot, Limit, Member, Outcome, Posting

pytestmark = pytest.mark.django_db

ORDERS = 200
OPEN = 20


@pytest.fixture
def populated() -> Population:
    """A small organization that has ordered."""
    found = population.build(members=60, departments=3)
    trade(found)
    return found


def trade(found: Population) -> None:
    population.trade(
        found.member_ids,
        found.stage,
        first=found.orders + 1,
        orders=ORDERS,
        open_every=ORDERS // OPEN,
    )
    found.orders += ORDERS


def test_the_journal_agrees_with_everything(populated: Population) -> None:
    verification = ledger.verify()

    assert verification.differences == ()
    assert ledger.rebuild() == ledger.Rebuilt(lots=0, caps=0, members=0, pins=0, holds=0)


def test_an_order_has_all_that_a_placed_one_has(populated: Population) -> None:
    captures = ORDERS - OPEN
    assert Posting.objects.filter(kind="hold").count() == ORDERS
    assert Posting.objects.filter(kind="capture").count() == captures
    assert Entry.objects.filter(posting__hold__isnull=False).count() == 6 * (ORDERS + captures)
    assert HoldLot.objects.count() == ORDERS
    assert Outcome.objects.filter(result__has_key="amount", result__status="held").count() == ORDERS
    assert {len(shares) for shares in Hold.objects.values_list("shares", flat=True)} == {2}


def test_orders_use_all_shares_of_a_split_cap(populated: Population) -> None:
    shares = Limit.objects.filter(account=populated.root_id)

    assert [share.held + share.spent > 0 for share in shares] == [True] * 16


def test_more_orders_and_real_ones_follow(populated: Population) -> None:
    trade(populated)
    trades.order(Member.objects.get(pk=populated.member_ids[0]), populated.stage)
    held = Hold.objects.filter(captured=0).latest("id")
    purchases.hold(held.member, populated.stage)
    ledger.capture(
        hold_id=held.pk,
        amount=purchases.CENT,
        order_id="late",
        key="late",
        actor=ledger.Actor.system("test"),
        at=held.created_at,
    )

    assert ledger.verify().differences == ()
