"""``verify`` names what was changed since it was sealed."""

from collections.abc import Iterator

import pytest
from django.db import connection, models, transaction
from django.db.utils import IntegrityError

from saleor_program_budgets.ledger.sealing import heads, seal
from saleor_program_budgets.models import Entry, Posting, Seal
from tests.support.database import drop_foreign_keys, tamper
from tests.support.seals import digest_of, found
from tests.support.world import DAY, World


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
