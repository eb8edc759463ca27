"""Looking a code up: one query for all that it is judged by."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
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
    from collections.abc import Sequence

    from django.db.models import Model

DIGEST_BYTES = 32
PLACEHOLDER = "0"
"""Read in place of what can't be a code."""
ROWS: tuple[type[Model], ...] = (
    RedemptionCode,
    CodeBatch,
    Member,
    Program,
    Cycle,
    CodeRedemption,
)
"""What is read, each whole row beginning with its id."""
RUN = ("recipients", "secret", "rejected")
"""What a batch keeps of its run: it may be megabytes, and no judgement needs it."""
LEFT_OUT: dict[type[Model], tuple[str, ...]] = {CodeBatch: RUN, Cycle: ("terms",)}
"""What the database answers null for, whatever it is."""

# Written out, and by whole rows: composing such a query takes Django longer than the database takes
# to answer it, and so does telling the database each of some eighty columns by its name.
LOOK_UP = """
SELECT found.is_it, found.is_of_store, (found.code).*, (found.batch).*, (found.member).*,
       (found.program).*, (found.cycle).*, (found.standing).*
    FROM program_budgets_find_code(%s, %s) found
"""


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

    One query whatever was typed, and the same work, so that its time tells nothing: for what can't
    be a code a digest is looked up that nothing has, and where nothing is found another code is
    read and forgotten.
    """
    symbols = canonical(text)
    digests = digests_of(PLACEHOLDER if symbols is None else symbols)
    if symbols is None:
        digests = [secrets.token_bytes(DIGEST_BYTES) for _ in digests]
    alias = router.db_for_write(RedemptionCode)
    with connections[alias].cursor() as cursor:
        cursor.execute(LOOK_UP, [digests, channel_id])
        is_it, is_of_store, *values = cursor.fetchone()
        if (layout := _layouts.get(len(values))) is None:
            names = [column.name for column in cursor.description[2:]]
            layout = _layouts[len(values)] = _layout_of(names)
    code, batch, member, program, cycle, standing = (
        _instance(columns, values, alias) for columns in layout
    )
    if not is_it:
        return None
    code.batch, code.member = batch, member
    batch.program = member.program = program
    return Found(code, Store(program, cycle), is_of_store, standing)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where in an answer a model's fields stand; the id at ``first``."""

    model: type[Model]
    first: int
    fields: Sequence[str]
    places: Sequence[int]


_layouts: dict[int, list[_Columns]] = {}
"""For each model its columns, by how many the answer has.

Asking for the columns' names takes longer than all the rest, and they only change when a migration
adds one, perhaps while this process goes on.
"""


def _layout_of(names: Sequence[str]) -> list[_Columns]:
    starts = [place for place, name in enumerate(names) if name == "id"]
    layout = []
    for model, start, end in zip(ROWS, starts, [*starts[1:], len(names)], strict=True):
        places = {names[place]: place for place in range(start, end)}
        # In the order of the model's fields, which the columns need not have.
        fields = [
            field
            for field in model._meta.concrete_fields
            if field.column in places and field.attname not in LEFT_OUT.get(model, ())
        ]
        attributes = [field.attname for field in fields]
        layout.append(
            _Columns(model, start, attributes, [places[field.column] for field in fields])
        )
    return layout


def _instance(columns: _Columns, values: Sequence[Any], alias: str) -> Any:
    """Return a row as its model has it; ``None`` where the query found none."""
    if values[columns.first] is None:
        return None
    return columns.model.from_db(alias, columns.fields, [values[at] for at in columns.places])
