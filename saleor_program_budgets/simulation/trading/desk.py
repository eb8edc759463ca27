"""Carrying one request out: the only place where trading calls the public API."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import (
    InvalidInput,
    NotAvailable,
    NotHeld,
    NotReversible,
    Refusal,
)
from saleor_program_budgets.models import Member
from saleor_program_budgets.simulation.shopping import SHOP, Checkout, Order
from saleor_program_budgets.simulation.trading.diary import Answer, Op, Request, Status
from saleor_program_budgets.simulation.world import ADMINISTRATOR, cents

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from saleor_program_budgets.ledger import Correction, Settlement
    from saleor_program_budgets.models import Account
    from saleor_program_budgets.simulation.world import World

SEALING_PATIENCE_SECONDS = 0.5


def carry_out(world: World, request: Request) -> Answer:
    """Make the call that *request* describes; a refusal is an answer, and is returned."""
    try:
        return _CALLS[request.op](world, request)
    except Refusal as refusal:
        return Answer(status=Status.REFUSED, code=refusal.code)
    except NotHeld:
        return Answer(status=Status.NOT_HELD)
    except (NotAvailable, NotReversible):
        return Answer(status=Status.NOT_POSSIBLE)
    except InvalidInput as error:
        return Answer(status=Status.INVALID, code=error.field)


def grant_reason(key: str) -> str:
    """Return the reason on record for a grant, by which the auditor finds it."""
    return f"simulation {key}"


def _hold(world: World, request: Request) -> Answer:
    held = _checkout(world, request).apply_budget(key=request.key)
    return Answer(hold=str(held.hold_id), amount=held.amount.minor, postings=(held.posting_id,))


def _place(world: World, request: Request) -> Answer:
    _checkout(world, request).place(request.order)
    return Answer(amount=request.amount, order=request.order)


def _settle(world: World, request: Request) -> Answer:
    return _settled(_order(world, request).settle())


def _release(world: World, request: Request) -> Answer:
    return _settled(_checkout(world, request).abandon())


def _return(world: World, request: Request) -> Answer:
    return _settled(_order(world, request).cancel())


def _refund(world: World, request: Request) -> Answer:
    [hold] = ledger.holds_of_order(order_id=request.order).filter(pk=request.hold)
    refunded = programs.refund(
        hold=hold,
        amount=cents(request.amount),
        key=request.key,
        actor=SHOP,
        at=world.clock(),
        cause="returned goods",
    )
    return _settled([refunded])


def _cap(world: World, request: Request) -> Answer:
    world.set_cap(
        _account(world, request),
        cents(request.amount).to_decimal(),
        "reviewed",
        key=request.key,
        of_all_programs=request.op is Op.CAP_ALL,
    )
    return Answer(amount=request.amount)


def _raise(world: World, request: Request) -> Answer:
    raised = programs.raise_cap(
        cap=world.cap_of(_account(world, request)),
        amount=cents(request.amount),
        ends_at=datetime.fromisoformat(request.until),
        reason="a campaign",
        key=request.key,
        actor=ADMINISTRATOR,
        at=world.clock(),
    )
    return Answer(amount=raised.amount, postings=(raised.posting_id,))


def _end_raises(world: World, request: Request) -> Answer:
    return Answer(amount=ledger.end_due_raises(at=world.clock() + _ahead(request)))


def _adjust(world: World, request: Request) -> Answer:
    corrected = programs.adjust(
        member=_member(world, request),
        amount=cents(request.amount),
        reason=grant_reason(request.key),
        key=request.key,
        actor=ADMINISTRATOR,
        at=world.clock(),
    )
    return _corrected(corrected)


def _reverse(world: World, request: Request) -> Answer:
    corrected = ledger.reverse(
        posting_id=request.posting,
        reason="a mistake",
        key=request.key,
        actor=ADMINISTRATOR,
        at=world.clock(),
    )
    return _corrected(corrected)


def _rebuild(_: World, __: Request) -> Answer:
    rebuilt = ledger.rebuild()
    return Answer(amount=sum(asdict(rebuilt).values()))


def _grant(world: World, request: Request) -> Answer:
    granted = programs.grant(
        member=_member(world, request),
        amount=cents(request.amount),
        reason=grant_reason(request.key),
        expires_at=None,
        key=request.key,
        actor=ADMINISTRATOR,
        at=world.clock(),
    )
    return Answer(amount=granted.total.minor)


def _move(world: World, request: Request) -> Answer:
    programs.move_member(
        member=_member(world, request), account=_account(world, request), at=world.clock()
    )
    return Answer()


def _deactivate(world: World, request: Request) -> Answer:
    programs.deactivate_member(
        member=_member(world, request), actor=ADMINISTRATOR, at=world.clock()
    )
    return Answer()


def _reactivate(world: World, request: Request) -> Answer:
    programs.reactivate_member(
        member=_member(world, request), actor=ADMINISTRATOR, at=world.clock()
    )
    return Answer()


def _expire(world: World, request: Request) -> Answer:
    return _settled(programs.expire_due_holds(at=world.clock() + _ahead(request)))


def _seal(world: World, _: Request) -> Answer:
    sealed = ledger.seal(at=world.clock(), patience_seconds=SEALING_PATIENCE_SECONDS)
    return Answer(amount=sealed.postings)


def _clash(world: World, request: Request) -> Answer:
    """Lock a department's cap, and then a member: the other way round than the ledger does."""
    with transaction.atomic():
        world.lock_cap(_account(world, request))
        time.sleep(request.seconds)
        member = _member(world, request)
        programs.move_member(member=member, account=member.account, at=world.clock())
    return Answer()


_CALLS: Mapping[Op, Callable[[World, Request], Answer]] = {
    Op.HOLD: _hold,
    Op.PLACE: _place,
    Op.SETTLE: _settle,
    Op.RELEASE: _release,
    Op.REFUND: _refund,
    Op.RETURN: _return,
    Op.CAP: _cap,
    Op.CAP_ALL: _cap,
    Op.RAISE: _raise,
    Op.END_RAISES: _end_raises,
    Op.GRANT: _grant,
    Op.ADJUST: _adjust,
    Op.REVERSE: _reverse,
    Op.REBUILD: _rebuild,
    Op.MOVE: _move,
    Op.DEACTIVATE: _deactivate,
    Op.REACTIVATE: _reactivate,
    Op.EXPIRE: _expire,
    Op.SEAL: _seal,
    Op.CLASH: _clash,
}


def _checkout(world: World, request: Request) -> Checkout:
    return Checkout(world, _person(world, request), cents(request.amount), request.checkout)


def _order(world: World, request: Request) -> Order:
    return Order(world, _person(world, request), cents(request.amount), request.order)


def _settled(settlements: Sequence[Settlement]) -> Answer:
    return Answer(
        amount=sum(settlement.amount.minor for settlement in settlements),
        postings=tuple(settlement.posting_id for settlement in settlements),
    )


def _corrected(corrected: Correction) -> Answer:
    postings = () if corrected.posting_id is None else (corrected.posting_id,)
    return Answer(amount=corrected.amount.minor, postings=postings)


def _ahead(request: Request) -> timedelta:
    return timedelta(seconds=request.seconds)


def _account(world: World, request: Request) -> Account:
    if request.department is None:
        return world.organization
    return world.accounts[world.departments[request.department].name]


def _person(world: World, request: Request) -> Member:
    return world.people[request.member or 0]


def _member(world: World, request: Request) -> Member:
    """Read the member anew: others change it."""
    found = Member.objects.select_related("program", "account")
    return found.get(pk=_person(world, request).pk)
