"""Corrections of many members: looked at, applied, undone."""

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Adjustment, AdjustmentLine, Lot, Member, Posting
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import AlreadyRunning, jobs, lists
from tests.support.database import snapshot
from tests.support.world import DAY, INSTANT, START, TESTS, World, lot_figures, usd

OTHER = ledger.Actor("staff", "another")


def preview(world: World, **changes: object) -> Adjustment:
    request = {
        "program": world.program,
        "reason": "a bonus",
        "actor": TESTS,
        "at": world.at,
    }
    return programs.preview_adjustment(**request | changes)


def of_list(world: World, *lines: str, header: str = "member_id,amount") -> Adjustment:
    return preview(world, csv="\n".join([header, *lines]).encode())


def apply(world: World, batch: Adjustment, **changes: object) -> Adjustment:
    return programs.apply_adjustment(
        **{"adjustment": batch, "actor": OTHER, "at": world.at} | changes
    )


def undo(world: World, batch: Adjustment, **changes: object) -> Adjustment:
    request = {"adjustment": batch, "reason": "a mistake", "actor": OTHER, "at": world.at}
    return programs.undo_adjustment(**request | changes)


def lines(batch: Adjustment) -> list[tuple[int, int, str, str]]:
    return list(batch.lines.values_list("number", "amount", "status", "error"))


def rejected(batch: Adjustment) -> list[tuple[int, str]]:
    assert batch.rejected_count == len(batch.rejected)
    return [(problem["line"], problem["field"]) for problem in batch.rejected]


def test_one_member(world: World) -> None:
    ann = world.member()
    money = snapshot(without=["adjustment", "adjustmentline"])
    batch = preview(world, member=ann, amount=usd("25.00"), expires_at=START + DAY)
    assert snapshot(without=["adjustment", "adjustmentline"]) == money
    [line] = batch.lines.all()
    assert (line.member, line.amount, line.balance_before, line.balance_after) == (
        ann,
        25_00,
        300_00,
        325_00,
    )
    apply(world, batch)
    batch.refresh_from_db()
    assert (batch.status, batch.source, batch.created_by, batch.applied_by, batch.applied_at) == (
        "applied",
        "member",
        "staff:tests",
        "staff:another",
        world.at,
    )
    line.refresh_from_db()
    posting = Posting.objects.get(kind="adjustment")
    assert (line.status, line.posting_id) == ("posted", posting.pk)
    assert (posting.amount, posting.cause, posting.actor) == (25_00, "a bonus", "staff:another")
    assert Lot.objects.get(origin="adjustment").expires_at == START + DAY
    assert world.balance(ann) == {"available": "325.00"}


def test_an_account_with_all_below_it(world: World) -> None:
    acme = world.account("Acme")
    sales = world.account("Sales", under=acme)
    ann, bob = world.member(acme), world.member(sales)
    left, elsewhere = world.member(sales), world.member()
    programs.deactivate_member(member=left, actor=TESTS, at=world.at)
    batch = apply(world, preview(world, account=acme, amount=usd("-50.00")))
    assert (batch.source, batch.account) == ("account", acme)
    assert sorted(batch.lines.values_list("member", flat=True)) == sorted([ann.pk, bob.pk])
    assert [world.balance(member).get("available") for member in (ann, bob, left, elsewhere)] == [
        "250.00",
        "250.00",
        None,
        "300.00",
    ]


