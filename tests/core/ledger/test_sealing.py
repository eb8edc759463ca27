"""Seals chain the journal, program by program, and ``verify`` names what was changed since."""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from datetime import datetime

import pytest
from django.db import connection, models, transaction
from django.db.utils import IntegrityError

from saleor_program_budgets import ledger
from saleor_program_budgets.ledger import sealing
from saleor_program_budgets.ledger.sealing import Ending, heads, seal
from saleor_program_budgets.models import Entry, Posting, Seal
from tests.support.database import drop_foreign_keys, snapshot, tamper
from tests.support.world import DAY, INSTANT, World

SEAL_CHECKS = frozenset({"seal_chain", "seal_contents"})


@pytest.fixture
def books(world: World) -> World:
    """A cap over all programs, and two programs in which a member bought something."""
    acme = world.account("Acme")
    world.cap(acme, "1000.00", everywhere=True)
    ann = world.member(acme)
    world.capture(world.hold(ann, "40.00"), "40.00")
    other = world.open_program(channel="other")
    bob = world.member(acme, program=other)
    world.hold(bob, "25.00", cycle=other.cycles.get())
    return world


@pytest.fixture
def sealed(books: World) -> World:
    """Books that are sealed; what they refer to may be taken away."""
    seal(at=books.at)
    assert ledger.verify().is_clean
    books.is_tampered = True
    drop_foreign_keys()
    return books


