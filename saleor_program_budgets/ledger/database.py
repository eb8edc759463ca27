"""Calling the ledger's database functions: one round trip each, with a request fingerprint."""

from __future__ import annotations

import hashlib
import json
import random
import time
from typing import TYPE_CHECKING, Any, Literal

from django.db import DatabaseError, IntegrityError, OperationalError, connections, router

from saleor_program_budgets.errors import InvalidInput, KeyConflict, LedgerInvariant
from saleor_program_budgets.models import Posting

if TYPE_CHECKING:
    from collections.abc import Mapping

Function = Literal[
    "adjust_each",
    "end_due_raises",
    "grant",
    "hold",
    "lapse",
    "raise_cap",
    "rebuild",
    "refuse_early",
    "renew",
    "reverse",
    "reverse_each",
    "set_cap",
    "set_ceiling",
    "settle",
    "turn_cycle",
    "withdraw",
]
KEY_CONSTRAINT = "program_budgets_outcome_pkey"
ROLLED_BACK = frozenset({"40001", "40P01"})
"""serialization_failure and deadlock_detected: nothing was written, and trying again may help."""
ATTEMPTS = 3
POSTINGS_UNDER_WAY = "55PB1"
"""Our own: who wants to be alone has let others pass, and is to ask again."""
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.1
LONGEST_TEXT = 500
LONGEST = {"key": 255, "actor": 64, "checkout_id": 36, "order_id": 36, "channel_id": 36, "unit": 16}
"""How many characters the journal keeps of a request's texts."""
UNFINGERPRINTED = frozenset(
    {
        "actor",
        "at",
        "cause",
        "code",
        "cycle",
        "expires_at",
        "in_full",
        "lapsed_returns_to",
        "last_posting",
        "membership",
        "message",
        "resets_at",
    }
)
"""What may differ between a request and its retry: when, on whose behalf, and what follows.

The cycle that it counts in follows from when it was first made.
"""


def call(function: Function, request: Mapping[str, Any]) -> dict[str, Any]:
    """Run one ledger function as a transaction of its own and return its answer.

    One statement in autocommit: the locks end with the statement, not a round trip later. Raises
    ``KeyConflict`` when ``request["key"]`` was used for another request, and ``RuntimeError``
    inside another transaction, which would keep the locks until it ends. What the database rolled
    back because of somebody else's locks is tried again; other failures reach the caller, who may
    repeat the request under its key whatever became of it.
    """
    require_storable(request)
    alias = router.db_for_write(Posting)
    arguments = [json.dumps(request), fingerprint(function, request)]
    answer = _call_patiently(alias, function, arguments)
    if answer["status"] == "key_conflict":
        raise KeyConflict(str(request["key"]))
    return answer


def require_storable(request: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` for a text that the journal can't keep."""
    for name, value in request.items():
        if isinstance(value, str) and (
            "\x00" in value or len(value) > LONGEST.get(name, LONGEST_TEXT)
        ):
            raise InvalidInput(name, f"“{name}” is too long or has characters that can't be kept.")


def fingerprint(function: str, request: Mapping[str, Any]) -> str:
    """Return the digest by which a repeated request is told from a different one."""
    compared = {name: value for name, value in request.items() if name not in UNFINGERPRINTED}
    canonical = json.dumps([function, compared], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _call_patiently(alias: str, function: Function, arguments: list[str]) -> dict[str, Any]:
    attempts_left = ATTEMPTS
    gives_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        attempts_left -= 1
        try:
            return _call_once(alias, function, arguments)
        except IntegrityError as error:
            # Two requests with one key and different locks met: the loser now finds the outcome.
            if not attempts_left or _diagnosis(error, "constraint_name") != KEY_CONSTRAINT:
                raise LedgerInvariant(f"{function} was stopped by the database: {error}") from error
        except OperationalError as error:
            # Somebody else's locks were in the way, and the database rolled this back.
            state = _diagnosis(error, "sqlstate")
            if state == POSTINGS_UNDER_WAY and time.monotonic() < gives_up_at:
                attempts_left += 1
                time.sleep(PAUSE_SECONDS * (1 + random.random()))  # noqa: S311 no secret
            elif not attempts_left or state not in ROLLED_BACK:
                raise


def _call_once(alias: str, function: Function, arguments: list[str]) -> dict[str, Any]:
    connection = connections[alias]
    # As for atomic(durable=True), the blocks that Django's TestCase opens don't count.
    if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
        raise RuntimeError("A ledger operation can't run inside another transaction.")
    with connection.cursor() as cursor:
        # `function` is one of the names above, never input.
        cursor.execute(f"SELECT program_budgets_{function}(%s::jsonb, %s)", arguments)
        row = cursor.fetchone()
    if row is None:
        raise LedgerInvariant(f"{function} gave no answer")
    answer: dict[str, Any] = row[0] if isinstance(row[0], dict) else json.loads(row[0])
    return answer


def _diagnosis(error: DatabaseError, name: str) -> str | None:
    diagnostics = getattr(error.__cause__, "diag", None)
    return getattr(diagnostics, name, None)