def test_a_list(world: World) -> None:
    acme = world.account("Acme")
    ann, bob, eve = world.members(3, acme)
    get_user_model().objects.filter(pk=bob.user_id).update(email="Bob@Example.com")
    batch = of_list(
        world,
        f"{ann.pk},,25.00,welcome,2026-03-31",
        "",
        ",bOB@example.com,-5,,",
        f'{eve.pk},,"1.5","back, at last",',
        header="Member_id, EMAIL ,amount,reason,expires_on",
    )
    found = batch.lines.values_list("number", "member", "amount", "reason", "expires_at")
    assert list(found) == [
        (2, ann.pk, 25_00, "welcome", dt.datetime(2026, 4, 1, tzinfo=dt.UTC)),
        (4, bob.pk, -5_00, "a bonus", None),
        (5, eve.pk, 1_50, "back, at last", None),
    ]
    apply(world, batch)
    balances = [world.balance(member)["available"] for member in (ann, bob, eve)]
    assert balances == ["325.00", "295.00", "301.50"]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("0,1.00,,", "member_id"),
        ("x,1.00,,", "member_id"),
        ("99999999999999999999,1.00,,", "member_id"),
        (",1.00,,", "member"),
        ("{ann},,,", "amount"),
        ("{ann},0,,", "amount"),
        ("{ann},1.001,,", "amount"),
        ("{ann},NaN,,", "amount"),
        ("{ann},1e99,,", "amount"),
        ("{ann},-300.01,,", "amount"),
        ('{ann},"1,000.00",,', "amount"),
        ("{ann},1.00," + "x" * 501 + ",", "reason"),
        ("{ann},1.00,\x00,", "reason"),
        ("{ann},1.00,,2026-01-04", "expires_on"),
        ("{ann},1.00,,31.12.2026", "expires_on"),
        ("{ann},1.00,,9999-12-31", "expires_on"),
        ("{ann},1.00,,,more", "line"),
    ],
)
def test_a_line_that_cannot_be_used(world: World, line: str, field: str) -> None:
    ann = world.member()
    header = "member_id,amount,reason,expires_on"
    batch = of_list(world, line.replace("{ann}", str(ann.pk)), f"{ann.pk},1.00,,", header=header)
    assert rejected(batch) == [(2, field)]
    assert [number for number, *_ in lines(batch)] == [3]


def test_an_expiry_today_lasts_until_midnight_of_the_program(world: World) -> None:
    world.open_program(time_zone="America/New_York")
    ann = world.member()
    batch = of_list(world, f"{ann.pk},1.00,2026-01-05", header="member_id,amount,expires_on")
    assert batch.lines.get().expires_at == dt.datetime(2026, 1, 6, 5, tzinfo=dt.UTC)


def test_a_name_of_several_or_of_another_programs_members(world: World) -> None:
    ann, bob = world.members(2, world.account("Acme"))
    stranger = world.member(program=world.open_program(channel="other"))
    get_user_model().objects.filter(pk__in=[ann.user_id, bob.user_id]).update(email="a@example.com")
    get_user_model().objects.filter(pk=stranger.user_id).update(email="s@example.com")
    batch = of_list(world, "a@example.com,1.00", "s@example.com,1.00", header="email,amount")
    assert [problem["message"] for problem in batch.rejected] == [
        "“a@example.com” names several members.",
        "“s@example.com” is no member of this program.",
    ]


def test_lines_of_one_member_add_up(world: World) -> None:
    ann = world.member()
    batch = of_list(world, f"{ann.pk},-200.00", f"{ann.pk},-200.00", f"{ann.pk},-100.00")
    assert rejected(batch) == [(3, "amount")]
    assert list(batch.lines.values_list("number", "balance_before")) == [(2, 300_00), (4, 100_00)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The header needs “amount” and one of member_id, email, external_user_id."),
        (b"amount\n1", "The header needs “amount” and one of member_id, email, external_user_id."),
        (
            b"member_id\n1",
            "The header needs “amount” and one of member_id, email, external_user_id.",
        ),
        (b"email,amount,email\n", "A column stands in the header twice."),
        (b"email,amount\n\n\xff,1", "Save the list as UTF-8: line 3 isn't."),
        (b'email,amount\n"x"y,1', "Line 2 isn't CSV: ',' expected after '\"'."),
        (b"external_user_id,amount\nx,1", "The users of this shop have no external ids."),
        (
            b"mail,amount\nx,1",
            f"“mail” is no column of a list; those are {', '.join(lists.COLUMNS)}.",
        ),
    ],
)
def test_what_is_no_list(world: World, content: bytes, message: str) -> None:
    world.open_program()
    with pytest.raises(InvalidInput) as error:
        preview(world, csv=content)
    assert (error.value.field, error.value.message) == ("csv", message)
    assert not Adjustment.objects.exists()


