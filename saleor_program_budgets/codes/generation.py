"""Making a batch's codes: in chunks that are there as a whole or not at all, and goes on anywhere.

A chunk is one transaction: its rows, what stands of them in the shop, and how far the run is.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import DatabaseError, connections, router, transaction

from saleor_program_budgets.codes import texts
from saleor_program_budgets.codes.symbols import letters_of
from saleor_program_budgets.errors import LedgerInvariant
from saleor_program_budgets.models import CodeBatch, Member, RedemptionCode
from saleor_program_budgets.programs import jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    Publish = Callable[[CodeBatch, Sequence[str]], None]

CHUNK = 5_000
LONGEST_ERROR = 500
RUN = ("status", "made", "made_at", "sent", "error")
"""What a run changes of its batch, beside what it forgets."""
INSERT = """
INSERT INTO program_budgets_redemptioncode
        (batch_id, number, member_id, digest, text, name, revoked_by, revoke_reason)
    SELECT %(batch)s, number, member_id, digest, coalesce(text, ''), coalesce(name, ''), '', ''
        FROM unnest(%(numbers)s::int[], %(members)s::bigint[], %(digests)s::bytea[],
                    %(texts)s::text[], %(names)s::text[])
            made (number, member_id, digest, text, name)
    ON CONFLICT (digest) DO NOTHING
    RETURNING number
"""
"""Five arrays, and no parameter for each value: most of the time went into those. The last two may
be empty.
"""


class _Whose(NamedTuple):
    """A code to be made: its number, whom it is for, and what it shows of their name."""

    number: int
    member_id: int
    name: str


def generate(
    *,
    batch: CodeBatch,
    publish: Publish | None,
    at: datetime,
    budget_seconds: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> CodeBatch:
    """Make the codes of *batch* that aren't made yet; once all are, it is READY.

    *publish* puts the texts of discount codes where the shop finds them, inside the transaction
    of our rows; store credit needs none. As long as the batch is GENERATING, call it again: it
    goes on where it stopped, also when it was killed. *progress* is told how many of how many are
    made. What fails is noted in ``error`` and raised. Raises ``AlreadyRunning`` beside another run.
    """
    if batch.kind == CodeBatch.Kind.DISCOUNT and publish is None:
        raise ValueError("discount codes have to be published")
    begun = time.monotonic()
    with jobs.only_one(lock_name(batch)):
        try:
            while _make_chunk(batch, publish, at):
                if progress is not None:
                    progress(batch.made, batch.total)
                if budget_seconds is not None and time.monotonic() - begun >= budget_seconds:
                    break
        except Exception as error:
            _note_failure(batch, error)
            raise
    return batch


def lock_name(batch: CodeBatch) -> str:
    """Return the name under which one process at a time works at a batch."""
    return f"codes:{batch.pk}"


def _make_chunk(batch: CodeBatch, publish: Publish | None, at: datetime) -> bool:
    """Make the next codes; says whether there were any. Brings *batch* up to date."""
    with transaction.atomic(using=router.db_for_write(CodeBatch)):
        # Who revokes the batch meanwhile waits for the chunk, and revokes it too.
        row = CodeBatch.objects.select_for_update(no_key=True).defer("recipients").get(pk=batch.pk)
        is_going_on = row.status == CodeBatch.Status.GENERATING and row.made < row.total
        if is_going_on:
            row.made += _insert(row, publish)
            _save(row, at)
    batch.refresh_from_db(fields=[*RUN, "secret"])
    return is_going_on


def _save(row: CodeBatch, at: datetime) -> None:
    row.error = ""
    fields = [*RUN]
    if row.made == row.total:
        row.status = CodeBatch.Status.READY
        row.made_at = at
        row.recipients = []
        fields.append("recipients")
        if row.kind == CodeBatch.Kind.DISCOUNT:
            row.secret = None  # their text is kept, as the shop's vouchers have it
            fields.append("secret")
    row.save(update_fields=fields)


def _insert(batch: CodeBatch, publish: Publish | None) -> int:
    """Write the next codes, and return how many; a text that another code has is drawn again."""
    # PostgreSQL cuts the part out: the whole list is megabytes.
    [members] = CodeBatch.objects.filter(pk=batch.pk).values_list(
        f"recipients__{batch.made}_{batch.made + CHUNK}", flat=True
    )
    secret = texts.secret_of(batch)
    names = _names(members) if batch.has_name else {}
    todo = [
        _Whose(number, member_id, names.get(member_id, ""))
        for number, member_id in enumerate(members, start=batch.made + 1)
    ]
    written: list[str] = []
    for draw in range(texts.MOST_DRAWS):
        drawn = [
            texts.text_of(batch=batch, secret=secret, number=each.number, name=each.name, draw=draw)
            for each in todo
        ]
        is_new = _insert_new(batch, todo, drawn)
        written += [text for each, text in zip(todo, drawn, strict=True) if each.number in is_new]
        todo = [each for each in todo if each.number not in is_new]
        if not todo:
            break
    else:
        raise LedgerInvariant(f"codes of batch {batch.pk} came out as others again and again")
    if publish is not None and batch.kind == CodeBatch.Kind.DISCOUNT:
        publish(batch, written)
    return len(written)


def _insert_new(batch: CodeBatch, codes: Sequence[_Whose], drawn: Sequence[str]) -> set[int]:
    """Insert codes with these texts; returns the numbers of those whose text was nobody's."""
    is_kept = batch.kind == CodeBatch.Kind.DISCOUNT
    columns: dict[str, Any] = {
        "batch": batch.pk,
        "numbers": [each.number for each in codes],
        "members": [each.member_id for each in codes],
        "digests": [texts.digest_of_text(text) for text in drawn],
        "texts": drawn if is_kept else [],
        "names": [each.name for each in codes] if batch.has_name else [],
    }
    with connections[router.db_for_write(RedemptionCode)].cursor() as cursor:
        cursor.execute(INSERT, columns)
        return {number for (number,) in cursor.fetchall()}


def _names(members: Sequence[int]) -> dict[int, str]:
    """Return by member (id) the letters of their first name."""
    found = Member.objects.filter(pk__in=members).order_by()
    rows = found.values_list("pk", "user__first_name")
    return {member_id: letters_of(name or "") for member_id, name in rows}


def _note_failure(batch: CodeBatch, error: Exception) -> None:
    """Write a failure down for staff, if the database still takes it; it is raised anyway."""
    try:
        message = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
        CodeBatch.objects.filter(pk=batch.pk).update(error=message.replace("\x00", ""))
    except DatabaseError as lost:
        error.add_note(f"The failure could not be recorded: {lost}")
