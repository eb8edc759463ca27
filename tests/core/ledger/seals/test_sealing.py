"""Seals chain the journal, program by program; a digest can be recomputed by anybody."""

import hashlib
import struct
from collections.abc import Sequence
from datetime import datetime

import pytest
from django.db import connection, transaction

from saleor_program_budgets import ledger
from saleor_program_budgets.ledger import sealing
from saleor_program_budgets.ledger.sealing import Ending, heads, seal
from saleor_program_budgets.models import Entry, Posting, Seal
from tests.support.database import snapshot, tamper
from tests.support.seals import digest_of, ids
from tests.support.world import DAY, INSTANT, World

# What is sealed


def test_nothing_to_seal(world: World) -> None:
    assert seal(at=world.at) == sealing.Sealed(0, (), Ending.COMPLETE)
    assert heads() == ()
    assert ledger.verify().is_clean


def test_each_program_has_a_chain_and_so_have_the_postings_of_none(books: World) -> None:
    run = seal(at=books.at)
    chains = {
        program_id: ids(program_id)
        for program_id in Posting.objects.values_list("program_id", flat=True).distinct()
    }
    assert sorted(map(len, chains.values())) == [1, 2, 3]
    assert {row.program_id: row.posting_ids for row in Seal.objects.all()} == chains
    assert (run.postings, run.ending) == (6, Ending.COMPLETE)
    assert run.heads == heads()
    assert [(head.program_id, head.number, head.last_posting_id) for head in heads()] == [
        (program_id, 1, chains[program_id][-1])
        for program_id in sorted(chains, key=lambda program_id: program_id or 10**9)
    ]


def test_what_is_sealed_is_not_sealed_again(books: World) -> None:
    seal(at=books.at)
    before = snapshot()
    assert seal(at=books.at + DAY) == sealing.Sealed(0, (), Ending.COMPLETE)
    assert snapshot() == before


def test_a_later_run_goes_on_where_the_last_one_ended(books: World) -> None:
    first = {head.program_id: head for head in seal(at=books.at).heads}
    program_id = books.program.pk
    later = books.grant(books.program.members.get(), "5.00")
    run = seal(at=books.at + DAY)
    [head] = run.heads
    assert (run.postings, head.program_id, head.number) == (1, program_id, 2)
    assert head.last_posting_id == Entry.objects.filter(lot=later).latest("pk").posting_id
    last = Seal.objects.get(program_id=program_id, number=2)
    assert bytes(last.previous).hex() == first[program_id].digest
    assert ledger.verify().is_clean


@pytest.mark.usefixtures("small_seals")
def test_much_is_sealed_in_batches_and_small_blocks(books: World) -> None:
    run = seal(at=books.at)
    assert (run.postings, run.ending) == (6, Ending.COMPLETE)
    assert max(len(row.posting_ids) for row in Seal.objects.all()) == 2
    for program_id in Posting.objects.values_list("program_id", flat=True).distinct():
        chain = Seal.objects.filter(program_id=program_id).order_by("number")
        assert [row.number for row in chain] == list(range(1, len(chain) + 1))
        assert [pk for row in chain for pk in row.posting_ids] == ids(program_id)
    assert ledger.verify().is_clean


@pytest.mark.usefixtures("small_seals")
def test_a_run_is_bounded_and_the_next_one_resumes(books: World) -> None:
    first = seal(at=books.at, batches=1)
    assert (first.postings, first.ending) == (3, Ending.MORE_LEFT)
    assert ledger.verify().is_clean
    second = seal(at=books.at + INSTANT, batches=2)
    assert (second.postings, second.ending) == (3, Ending.COMPLETE)
    assert seal(at=books.at + DAY).postings == 0
    assert ledger.verify().is_clean


