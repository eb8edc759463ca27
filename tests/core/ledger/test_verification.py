"""``verify`` names each row that was tampered with, and no other."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import ledger
from saleor_program_budgets.ledger.verification import SHOWN_PER_CHECK, checks
from saleor_program_budgets.models import Cap, Entry, Hold, HoldLot, Limit, Lot, Posting
from tests.support.database import check_constraints, drop_foreign_keys, snapshot, tamper
from tests.support.world import DAY, World

SPENT, HELD = 40_00, 25_00


@pytest.fixture
def books(world: World) -> World:
    """A member with 300.00: 40.00 spent, 25.00 held, under a cap of 1,000.00; guards are off."""
    world.is_tampered = True
    acme = world.account("Acme")
    world.cap(acme, "1000.00")
    ann = world.member(acme)
    world.capture(world.hold(ann, "40.00"), "40.00")
    world.hold(ann, "25.00")
    for table, name, _ in list(check_constraints()):
        tamper(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return world


def found() -> list[tuple[str, str, str, str]]:
    return [
        (difference.check, difference.subject, difference.expected, difference.found)
        for difference in ledger.verify().differences
    ]


def test_untouched_books_are_clean(books: World) -> None:
    verification = ledger.verify()
    assert verification.is_clean
    assert verification.differences == ()
    assert verification.overspent == {"USD": 0}
    assert (verification.limits, verification.lots, verification.holds) == (2, 1, 2)
    # One ceiling, one grant, two holds, one capture; two lines each for lot and cap.
    assert (verification.postings, verification.entries) == (5, 16)


def test_no_books_are_clean(world: World) -> None:
    assert ledger.verify().is_clean


@pytest.mark.parametrize(
    ("column", "expected", "tampered"),
    [
        ("amount", (300_00, 25_00, 40_00, 0, 0, 0), (300_01, 25_00, 40_00, 0, 0, 0)),
        ("held", (300_00, 25_00, 40_00, 0, 0, 0), (300_00, 25_01, 40_00, 0, 0, 0)),
        ("spent", (300_00, 25_00, 40_00, 0, 0, 0), (300_00, 25_00, 40_01, 0, 0, 0)),
        ("lapsed", (300_00, 25_00, 40_00, 0, 0, 0), (300_00, 25_00, 40_00, 1, 0, 0)),
        ("withdrawn", (300_00, 25_00, 40_00, 0, 0, 0), (300_00, 25_00, 40_00, 0, 1, 0)),
        ("moved", (300_00, 25_00, 40_00, 0, 0, 0), (300_00, 25_00, 40_00, 0, 0, 1)),
    ],
)
def test_a_lots_figures(
    books: World, column: str, expected: tuple[int, ...], tampered: tuple[int, ...]
) -> None:
    lot = Lot.objects.get()
    # The member's limit is changed along, so that only the journal knows better.
    removed = ("lapsed", "withdrawn", "moved")
    limit_column = "ceiling" if column in {"amount", *removed} else column
    sign = "-" if column in removed else "+"
    tamper(f"UPDATE program_budgets_lot SET {column} = {column} + 1")
    tamper(
        f"UPDATE program_budgets_limit SET {limit_column} = {limit_column} {sign} 1"
        " WHERE kind = 'member'"
    )
    assert found() == [("lots_match_journal", f"lot {lot.pk}", row(expected), row(tampered))]


@pytest.mark.parametrize("column", ["ceiling", "held", "spent"])
def test_a_members_limit(books: World, column: str) -> None:
    limit = Limit.objects.get(kind="member")
    tamper(f"UPDATE program_budgets_limit SET {column} = {column} + 1 WHERE kind = 'member'")
    right = {"ceiling": 300_00, "held": HELD, "spent": SPENT}
    wrong = right | {column: right[column] + 1}
    assert found() == [
        (
            "members_match_lots",
            f"limit {limit.pk}",
            row(tuple(right.values())),
            row(tuple(wrong.values())),
        )
    ]


@pytest.mark.parametrize("column", ["ceiling", "held", "spent"])
def test_a_cap(books: World, column: str) -> None:
    cap = Limit.objects.get(kind="cap")
    tamper(f"UPDATE program_budgets_limit SET {column} = {column} + 1 WHERE kind = 'cap'")
    right = {"ceiling": 1000_00, "held": HELD, "spent": SPENT}
    wrong = right | {column: right[column] + 1}
    named = [
        (
            "caps_match_journal",
            f"limit {cap.pk}",
            row(tuple(right.values())),
            row(tuple(wrong.values())),
        )
    ]
    if column != "ceiling":
        used = row((HELD, SPENT)), row((wrong["held"], wrong["spent"]))
        named.insert(0, ("caps_match_holds", f"limit {cap.pk}", *used))
    assert found() == named


@pytest.mark.parametrize("column", ["captured", "released", "refunded"])
def test_a_hold(books: World, column: str) -> None:
    hold = Hold.objects.get(amount=SPENT)
    cap = Limit.objects.get(kind="cap")
    tamper(f"UPDATE program_budgets_hold SET {column} = {column} + 1 WHERE amount = {SPENT}")
    right = {"amount": SPENT, "captured": SPENT, "released": 0, "refunded": 0}
    wrong = right | {column: right[column] + 1}
    items = (0, 0, 0, 0)
    expected, tampered = row((*right.values(), *items)), row((*wrong.values(), *items))
    # The hold has less left, or less spent, than its cap has counted for it.
    counted = {
        "captured": (HELD - 1, SPENT + 1),
        "released": (HELD - 1, SPENT),
        "refunded": (HELD, SPENT - 1),
    }
    named = [
        ("caps_match_holds", f"limit {cap.pk}", row(counted[column]), row((HELD, SPENT))),
        ("holds_match_journal", f"hold {hold.pk}", expected, tampered),
    ]
    if column != "refunded":  # more is settled than was held
        rule = "settled once, and refunded within captures"
        named.append(("nothing_overspent", f"hold {hold.pk}", rule, tampered))
    assert found() == named


@pytest.mark.parametrize("column", ["amount", "captured", "released", "refunded"])
def test_what_a_hold_pinned(books: World, column: str) -> None:
    pinned = HoldLot.objects.get(amount=SPENT)
    tamper(f"UPDATE program_budgets_holdlot SET {column} = {column} + 1 WHERE amount = {SPENT}")
    right = {"amount": SPENT, "captured": SPENT, "released": 0, "refunded": 0}
    wrong = right | {column: right[column] + 1}
    expected, tampered = row(tuple(right.values())), row(tuple(wrong.values()))
    named = [
        (
            "holds_match_journal",
            f"hold {pinned.hold_id} of lot {pinned.lot_id}",
            expected,
            tampered,
        )
    ]
    if column == "amount":
        named.append(
            (
                "holds_match_journal",
                f"hold {pinned.hold_id}",
                f"lots that carry {SPENT}",
                f"lots that carry {SPENT + 1}",
            )
        )
    assert found() == named


def test_an_entry_changed(books: World) -> None:
    entry = Entry.objects.filter(lot=None, bucket="spent").get()
    cap = Limit.objects.get(kind="cap")
    tamper(f"UPDATE program_budgets_entry SET amount = amount + 1 WHERE id = {entry.pk}")
    assert found() == [
        (
            "caps_match_journal",
            f"limit {cap.pk}",
            row((1000_00, HELD, SPENT + 1)),
            row((1000_00, HELD, SPENT)),
        ),
        ("entries_chain", f"entry {entry.pk}", "0", f"0 {SPENT + 1} {SPENT}"),
        (
            "postings_balance",
            f"posting {entry.posting_id}",
            "entries that net to zero",
            "1",
        ),
    ]


@pytest.mark.parametrize("column", ["balance_before", "balance_after"])
def test_an_entrys_balances_changed(books: World, column: str) -> None:
    last = Entry.objects.filter(lot=None, bucket="held").latest("pk")
    tamper(f"UPDATE program_budgets_entry SET {column} = {column} + 1 WHERE id = {last.pk}")
    last.refresh_from_db()
    assert found() == [
        (
            "entries_chain",
            f"entry {last.pk}",
            "0",
            f"{last.balance_before} {last.amount} {last.balance_after}",
        )
    ]


def test_a_postings_entries_removed(books: World) -> None:
    posting = Posting.objects.filter(kind="hold").latest("pk")
    tamper(f"DELETE FROM program_budgets_entry WHERE posting_id = {posting.pk}")
    cap, lot = Limit.objects.get(kind="cap"), Lot.objects.get()
    assert found() == [
        (
            "caps_match_journal",
            f"limit {cap.pk}",
            row((1000_00, 0, SPENT)),
            row((1000_00, HELD, SPENT)),
        ),
        (
            "holds_match_journal",
            f"hold {posting.hold_id} of lot {lot.pk}",
            "(,,,)",
            row((HELD, 0, 0, 0)),
        ),
        (
            "lots_match_journal",
            f"lot {lot.pk}",
            row((300_00, 0, SPENT, 0, 0, 0)),
            row((300_00, HELD, SPENT, 0, 0, 0)),
        ),
        (
            "postings_balance",
            f"posting {posting.pk}",
            "entries that net to zero",
            "no entries",
        ),
    ]


def test_a_row_lost_from_the_middle_breaks_the_chain(books: World) -> None:
    # The first hold's lines on the cap go, as if it had never been held there.
    first = Posting.objects.filter(kind="hold").earliest("pk")
    tamper(f"DELETE FROM program_budgets_entry WHERE posting_id = {first.pk} AND lot_id IS NULL")
    cut = {check for check, *_ in found()}
    assert cut == {"caps_match_journal", "entries_chain"}


@pytest.mark.parametrize("kind", ["member", "cap"])
def test_overspending(books: World, kind: str) -> None:
    limit = Limit.objects.get(kind=kind)
    tamper(f"UPDATE program_budgets_limit SET spent = ceiling - held + 7 WHERE kind = '{kind}'")
    verification = ledger.verify()
    assert verification.overspent == {"USD": 7}
    named = {difference.check: difference for difference in verification.differences}
    assert str(named["nothing_overspent"]) == (
        f"nothing_overspent: limit {limit.pk}: expected at most {limit.ceiling} USD, "
        f"found {limit.ceiling + 7}"
    )
    unbacked = {"cap": {"caps_match_holds", "caps_match_journal"}, "member": {"members_match_lots"}}
    assert set(named) == {"nothing_overspent", *unbacked[kind]}
    assert len(named) == len(verification.differences)


def test_a_negative_figure(books: World) -> None:
    cap = Limit.objects.get(kind="cap")
    tamper("UPDATE program_budgets_limit SET overhang = -1 WHERE kind = 'cap'")
    assert found() == [
        (
            "nothing_overspent",
            f"limit {cap.pk}",
            f"at most {1000_00 - 1} USD",
            str(HELD + SPENT),
        )
    ]


@pytest.mark.parametrize("column", ["program_id", "cycle_id", "member_id", "account_id"])
@pytest.mark.parametrize("table", ["posting", "hold"])
def test_something_that_a_row_names_is_not_there(books: World, table: str, column: str) -> None:
    drop_foreign_keys()
    model = {"posting": Posting, "hold": Hold}[table]
    pk = model.objects.filter(amount=HELD).get().pk
    tamper(f"UPDATE program_budgets_{table} SET {column} = -7 WHERE id = %s", [pk])
    name = column.removesuffix("_id")
    assert found() == [("references", f"{table} {pk}", f"{name} -7", "none")]


def test_nothing_is_named_for_what_a_posting_leaves_open(books: World) -> None:
    everywhere = books.cap(books.account("Everywhere"), "5.00", everywhere=True)
    posting = Posting.objects.get(entries__limit_id=everywhere.pk, entries__bucket="funding")
    assert (posting.program_id, posting.cycle_id, posting.member_id) == (None, None, None)
    assert ledger.verify().is_clean


def test_a_hold_that_postings_name_is_not_there(books: World) -> None:
    drop_foreign_keys()
    hold = Hold.objects.get(amount=HELD)
    tamper("DELETE FROM program_budgets_hold WHERE id = %s", [hold.pk])
    cap = Limit.objects.get(kind="cap")
    assert found() == [
        ("caps_match_holds", f"limit {cap.pk}", row((0, SPENT)), row((HELD, SPENT))),
        (
            "holds_match_journal",
            f"hold {hold.pk}",
            row((HELD, *[0] * 7)),
            "no such hold",
        ),
    ]


def test_what_a_hold_was_taken_under_is_not_there(books: World) -> None:
    drop_foreign_keys()
    hold = Hold.objects.get(amount=HELD)
    tamper("UPDATE program_budgets_holdlot SET lot_id = -7 WHERE hold_id = %s", [hold.pk])
    tamper("UPDATE program_budgets_hold SET shares = '{-8}' WHERE id = %s", [hold.pk])
    assert [difference for difference in found() if difference[0] == "references"] == [
        ("references", f"hold {hold.pk}", "lot -7", "none"),
        ("references", f"hold {hold.pk}", "limit -8", "none"),
    ]


def test_what_a_pin_says_that_is_not_there(books: World) -> None:
    pin = HoldLot.objects.get(amount=HELD)
    tamper("DELETE FROM program_budgets_holdlot WHERE id = %s", [pin.pk])
    assert ("holds_match_journal", f"hold {pin.hold_id} of lot {pin.lot_id}") in [
        (check, subject) for check, subject, *_ in found()
    ]


def test_a_posting_that_is_reversed_is_not_there(books: World) -> None:
    posting = Posting.objects.get(kind="capture")
    tamper("UPDATE program_budgets_posting SET reverses_id = -7 WHERE id = %s", [posting.pk])
    assert found() == [("references", f"posting {posting.pk}", "posting -7", "none")]


def test_a_lot_is_in_another_unit_than_its_limit(books: World) -> None:
    lot = Lot.objects.earliest("pk")
    tamper("UPDATE program_budgets_lot SET unit = 'EUR' WHERE id = %s", [lot.pk])
    assert found() == [("references", f"lot {lot.pk}", "USD", "EUR")]


def test_the_posting_of_a_raise_is_not_there(books: World) -> None:
    cap = Cap.objects.get()
    raised = books.raise_cap(cap, "5.00", ends_at=books.at + DAY)
    tamper("UPDATE program_budgets_raise SET posting_id = -7")
    assert found() == [("references", f"raise {raised.pk}", "posting -7", "none")]


def test_entries_of_no_posting(books: World) -> None:
    drop_foreign_keys()
    posting = Posting.objects.get(kind="capture")
    tamper("DELETE FROM program_budgets_posting WHERE id = %s", [posting.pk])
    named = {check: (subject, *rest) for check, subject, *rest in found()}
    assert sorted(named) == ["holds_match_journal", "postings_balance"]
    assert named["postings_balance"] == (
        f"posting {posting.pk}",
        "the posting of 4 entries",
        "no such posting",
    )


def test_entries_of_no_cap(books: World) -> None:
    drop_foreign_keys()
    cap = Limit.objects.get(kind="cap")
    tamper("UPDATE program_budgets_entry SET limit_id = -7 WHERE limit_id = %s", [cap.pk])
    named = [difference for difference in found() if difference[0] == "caps_match_journal"]
    assert sorted(named) == [
        ("caps_match_journal", "limit -7", row((1000_00, HELD, SPENT)), "no such cap"),
        ("caps_match_journal", f"limit {cap.pk}", row((0, 0, 0)), row((1000_00, HELD, SPENT))),
    ]


@pytest.mark.parametrize("column", ["lot_id", "limit_id"])
def test_entries_of_no_lot_or_under_another_limit_than_the_lots(books: World, column: str) -> None:
    drop_foreign_keys()
    lot = Lot.objects.get()
    tamper(f"UPDATE program_budgets_entry SET {column} = -7 WHERE lot_id = {lot.pk}")
    figures = row((300_00, HELD, SPENT, 0, 0, 0))
    named = {"lot_id": lot.pk, "limit_id": lot.limit_id} | {column: -7}
    assert {difference for difference in found() if difference[0] == "lots_match_journal"} == {
        ("lots_match_journal", f"lot {lot.pk}", row((0,) * 6), figures),
        (
            "lots_match_journal",
            f"lot {named['lot_id']} of limit {named['limit_id']}",
            figures,
            "no such lot",
        ),
    }


def test_no_two_buckets_begin_with_the_same_letter() -> None:
    """The check of the chain of entries tells them apart by it."""
    assert len({bucket[0] for bucket in Entry.Bucket.values}) == len(Entry.Bucket)


def test_at_most_a_hundred_of_each_check_are_shown(books: World) -> None:
    assert SHOWN_PER_CHECK == 100
    world = books
    world.members(101, world.account("Many"))
    tamper("UPDATE program_budgets_limit SET spent = 1 WHERE kind = 'member' AND spent = 0")
    assert len(ledger.verify().differences) == 100


def test_verifying_takes_one_query_a_check_and_changes_nothing(books: World) -> None:
    before = snapshot()
    with CaptureQueriesContext(connection) as queries:
        ledger.verify()
    selects = [query for query in queries if query["sql"].lstrip("- ").startswith("SELECT")]
    assert len(selects) == len(checks()) + 6
    assert snapshot() == before


def row(figures: tuple[int, ...]) -> str:
    """Render figures as the database renders a row."""
    return f"({','.join(map(str, figures))})"
