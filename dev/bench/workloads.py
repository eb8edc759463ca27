"""What is measured: one purchase of one cent, three levels deep, each in its own way."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import psycopg
from django.db import connection, transaction

from dev.bench.scene import ACTOR, AT, BareLimit, Scene
from saleor_program_budgets import ledger
from saleor_program_budgets.money import Amount

_CENT = Amount(1, "USD")
_BARE = """
WITH locked AS MATERIALIZED (
    SELECT id FROM bench_limit WHERE id = ANY(%s) ORDER BY lock_rank, id FOR UPDATE
)
UPDATE bench_limit SET held = held + 1 FROM locked
    WHERE bench_limit.id = locked.id AND held + spent + 1 <= ceiling
"""


@dataclass(frozen=True, slots=True)
class Workload:
    """A way to do it; `prepare` is called in each client and returns what it repeats."""

    name: str
    prepare: Callable[[Scene, int], Callable[[], None]]


def _hold(scene: Scene, client: int) -> Callable[[], None]:
    member = scene.members[client]

    def purchase() -> None:
        ledger.hold(
            member=member,
            cycle=scene.cycle,
            amount=_CENT,
            checkout_id="bench",
            key=uuid4().hex,
            expires_at=AT + dt.timedelta(hours=1),
            actor=ACTOR,
            at=AT,
        )

    return purchase


def _bare(scene: Scene, client: int) -> Callable[[], None]:
    """One statement, prepared by the driver that Django uses, in autocommit."""
    connection.ensure_connection()
    raw: psycopg.Connection = connection.connection
    cursor = psycopg.Cursor(raw)
    rows = scene.bare[client]
    return lambda: _discard(cursor.execute(_BARE, [rows], prepare=True))


def _orm(scene: Scene, client: int) -> Callable[[], None]:
    """Lock the rows, check them in Python, save them: three round trips and a transaction."""
    rows = scene.bare[client]

    def purchase() -> None:
        with transaction.atomic():
            limits = list(
                BareLimit._default_manager.select_for_update()
                .filter(pk__in=rows)
                .order_by("lock_rank", "pk")
            )
            if any(limit.held + limit.spent + 1 > limit.ceiling for limit in limits):
                raise ValueError("nothing is left")
            for limit in limits:
                limit.held += 1
                limit.save(update_fields=["held"])

    return purchase


def _discard(_: object) -> None:
    """Drop a result, so that all workloads answer alike."""


LEDGER = Workload("hold, with journal and lots", _hold)
BARE = Workload("bare update of three rows", _bare)
ORM = Workload("ORM: select for update, check, save", _orm)
ALL = (LEDGER, BARE, ORM)
