"""Before an order exists: what a shopper has, what would be refused, and reserving it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db.models import Min

from saleor_program_budgets import errors, ledger
from saleor_program_budgets.models import Member, Program
from saleor_program_budgets.money import ITEM, Amount, zero
from saleor_program_budgets.programs import cycles

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from saleor_program_budgets.ledger import Actor, Balance, Held
    from saleor_program_budgets.programs.store import Store


@dataclass(frozen=True, slots=True)
class Assessment:
    """How a checkout stands against its shopper's budget.

    ``usable`` is what may still be held for the checkout under the balance and every cap;
    ``held_here`` what already is. ``shortfall`` is what the budget can't cover of ``due``;
    ``refusal`` is the answer that applying the budget to all of ``due`` would get now. Pieces
    are counted beside money where the program does. Who ``is_behind`` has a budget to be renewed
    first (``up_to_date``): it is judged by what it was.
    """

    store: Store
    member: Member | None
    due: Amount
    available: Amount
    usable: Amount
    held_here: Amount
    shortfall: Amount
    resets_at: datetime | None
    refusal: errors.Refusal | None
    items: int = 0
    items_available: int = 0
    items_held_here: int = 0
    is_behind: bool = False

    @property
    def applicable(self) -> Amount:
        """What applying the budget now would hold: the rest of ``due``, as far as it goes."""
        if self.due.currency != self.usable.currency:
            return self.usable
        rest = max(self.due - self.held_here, zero(self.due.currency))
        return min(rest, self.usable)


def find_member(
    *, program: Program, user_id: int | None, using: str | None = None
) -> Member | None:
    """Return the user's membership, active or not."""
    if user_id is None:
        return None
    return _memberships(program, user_id, using).first()


def _memberships(program: Program, user_id: int, using: str | None) -> QuerySet[Member]:
    members = Member.objects.using(using).select_related("account")
    return members.filter(program=program, user_id=user_id)


def assess(
    *,
    store: Store,
    user_id: int | None,
    due: Amount,
    items: int = 0,
    checkout_id: str,
    at: datetime,
    using: str | None = None,
) -> Assessment:
    """Say what the shopper could apply to the checkout; reads only, promises nothing."""
    unit = store.program.currency
    nothing = zero(unit)
    member = None
    if user_id is not None:
        members = _memberships(store.program, user_id, using)
        member = members.annotate(renews_at=Min("limits__renews_at")).first()
    refusal = _refusal_before_limits(store, member, user_id, due.currency, at)
    if member is None or store.cycle is None or due.currency != unit:
        return Assessment(store, member, due, nothing, nothing, nothing, due, None, refusal, items)

    balance, pieces = (
        _balance(store, member, at, in_items=in_items, using=using) for in_items in (False, True)
    )
    renews_at = member.renews_at or store.cycle.ends_at
    holds = ledger.holds_of_checkout(checkout_id=checkout_id).using(using)
    held = list(holds.filter(member=member, expires_at__gt=at))
    held_here = sum(hold.remaining for hold in held)
    items_held_here = sum(hold.items_remaining for hold in held)
    rest = max(due.minor - held_here, 0)
    wanted = [(Amount(rest, unit), balance.available)]
    if store.program.counts_items:
        asked = Amount(max(items - items_held_here, 0), ITEM)
        wanted.append((asked, pieces.available))
    usable, short = _under_limits(store, member, wanted, renews_at=renews_at, at=at, using=using)
    return Assessment(
        store=store,
        member=member,
        due=due,
        available=Amount(balance.available, unit),
        usable=nothing if refusal else usable,
        held_here=Amount(held_here, unit),
        shortfall=Amount(max(rest - (0 if refusal else usable.minor), 0), unit),
        resets_at=renews_at,
        refusal=refusal or short,
        items=items,
        items_available=pieces.available,
        items_held_here=items_held_here,
        is_behind=renews_at <= at and store.program.status == Program.Status.OPEN,
    )


def _balance(
    store: Store, member: Member, at: datetime, *, in_items: bool, using: str | None
) -> Balance:
    """Return what the member has, in money or in pieces; nothing of what isn't counted."""
    if in_items and not store.program.counts_items:
        return ledger.Balance()
    found = ledger.balances(
        members=[member.pk], cycle=store.cycle, at=at, in_items=in_items, using=using
    )
    return found.get(member.pk, ledger.Balance())


