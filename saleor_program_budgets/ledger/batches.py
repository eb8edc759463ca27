"""Many adjustments in one transaction, or many that are undone.

Each is keyed, and comes to what ``adjust`` or ``reverse`` would have come to: an error of one is
its answer, and keeps no other from being posted. The members of a set wait for each other no
longer than it takes: a set has some hundred, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from saleor_program_budgets.errors import BudgetError, KeyConflict
from saleor_program_budgets.ledger.corrections import reversal_request, reversed_by
from saleor_program_budgets.ledger.database import call, fingerprint, require_storable
from saleor_program_budgets.ledger.funding import adjusted, adjustment_request
from saleor_program_budgets.models import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from saleor_program_budgets.ledger.database import Function
    from saleor_program_budgets.ledger.records import Actor, Correction
    from saleor_program_budgets.models import Cycle
    from saleor_program_budgets.money import Amount

type Result = Correction | BudgetError
"""What became of one line: its correction, or why there is none."""


@dataclass(frozen=True, slots=True)
class Adjusting:
    """One member's budget is to be corrected by *amount*; what is added lapses at *expires_at*."""

    member_id: int
    amount: Amount
    expires_at: datetime | None
    reason: str
    key: str


def adjust_each(
    *, lines: Sequence[Adjusting], cycle: Cycle | None, actor: Actor, at: datetime
) -> dict[str, Result]:
    """Correct budgets as ``adjust`` does, all in one transaction; return what became of each key.

    Several lines of one member are taken in their order. Raises ``InvalidAmount`` where one is
    zero, and then posts nothing.
    """
    answers = _answers(
        "adjust_each",
        [_adjustment(line) for line in lines],
        {"cycle": cycle.pk if cycle else None, "actor": str(actor), "at": at.isoformat()},
    )
    return {
        line.key: _result(line.key, answers, partial(adjusted, amount=line.amount))
        for line in lines
    }


def reverse_each(
    *, postings: Mapping[str, int], reason: str, actor: Actor, at: datetime
) -> dict[str, Result]:
    """Undo adjustments, given by their keys, as ``reverse`` does, all in one transaction.

    Returns what became of each key; a posting that is no adjustment is unknown here.
    """
    asked = []
    for key, posting_id in postings.items():
        request = reversal_request(posting_id=posting_id, reason=reason, key=key)
        asked.append(request | {"fingerprint": fingerprint("reverse", request)})
    who = {"reason": reason, "actor": str(actor), "at": at.isoformat()}
    answers = _answers("reverse_each", asked, who)
    return {key: _result(key, answers, reversed_by) for key in postings}


def postings_under(*, keys: Iterable[str]) -> dict[str, int]:
    """Return the postings (ids) that requests under these *keys* led to; others are left out."""
    found = Outcome.objects.filter(pk__in=list(keys), result__has_key="posting")
    return dict(found.values_list("pk", "result__posting"))


def _adjustment(line: Adjusting) -> dict[str, Any]:
    function, request = adjustment_request(
        member_id=line.member_id, amount=line.amount, reason=line.reason, key=line.key
    )
    return {
        "key": line.key,
        # That of the one operation: under its key the one and the many are the same request.
        "fingerprint": fingerprint(function, request),
        "member": line.member_id,
        "unit": line.amount.currency,
        "amount": line.amount.minor,
        "reason": line.reason,
        "expires_at": line.expires_at.isoformat() if line.expires_at else None,
    }


def _answers(
    function: Function, lines: Sequence[dict[str, Any]], request: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    for line in lines:
        require_storable(line)
    answers: dict[str, dict[str, Any]] = call(function, request | {"lines": lines})["answers"]
    return answers


def _result(
    key: str,
    answers: Mapping[str, dict[str, Any]],
    read: Callable[[Mapping[str, Any]], Correction],
) -> Result:
    if answers[key]["status"] == "key_conflict":
        return KeyConflict(key)
    try:
        return read(answers[key])
    except BudgetError as error:
        return error
