"""The latest redemptions, and who is close to their limit."""

from __future__ import annotations

import pytest

from saleor_program_budgets import figures, programs
from saleor_program_budgets.errors import BalanceShort, InvalidInput
from saleor_program_budgets.figures import Board, State
from saleor_program_budgets.models import Account, Member, Standing
from tests.support.world import DAY, HOUR, TESTS, World


def board(world: World, account: Account | None = None) -> Board:
    return Board(figures.select(account_id=account.pk if account else None, at=world.at))


def name(member: Member, first: str, last: str) -> None:
    assert member.user is not None
    member.user.first_name, member.user.last_name = first, last
    member.user.email = f"{first}@example.com"
    member.user.save()


def test_each_purchase_has_a_state_and_a_refusal_its_reason(world: World) -> None:
    ann = world.member()
    name(ann, "Ann", "Example")
    world.capture(world.hold(ann, "10.00"), "10.00")
    world.at += HOUR
    world.hold(ann, "20.00")
    world.at += HOUR
    with pytest.raises(BalanceShort):
        world.hold(ann, "1000.00")
    world.at += HOUR
    world.release(world.hold(ann, "40.00"))

    page = board(world).recent(first=10)

    assert [(node.state, node.amount, node.captured, node.code) for node in page.nodes] == [
        (State.REFUSED, 1000_00, 0, "BALANCE_SHORT"),
        (State.PENDING, 20_00, 0, None),
        (State.APPROVED, 10_00, 10_00, None),
    ]
    assert page.nodes[0].available == 270_00
    assert {node.who for node in page.nodes} == {
        figures.Who(ann.pk, "Ann@example.com", "Ann Example", ann.account_id, "Acme")
    }
    assert not page.has_more


def test_pages_follow_one_another_and_leave_none_out(world: World) -> None:
    """Several at one instant, of both kinds, are in one order."""
    ann = world.member()
    for number in range(4):
        world.hold(ann, f"{number + 1}.00")
        with pytest.raises(BalanceShort):
            world.hold(ann, "1000.00")
    whole = [node.cursor for node in board(world).recent(first=8).nodes]
    assert len(set(whole)) == 8

    paged: list[str] = []
    after = None
    while True:
        page = board(world).recent(first=3, after=after)
        paged += [node.cursor for node in page.nodes]
        if not page.has_more:
            break
        after = page.nodes[-1].cursor
    assert paged == whole


def test_only_what_is_under_the_account(world: World) -> None:
    acme = world.account("Acme")
    sales, marketing = (world.account(each, under=acme) for each in ("Sales", "Marketing"))
    ann, ben = world.member(sales), world.member(marketing)
    world.hold(ann, "100.00")
    world.hold(ben, "200.00")
    with pytest.raises(BalanceShort):
        world.hold(ben, "1000.00")
    programs.move_member(member=ben, account=sales, at=world.at)

    assert [node.amount for node in board(world, sales).recent(first=9).nodes] == [100_00]
    assert [node.amount for node in board(world, marketing).recent(first=9).nodes] == [
        1000_00,
        200_00,
    ]
    assert len(board(world, acme).recent(first=9).nodes) == 3
    assert [each.who.member_id for each in board(world, sales).closest(first=9)] == [ben.pk, ann.pk]
    assert board(world, marketing).closest(first=9) == ()


def test_only_of_the_programs_chosen(world: World) -> None:
    ann = world.member()
    other = world.open_program(channel="other")
    world.hold(ann, "100.00")
    shown = Board(figures.select(program_ids=[other.pk], at=world.at))
    assert (shown.recent(first=9).nodes, shown.closest(first=9)) == ((), ())


@pytest.mark.parametrize("is_folded", [False, True])
def test_who_has_used_most_comes_first(world: World, is_folded: bool) -> None:
    ann, ben, cem, dan = world.members(4, world.account("Acme"))
    world.hold(ann, "150.00")
    world.capture(world.hold(ben, "200.00"), "200.00")
    world.capture(world.hold(cem, "300.00"), "300.00")
    programs.deactivate_member(member=cem, actor=TESTS, at=world.at)
    if is_folded:
        figures.fold_batch(at=world.at)
        known = Standing.objects.order_by("-used_permille").values_list("used_permille", flat=True)
        assert list(known) == [666, 500, 0]

    found = board(world).closest(first=9)

    assert [(each.who.member_id, each.used_permille, each.remaining) for each in found] == [
        (ben.pk, 666, 100_00),
        (ann.pk, 500, 150_00),
    ]
    assert [each.who.member_id for each in board(world).closest(first=1)] == [ben.pk]
    assert dan.pk not in {each.who.member_id for each in found}


def test_what_changed_since_the_fold_is_looked_at_anew(world: World) -> None:
    ann, ben = world.members(2, world.account("Acme"))
    world.hold(ann, "150.00")
    figures.fold_batch(at=world.at)
    world.hold(ben, "200.00")
    world.grant(ann, "300.00")
    found = [(each.who.member_id, each.used_permille) for each in board(world).closest(first=9)]
    assert found == [(ben.pk, 666), (ann.pk, 250)]


def test_a_new_period_begins_with_nothing_used(world: World) -> None:
    ann = world.member()
    world.capture(world.hold(ann, "300.00"), "300.00")
    world.next_cycle()
    assert board(world).closest(first=9) == ()
    figures.fold_batch(at=world.at)
    assert board(world).closest(first=9) == ()


def test_a_lot_that_has_lapsed_counts_no_more(world: World) -> None:
    ann = world.member()
    world.grant(ann, "300.00", expires_at=world.at + DAY)
    world.capture(world.hold(ann, "300.00"), "300.00")
    assert board(world).closest(first=9)[0].used_permille == 500
    world.at += DAY
    assert board(world).closest(first=9) == ()


@pytest.mark.parametrize("first", [0, 101])
def test_a_page_has_a_size(world: World, first: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        board(world).recent(first=first)
    assert refused.value.field == "first"
    with pytest.raises(InvalidInput) as refused:
        board(world).closest(first=first)
    assert refused.value.field == "first"


@pytest.mark.parametrize(
    "cursor",
    ["x", "nonsense", "", "MjAyNi0wMS0wMQ==", "MjAyNi0wMS0wMVQwMDowMDowMFogAA=="],
)
def test_a_cursor_is_one_of_ours(world: World, cursor: str) -> None:
    """The fourth is a date without a time zone, the last one ends in a null character."""
    with pytest.raises(InvalidInput) as refused:
        board(world).recent(first=1, after=cursor)
    assert refused.value.field == "after"
