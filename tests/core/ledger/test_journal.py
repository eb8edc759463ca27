"""The journal is append-only: the database refuses UPDATE, DELETE and TRUNCATE, whoever asks."""

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from saleor_program_budgets.errors import BalanceShort
from saleor_program_budgets.ledger import sealing
from saleor_program_budgets.models import Entry, Outcome, Posting, Refused, Seal
from tests.support.database import JOURNAL_TABLES, snapshot
from tests.support.world import World


@pytest.fixture
def journal(world: World) -> None:
    """One row at least in each table of the journal."""
    ann = world.member()
    world.hold(ann, "65.00")
    with pytest.raises(BalanceShort):
        world.hold(ann, "999.00")
    sealing.seal(at=world.at)
    assert all(model.objects.exists() for model in (Posting, Entry, Refused, Outcome, Seal))


def _refused(statement: str) -> str:
    with (
        pytest.raises(IntegrityError) as error,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    return str(error.value).splitlines()[0]


@pytest.mark.usefixtures("journal")
@pytest.mark.parametrize("table", JOURNAL_TABLES)
def test_rows_are_never_changed_or_removed(table: str) -> None:
    before = snapshot()
    column = "key" if table.endswith("_outcome") else "id"
    assert _refused(f"UPDATE {table} SET {column} = {column}") == (
        f"UPDATE on {table} refused: the journal is append-only"
    )
    assert _refused(f"DELETE FROM {table}") == (
        f"DELETE on {table} refused: the journal is append-only"
    )
    assert snapshot() == before


@pytest.mark.usefixtures("journal")
@pytest.mark.parametrize("table", JOURNAL_TABLES)
def test_tables_are_never_emptied(table: str) -> None:
    # The test database lets tests be swept away; here the guard stands as everywhere else.
    before = snapshot()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER program_budgets_no_truncate")
    assert _refused(f"TRUNCATE {table} CASCADE") == (
        f"TRUNCATE on {table} refused: the journal is append-only"
    )
    assert snapshot() == before


@pytest.mark.usefixtures("journal")
@pytest.mark.parametrize("model", [Posting, Entry, Refused, Outcome, Seal])
def test_the_orm_cannot_change_the_journal_either(model: type[Posting]) -> None:
    before = snapshot()
    row = model.objects.first()
    assert row is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.filter(pk=row.pk)._raw_delete("default")
    assert snapshot() == before


@pytest.mark.django_db
def test_each_table_of_the_journal_has_both_guards() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, count(*) FROM pg_trigger"
            " WHERE tgname IN ('program_budgets_append_only', 'program_budgets_no_truncate')"
            " GROUP BY 1 ORDER BY 1"
        )
        assert cursor.fetchall() == [(table, 2) for table in sorted(JOURNAL_TABLES)]
