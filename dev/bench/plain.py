"""The same hold as plain SQL from the client: eleven round trips in one transaction.

The statements are those of the ledger's functions, prepared, shares included. What differs is that
the client sends them one by one, and keeps its locks in between.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import psycopg
from django.db import connection

from dev.bench.bare import prepared
from dev.bench.crowd import Purchase, Workload
from dev.bench.purchases import CHECKOUT, EXPIRES_AT
from dev.bench.world import ACTOR, AT, Stage
from saleor_program_budgets.ledger.database import fingerprint
from saleor_program_budgets.models import Member

_LOCK_MEMBER = """
SELECT id, pg_advisory_xact_lock_shared(7024002) FROM program_budgets_limit
    WHERE kind = 'member' AND member_id = %s AND unit = 'USD' FOR UPDATE
"""
_REPLAY = "SELECT fingerprint, result FROM program_budgets_outcome WHERE key = %s"
_MEMBER = "SELECT is_active, account_id FROM program_budgets_member WHERE id = %s"
_LOTS = "SELECT available, lots FROM program_budgets_choose_lots(%s, 1, %s)"
_CAPS = """
SELECT cap_id, spread FROM program_budgets_caps(%s, %s, %s, ARRAY['USD'])
    ORDER BY lock_rank, cap_id
"""
_SHARE = """
SELECT id, ceiling - held - spent FROM program_budgets_limit
    WHERE cap_id = %(cap)s AND share < %(spread)s
    ORDER BY (share + pg_backend_pid()) %% %(spread)s LIMIT 1
    FOR UPDATE SKIP LOCKED
"""
_SHARE_WAITING = """
SELECT id, ceiling - held - spent FROM program_budgets_limit
    WHERE cap_id = %(cap)s AND share = pg_backend_pid() %% %(spread)s
    FOR UPDATE
"""
_HOLD = """
WITH held AS (
    INSERT INTO program_budgets_hold
        (id, key, program_id, cycle_id, member_id, account_id, unit, amount, captured, released,
         refunded, items, items_captured, items_released, items_refunded, shares, checkout_id,
         order_id, expires_at, created_at)
    VALUES (program_budgets_new_id(), %(key)s, %(program)s, %(cycle)s, %(member)s, %(account)s,
            'USD', 1, 0, 0, 0, 0, 0, 0, 0, %(shares)s, %(checkout)s, '', %(expires_at)s, %(at)s)
    RETURNING id
)
INSERT INTO program_budgets_holdlot
    (hold_id, lot_id, position, amount, captured, released, refunded)
SELECT id, %(lot)s, 1, 1, 0, 0, 0 FROM held RETURNING hold_id
"""
_POST = """
WITH head AS (
    INSERT INTO program_budgets_posting
        (kind, program_id, cycle_id, member_id, account_id, hold_id, unit, amount, items,
         checkout_id, order_id, actor, cause, at, created_at)
    VALUES ('hold', %(program)s, %(cycle)s, %(member)s, %(account)s, %(hold)s, 'USD', 1, 0,
            %(checkout)s, '', %(actor)s, '', %(at)s, clock_timestamp())
    RETURNING id
), lot_after AS (
    UPDATE program_budgets_lot SET held = held + 1 WHERE id = %(lot)s
        RETURNING limit_id, id AS lot_id, held,
            amount - held - spent - lapsed - withdrawn - moved AS available
), limit_after AS (
    UPDATE program_budgets_limit SET
        held = held + 1, overhang = least(overhang, greatest(held + 1 + spent - ceiling, 0))
        WHERE id = %(limit)s OR id = ANY (%(shares)s)
        RETURNING id, held, ceiling - held - spent AS available
)
INSERT INTO program_budgets_entry
    (posting_id, limit_id, lot_id, bucket, amount, balance_before, balance_after)
SELECT head.id, row_after.limit_id, row_after.lot_id, line.bucket, line.amount,
       line.balance - line.amount, line.balance
    FROM head
    CROSS JOIN (
        SELECT * FROM lot_after
        UNION ALL
        SELECT id, NULL, held, available FROM limit_after WHERE id <> %(limit)s
    ) row_after
    CROSS JOIN LATERAL (
        VALUES ('available', -1, available), ('held', 1, held)
    ) line (bucket, amount, balance)
RETURNING posting_id
"""
_REMEMBER = """
INSERT INTO program_budgets_outcome (key, fingerprint, result, created_at)
    VALUES (%s, %s, %s, clock_timestamp()) RETURNING key
"""

type Values = Sequence[object] | Mapping[str, object]


def holds(name: str, stage: Stage, member_of: Callable[[int], Member]) -> Workload:
    """Return the workload, each client with a member of its own."""

    def prepare(client: int) -> Purchase:
        statements = Statements()
        member_id = member_of(client).pk

        def purchase() -> None:
            with statements.transaction():
                _hold(statements, member_id, stage)

        return purchase

    return Workload(name, prepare)


class Statements:
    """Prepared statements on Django's connection."""

    def __init__(self) -> None:
        self._execute = prepared()
        self._raw: psycopg.Connection = connection.connection

    def transaction(self) -> AbstractContextManager[object]:
        """Begin now, and commit at the end."""
        return self._raw.transaction()

    def all(self, statement: str, values: Values) -> list[Any]:
        """Return all rows."""
        return self._execute(statement, values).fetchall()

    def one(self, statement: str, values: Values) -> Any:
        """Return a row; raises if there is none."""
        (row,) = self.all(statement, values)
        return row


def _hold(statements: Statements, member_id: int, stage: Stage) -> None:
    one = statements.one
    key = uuid4().hex
    (limit, _) = one(_LOCK_MEMBER, [member_id])
    if statements.all(_REPLAY, [key]):
        return
    is_active, account = one(_MEMBER, [member_id])
    available, lots = one(_LOTS, [limit, AT])
    if not is_active or available < 1:
        raise ValueError("inactive, or nothing is left")
    request = {
        "key": key,
        "program": stage.program.pk,
        "cycle": stage.cycle.pk,
        "member": member_id,
        "account": account,
        "limit": limit,
        "lot": lots[0],
        "shares": _lock_shares(statements, account, stage),
        "checkout": CHECKOUT,
        "expires_at": EXPIRES_AT,
        "actor": str(ACTOR),
        "at": AT,
    }
    (hold,) = one(_HOLD, request)
    (posting, *_) = statements.all(_POST, request | {"hold": hold})[0]
    answer = {"status": "held", "hold": str(hold), "posting": posting, "amount": 1}
    told = bytes.fromhex(fingerprint("hold", {"key": key, "member": member_id}))
    one(_REMEMBER, [key, told, json.dumps(answer)])


def _lock_shares(statements: Statements, account: int, stage: Stage) -> list[int]:
    shares = []
    for cap, spread in statements.all(_CAPS, [account, stage.program.pk, stage.cycle.pk]):
        values = {"cap": cap, "spread": spread}
        free = statements.all(_SHARE, values) or statements.all(_SHARE_WAITING, values)
        share, left = free[0]
        if left < 1:
            raise ValueError("nothing is left")
        shares.append(share)
    return shares
