"""The ledger's own operations as workloads: one purchase of one cent, three levels deep."""

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from uuid import UUID, uuid4

from django.db import connection

from dev.bench import population
from dev.bench.crowd import Purchase, Workload
from dev.bench.world import ACTOR, AT, Department, Stage
from saleor_program_budgets import ledger
from saleor_program_budgets.models import Hold, Member
from saleor_program_budgets.money import Amount

CENT = Amount(1, "USD")
EXPIRES_AT = AT + dt.timedelta(hours=1)
CHECKOUT = "00000000-0000-0000-0000-000000000000"
_WORTH = "program_budgets_is_worth_splitting"
_NEVER = f"CREATE OR REPLACE FUNCTION {_WORTH}(p_free bigint, p_amount bigint) RETURNS boolean"
_FASTEST_CAPTURES = 3_000


def hold(member: Member, stage: Stage, *, amount: Amount = CENT) -> ledger.Held:
    """Hold under a key of its own."""
    return ledger.hold(
        member=member,
        cycle=stage.cycle,
        amount=amount,
        checkout_id=CHECKOUT,
        key=uuid4().hex,
        expires_at=EXPIRES_AT,
        actor=ACTOR,
        at=AT,
    )


def holds(
    name: str, stage: Stage, member_of: Callable[[int], Member], *, splits: bool = True
) -> Workload:
    """Return the workload of holds, each client with a member of its own."""

    def prepare(client: int) -> Purchase:
        member = member_of(client)
        return lambda: _discard(hold(member, stage))

    if splits:
        return Workload(name, prepare)
    return Workload(name, prepare, lambda _clients, _seconds: splitting_switched_off())


@contextmanager
def splitting_switched_off() -> Iterator[None]:
    """Let no cap be split meanwhile: what the ledger would be without shares."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef(%s::regproc)", [_WORTH])
        (definition,) = cursor.fetchone()
        cursor.execute(f"{_NEVER} LANGUAGE sql IMMUTABLE AS 'SELECT false'")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(definition)


class Captures:
    """Captures of whole holds, each client of its own member's; the holds are there already."""

    def __init__(self, name: str, stage: Stage, department: Department) -> None:
        self._name = name
        self._stage = stage
        self._department = department
        self._placed = 0

    @property
    def workload(self) -> Workload:
        """Return the workload."""
        return Workload(self._name, self._prepare, self._stocked)

    def _stocked(self, clients: int, seconds: float) -> AbstractContextManager[None]:
        return self._with_stock(clients, int(_FASTEST_CAPTURES * (seconds + 1)))

    @contextmanager
    def _with_stock(self, clients: int, orders: int) -> Iterator[None]:
        members = [member.pk for member in self._department.members[:clients]]
        population.trade(members, self._stage, first=self._placed + 1, orders=orders, open_every=1)
        self._placed += orders
        yield

    def _prepare(self, client: int) -> Purchase:
        member = self._department.members[client]
        stock: deque[tuple[UUID, int]] = deque(
            Hold.objects.filter(member=member, captured=0, amount__gt=1)
            .order_by("id")
            .values_list("id", "amount")
        )

        def purchase() -> None:
            hold_id, amount = stock.popleft()
            ledger.capture(
                hold_id=hold_id,
                amount=Amount(amount, CENT.currency),
                order_id=str(hold_id),
                key=f"capture:{hold_id}",
                actor=ACTOR,
                at=AT,
            )

        return purchase


def _discard(_: object) -> None:
    """Drop a result."""