@pytest.fixture
def small_seals(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most two postings in a seal, and three in a transaction."""
    monkeypatch.setattr(sealing, "POSTINGS_PER_SEAL", 2)
    monkeypatch.setattr(sealing, "POSTINGS_PER_BATCH", 3)


def found() -> list[tuple[str, str, str, str]]:
    """Return what the seals' checks have found."""
    return [
        (difference.check, difference.subject, difference.expected, difference.found)
        for difference in ledger.verify().differences
        if difference.check in SEAL_CHECKS
    ]


def ids(program_id: int | None) -> list[int]:
    postings = Posting.objects.filter(program_id=program_id).order_by("pk")
    return list(postings.values_list("pk", flat=True))


def digest_of(posting_id: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(digest, 'hex') FROM program_budgets_digests(%s, %s)",
            [posting_id - 1, posting_id],
        )
        return cursor.fetchone()[0]


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


# What is named


def _changes(model: type[models.Model]) -> Iterator[tuple[str, str]]:
    """Yield each column but the key, and another value for it."""
    for field in model._meta.concrete_fields:
        if field.primary_key:
            continue
        kind = field.db_type(connection) or ""
        column = field.column
        if kind.startswith("varchar"):
            yield column, "'x'"
        elif kind == "uuid":
            yield column, "gen_random_uuid()"
        elif kind.startswith("timestamp"):
            yield column, f"{column} + interval '1 microsecond'"
        else:
            yield column, f"coalesce({column}, 0) + 1"


@pytest.mark.parametrize(("column", "value"), list(_changes(Posting)))
def test_an_altered_posting(sealed: World, column: str, value: str) -> None:
    posting = Posting.objects.filter(kind="capture").get()
    was = digest_of(posting.pk)
    tamper(f"UPDATE program_budgets_posting SET {column} = {value} WHERE id = {posting.pk}")
    assert found() == [_altered(posting, was)]


@pytest.mark.parametrize(("column", "value"), list(_changes(Entry)))
def test_an_altered_entry(sealed: World, column: str, value: str) -> None:
    entry = Entry.objects.filter(posting__kind="hold").earliest("pk")
    posting, was = entry.posting, digest_of(entry.posting_id)
    others = {pk: digest_of(pk) for pk in Posting.objects.values_list("pk", flat=True)}
    tamper(f"UPDATE program_budgets_entry SET {column} = {value} WHERE id = {entry.pk}")
    named = found()
    assert named[0] == _altered(posting, was)
    # An entry that was moved is missing in one posting and too much in the other.
    moved = Posting.objects.get(pk=posting.pk + 1)
    assert named[1:] == ([_altered(moved, others[moved.pk])] if column == "posting_id" else [])


def _altered(posting: Posting, was: str) -> tuple[str, str, str, str]:
    [row] = [row for row in Seal.objects.all() if posting.pk in row.posting_ids]
    return (
        "seal_contents",
        f"posting {posting.pk}",
        f"digest {was} of seal {row.number} of program {row.program_id}",
        f"digest {digest_of(posting.pk)}",
    )


@pytest.mark.parametrize("table", ["posting", "entry"])
def test_a_null_is_not_a_zero(sealed: World, table: str) -> None:
    column = {"posting": "hold_id IS NULL AND member_id", "entry": "lot_id"}[table]
    target = column.rsplit(" ", 1)[-1]
    tamper(f"UPDATE program_budgets_{table} SET {target} = 0 WHERE {column} IS NULL")
    assert found() != []


def test_an_entry_added_to_a_sealed_posting(sealed: World) -> None:
    posting = Posting.objects.filter(kind="capture").get()
    was = digest_of(posting.pk)
    tamper(
        "INSERT INTO program_budgets_entry (posting_id, limit_id, lot_id, bucket, amount,"
        " balance_before, balance_after) SELECT posting_id, limit_id, lot_id, bucket, 0,"
        " balance_after, balance_after FROM program_budgets_entry WHERE posting_id = %s",
        [posting.pk],
    )
    assert found() == [_altered(posting, was)]


def test_a_removed_posting(sealed: World) -> None:
    posting = Posting.objects.filter(kind="capture").get()
    was = digest_of(posting.pk)
    tamper(f"DELETE FROM program_budgets_entry WHERE posting_id = {posting.pk}")
    tamper(f"DELETE FROM program_budgets_posting WHERE id = {posting.pk}")
    assert found() == [
        (
            "seal_contents",
            f"posting {posting.pk}",
            f"digest {was} of seal 1 of program {posting.program_id}",
            "no such posting",
        )
    ]


def _copy_a_posting(target: str) -> None:
    """Write a second posting that is like the capture, under the id *target*."""
    columns = ", ".join(
        field.column for field in Posting._meta.concrete_fields if not field.primary_key
    )
    tamper(
        f"INSERT INTO program_budgets_posting (id, {columns})"
        f" SELECT {target}, {columns} FROM program_budgets_posting WHERE kind = 'capture'"
    )


def test_a_posting_slipped_in(books: World) -> None:
    books.is_tampered = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('program_budgets_posting_id_seq')")
        [gap] = cursor.fetchone()
    books.grant(books.program.members.get(), "5.00")
    seal(at=books.at)
    _copy_a_posting(str(gap))
    assert found() == [
        (
            "seal_contents",
            f"posting {gap}",
            "to be in a seal",
            "slipped in among what is sealed",
        )
    ]
    seal(at=books.at + DAY)
    assert len(found()) == 1, "a later run doesn't cover it up"


@pytest.mark.parametrize("posting_id", [0, -1, -(2**62)])
def test_a_posting_slipped_in_before_the_first(sealed: World, posting_id: int) -> None:
    _copy_a_posting(str(posting_id))
    assert [subject for _, subject, *_ in found()] == [f"posting {posting_id}"]


def test_a_posting_added_at_the_end_is_only_not_yet_sealed(sealed: World) -> None:
    _copy_a_posting("nextval('program_budgets_posting_id_seq')")
    assert found() == []


def test_two_postings_that_changed_places(sealed: World) -> None:
    first, second = (
        Posting.objects.filter(kind=kind, program=sealed.program).get()
        for kind in ("hold", "capture")
    )
    was = {posting.pk: digest_of(posting.pk) for posting in (first, second)}
    for old, new in ((first.pk, -1), (second.pk, first.pk), (-1, second.pk)):
        tamper(f"UPDATE program_budgets_entry SET posting_id = {new} WHERE posting_id = {old}")
        tamper(f"UPDATE program_budgets_posting SET id = {new} WHERE id = {old}")
    assert found() == [_altered(posting, was[posting.pk]) for posting in (first, second)]


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ("number = number + 5", ["to follow number 5", "digest"]),
        ("previous = 'x'", ["previous", "digest"]),
        ("digest = sha256('x')", ["digest"]),
        ("sealed_at = sealed_at + interval '1 microsecond'", ["digest"]),
        ("last_posting_id = last_posting_id + 100", ["digest", "last posting"]),
        ("posting_ids = posting_ids[2:]", ["digest"]),
        ("program_id = NULL, number = 99", ["to follow number 98", "previous", "digest"]),
    ],
)
def test_an_altered_seal(sealed: World, change: str, rules: list[str]) -> None:
    row = Seal.objects.filter(program=sealed.program).get()
    tamper(f"UPDATE program_budgets_seal SET {change} WHERE id = {row.pk}")
    row.refresh_from_db()
    chain = [difference for difference in found() if difference[0] == "seal_chain"]
    of_program = f" of program {row.program_id}" if row.program_id else ""
    assert {subject for _, subject, *_ in chain} == {f"seal {row.number}{of_program}"}
    assert len(chain) == len(rules)
    for (_, _, expected, _), rule in zip(chain, rules, strict=True):
        assert expected.startswith(rule)


