"""From the moment an order comes to be: the gate, and what settles its holds afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saleor_program_budgets import errors, ledger, periods
from saleor_program_budgets.models import Hold, Program
from saleor_program_budgets.money import ITEM, Amount
from saleor_program_budgets.programs import calendar, cycles
from saleor_program_budgets.programs.purchases import find_member

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.db.models import QuerySet

    from saleor_program_budgets.ledger import Actor, Settlement
    from saleor_program_budgets.models import Member
    from saleor_program_budgets.programs.store import Store

LOOKS_AT_MOST = 20


def check_covered(
    *,
    store: Store,
    user_id: int | None,
    checkout_id: str,
    order_id: str = "",
    due: Amount,
    items: int = 0,
    at: datetime,
) -> None:
    """Raise the refusal that ``bind_to_order`` would raise now; reads only, promises nothing."""
    member = find_member(program=store.program, user_id=user_id)
    holds = list(_holds_relied_on(member, checkout_id, order_id, at))
    _require_covered(store, member, user_id, holds, due=due, items=items, at=at)


def bind_to_order(
    *,
    store: Store,
    user_id: int | None,
    checkout_id: str,
    order_id: str,
    due: Amount,
    items: int = 0,
    at: datetime,
) -> None:
    """Let the checkout become the order, or raise the refusal. The gate.

    Call it inside the transaction that creates the order: the holds it relies on are locked
    there and become the order's, so they can't expire or be given back before the order
    stands. A hold taken while the program was open and the member active is honoured. The
    *items* that a program counts have to be held whatever its overage policy: no other payment
    stands in for them.
    """
    member = find_member(program=store.program, user_id=user_id)
    holds = ledger.lock(_holds_relied_on(member, checkout_id, order_id, at))
    _require_covered(store, member, user_id, holds, due=due, items=items, at=at)
    ledger.bind(holds=holds, order_id=order_id, at=at)


def settle_order(
    *, order_id: str, due: Amount, items: int | None = None, actor: Actor, at: datetime
) -> list[Settlement]:
    """Capture what the order needs of its holds, up to *due*, and release what is left.

    Without *items* all that were held for the order are the order's.

    Call it after the order has committed. Repeating it, also at the same time, changes nothing;
    after a crash it takes up where the first call stopped.
    """
    return _until_undisturbed(
        lambda: _settle_holds(order_id, due=due, items=items, actor=actor, at=at)
    )


def return_order(*, order_id: str, cause: str, actor: Actor, at: datetime) -> list[Settlement]:
    """Give the whole order's budget back: release what is held, refund what was captured.

    Repeating it changes nothing.
    """
    return _until_undisturbed(lambda: _return_holds(order_id, cause=cause, actor=actor, at=at))


def refund(
    *,
    hold: Hold,
    amount: Amount,
    items: int = 0,
    last_posting: int | None = None,
    key: str,
    actor: Actor,
    at: datetime,
    cause: str,
) -> Settlement:
    """Return captured value to its lots; what becomes of lapsed ones is the program's policy.

    Raises ``NotHeld`` above what is captured and not yet refunded.
    """
    cycles.catch_up_holders(holds=[hold], at=at)
    return ledger.refund(
        hold_id=hold.pk,
        amount=amount,
        items=items,
        renewal=renewal_at(program=hold.program, hold=hold, at=at),
        last_posting=last_posting,
        key=key,
        actor=actor,
        at=at,
        cause=cause,
    )


def renewal_at(*, program: Program, hold: Hold, at: datetime) -> ledger.Renewal | None:
    """Return what a refund at *at* to a lapsed lot becomes; ``None`` when it is forfeited.

    GRACE keeps it for some days in the cycle it was spent in; REISSUE makes it part of the open
    cycle, until the member's period ends. Without an open cycle there is nothing to reissue into.
    """
    if program.refund_policy == Program.RefundPolicy.GRACE:
        ends_at = periods.days_after(
            at, days=program.refund_grace_days, time_zone=program.time_zone
        )
        return ledger.Renewal(hold.cycle, ends_at)
    if program.refund_policy == Program.RefundPolicy.REISSUE:
        cycle = cycles.turn_due(program=program, at=at)
        if cycle is None:
            return None
        period = calendar.period_of_member(program=program, cycle=cycle, member=hold.member, at=at)
        return ledger.Renewal(cycle, period.ends_at)
    return None


def release_checkout(
    *,
    checkout_id: str,
    keep: Amount | None,
    keep_items: int = 0,
    cause: str,
    actor: Actor,
    at: datetime,
) -> list[Settlement]:
    """Give back what is held for a checkout beyond *keep* (``None``: everything) and *keep_items*.

    The newest hold goes first. Holds that an order took over meanwhile are left alone.
    """
    return _until_undisturbed(
        lambda: _release_unbound(
            checkout_id,
            keep=keep.minor if keep else 0,
            keep_items=keep_items,
            cause=cause,
            actor=actor,
            at=at,
        )
    )


def expire_due_holds(*, at: datetime, batch: int = 500) -> list[Settlement]:
    """Expire up to *batch* holds whose time is up and that no order took over, oldest first."""
    due = ledger.due_holds(at=at)[:batch]
    cycles.catch_up_holders(holds=Hold.objects.filter(pk__in=list(due)), at=at)
    outcomes = [ledger.expire(hold_id=hold_id, at=at) for hold_id in due]
    return [outcome for outcome in outcomes if outcome is not None]


def _holds_relied_on(
    member: Member | None, checkout_id: str, order_id: str, at: datetime
) -> QuerySet[Hold]:
    if member is None:
        return Hold.objects.none()
    return ledger.usable_holds(
        checkout_id=checkout_id, order_id=order_id, member_id=member.pk, at=at
    )


def _require_covered(
    store: Store,
    member: Member | None,
    user_id: int | None,
    holds: list[Hold],
    *,
    due: Amount,
    items: int,
    at: datetime,
) -> None:
    """Raise the first refusal, in order of precedence, that keeps this from being an order."""
    held = Amount(sum(hold.remaining for hold in holds), store.program.currency)
    held_items = sum(hold.items_remaining for hold in holds)
    is_held_for = bool(holds) and (
        due.currency != held.currency or (held >= due and held_items >= items)
    )
    if not is_held_for and (closed := store.refusal_at(at)):
        raise closed
    if member is None:
        raise errors.NotAMember(signed_in=user_id is not None)
    if not is_held_for and not member.is_active:
        raise errors.MemberInactive
    if due.currency != held.currency:
        raise errors.CurrencyMismatch(expected=held.currency, got=due.currency)
    if store.program.overage_policy == Program.OveragePolicy.BLOCK and held < due:
        raise _not_covered(due, held)
    if held_items < items:
        raise _not_covered(Amount(items, ITEM), Amount(held_items, ITEM))


def _until_undisturbed(settle: Callable[[], list[Settlement]]) -> list[Settlement]:
    """Run *settle* until a run meets what it read, and has nothing left to do.

    Every step is for the hold as it was after its last posting, which its key names: somebody
    else who settles the same hold in between makes it fail, and the next look sees what is left.
    """
    settled: list[Settlement] = []
    for _ in range(LOOKS_AT_MOST):
        try:
            step = settle()
        except (errors.KeyConflict, errors.NotHeld, errors.HoldChanged):
            continue
        if not step:
            return settled
        settled += step
    raise errors.LedgerInvariant("a settlement found no end")


def _return_holds(order_id: str, *, cause: str, actor: Actor, at: datetime) -> list[Settlement]:
    returned: list[Settlement] = []
    holds = list(ledger.with_last_posting(ledger.holds_of_order(order_id=order_id)))
    cycles.catch_up_holders(holds=holds, at=at)
    for hold in holds:
        last = hold.last_posting
        if hold.remaining or hold.items_remaining:
            released = ledger.release(
                hold_id=hold.pk,
                amount=Amount(hold.remaining, hold.unit),
                items=hold.items_remaining,
                last_posting=last,
                key=f"return-held:{hold.pk}:{last}",
                actor=actor,
                at=at,
                cause=cause,
            )
            returned.append(released)
            last = released.posting_id
        if hold.captured > hold.refunded or hold.items_captured > hold.items_refunded:
            returned.append(
                refund(
                    hold=hold,
                    amount=Amount(hold.captured - hold.refunded, hold.unit),
                    items=hold.items_captured - hold.items_refunded,
                    last_posting=last,
                    key=f"return-spent:{hold.pk}:{last}",
                    actor=actor,
                    at=at,
                    cause=cause,
                )
            )
    return returned


def _release_unbound(
    checkout_id: str, *, keep: int, keep_items: int, cause: str, actor: Actor, at: datetime
) -> list[Settlement]:
    holds = list(ledger.with_last_posting(ledger.holds_of_checkout(checkout_id=checkout_id)))
    cycles.catch_up_holders(holds=holds, at=at)
    excess = sum(hold.remaining for hold in holds) - keep
    excess_items = sum(hold.items_remaining for hold in holds) - keep_items
    released: list[Settlement] = []
    for hold in reversed(holds):
        amount = Amount(min(max(excess, 0), hold.remaining), hold.unit)
        items = min(max(excess_items, 0), hold.items_remaining)
        if not amount and not items:
            continue
        settlement = ledger.release_unbound(
            hold_id=hold.pk,
            amount=amount,
            items=items,
            last_posting=hold.last_posting,
            key=f"give-back:{hold.pk}:{hold.last_posting}",
            actor=actor,
            at=at,
            cause=cause,
        )
        if settlement is not None:
            excess -= amount.minor
            excess_items -= items
            released.append(settlement)
    return released


def _settle_holds(
    order_id: str, *, due: Amount, items: int | None, actor: Actor, at: datetime
) -> list[Settlement]:
    """Capture over the order's holds by age, then release what each has left."""
    holds = list(ledger.with_last_posting(ledger.holds_of_order(order_id=order_id)))
    cycles.catch_up_holders(holds=holds, at=at)
    needed = due.minor - sum(hold.captured for hold in holds)
    if items is None:
        items = sum(hold.items_captured + hold.items_remaining for hold in holds)
    needed_items = items - sum(hold.items_captured for hold in holds)
    settled: list[Settlement] = []
    for hold in holds:
        last = hold.last_posting
        taken = min(max(needed, 0), hold.remaining)
        taken_items = min(max(needed_items, 0), hold.items_remaining)
        if taken or taken_items:
            captured = ledger.capture(
                hold_id=hold.pk,
                amount=Amount(taken, hold.unit),
                items=taken_items,
                order_id=order_id,
                last_posting=last,
                key=f"capture:{hold.pk}:{last}",
                actor=actor,
                at=at,
            )
            settled.append(captured)
            last = captured.posting_id
            needed -= taken
            needed_items -= taken_items
        if hold.remaining > taken or hold.items_remaining > taken_items:
            settled.append(
                ledger.release(
                    hold_id=hold.pk,
                    amount=Amount(hold.remaining - taken, hold.unit),
                    items=hold.items_remaining - taken_items,
                    last_posting=last,
                    key=f"release-rest:{hold.pk}:{last}",
                    actor=actor,
                    at=at,
                    cause="more was held than the order needs",
                )
            )
    return settled


def _not_covered(due: Amount, held: Amount) -> errors.NotCovered:
    shortfall = due - held
    start = (
        f"Your budget covers {held} of {due}"
        if held
        else f"Your budget is not applied to this order of {due}"
    )
    return errors.NotCovered(
        f"{start}: {shortfall} is missing. Apply your budget again, or change the order.",
        requested=due,
        available=held,
        shortfall=shortfall,
    )