def reserve(
    *,
    store: Store,
    user_id: int | None,
    amount: Amount,
    items: int = 0,
    checkout_id: str = "",
    order_id: str = "",
    channel_id: str,
    key: str,
    actor: Actor,
    at: datetime,
) -> Held:
    """Hold *amount* (and *items*, where a program counts them) for the checkout or order.

    Refusals come in their fixed order of precedence: program, membership, currency, balance,
    then caps from the nearest account up. Each is recorded. A repeated call gets the first
    outcome, also when the program has closed or opened since.
    """
    store = store.turned(at=at)
    member = find_member(program=store.program, user_id=user_id)
    purchase: dict[str, Any] = {
        "items": items,
        "checkout_id": checkout_id,
        "order_id": order_id,
        "channel_id": channel_id,
        "key": key,
        "actor": actor,
        "at": at,
    }
    refusal = _refusal_before_limits(store, member, user_id, amount.currency, at)
    cycle = store.cycle
    if refusal is not None and amount.currency == store.program.currency:
        # What was asked for when nothing stood against it is compared and answered by the ledger.
        if hold := ledger.hold_under(key=key):
            member, cycle, refusal = hold.member, hold.cycle, None
        elif member is not None and ledger.is_answered(key=key):
            cycle = cycle or store.program.cycles.order_by("number").last()
            refusal = refusal if cycle is None else None
    refuse = partial(
        ledger.refuse,
        program=store.program,
        member=member,
        user_reference=str(user_id or ""),
        requested=amount,
        **purchase,
    )
    if refusal is not None or member is None or cycle is None:
        raise refuse(refusal=refusal or errors.ProgramClosed())
    reserve_in = partial(
        ledger.hold,
        member=member,
        amount=amount,
        expires_at=at + timedelta(minutes=store.program.hold_ttl_minutes),
        **purchase,
    )
    try:
        try:
            return reserve_in(cycle=cycle)
        except errors.Behind:
            cycle = cycles.up_to_date(member, at=at)
            if cycle is None:
                raise refuse(refusal=errors.ProgramClosed()) from None
            return reserve_in(cycle=cycle)
    except errors.KeyConflict:
        # The key may stand for a refusal that was decided here, before the ledger was asked.
        raise refuse(refusal=errors.ProgramClosed()) from None


def _refusal_before_limits(
    store: Store,
    member: Member | None,
    user_id: int | None,
    currency: str,
    at: datetime,
) -> errors.Refusal | None:
    """Return the first refusal that needs no figures, in order of precedence."""
    if closed := store.refusal_at(at):
        return closed
    if member is None:
        return errors.NotAMember(signed_in=user_id is not None)
    if not member.is_active:
        return errors.MemberInactive()
    if currency != store.program.currency:
        return errors.CurrencyMismatch(expected=store.program.currency, got=currency)
    return None


def _under_limits(
    store: Store,
    member: Member,
    wanted: list[tuple[Amount, int]],
    *,
    renews_at: datetime,
    at: datetime,
    using: str | None,
) -> tuple[Amount, errors.Refusal | None]:
    """Return what money fits under the balance and all caps, and what binds if that is too little.

    *wanted* is what is asked for beside what the member has of it: money, then pieces.
    """
    if store.cycle is None:
        raise errors.LedgerInvariant("an open store has an open cycle")
    refusals: list[errors.Refusal] = [
        ledger.balance_short(
            requested=asked, available=Amount(available, asked.currency), resets_at=renews_at
        )
        for asked, available in wanted
        if available < asked.minor
    ]
    money, usable = wanted[0]
    for asked, _ in wanted:
        for cap in ledger.caps_over(
            account_id=member.account_id, cycle=store.cycle, unit=asked.currency, at=at, using=using
        ):
            if asked is money:
                usable = min(usable, cap.available)
            if cap.available < asked.minor:
                available = Amount(cap.available, asked.currency)
                refusals.append(
                    ledger.cap_reached(
                        cap=cap,
                        requested=asked,
                        available=available,
                        resets_at=store.cycle.ends_at,
                    )
                )
    return Amount(usable, money.currency), refusals[0] if refusals else None