def test_digests_that_were_altered_in_a_seal(sealed: World) -> None:
    row = Seal.objects.filter(program=sealed.program).get()
    tamper(f"UPDATE program_budgets_seal SET digests[2] = sha256('x') WHERE id = {row.pk}")
    assert [(check, subject) for check, subject, *_ in found()] == [
        ("seal_chain", f"seal 1 of program {row.program_id}"),
        ("seal_contents", f"posting {row.posting_ids[1]}"),
    ]


@pytest.fixture
def chain(books: World) -> list[Seal]:
    """Three seals of the first program."""
    books.is_tampered = True
    member = books.program.members.get()
    for number in range(3):
        books.grant(member, "5.00")
        seal(at=books.at + number * DAY)
    drop_foreign_keys()
    return list(Seal.objects.filter(program=books.program).order_by("number"))


def test_a_chain_cut_in_the_middle(chain: list[Seal]) -> None:
    first, middle, last = chain
    program_id = first.program_id
    tamper(f"DELETE FROM program_budgets_seal WHERE id = {middle.pk}")
    assert found() == [
        ("seal_chain", f"seal 3 of program {program_id}", "to follow number 2", "it follows 1"),
        (
            "seal_chain",
            f"seal 3 of program {program_id}",
            f"previous {bytes(first.digest).hex()}",
            bytes(last.previous).hex(),
        ),
        (
            "seal_contents",
            f"posting {middle.last_posting_id}",
            "to be in a seal",
            "slipped in among what is sealed",
        ),
    ]


def test_a_seal_rewritten_breaks_the_next_one(chain: list[Seal]) -> None:
    _, middle, last = chain
    tamper(
        "UPDATE program_budgets_posting SET amount = amount + 1 WHERE id = %s",
        [middle.last_posting_id],
    )
    tamper(
        "UPDATE program_budgets_seal SET digests = ARRAY(SELECT digest FROM"
        " program_budgets_digests(%s, %s)) WHERE id = %s",
        [middle.last_posting_id - 1, middle.last_posting_id, middle.pk],
    )
    tamper(
        "UPDATE program_budgets_seal seal SET digest = program_budgets_seal_digest(seal)"
        " WHERE id = %s",
        [middle.pk],
    )
    was = bytes(middle.digest).hex()
    middle.refresh_from_db()
    assert found() == [
        (
            "seal_chain",
            f"seal 3 of program {last.program_id}",
            f"previous {bytes(middle.digest).hex()}",
            was,
        )
    ]


def test_an_end_cut_off_shows_only_against_a_head_kept_elsewhere(chain: list[Seal]) -> None:
    last = chain[-1]
    kept = {head.program_id: head for head in heads()}[last.program_id]
    tamper(f"DELETE FROM program_budgets_seal WHERE id = {last.pk}")
    tamper(f"DELETE FROM program_budgets_entry WHERE posting_id = {last.last_posting_id}")
    tamper(f"DELETE FROM program_budgets_posting WHERE id = {last.last_posting_id}")
    assert found() == []
    now = {head.program_id: head for head in heads()}[last.program_id]
    assert (now.number, kept.number) == (2, 3)


def test_the_first_broken_row_comes_first(sealed: World) -> None:
    tamper("UPDATE program_budgets_posting SET cause = 'other'")
    subjects = [subject for _, subject, *_ in found()]
    assert subjects == [
        f"posting {pk}" for pk in sorted(Posting.objects.values_list("pk", flat=True))
    ]


def test_a_posting_is_sealed_but_once(sealed: World) -> None:
    with (
        pytest.raises(IntegrityError, match="last_posting_id"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO program_budgets_seal (program_id, number, posting_ids, last_posting_id,"
            " digests, previous, digest, sealed_at) SELECT program_id, number + 1, posting_ids,"
            " last_posting_id, digests, previous, digest, sealed_at FROM program_budgets_seal"
        )
