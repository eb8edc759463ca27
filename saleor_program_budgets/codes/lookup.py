"""Looking a code up: one query for all that it is judged by."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import connections, router

from saleor_program_budgets.codes.digests import digests_of
from saleor_program_budgets.codes.symbols import canonical
from saleor_program_budgets.models import (
    CodeBatch,
    CodeRedemption,
    Cycle,
    Member,
    Program,
    RedemptionCode,
)
from saleor_program_budgets.programs import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Model

DIGEST_BYTES = 32
RUN = ("recipients", "secret", "rejected")
"""What a batch keeps of its run: it may be megabytes, and no judgement needs it."""


def _fields_of(model: type[Model], *without: str) -> tuple[str, ...]:
    fields = model._meta.concrete_fields
    return tuple(field.attname for field in fields if field.attname not in without)


FIELDS: dict[type[Model], tuple[str, ...]] = {
    RedemptionCode: _fields_of(RedemptionCode),
    CodeBatch: _fields_of(CodeBatch, *RUN),
    Member: _fields_of(Member),
    Program: _fields_of(Program),
    Cycle: _fields_of(Cycle, "terms"),
    CodeRedemption: _fields_of(CodeRedemption),
}
"""What is read of each, the id first."""


def _columns(name: str, model: type[Model]) -> str:
    return ", ".join(f"(found.{name}).{field}" for field in FIELDS[model])


# Written out: composing such a query takes Django longer than the database takes to answer it.
LOOK_UP = f"""
SELECT {_columns("code", RedemptionCode)}, {_columns("batch", CodeBatch)},
       {_columns("member", Member)}, {_columns("program", Program)}, {_columns("cycle", Cycle)},
       {_columns("standing", CodeRedemption)}, found.is_of_store
    FROM program_budgets_find_code(%s, %s) found
    WHERE (found.code).id IS NOT NULL
"""  # noqa: S608 # of constants


@dataclass(frozen=True, slots=True)
class Found:
    """A code of ours, and all that it is judged by, as it was when it was looked up.

    ``store`` is its program with the cycle that is open; ``is_of_store`` says whether the channel
    is one of that program's. ``redemption`` is the one that stands, if any.
    """

    code: RedemptionCode
    store: Store
    is_of_store: bool
    redemption: CodeRedemption | None

    @property
    def batch(self) -> CodeBatch:
        """The batch, without what it keeps of its run."""
        return self.code.batch

    @property
    def member(self) -> Member:
        """Whom the code was issued to."""
        return self.code.member

    @property
    def kind(self) -> CodeBatch.Kind:
        """What the code is worth."""
        return CodeBatch.Kind(self.batch.kind)

    @property
    def is_credit_due(self) -> bool:
        """Whether its credit was redeemed, and is still to be granted."""
        return (
            self.kind == CodeBatch.Kind.STORE_CREDIT
            and self.redemption is not None
            and self.redemption.posting_id is None
        )


def find(*, text: str, channel_id: str) -> Found | None:
    """Return the code that *text* is, or ``None`` for a text that is no code of ours.

    One query whatever was typed, so that its time tells nothing: for what can't be a code a
    digest is looked up that nothing has.
    """
    symbols = canonical(text)
    digests = [secrets.token_bytes(DIGEST_BYTES)] if symbols is None else digests_of(symbols)
    alias = router.db_for_write(RedemptionCode)
    with connections[alias].cursor() as cursor:
        cursor.execute(LOOK_UP, [digests, channel_id])
        row = cursor.fetchone()
    return None if row is None else _found(iter(row), alias)


def _found(values: Iterator[Any], alias: str) -> Found:
    code, batch, member, program, cycle, standing = (
        _instance(model, values, alias) for model in FIELDS
    )
    code.batch, code.member = batch, member
    batch.program = member.program = program
    return Found(code, Store(program, cycle), next(values), standing)


def _instance(model: type[Model], values: Iterator[Any], alias: str) -> Any:
    """Return a row as its model has it; ``None`` where the query found none to join."""
    names = FIELDS[model]
    read = list(islice(values, len(names)))
    return None if read[0] is None else model.from_db(alias, names, read)
