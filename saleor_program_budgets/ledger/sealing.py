"""Seals: a chain of digests over the journal, written after the fact.

A posting is written without a digest and waits for no other. ``seal`` chains what has been
committed, in blocks, one chain per program; ``verify`` names what was changed since.

The chain shows every change to what it seals. Whoever may write all tables, and recomputes every
later seal, or cuts off the end of a chain together with its postings, leaves nothing to see
inside this database: against that, keep what ``heads`` returns in a place of its own.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import connections, router, transaction

from saleor_program_budgets.models import Posting

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.backends.utils import CursorWrapper

POSTINGS_PER_BATCH = 10_000
"""How many postings are sealed in one transaction."""
POSTINGS_PER_SEAL = 1_000
PATIENCE_SECONDS = 10.0
POLL_SECONDS = 0.005

_LAST_DRAWN = "SELECT pg_sequence_last_value(pg_get_serial_sequence(%s, 'id'))"
_UNDER_WAY = "SELECT ARRAY(SELECT program_budgets_under_way())"
_SEAL_NEXT = "SELECT program_budgets_seal_next(%s, %s, %s, %s)"
_HEADS = """
SELECT head.program_id, head.number, encode(head.digest, 'hex'), head.last_posting_id,
       head.sealed_at
    FROM (SELECT id FROM program_budgets_program UNION ALL SELECT NULL) program
    CROSS JOIN program_budgets_head(program.id) head
    ORDER BY head.program_id
"""


@dataclass(frozen=True, slots=True)
class Head:
    """The last seal of a program's chain; of the postings of no program without ``program_id``."""

    program_id: int | None
    number: int
    digest: str
    last_posting_id: int
    sealed_at: datetime

    def __str__(self) -> str:
        chain = "no program" if self.program_id is None else f"program {self.program_id}"
        return (
            f"{chain}, seal {self.number}, up to posting {self.last_posting_id}, "
            f"at {self.sealed_at.isoformat()}: {self.digest}"
        )


class Ending(StrEnum):
    """Why a run of ``seal`` ended."""

    COMPLETE = "all that had been posted is sealed"
    POSTING_UNDER_WAY = "a posting was under way for too long"
    SEALER_AT_WORK = "another sealer is at work"
    MORE_LEFT = "there is more to seal"


@dataclass(frozen=True, slots=True)
class Sealed:
    """How many postings a run sealed, and the heads of the chains that have grown."""

    postings: int
    heads: tuple[Head, ...]
    ending: Ending


def seal(*, at: datetime, patience_seconds: float = PATIENCE_SECONDS, batches: int = 100) -> Sealed:
    """Seal every posting that was drawn before this call, at most *batches* × 10,000.

    Waits for postings under way, *patience_seconds* at most, and seals nothing if one of them
    takes longer; no posting ever waits for this. Each batch is a transaction of its own, so a run
    that is killed loses nothing that it sealed, and the next goes on from there. Raises
    ``RuntimeError`` inside another transaction.
    """
    alias = router.db_for_write(Posting)
    last_id = _last_settled(alias, patience_seconds)
    if last_id is None:
        return Sealed(0, (), Ending.POSTING_UNDER_WAY)
    total = 0
    ending = Ending.MORE_LEFT
    for _ in range(batches):
        count = _seal_batch(alias, last_id, at)
        if count is None:
            ending = Ending.SEALER_AT_WORK
            break
        total += count
        if count < POSTINGS_PER_BATCH:
            ending = Ending.COMPLETE
            break
    grown = tuple(head for head in heads() if head.sealed_at == at) if total else ()
    return Sealed(total, grown, ending)


def heads() -> tuple[Head, ...]:
    """Return the last seal of every chain, by program.

    Keep them outside this database, on paper or in another system. A chain that still has, at
    that number, the digest that you kept, says what it said then: nobody has rewritten it, and
    nobody has cut off its end.
    """
    with connections[router.db_for_write(Posting)].cursor() as cursor:
        cursor.execute(_HEADS)
        return tuple(Head(*row) for row in cursor.fetchall())


def _last_settled(alias: str, patience_seconds: float) -> int | None:
    """Return the last id drawn, once each posting up to it is visible or will never be.

    ``None`` when that takes longer than *patience_seconds*. An id is drawn before its transaction
    commits, so a lower one may appear after a higher one. Who has drawn one holds the postings'
    lock: wait for those who hold it now, as CREATE INDEX CONCURRENTLY does, and for no later one.
    """
    give_up_at = time.monotonic() + patience_seconds
    with connections[alias].cursor() as cursor:
        cursor.execute(_LAST_DRAWN, [Posting._meta.db_table])
        [last_id] = cursor.fetchone()
        waited_for = _under_way(cursor)
        while waited_for:
            if time.monotonic() >= give_up_at:
                return None
            time.sleep(POLL_SECONDS)
            waited_for &= _under_way(cursor)
    return last_id or 0


def _under_way(cursor: CursorWrapper) -> set[str]:
    cursor.execute(_UNDER_WAY)
    [transactions] = cursor.fetchone()
    return set(transactions)


def _seal_batch(alias: str, last_id: int, at: datetime) -> int | None:
    with transaction.atomic(using=alias, durable=True), connections[alias].cursor() as cursor:
        cursor.execute(_SEAL_NEXT, [last_id, POSTINGS_PER_BATCH, POSTINGS_PER_SEAL, at])
        count: int | None = cursor.fetchone()[0]
    return count
