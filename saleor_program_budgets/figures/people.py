"""Single purchases and members: the latest redemptions, and who is close to their limit."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.figures import queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saleor_program_budgets.figures.selection import Selection

LARGEST_PAGE = 100
_LATEST = datetime(9999, 12, 31, tzinfo=UTC)


class State(StrEnum):
    """What became of a purchase so far."""

    APPROVED = "approved"
    PENDING = "pending"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Who:
    """A member as lists show them; without a name where the user is gone."""

    member_id: int | None
    email: str
    name: str
    account_id: int | None
    account_name: str


@dataclass(frozen=True, slots=True)
class Redemption:
    """A purchase: captured, held, or refused with the ``code`` of the rule that bound.

    ``amount`` is what was asked for, in ``unit``; ``available`` what a refusal says there was.
    """

    cursor: str
    at: datetime
    state: State
    program_id: int
    who: Who
    unit: str
    amount: int | None
    items: int
    captured: int
    refunded: int
    checkout_id: str
    order_id: str
    code: str | None
    available: int | None


@dataclass(frozen=True, slots=True)
class Redemptions:
    """A page; ``has_more`` says whether another follows after its last one's cursor."""

    nodes: tuple[Redemption, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Closest:
    """A member who has used much of what they have, in thousandths, held amounts included."""

    program_id: int
    who: Who
    unit: str
    allocated: int
    held: int
    redeemed: int
    used_permille: int

    @property
    def remaining(self) -> int:
        """What they can still spend."""
        return self.allocated - self.held - self.redeemed


def recent(
    selection: Selection, *, first: int, after: str | None = None, using: str | None = None
) -> Redemptions:
    """Return a page of purchases and refusals, newest first; one query.

    Raises ``InvalidInput`` for a page of none or of more than 100, and for no cursor of ours.
    """
    _require_page(first)
    before_at, before = _LATEST, "~"
    if after is not None:
        before_at, before = _read_cursor(after)
    parameters = {
        "programs": selection.program_ids,
        "account": selection.account_id,
        "before_at": before_at,
        "before": before,
        "size": first + 1,
    }
    found = queries.records("recent", parameters, using=using)
    return Redemptions(
        nodes=tuple(_redemption(row) for row in found[:first]), has_more=len(found) > first
    )


def closest(selection: Selection, *, first: int, using: str | None = None) -> tuple[Closest, ...]:
    """Return the active members who have used most of what they have; one query.

    Raises ``InvalidInput`` for a page of none or of more than 100.
    """
    _require_page(first)
    parameters = {
        "programs": selection.program_ids,
        "account": selection.account_id,
        "size": first,
        "at": selection.at,
    }
    return tuple(
        Closest(
            program_id=row["program_id"],
            who=_who(row),
            unit=row["unit"],
            allocated=row["allocated"],
            held=row["held"],
            redeemed=row["redeemed"],
            used_permille=row["used_permille"],
        )
        for row in queries.records("closest", parameters, using=using)
    )


def _redemption(row: Mapping[str, Any]) -> Redemption:
    state = State.APPROVED if row["captured"] or row["items_captured"] else State.PENDING
    return Redemption(
        cursor=_cursor(row["at"], row["reference"]),
        at=row["at"],
        state=state if row["code"] is None else State.REFUSED,
        program_id=row["program_id"],
        who=_who(row),
        unit=row["unit"],
        amount=row["amount"],
        items=row["items"],
        captured=row["captured"],
        refunded=row["refunded"],
        checkout_id=row["checkout_id"],
        order_id=row["order_id"],
        code=row["code"],
        available=row["available"],
    )


def _who(row: Mapping[str, Any]) -> Who:
    return Who(
        member_id=row["member_id"],
        email=row["email"] or "",
        name=" ".join(filter(None, (row["first_name"], row["last_name"]))),
        account_id=row["account_id"],
        account_name=row["account_name"] or "",
    )


def _require_page(first: int) -> None:
    if not 1 <= first <= LARGEST_PAGE:
        raise InvalidInput("first", f"A page has 1 to {LARGEST_PAGE} rows.")


def _cursor(at: datetime, reference: str) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()} {reference}".encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        at, _, reference = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        instant = datetime.fromisoformat(at)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("after", "This is no cursor of this list.") from error
    if instant.tzinfo is None or "\x00" in reference:
        raise InvalidInput("after", "This is no cursor of this list.")
    return instant, reference
