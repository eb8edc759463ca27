"""Redemption codes where Saleor takes promo codes: what was typed, and what Saleor is asked.

A text that is no code of ours goes to Saleor as it was typed. A code of ours that stands goes as
Saleor has it. One that is refused is replaced by a text that nothing has: then it is Saleor that
answers, in its own words and its own time, as it does for a code that doesn't exist.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from saleor.core.utils import get_client_ip

from saleor_program_budgets import codes
from saleor_program_budgets.models import CodeAttempt, CodeBatch

if TYPE_CHECKING:
    from datetime import datetime

    from saleor_program_budgets.codes import Caller, Found

Reason = CodeAttempt.Reason

LONGEST_CODE = 255
"""Of a voucher's code in Saleor; those of its gift cards are shorter."""


@dataclass(frozen=True, slots=True)
class Entered:
    """What was typed, the code of ours that it is, and why that is refused, if it is."""

    typed: str
    caller: Caller
    found: Found | None
    reason: CodeAttempt.Reason | None
    at: datetime

    @property
    def is_fine(self) -> bool:
        """Whether it is a code of ours that nothing stands against."""
        return self.found is not None and self.reason is None

    @property
    def credit(self) -> Found | None:
        """The store-credit code that it is, if nothing stands against that."""
        if self.found is None or self.reason is not None:
            return None
        return self.found if self.found.kind == CodeBatch.Kind.STORE_CREDIT else None

    @property
    def for_saleor(self) -> str:
        """What Saleor is asked for."""
        if self.found is None:
            return self.typed if can_be_a_code(self.typed) else unknown_code()
        return self.found.code.text if self.is_fine else unknown_code()

    def refused(self, reason: CodeAttempt.Reason) -> Entered:
        """Return it as it turned out when it was to be redeemed."""
        return replace(self, reason=reason)


def enter(*, typed: str, caller: Caller, owner_id: int | None, at: datetime) -> Entered:
    """Judge what *caller* typed, for a checkout or draft that belongs to the user *owner_id*.

    One query, and one look into the cache, whatever was typed.
    """
    is_locked_out = codes.is_locked_out(caller)
    found = codes.find(text=typed, channel_id=caller.channel_id)
    reason = None
    if found is not None:
        reason = Reason.LOCKED_OUT if is_locked_out else _refusal(found, caller, owner_id, at)
    return Entered(typed, caller, found, reason, at)


def _refusal(
    found: Found, caller: Caller, owner_id: int | None, at: datetime
) -> CodeAttempt.Reason | None:
    """Return what stands against it: a code is good for its member's own purchases only."""
    if caller.user_id != owner_id:
        return Reason.ANONYMOUS if None in {caller.user_id, owner_id} else Reason.NOT_YOURS
    return codes.refusal(found=found, caller=caller, at=at)


def record(entered: Entered) -> None:
    """Write a refusal down; who entered what was fine tried nobody else's code."""
    if entered.is_fine:
        return
    codes.record_refused(
        text=entered.typed,
        found=entered.found,
        reason=entered.reason or Reason.UNKNOWN,
        caller=entered.caller,
        at=entered.at,
    )


def can_be_a_code(text: str) -> bool:
    """Say whether Saleor's database could hold such a code; it can't even be asked for others."""
    if len(text) > LONGEST_CODE or "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def unknown_code() -> str:
    """Return a text that is nobody's code."""
    return secrets.token_hex(16)


def address_of(request: Any) -> str | None:
    """Return where the request comes from, as Saleor tells it."""
    return get_client_ip(request)