def test_a_list_as_spreadsheets_save_it(world: World) -> None:
    ann = world.member()
    batch = preview(world, csv=f"\ufeffmember_id;amount\r\n{ann.pk};1.00\r\n".encode())
    assert lines(batch) == [(2, 1_00, "draft", "")]


def test_the_bounds_of_a_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = world.member()
    assert (lists.MOST_LINES, lists.MOST_BYTES) == (100_000, 20_971_520)
    monkeypatch.setattr(lists, "MOST_LINES", 2)
    assert len(lines(of_list(world, f"{ann.pk},1", f"{ann.pk},1"))) == 2
    with pytest.raises(InvalidInput, match="up to 2 lines"):
        of_list(world, f"{ann.pk},1", f"{ann.pk},1", f"{ann.pk},1")
    with pytest.raises(InvalidInput, match="up to 20 MB"):
        preview(world, csv=b" " * (lists.MOST_BYTES + 1))


def test_the_first_hundred_bad_lines_are_named_and_all_counted(world: World) -> None:
    world.open_program()
    batch = of_list(world, *["x,1.00"] * 101)
    assert (len(batch.rejected), batch.rejected_count) == (100, 101)
    assert batch.rejected[99]["line"] == 101


def test_a_hundred_thousand_bad_lines(world: World) -> None:
    world.open_program()
    began = time.monotonic()
    batch = of_list(world, *["nobody@example.com,1.00"] * 100_000, header="email,amount")
    assert (len(batch.rejected), batch.rejected_count) == (100, 100_000)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"amount": None}, "amount"),
        ({"amount": usd("0.00")}, "amount"),
        ({"amount": Amount(1, "EUR")}, "amount"),
        ({"csv": b"x"}, "member"),
        ({"member": None}, "member"),
        ({"member": None, "csv": b"x"}, "amount"),
        ({"expires_at": START}, "expires_at"),
    ],
)
def test_a_request_that_makes_no_sense(
    world: World, changes: dict[str, object], field: str
) -> None:
    ann = world.member()
    with pytest.raises(InvalidInput) as error:
        preview(world, **{"member": ann, "amount": usd("1.00")} | changes)
    assert error.value.field == field
    assert not Adjustment.objects.exists()


def test_whom_it_cannot_be_for(world: World) -> None:
    stranger = world.member(program=world.open_program(channel="other"))
    world._program = world.open_program(channel="mine")
    for target, field in [
        ({"member": stranger}, "member"),
        ({"account": stranger.account}, "account"),
    ]:
        with pytest.raises(InvalidInput) as error:
            preview(world, amount=usd("1.00"), **target)
        assert error.value.field == field


def test_a_preview_that_is_stale(world: World) -> None:
    # Given 100.00 to be taken from two, one of whom spends 250.00 before it is applied.
    ann, bob = world.members(2, world.account("Acme"))
    batch = of_list(world, f"{ann.pk},-100.00", f"{bob.pk},-100.00", f"{ann.pk},7.00")
    world.capture(world.hold(ann, "250.00"), "250.00")
    apply(world, batch)
    short = "100.00 USD was to be taken back; 50.00 USD is available."
    assert lines(batch) == [
        (2, -100_00, "failed", short),
        (3, -100_00, "posted", ""),
        (4, 7_00, "posted", ""),
    ]
    assert programs.adjustment_totals(batch) == {"failed": (1, -100_00), "posted": (2, -93_00)}
    assert world.balance(ann) == {"available": "57.00", "spent": "250.00"}
    assert batch.status == "applied"


