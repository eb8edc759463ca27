"""How each kind of errand goes: which requests, in which order, depending on the answers."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from saleor_program_budgets.simulation.options import Fault
from saleor_program_budgets.simulation.trading.diary import Answer, Op, Request, Status
from saleor_program_budgets.simulation.trading.errands import Kind
from saleor_program_budgets.simulation.world import organization_cap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from saleor_program_budgets.simulation.trading.client import Client
    from saleor_program_budgets.simulation.trading.errands import Errand

CAP_SHARES = (Decimal("0.5"), Decimal(1), Decimal("1.1"))
GRANTED = 25_00
CORRECTED = 20_00
RAISED = 150_00
RAISE_SECONDS = 600.0
"""How long a cap stays raised, in the world's time: a second of trading, more or less."""
CLASH_SECONDS = 0.03
AHEAD_SECONDS = 300.0
"""By how much a job's clock may be ahead of the shoppers', in the world's time."""
LATE_SECONDS = 0.5
ROUND_SECONDS = 0.2
"""How long jobs that go round rest in between."""


def run(client: Client, errand: Errand) -> None:
    """Do one errand from start to end."""
    client.begin(errand)
    _SCRIPTS[errand.kind](client, errand)
    client.end()


def _buy(client: Client, errand: Errand) -> None:
    _purchase(client, errand, held=[errand.price], due=errand.price)


def _buy_in_parts(client: Client, errand: Errand) -> None:
    half = errand.price // 2
    _purchase(client, errand, held=[half, errand.price - half], due=errand.price)


