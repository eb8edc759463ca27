"""Everything that is done with a budget, once: to see which indexes it uses."""

import datetime as dt
from collections.abc import Callable, Mapping
from uuid import uuid4

from django.db import transaction

from dev.bench import purchases, reads
from dev.bench.population import Population
from dev.bench.purchases import CENT, CHECKOUT
from dev.bench.world import ACTOR, AT, PLENTY, Stage
from saleor_program_budgets import ledger
from saleor_program_budgets.models import Cap, Member, Posting
from saleor_program_budgets.money import Amount

_LATER = AT + dt.timedelta(hours=2)
_FEW = 21


def order(member: Member, stage: Stage) -> ledger.Held:
    """Hold, bind and capture."""
    held = purchases.hold(member, stage)
    _bind(held, member)
    _capture(held)
    return held


def all_of(population: Population) -> Mapping[str, Callable[[], object]]:
    """Return operations and reads by name; each works once, in this order."""
    stage = population.stage
    member = Member.objects.get(pk=population.member_ids[-1])
    bought, dropped, forgotten = (purchases.hold(member, stage) for _ in range(3))
    more = Amount(PLENTY.minor + 1, PLENTY.currency)
    cap = Cap.objects.get(account=population.account_ids[0])
    return {
        "hold": lambda: purchases.hold(member, stage),
        "bind": lambda: _bind(bought, member),
        "capture": lambda: _capture(bought),
        "capture again": lambda: _capture(bought),
        "release": lambda: ledger.release(
            hold_id=dropped.hold_id, key=f"release:{dropped.hold_id}", actor=ACTOR, at=AT
        ),
        "expire": lambda: ledger.expire(hold_id=forgotten.hold_id, at=_LATER),
        "refund": lambda: ledger.refund(
            hold_id=bought.hold_id, key=f"refund:{bought.hold_id}", actor=ACTOR, at=AT
        ),
        "adjust": lambda: ledger.adjust(
            member=member,
            amount=CENT,
            cycle=stage.cycle,
            expires_at=None,
            reason="bench",
            key=uuid4().hex,
            actor=ACTOR,
            at=AT,
        ),
        "set ceiling": lambda: ledger.set_ceiling(
            cap=cap, ceiling=more, reason="bench", key=uuid4().hex, actor=ACTOR, at=AT
        ),
        "holds of a checkout": lambda: list(ledger.holds_of_checkout(checkout_id=str(uuid4()))),
        "holds of an order": lambda: list(ledger.holds_of_order(order_id=str(uuid4()))),
        "orders not settled": lambda: list(ledger.unsettled_orders(bound_before=_LATER)[:_FEW]),
        "postings of a hold": lambda: list(Posting.objects.filter(hold=bought.hold_id)),
        **reads.of(population),
        "verify": ledger.verify,
    }


def _bind(held: ledger.Held, member: Member) -> None:
    with transaction.atomic():
        usable = ledger.usable_holds(
            checkout_id=CHECKOUT, order_id="", member_id=member.pk, at=AT
        ).filter(pk=held.hold_id)
        ledger.bind(holds=ledger.lock(usable), order_id=str(held.hold_id), at=AT)


def _capture(held: ledger.Held) -> None:
    ledger.capture(
        hold_id=held.hold_id,
        amount=held.amount,
        order_id=str(held.hold_id),
        key=f"capture:{held.hold_id}",
        actor=ACTOR,
        at=AT,
    )
