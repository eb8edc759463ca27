"""A journal of any size, in minutes: orders by the thousand, consistent to the cent."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from django.db import connection, transaction

from dev.bench import world
from dev.bench.report import say
from dev.bench.world import Stage

ENTRIES_OF_ORDER = 12
"""A hold and a capture change a lot and two caps, and two buckets of each."""
_ENTRIES_OF_ENROLLMENT = 2
_ORDERS_AT_ONCE = 50_000
_OPEN_EVERY = 100
_MEMBERS_OF_DEPARTMENT = 280
_FEWEST_DEPARTMENTS = 30
_MOST_MEMBERS = 84_000


@dataclass(slots=True)
class Population:
    """An organization of departments, and the orders that its members have placed so far."""

    stage: Stage
    root_id: int
    account_ids: Sequence[int]
    member_ids: Sequence[int]
    orders: int = 0

    def grow(self, entries: int) -> None:
        """Let members order until the journal has about as many entries."""
        placed = self.orders
        wanted = (entries - _ENTRIES_OF_ENROLLMENT * len(self.member_ids)) // ENTRIES_OF_ORDER
        while self.orders < wanted:
            orders = min(_ORDERS_AT_ONCE, wanted - self.orders)
            trade(
                self.member_ids,
                self.stage,
                first=self.orders + 1,
                orders=orders,
                open_every=_OPEN_EVERY,
            )
            self.orders += orders
            if self.orders % (4 * _ORDERS_AT_ONCE) == 0:
                say(f"{self.orders:,} orders")
        if self.orders > placed:
            tidy()


def members_for(entries: int) -> int:
    """Return how many members place as many orders each as 84,000 do for ten million entries."""
    return max(min(round(entries * _MOST_MEMBERS / 10_000_000), _MOST_MEMBERS), 64)


def build(*, members: int, departments: int | None = None) -> Population:
    """Enroll members under departments of one organization whose cap is split."""
    install()
    stage = world.open_stage()
    root = world.add_root(stage)
    departments = departments or max(members // _MEMBERS_OF_DEPARTMENT, _FEWEST_DEPARTMENTS)
    accounts = [
        world.add_department(
            stage,
            root=root,
            members=members // departments + (number < members % departments),
        )
        for number in range(departments)
    ]
    split(root.pk)
    return Population(
        stage=stage,
        root_id=root.pk,
        account_ids=[department.account.pk for department in accounts],
        member_ids=[member.pk for department in accounts for member in department.members],
    )


def install() -> None:
    """Add the function that `trade` calls."""
    with connection.cursor() as cursor:
        cursor.execute((files(__package__) / "population.sql").read_text(encoding="utf-8"))


def trade(
    member_ids: Sequence[int], stage: Stage, *, first: int, orders: int, open_every: int
) -> None:
    """Write orders of these members; one in *open_every* is held and not captured."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT bench_trade(%s::bigint[], %s, %s, %s, %s)",
            [list(member_ids), stage.cycle.pk, first, orders, open_every],
        )


def split(account_id: int) -> None:
    """Split an account's cap into shares, as buyers who wait for one another do."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT program_budgets_begin_posting(), program_budgets_lock_cap(id),"
            " program_budgets_divide(id, program_budgets_most_shares(), %s)"
            " FROM program_budgets_limit WHERE account_id = %s AND share = 0",
            [world.AT, account_id],
        )


def tidy() -> None:
    """Do what autovacuum would have done by now."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("CHECKPOINT")