def _buy_less(client: Client, errand: Errand) -> None:
    _purchase(client, errand, held=[errand.price], due=errand.price // 2)


def _purchase(client: Client, errand: Errand, *, held: list[int], due: int) -> None:
    """Hold, place, capture; *due* may be less than is held when something is taken out."""
    answers = [_hold(client, errand, amount, part) for part, amount in enumerate(held)]
    passed = [answer for answer in answers if answer.status is Status.DONE]
    if len(passed) == len(held):
        placed = _place(client, errand, sum(held))
        if placed.status is Status.DONE:
            client.ask(_settlement(client, errand, placed, answers[0], due))
            return
    if passed:
        _release(client, errand)


def _change_mind(client: Client, errand: Errand) -> None:
    if _hold(client, errand, errand.price).status is Status.DONE:
        _release(client, errand)


def _leave(client: Client, errand: Errand) -> None:
    _hold(client, errand, errand.price)


def _cancel_early(client: Client, errand: Errand) -> None:
    """Place an order that is cancelled in the moment in which it is captured."""
    held = _hold(client, errand, errand.price)
    if held.status is not Status.DONE:
        return
    placed = _place(client, errand, errand.price)
    if placed.status is not Status.DONE:
        _release(client, errand)
        return
    capture = _settlement(client, errand, placed, held, errand.price)
    client.ask_at_once(capture, _cancellation(client, errand, capture))


def _refund(client: Client, errand: Errand) -> None:
    if refund := _refund_of_choice(client, errand):
        client.ask(refund)


def _cancel(client: Client, errand: Errand) -> None:
    key = client.key(errand, "cancel")
    if cancellation := client.chosen(key):
        client.ask(cancellation)
    elif order := _order_of_choice(client, errand):
        client.ask(_cancellation(client, errand, order))


def _dispute(client: Client, errand: Errand) -> None:
    """Staff refunds a part while the order is cancelled: both try to give the same back."""
    if refund := _refund_of_choice(client, errand):
        client.ask_at_once(refund, _cancellation(client, errand, refund))


def _change_cap(client: Client, errand: Errand) -> None:
    share = CAP_SHARES[int(errand.pick * len(CAP_SHARES))]
    cap = int(client.world.departments[errand.department].cap * share) * 100
    client.ask(
        Request(op=Op.CAP, key=client.key(errand, "cap"), department=errand.department, amount=cap)
    )


def _add_cap(client: Client, errand: Errand) -> None:
    """Cap a department, or the whole organization, over all programs: a new cap the first time."""
    department = errand.department if errand.pick < 0.7 else None
    cap = (
        organization_cap(len(client.world.people))
        if department is None
        else client.world.departments[department].cap
    )
    client.ask(
        Request(
            op=Op.CAP_ALL,
            key=client.key(errand, "cap-all"),
            department=department,
            amount=int(cap) * 100,
        )
    )


def _raise_cap(client: Client, errand: Errand) -> None:
    ends_at = client.world.clock() + timedelta(seconds=RAISE_SECONDS * (0.5 + errand.pick))
    client.ask(
        Request(
            op=Op.RAISE,
            key=client.key(errand, "raise"),
            department=errand.department,
            amount=RAISED,
            until=ends_at.isoformat(),
        )
    )


def _add(client: Client, errand: Errand) -> None:
    _correct(client, errand, CORRECTED)


def _take(client: Client, errand: Errand) -> None:
    _correct(client, errand, -CORRECTED)


def _correct(client: Client, errand: Errand, amount: int) -> None:
    key = client.key(errand, "adjust")
    client.ask(Request(op=Op.ADJUST, key=key, member=errand.member, amount=amount))


def _undo(client: Client, errand: Errand) -> None:
    """Reverse one of the client's own corrections, unless it was used or reversed already."""
    key = client.key(errand, "undo")
    known = list(client.memory.correctable.values())
    if decided := client.chosen(key):
        client.ask(decided)
    elif known:
        posting = known[int(errand.pick * len(known))]
        client.ask(Request(op=Op.REVERSE, key=key, posting=posting))


def _grant(client: Client, errand: Errand) -> None:
    client.ask(
        Request(op=Op.GRANT, key=client.key(errand, "grant"), member=errand.member, amount=GRANTED)
    )


def _move(client: Client, errand: Errand) -> None:
    client.ask(
        Request(
            op=Op.MOVE,
            key=client.key(errand, "move"),
            member=errand.member,
            department=errand.department,
        )
    )


def _deactivate(client: Client, errand: Errand) -> None:
    key = client.key(errand, "deactivate")
    client.ask(Request(op=Op.DEACTIVATE, key=key, member=_leaver(errand)))


def _reactivate(client: Client, errand: Errand) -> None:
    key = client.key(errand, "reactivate")
    client.ask(Request(op=Op.REACTIVATE, key=key, member=_leaver(errand)))


def _expire(client: Client, errand: Errand) -> None:
    time.sleep(ROUND_SECONDS)
    client.ask(_round(client, errand, "expire"))
    client.ask(replace(_round(client, errand, "end"), op=Op.END_RAISES))
    client.ask(replace(_round(client, errand, "seal"), op=Op.SEAL))


def _rebuild(client: Client, errand: Errand) -> None:
    time.sleep(ROUND_SECONDS)
    client.ask(replace(_round(client, errand, "rebuild"), op=Op.REBUILD))


def _expire_late(client: Client, errand: Errand) -> None:
    client.note_fault(Fault.CLOCK, errand.kind)
    time.sleep(ROUND_SECONDS + LATE_SECONDS * errand.pick)
    client.ask(_round(client, errand, "late"))


def _expire_twice(client: Client, errand: Errand) -> None:
    time.sleep(ROUND_SECONDS)
    client.note_fault(Fault.CLOCK, errand.kind)
    client.ask(_round(client, errand, "first"))
    client.ask(_round(client, errand, "second"))


def _expire_at_once(client: Client, errand: Errand) -> None:
    time.sleep(ROUND_SECONDS)
    client.note_fault(Fault.CLOCK, errand.kind)
    client.ask_at_once(_round(client, errand, "one"), _round(client, errand, "other"))


def _expire_ahead(client: Client, errand: Errand) -> None:
    time.sleep(ROUND_SECONDS)
    client.note_fault(Fault.CLOCK, errand.kind)
    client.ask(_round(client, errand, "ahead", ahead=AHEAD_SECONDS * errand.pick))


def _clash(client: Client, errand: Errand) -> None:
    client.note_fault(Fault.DEADLOCK, errand.kind)
    client.ask(
        Request(
            op=Op.CLASH,
            key=client.key(errand, "clash"),
            member=errand.member,
            department=errand.department,
            seconds=CLASH_SECONDS * errand.pick,
        )
    )
    time.sleep(ROUND_SECONDS)


_SCRIPTS: Mapping[Kind, Callable[[Client, Errand], None]] = {
    Kind.BUY: _buy,
    Kind.BUY_IN_PARTS: _buy_in_parts,
    Kind.BUY_LESS: _buy_less,
    Kind.CHANGE_MIND: _change_mind,
    Kind.LEAVE: _leave,
    Kind.CANCEL_EARLY: _cancel_early,
    Kind.REFUND: _refund,
    Kind.CANCEL: _cancel,
    Kind.DISPUTE: _dispute,
    Kind.CHANGE_CAP: _change_cap,
    Kind.ADD_CAP: _add_cap,
    Kind.RAISE_CAP: _raise_cap,
    Kind.GRANT: _grant,
    Kind.ADD: _add,
    Kind.TAKE: _take,
    Kind.UNDO: _undo,
    Kind.MOVE: _move,
    Kind.DEACTIVATE: _deactivate,
    Kind.REACTIVATE: _reactivate,
    Kind.EXPIRE: _expire,
    Kind.EXPIRE_LATE: _expire_late,
    Kind.EXPIRE_TWICE: _expire_twice,
    Kind.EXPIRE_AT_ONCE: _expire_at_once,
    Kind.EXPIRE_AHEAD: _expire_ahead,
    Kind.REBUILD: _rebuild,
    Kind.CLASH: _clash,
}


def _checkout_id(client: Client, errand: Errand) -> str:
    return f"checkout-{client.world.program.pk}-{client.name}-{errand.number}"


def _order_id(client: Client, errand: Errand) -> str:
    return _checkout_id(client, errand).replace("checkout", "order")


def _hold(client: Client, errand: Errand, amount: int, part: int = 0) -> Answer:
    return client.ask(
        Request(
            op=Op.HOLD,
            key=client.key(errand, f"hold-{part}"),
            member=errand.member,
            amount=amount,
            checkout=_checkout_id(client, errand),
        )
    )


def _place(client: Client, errand: Errand, due: int) -> Answer:
    return client.ask(
        Request(
            op=Op.PLACE,
            key=client.key(errand, "place"),
            member=errand.member,
            amount=due,
            checkout=_checkout_id(client, errand),
            order=_order_id(client, errand),
        )
    )


def _release(client: Client, errand: Errand) -> Answer:
    return client.ask(
        Request(
            op=Op.RELEASE,
            key=client.key(errand, "release"),
            member=errand.member,
            checkout=_checkout_id(client, errand),
        )
    )


def _settlement(client: Client, errand: Errand, placed: Answer, held: Answer, due: int) -> Request:
    """Capture *due*; refunds later go to the hold that pays first, up to what it pays."""
    return Request(
        op=Op.SETTLE,
        key=client.key(errand, "capture"),
        member=errand.member,
        amount=due,
        order=placed.order,
        hold=held.hold,
        refundable=min(due, held.amount),
    )


def _cancellation(client: Client, errand: Errand, order: Request) -> Request:
    return Request(
        op=Op.RETURN,
        key=client.key(errand, "cancel"),
        member=order.member,
        order=order.order,
    )


def _order_of_choice(client: Client, errand: Errand) -> Request | None:
    orders = list(client.memory.refundable.values())
    return orders[int(errand.pick * len(orders))] if orders else None


def _refund_of_choice(client: Client, errand: Errand) -> Request | None:
    """Return the refund decided on before, or one of a part of one of the client's orders."""
    key = client.key(errand, "refund")
    if decided := client.chosen(key):
        return decided
    order = _order_of_choice(client, errand)
    if order is None:
        return None
    return Request(
        op=Op.REFUND,
        key=key,
        member=order.member,
        amount=max(order.refundable // errand.parts, 1),
        order=order.order,
        hold=order.hold,
    )


def _round(client: Client, errand: Errand, which: str, *, ahead: float = 0.0) -> Request:
    return Request(op=Op.EXPIRE, key=client.key(errand, which), seconds=ahead)


def _leaver(errand: Errand) -> int:
    """Leave one member in ten at most: everybody else can still trade."""
    return errand.member - errand.member % 10