def test_an_id_that_was_drawn_for_nothing_is_passed_over(books: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('program_budgets_posting_id_seq')")
    assert seal(at=books.at).postings == 6
    books.grant(books.program.members.get(), "5.00")
    assert seal(at=books.at).postings == 1
    assert ledger.verify().is_clean


@pytest.mark.django_db(transaction=True)
def test_sealing_inside_another_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        seal(at=datetime.fromisoformat("2026-01-05T09:00:00Z"))


def test_a_head_says_all_that_is_worth_keeping(books: World) -> None:
    seal(at=books.at)
    *_, head = heads()
    assert str(head) == (
        f"no program, seal 1, up to posting {head.last_posting_id}, "
        f"at 2026-01-05T09:00:00+00:00: {head.digest}"
    )
    assert str(heads()[0]).startswith(f"program {books.program.pk}, seal 1, ")


# What a digest is of


def test_a_digest_is_what_the_documentation_says(books: World) -> None:
    books.grant(books.program.members.get(), "5.00")
    seal(at=books.at)
    for row in Seal.objects.all():
        assert [bytes(digest) for digest in row.digests] == [
            _posting_digest(Posting.objects.get(pk=pk)) for pk in row.posting_ids
        ]
        assert bytes(row.digest) == _seal_digest(row)


def _posting_digest(posting: Posting) -> bytes:
    """Digest a posting by docs/ledger.md, without the database."""
    fields: list[object] = [posting.pk, *_measured(posting.kind), posting.program_id]
    fields += [posting.cycle_id, posting.member_id, posting.account_id, posting.hold_id]
    fields += [posting.reverses_id]
    fields += [*_measured(posting.unit), posting.amount, posting.items]
    for text in (posting.checkout_id, posting.order_id, posting.actor, posting.cause):
        fields += _measured(text)
    fields += [_microseconds(posting.at), _microseconds(posting.created_at)]
    for entry in posting.entries.order_by("pk"):
        fields += [entry.pk, entry.limit_id, entry.lot_id, *_measured(entry.bucket)]
        fields += [entry.amount, entry.balance_before, entry.balance_after]
    return hashlib.sha256(_barred(fields).encode()).digest()


def _seal_digest(row: Seal) -> bytes:
    fields = [bytes(row.previous).hex(), row.program_id, row.number, row.last_posting_id]
    text = _barred([*fields, _microseconds(row.sealed_at), ""])
    numbers = [struct.pack(">q", pk) for pk in row.posting_ids]
    return hashlib.sha256(
        text.encode() + _array(20, numbers) + _array(17, [bytes(line) for line in row.digests])
    ).digest()


def _measured(text: str) -> list[object]:
    return [len(text), text]


def _microseconds(instant: datetime) -> int:
    return int(instant.timestamp()) * 1_000_000 + instant.microsecond


def _barred(fields: Sequence[object]) -> str:
    return "|".join("" if field is None else str(field) for field in fields)


def _array(element_type: int, elements: Sequence[bytes]) -> bytes:
    """Encode an array as PostgreSQL sends it: one dimension, no nulls, counted from one."""
    header = struct.pack(">iiiii", 1, 0, element_type, len(elements), 1)
    return header + b"".join(struct.pack(">i", len(element)) + element for element in elements)


@pytest.mark.parametrize(
    "setting",
    [
        "TimeZone TO 'Asia/Kathmandu'",
        "DateStyle TO 'German'",
        "IntervalStyle TO 'iso_8601'",
        "bytea_output TO 'escape'",
        "extra_float_digits TO -15",
        "client_encoding TO 'LATIN1'",
    ],
)
def test_a_digest_is_the_same_in_every_session(books: World, setting: str) -> None:
    books.actor = ledger.Actor("staff", "Zoë")
    tamper("UPDATE program_budgets_posting SET cause = 'Grüße – €' WHERE kind = 'grant'")
    expected = {pk: digest_of(pk) for pk in Posting.objects.values_list("pk", flat=True)}
    seal(at=books.at)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL {setting}")
    assert {pk: digest_of(pk) for pk in expected} == expected
    assert ledger.verify().is_clean
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL client_encoding TO 'UTF8'")


def test_texts_never_run_into_one_another(books: World) -> None:
    posting_id = Posting.objects.filter(kind="grant").earliest("pk").pk
    digests = set()
    pairs = [("a", "b"), ("a|1|b", ""), ("", "a|1|b"), ("ab", ""), ("", "ab"), ("a|", "b")]
    for actor, cause in pairs:
        tamper(
            "UPDATE program_budgets_posting SET actor = %s, cause = %s WHERE id = %s",
            [actor, cause, posting_id],
        )
        digests.add(digest_of(posting_id))
    assert len(digests) == len(pairs)
