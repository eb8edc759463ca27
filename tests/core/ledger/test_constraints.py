"""The last guard: what the database's own constraints refuse, whatever was read before."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.utils import IntegrityError

from saleor_program_budgets.errors import LedgerInvariant
from saleor_program_budgets.models import Hold, Member
from tests.support.database import snapshot
from tests.support.world import World


@pytest.fixture
def ann(world: World) -> Member:
    """A member with 300.00 and 3 pieces, 65.00 and 2 held, 40.00 and 1 captured, under a cap."""
    acme = world.account("Acme")
    world.cap(acme, "100.00")
    member = world.member(acme)
    world.kit(member, 3)
    world.capture(world.hold(member, "65.00", items=2), "40.00", items=1)
    return member


def refused_by(statement: str) -> str:
    """Run a statement that a constraint has to stop; returns of which kind that is."""
    before = snapshot()
    with (
        pytest.raises(IntegrityError) as error,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert snapshot() == before
    return {"23514": "check", "23505": "unique"}[error.value.__cause__.sqlstate]


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("limit", "held = ceiling - spent + 1"),
        ("limit", "spent = ceiling - held + 1"),
        ("limit", "ceiling = held + spent - 1"),
        ("limit", "held = -1"),
        ("limit", "spent = -1"),
        ("limit", "overhang = -1"),
        ("lot", "held = amount + 1"),
        ("lot", "amount = held + spent - 1"),
        ("lot", "withdrawn = amount + 1"),
        ("lot", "spent = -1"),
        ("lot", "lapsed = -1"),
        ("hold", "captured = amount + 1"),
        ("hold", "released = amount - captured + 1"),
        ("hold", "items_captured = items + 1"),
        ("hold", "refunded = captured + 1"),
        ("hold", "items_refunded = items_captured + 1"),
        ("hold", "released = -1"),
        ("holdlot", "captured = amount + 1"),
        ("holdlot", "refunded = captured + 1"),
    ],
)
def test_a_row_that_may_never_be(table: str, change: str) -> None:
    assert refused_by(f"UPDATE program_budgets_{table} SET {change}") == "check"


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("limit", "kind = 'cap'"),
        ("limit", "kind = 'member'"),
        ("lot", "origin = 'allotment'"),
        ("holdlot", "position = 1"),
    ],
)
def test_what_may_be_once(table: str, key: str) -> None:
    fields = apps.get_model("program_budgets", table)._meta.local_concrete_fields
    written = [field for field in fields if not (field.primary_key or field.generated)]
    names = ", ".join(field.column for field in written)
    assert (
        refused_by(
            f"INSERT INTO program_budgets_{table} ({names})"
            f" SELECT {names} FROM program_budgets_{table} WHERE {key}"
        )
        == "unique"
    )


def stopped_by_the_database(operation: Callable[[], object]) -> str:
    """Run an operation in a savepoint, so that the test goes on after it; returns what it said."""

    def as_outermost() -> None:
        transaction.get_connection().atomic_blocks[-1]._from_testcase = True
        operation()

    with pytest.raises(LedgerInvariant) as error, transaction.atomic():
        as_outermost()
    return str(error.value)


def lying(signature: str, returns: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION program_budgets_{signature} RETURNS {returns}"
        f" LANGUAGE sql STABLE AS $$ {body} $$"
    )


LOTS_THAT_CARRY_ANYTHING = lying(
    "choose_lots(p_limit bigint, p_amount bigint, p_at timestamptz)",
    "TABLE (available bigint, lots bigint[], takes bigint[])",
    "SELECT p_amount, array_agg(id), array_agg(p_amount)"
    " FROM program_budgets_lot WHERE limit_id = p_limit",
)
SHARES_WITH_ROOM_FOR_ANYTHING = lying(
    "has_room(p_share program_budgets_limit, p_amount bigint, p_at timestamptz)",
    "boolean",
    "SELECT true",
)


@pytest.mark.parametrize(
    ("lie", "value", "pieces", "constraint"),
    [
        (LOTS_THAT_CARRY_ANYTHING, "260.01", 0, "lot_not_overspent"),
        (LOTS_THAT_CARRY_ANYTHING, "1.00", 2, "lot_not_overspent"),
        (SHARES_WITH_ROOM_FOR_ANYTHING, "35.01", 0, "limit_not_overspent"),
    ],
)
def test_a_mistaken_comparison_is_an_error_not_an_overspent_budget(
    world: World, ann: Member, lie: str, value: str, pieces: int, constraint: str
) -> None:
    if pieces or lie == LOTS_THAT_CARRY_ANYTHING:
        world.cap(ann.account, "1000.00")
    cycle = world.cycle
    with connection.cursor() as cursor:
        cursor.execute(lie)
    before = snapshot()
    stopped = stopped_by_the_database(lambda: world.hold(ann, value, items=pieces, cycle=cycle))
    assert constraint in stopped
    assert snapshot() == before


def test_the_pieces_of_a_hold_are_all_found_in_lots(world: World, ann: Member) -> None:
    # Part of the guard: a pin that vanished leaves less in lots than the hold says.
    hold = Hold.objects.get()
    world.is_tampered = True
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM program_budgets_holdlot WHERE position = 2")
    before = snapshot()
    assert "found no lot" in stopped_by_the_database(lambda: world.release(hold.pk))
    assert snapshot() == before
