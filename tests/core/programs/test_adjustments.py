"""Corrections of many members: applied and undone."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from saleor_program_budgets import programs
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Lot, Member, Posting
from saleor_program_budgets.programs import AlreadyRunning
from tests.support.adjustments import apply, at_work_on, lines, of_list, preview, rejected, undo
from tests.support.database import snapshot
from tests.support.world import DAY, START, TESTS, World, lot_figures, usd


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


def test_lines_of_one_member_add_up(world: World) -> None:
    ann = world.member()
    batch = of_list(world, f"{ann.pk},-200.00", f"{ann.pk},-200.00", f"{ann.pk},-100.00")
    assert rejected(batch) == [(3, "amount")]
    assert list(batch.lines.values_list("number", "balance_before")) == [(2, 300_00), (4, 100_00)]


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


def test_a_second_one_at_work_is_turned_away(committed_world: World) -> None:
    world = committed_world
    ann = world.member()
    batch = preview(world, member=ann, amount=usd("5.00"))
    with at_work_on(batch):
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
