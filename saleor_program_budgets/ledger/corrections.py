"""Putting right what was wrong: one posting by its mirror image, or the cache from the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saleor_program_budgets import errors
from saleor_program_budgets.ledger.database import call
from saleor_program_budgets.ledger.records import Correction, Rebuilt
from saleor_program_budgets.ledger.requests import by
from saleor_program_budgets.money import Amount

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from saleor_program_budgets.ledger.records import Actor

NOT_REVERSIBLE = {
    "kind": "Only grants, adjustments, clawbacks, refunds and changes of a cap can be reversed.",
    "reversed": "This was reversed already.",
    "used": "What it gave has been used since, or there is no room for it any more.",
}


def reverse(*, posting_id: int, reason: str, key: str, actor: Actor, at: datetime) -> Correction:
    """Undo a grant, adjustment, clawback, refund or change of a ceiling by its mirror image.

    Raises ``NotReversible`` for other kinds (a hold is undone by its release, a capture by its
    refund), for a posting that was reversed already, and for value that has been used since;
    ``Behind`` for a posting to a member whose period is over and not renewed yet, and
    ``NotFound`` for an unknown posting.
    """
    request = reversal_request(posting_id=posting_id, reason=reason, key=key)
    return reversed_by(call("reverse", request | by(key=key, actor=actor, at=at)))


def reversal_request(*, posting_id: int, reason: str, key: str) -> dict[str, Any]:
    """Return what ``reverse`` asks: a repetition has to ask for the same."""
    return {"posting": posting_id, "reason": reason, "key": key}


def reversed_by(answer: Mapping[str, Any]) -> Correction:
    """Return what the database answered to a reversal; raises as ``reverse`` does."""
    if answer["status"] == "unknown_posting":
        raise errors.NotFound("posting", "There is no such posting.")
    if answer["status"] == "behind":
        raise errors.Behind
    if answer["status"] == "not_reversible":
        raise errors.NotReversible(NOT_REVERSIBLE[answer["because"]])
    amount = Amount(answer["amount"], answer["unit"])
    return Correction(answer["posting"], amount, "replayed" in answer)


def rebuild() -> Rebuilt:
    """Compute limits, lots and holds anew from the journal; postings wait meanwhile.

    Returns how many rows were wrong. Where ``verify`` is clean it changes nothing.
    """
    answer = call("rebuild", {})
    return Rebuilt(**{name: count for name, count in answer.items() if name != "status"})