def test_an_expiry_that_has_passed_fails_its_line(world: World) -> None:
    ann = world.member()
    batch = preview(world, member=ann, amount=usd("5.00"), expires_at=START + DAY)
    world.at += DAY
    apply(world, batch)
    assert lines(batch) == [(1, 5_00, "failed", "The expiry has to lie in the future.")]


def test_it_is_applied_once(world: World) -> None:
    ann = world.member()
    batch = preview(world, member=ann, amount=usd("5.00"))
    apply(world, batch)
    before = snapshot()
    apply(world, batch, at=world.at + DAY)
    assert snapshot() == before
    assert world.balance(ann) == {"available": "305.00"}


def test_it_takes_as_long_as_it_may(world: World) -> None:
    members = world.members(3, world.account("Acme"))
    batch = of_list(world, *(f"{member.pk},5.00" for member in members))
    told: list[tuple[int, int]] = []
    for status in ("applying", "applying", "applied"):
        apply(world, batch, budget_seconds=0, lines_at_once=1, progress=lambda *at: told.append(at))
        assert batch.status == status
    for status in ("undoing", "undoing", "undone"):
        undo(world, batch, budget_seconds=0, lines_at_once=1)
        assert batch.status == status
    again = of_list(world, f"{members[0].pk},5.00")
    apply(world, again, progress=lambda *at: told.append(at))
    assert told == [(1, 3), (2, 3), (3, 3), (1, 1)]


def test_it_is_undone(world: World) -> None:
    # Given 50.00 for each of three, of which one uses 320.00 and one's is reversed by hand.
    ann, bob, eve = world.members(3, world.account("Acme"))
    batch = preview(world, account=ann.account, amount=usd("50.00"))
    with pytest.raises(InvalidInput) as error:
        undo(world, batch)
    assert error.value.field == "adjustment"
    apply(world, batch)
    world.hold(bob, "320.00")
    world.reverse(batch.lines.get(member=eve).posting_id)

    # When it is undone, what is unused is taken back, and the others are told of.
    with pytest.raises(InvalidInput) as error:
        undo(world, batch, reason=" ")
    assert error.value.field == "reason"
    undo(world, batch)
    assert (batch.status, batch.undone_by, batch.undo_reason, batch.undone_at) == (
        "undone",
        "staff:another",
        "a mistake",
        world.at,
    )
    used = "What it gave has been used since, or there is no room for it any more."
    assert {line.member: (line.status, line.error) for line in batch.lines.all()} == {
        ann: ("undone", ""),
        bob: ("kept", used),
        eve: ("kept", "This was reversed already."),
    }
    line = batch.lines.get(member=ann)
    assert Posting.objects.get(pk=line.reversal_id).reverses_id == line.posting_id
    assert [world.balance(member)["available"] for member in (ann, bob, eve)] == [
        "300.00",
        "30.00",
        "300.00",
    ]
    before = snapshot()
    undo(world, batch, reason="again")
    assert snapshot() == before


def test_what_was_taken_comes_back_to_its_lot(world: World) -> None:
    ann = world.member()
    lot = Lot.objects.get()
    batch = apply(world, preview(world, member=ann, amount=usd("-50.00")))
    assert lot_figures(lot) == {"available": "250.00", "withdrawn": "50.00"}
    undo(world, batch)
    assert lot_figures(lot) == {"available": "300.00"}


@contextmanager
def _at_work_on(batch: Adjustment) -> Iterator[None]:
    """Let another process be at work on it."""
    parameters = connection.get_connection_params()
    names = {"dbname", "user", "host", "port"} & parameters.keys()
    where = {name: parameters[name] for name in names}
    with psycopg.connect(**where) as other:
        other.execute(
            "SELECT pg_advisory_lock(%s, hashtext(%s))", [jobs.LOCKS, f"adjustment:{batch.pk}"]
        )
        yield
        other.execute("SELECT pg_advisory_unlock_all()")


