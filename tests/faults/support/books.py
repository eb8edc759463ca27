"""The books as they can be compared between two runs: every row, without ids and the clock.

Two runs of the same story give rows other ids, since a posting that was lost has drawn its own.
Here a row is named after its place among its like, also where others refer to it, so that the
books of two runs are equal when they tell the same.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.management import call_command
from django.db import connection, models
from django.db.models import Model

from saleor_program_budgets import figures, ledger
from saleor_program_budgets.errors import BudgetError, Refusal
from saleor_program_budgets.models import (
    Hold,
    Limit,
    Lot,
    Outcome,
    PeopleChange,
    Posting,
    Rollover,
)
from tests.support.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from saleor_program_budgets.money import Amount

Books = dict[str, list[dict[str, Any]]]

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CLOCK = {"created_at": ("posting", "outcome")}
"""What the database's own clock writes."""
NOT_COMPARED = {"id", "fingerprint"}
NAMED_ELSEWHERE = {
    "raise": {"posting_id": "posting"},
    "adjustmentline": {"posting_id": "posting", "reversal_id": "posting"},
    "outcome": {"posting": "posting", "limit": "limit", "raise": "raise"},
}
"""References that the models don't declare, by table, and within an answer by its word."""
NOT_TOLD = {"hold_id", "posting_id", "is_replay"}
OWNER = "SELECT member_id FROM program_budgets_limit WHERE id = limit_id"
ORDER: dict[type[Model], str] = {
    # An id is drawn at random within a millisecond; the key says which one it is.
    Hold: "key",
    Outcome: "key",
    # Of many members who are renewed together each comes where the database's plan puts them.
    Lot: f"({OWNER}), limit_id, created_at, origin, source_id, id",
    Posting: "at, member_id, unit, kind, id",
    # Who was left halfway is completed after the others.
    Limit: "kind, member_id, unit, id",
    PeopleChange: "at, user_reference, id",
    Rollover: "limit_id, ends_at",
}
"""What says which row is which, where it isn't the order of their coming."""


def fresh() -> World:
    """Empty the database, start its numbers again, and return a new world."""
    call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
    return World()


@contextmanager
def kept() -> Iterator[Callable[[], None]]:
    """Remember every row of this app, and yield what puts them back in place of all others."""
    columns = {
        model._meta.db_table: ", ".join(
            field.column for field in model._meta.concrete_fields if not field.generated
        )
        for model in _models()
    }
    copies = [f"CREATE TABLE kept.{table} AS TABLE {table};" for table in columns]
    back = [
        f"INSERT INTO {table} ({names}) SELECT {names} FROM kept.{table};"
        for table, names in columns.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA kept; " + "".join(copies))

    def put_back() -> None:
        # One string is one transaction.
        with connection.cursor() as cursor:
            cursor.execute(
                # What triggers note of these rows is among them.
                f"SET session_replication_role = replica; TRUNCATE {', '.join(columns)};"
                f" {''.join(back)} SET session_replication_role = DEFAULT"
            )

    try:
        yield put_back
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA kept CASCADE")


def books() -> Books:
    """Return every row of this app as two runs may compare it; books and figures must agree."""
    found = (*ledger.verify().differences, *figures.verify())
    assert [str(difference) for difference in found] == []
    return unproven_books()


def unproven_books() -> Books:
    """Return every row as two runs may compare it, whether or not the books balance."""
    found = rows()
    names = _Names(found)
    compared = {
        _table(model): [names.of_row(model, row) for row in found[_table(model)]]
        for model in _models()
    }
    # In how many statements something was done isn't told; that figures agree is proven.
    del compared["figurechange"]
    # The lines of one posting are written in no particular order, and nothing refers to them.
    compared["entry"].sort(key=json.dumps)
    return compared


def told(job: Callable[[], Any]) -> Any:
    """Run *job* and return what its caller learns, without ids; refusals are an answer too."""
    try:
        return _plain(job())
    except BudgetError as refusal:
        return _plain(refusal)


def is_replay(job: Callable[[], Any]) -> bool | None:
    """Run *job* and return whether it was answered from memory; ``None`` if it doesn't say."""
    try:
        return getattr(job(), "is_replay", None)
    except Refusal:
        return None


def _plain(answer: Any) -> Any:
    if isinstance(answer, BudgetError):
        return type(answer).__name__, str(answer)
    if isinstance(answer, list):
        return [_plain(one) for one in answer]
    if is_dataclass(answer):
        return {name: _value(value) for name, value in asdict(answer).items()} | dict.fromkeys(
            NOT_TOLD, ...
        )
    if isinstance(answer, Model):
        return {
            field.attname: _value(getattr(answer, field.attname))
            for field in answer._meta.concrete_fields
            if not field.primary_key and field.attname != "posting_id"
        }
    return answer


def _value(value: Amount | Any) -> Any:
    return str(value)


def _models() -> Iterator[type[Model]]:
    for model in apps.get_app_config("program_budgets").get_models():
        if model._meta.managed:  # the others are views
            yield model


def _table(model: type[Model]) -> str:
    return model._meta.db_table.removeprefix("program_budgets_")


def _order(model: type[Model]) -> str:
    return ORDER.get(model, model._meta.pk.column)


def rows() -> dict[str, list[dict[str, Any]]]:
    """Return every row of this app as it is, by table and in an order that runs have in common."""
    queries = [
        f"SELECT '{_table(model)}', json_agg(to_jsonb(t) ORDER BY {_order(model)})::text"
        f" FROM {model._meta.db_table} t"
        for model in _models()
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(queries))
        return {table: json.loads(found or "[]") for table, found in cursor.fetchall()}


class _Names:
    """What each row is called: its table and its place there."""

    def __init__(self, found: dict[str, list[dict[str, Any]]]) -> None:
        self.by_id: dict[str, dict[Any, str]] = {
            table: {row["id"]: f"{table} {place}" for place, row in enumerate(those) if "id" in row}
            for table, those in found.items()
        }

    def of_row(self, model: type[Model], row: dict[str, Any]) -> dict[str, Any]:
        table = _table(model)
        targets = {
            field.attname: _table(field.related_model)
            for field in model._meta.concrete_fields
            if isinstance(field, models.ForeignKey)
        } | NAMED_ELSEWHERE.get(table, {})
        return {
            column: self._of_value(table, column, value, targets)
            for column, value in row.items()
            if column not in NOT_COMPARED and table not in CLOCK.get(column, ())
        }

    def _of_value(self, table: str, column: str, value: Any, targets: dict[str, str]) -> Any:
        if table == "outcome" and column == "result":
            return {
                word: self._of_value(table, word, found, targets) for word, found in value.items()
            }
        if table == "hold" and column == "shares":
            return sorted(self.by_id["limit"][share] for share in value)
        if column in targets and value is not None:
            return self.by_id.get(targets[column], {}).get(value, value)
        if isinstance(value, str):
            return UUID.sub(lambda match: self.by_id["hold"].get(match[0], "another"), value)
        return value
