"""Before an order exists: what a shopper has, what would be refused, and reserving it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from saleor_program_budgets import errors, ledger
from saleor_program_budgets.models import Member, Program
from saleor_program_budgets.money import Amount, zero

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor, Balance, Held
    from saleor_program_budgets.programs.store import Store


@dataclass(frozen=True, slots=True)
class Assessment:
    """How a checkout stands against its shopper's budget.

    ``usable`` is what may still be held for the checkout under the balance and every cap;
    ``held_here`` what already is. ``shortfall`` is what the budget can't cover of ``due``;
    ``refusal`` is the answer that applying the budget to all of ``due`` would get now.
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
    return (
        Member.objects.using(using)
        .select_related("account")
        .filter(program=program, user_id=user_id)
        .first()
    )


def assess(
    *,
    store: Store,
    user_id: int | None,
    due: Amount,
    checkout_id: str,
    at: datetime,
    using: str | None = None,
) -> Assessment:
    """Say what the shopper could apply to the checkout; reads only, promises nothing."""
    unit = store.program.currency
    nothing = zero(unit)
    member = find_member(program=store.program, user_id=user_id, using=using)
    refusal = _refusal_before_limits(store, member, user_id, due.currency, at)
    if member is None or store.cycle is None or due.currency != unit:
        return Assessment(store, member, due, nothing, nothing, nothing, due, None, refusal)

    balance = ledger.balances(members=[member.pk], cycle=store.cycle, at=at, using=using).get(
        member.pk, ledger.Balance()
    )
    holds = ledger.holds_of_checkout(checkout_id=checkout_id).using(using)
    held_here = sum(hold.remaining for hold in holds.filter(member=member, expires_at__gt=at))
    rest = max(due.minor - held_here, 0)
    usable, short = _under_limits(store, member, balance, Amount(rest, unit), at, using=using)
    return Assessment(
        store=store,
        member=member,
        due=due,
        available=Amount(balance.available, unit),
        usable=nothing if refusal else usable,
        held_here=Amount(held_here, unit),
        shortfall=Amount(max(rest - (0 if refusal else usable.minor), 0), unit),
        resets_at=store.cycle.ends_at,
        refusal=refusal or short,
    )


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
    if refusal is not None and (hold := ledger.hold_under(key=key)):
        # It passed when it was first asked for: let the ledger compare and answer.
        member, cycle, refusal = hold.member, hold.cycle, None
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
    try:
        return ledger.hold(
            member=member,
            cycle=cycle,
            amount=amount,
            expires_at=at + timedelta(minutes=store.program.hold_ttl_minutes),
            **purchase,
        )
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
    balance: Balance,
    requested: Amount,
    at: datetime,
    *,
    using: str | None,
) -> tuple[Amount, errors.Refusal | None]:
    """Return what fits under the balance and all caps, and what binds if that is too little."""
    if store.cycle is None:
        raise errors.LedgerInvariant("an open store has an open cycle")
    unit = requested.currency
    usable = balance.available
    refusal: errors.Refusal | None = None
    if balance.available < requested.minor:
        refusal = ledger.balance_short(
            requested=requested,
            available=Amount(balance.available, unit),
            resets_at=store.cycle.ends_at,
        )
    for cap in ledger.caps_over(
        account_id=member.account_id, cycle=store.cycle, unit=unit, at=at, using=using
    ):
        usable = min(usable, cap.available)
        if refusal is None and cap.available < requested.minor:
            refusal = ledger.cap_reached(
                cap=cap,
                requested=requested,
                available=Amount(cap.available, unit),
                resets_at=store.cycle.ends_at,
            )
    return Amount(usable, unit), refusal
