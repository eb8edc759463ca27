"""What accounts may use of a program: caps, for good or for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saleor_program_budgets import accounts, ledger
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.programs import cycles

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.ledger import Actor
    from saleor_program_budgets.models import Account, Cap, Program, Raise
    from saleor_program_budgets.money import Amount


def set_cap(
    *,
    account: Account,
    program: Program | None,
    amount: Amount,
    reason: str,
    key: str,
    actor: Actor,
    at: datetime,
) -> Cap:
    """Set what *account*, with everything below it, may use of *program* in its open cycle.

    Without a program the cap counts purchases of all programs in the amount's currency. It
    counts what was used before it was set. Raising works at once; lowering below what is used
    leaves an overhang and lets nothing new pass.
    """
    cycle = None
    if program is not None:
        if amount.currency != program.currency:
            raise InvalidInput("amount", f"This program's currency is {program.currency}.")
        cycle = cycles.turn_due(program=program, at=at)
        if cycle is None:
            raise InvalidInput("program", "Open the program before setting caps for it.")
    return ledger.set_cap(
        account=account,
        depth=accounts.depth_of(account),
        program=program,
        cycle=cycle,
        ceiling=amount,
        reason=reason,
        key=key,
        actor=actor,
        at=at,
    )


def raise_cap(
    *,
    cap: Cap,
    amount: Amount,
    ends_at: datetime,
    reason: str,
    key: str,
    actor: Actor,
    at: datetime,
) -> Raise:
    """Raise *cap* by *amount* until *ends_at*, when it ends by itself.

    Raises ``InvalidInput`` without a reason, and what ``ledger.raise_cap`` raises.
    """
    if not reason.strip():
        raise InvalidInput("reason", "Say why the cap is raised.", code="REQUIRED")
    return ledger.raise_cap(
        cap=cap, amount=amount, ends_at=ends_at, reason=reason, key=key, actor=actor, at=at
    )