def test_a_second_one_at_work_is_turned_away(committed_world: World) -> None:
    world = committed_world
    ann = world.member()
    batch = preview(world, member=ann, amount=usd("5.00"))
    with _at_work_on(batch):
        for run in (apply, undo):
            with pytest.raises(AlreadyRunning):
                run(world, batch)
    apply(world, batch)
    assert world.balance(ann) == {"available": "305.00"}


def test_a_leavers_line_is_posted_and_a_stale_member_is_no_matter(world: World) -> None:
    ann = world.member()
    programs.deactivate_member(member=ann, actor=TESTS, at=world.at)
    apply(world, preview(world, member=Member.objects.get(), amount=usd("5.00")))
    assert world.balance(ann) == {"available": "5.00", "withdrawn": "300.00"}


@pytest.mark.parametrize("size", [1, 3])
def test_a_preview_costs_the_same_for_any_number(world: World, size: int) -> None:
    acme = world.account("Acme")
    world.members(size, acme)
    with CaptureQueriesContext(connection) as queries:
        batch = preview(world, account=acme, amount=usd("5.00"))
    assert batch.lines.count() == size
    # Whom it is for, the cycle, balances, the batch, its lines; savepoints.
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 5


def test_a_draft_is_kept_for_thirty_days(world: World) -> None:
    ann = world.member()
    _, applied = (preview(world, member=ann, amount=usd("5.00")) for _ in range(2))
    apply(world, applied)
    world.at += DAY
    young = preview(world, member=ann, amount=usd("5.00"))
    before = snapshot()
    assert programs.purge_drafts(at=START + 30 * DAY - INSTANT) == 0
    assert snapshot() == before
    assert programs.purge_drafts(at=START + 30 * DAY) == 1
    assert set(Adjustment.objects.all()) == {applied, young}
    assert {line.adjustment for line in AdjustmentLine.objects.all()} == {applied, young}
    assert programs.purge_drafts(at=START + 30 * DAY) == 0


def test_a_draft_that_is_being_applied_is_not_purged(committed_world: World) -> None:
    world = committed_world
    batch = preview(world, member=world.member(), amount=usd("5.00"))
    with _at_work_on(batch):
        assert programs.purge_drafts(at=START + 60 * DAY) == 0
    assert programs.purge_drafts(at=START + 60 * DAY) == 1


@pytest.mark.parametrize("size", [1, 3])
def test_a_set_costs_the_same_for_any_number(world: World, size: int) -> None:
    acme = world.account("Acme")
    world.members(size, acme)
    batch = preview(world, account=acme, amount=usd("5.00"))
    with CaptureQueriesContext(connection) as queries:
        apply(world, batch)
    # The lock, the batch and its status; how many lines, and how many are done; a set, the program,
    # its cycle, whose period is over, the posting, its marks; no other set, none left; the status,
    # the lock.
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 15


def test_lines_that_do_not_fit_keep_no_others_of_their_set(world: World) -> None:
    # Given one set with several lines of one member, which are taken in their order.
    ann, bob = world.members(2, world.account("Acme"))
    batch = of_list(
        world, f"{ann.pk},-250.00", f"{bob.pk},1.00", f"{ann.pk},30.00", f"{ann.pk},-80.00"
    )
    world.hold(ann, "20.00")
    apply(world, batch)
    short = "80.00 USD was to be taken back; 60.00 USD is available."
    assert lines(batch) == [
        (2, -250_00, "posted", ""),
        (3, 1_00, "posted", ""),
        (4, 30_00, "posted", ""),
        (5, -80_00, "failed", short),
    ]
    assert world.balance(ann) == {"available": "60.00", "held": "20.00", "withdrawn": "250.00"}
    undo(world, batch)
    assert world.balance(ann) == {"available": "280.00", "held": "20.00"}
    assert world.balance(bob) == {"available": "300.00"}
