"""What administrators change while shoppers buy: nothing slips through in between."""

from collections.abc import Callable

import pytest
from django.db.models import Min

from saleor_program_budgets import accounts, ledger, programs
from saleor_program_budgets.models import Cap, Cycle, Entry, Hold, Limit, Lot, Member
from tests.concurrency.scene import Scene, given, hold, release
from tests.support.racing import deadlocks, in_tree_order, in_turn, kinds, race, slow_motion
from tests.support.world import World, figures, usd


def _shop(world: World, members: list[Member], value: str) -> list[Callable[[], object]]:
    cycle = world.cycle
    return [
        lambda member=member, key=f"k{number}": world.hold(member, value, key=key, cycle=cycle)
        for number, member in enumerate(members)
    ]


def _least_left_by_a_hold(cap: Cap) -> int:
    """Return the lowest figure that any hold has left available in a share of *cap*."""
    lines = Entry.objects.filter(limit__cap_id=cap.pk, bucket="available", posting__kind="hold")
    return lines.aggregate(least=Min("balance_after"))["least"] or 0


def test_a_cap_lowered_while_members_buy(committed_world: World) -> None:
    world = committed_world
    sales = world.account("Sales")
    cap = world.cap(sales, "1000.00")
    jobs = _shop(world, world.members(20, sales), "100.00")
    outcomes = race(*jobs[:10], lambda: world.cap(sales, "300.00"), *jobs[10:])
    held = kinds(outcomes)["Held"]
    assert 3 <= held <= 10
    assert _least_left_by_a_hold(cap) >= 0
    cap.refresh_from_db()
    assert (cap.ceiling, cap.held) == (300_00, held * 100_00)
    assert cap.overhang == cap.held - cap.ceiling


def test_new_caps_among_many_purchases_overlook_none(committed_world: World) -> None:
    world = committed_world
    acme = world.account("Acme")
    sales = world.account("Sales", under=acme)
    jobs = _shop(world, world.members(16, sales), "10.00")
    outcomes = race(
        *jobs[:8],
        lambda: world.cap(sales, "1000.00"),
        lambda: world.cap(acme, "1000.00"),
        lambda: world.cap(acme, "1000.00", everywhere=True),
        *jobs[8:],
    )
    assert kinds(outcomes) == {"Cap": 3, "Held": 16}
    for cap in Cap.objects.all():
        assert figures(cap) == {"ceiling": "1000.00", "held": "160.00"}


def test_members_moved_while_they_buy_are_counted_in_one_place(committed_world: World) -> None:
    world = committed_world
    acme = world.account("Acme")
    sales, marketing = (world.account(name, under=acme) for name in ("Sales", "Marketing"))
    caps = [world.cap(sales, "1000.00"), world.cap(marketing, "1000.00")]
    members = world.members(6, sales)
    outcomes = race(
        *_shop(world, members * 2, "50.00"),
        *(
            lambda member=member: programs.move_member(
                member=member, account=marketing, at=world.at
            )
            for member in Member.objects.filter(program=world.program)
        ),
    )
    assert kinds(outcomes) == {"Held": 12, "Member": 6}
    for cap in caps:
        cap.refresh_from_db()
        holds = Hold.objects.filter(account_id=cap.account_id)
        assert cap.held == sum(hold.amount for hold in holds)
        met = Limit.objects.filter(pk__in=[share for hold in holds for share in hold.shares])
        # All of them may have bought before they were moved, or after it.
        assert {share.cap_id for share in met} == ({cap.pk} if holds else set())
    assert sum(cap.held for cap in caps) == 12 * 50_00


def _trade(world: World) -> tuple[list[Callable[[], object]], Callable[[], object]]:
    """Return purchases all over a tree of three levels, and a job that moves its branches."""
    acme = world.account("Acme")
    divisions = [world.account(name, under=acme) for name in ("East", "West")]
    teams = [world.account(f"Team{number}", under=divisions[number % 2]) for number in range(4)]
    for account in (acme, *divisions, *teams):
        world.cap(account, "100000.00")
    cycle = world.cycle
    members = [member for team in teams for member in world.members(2, team)]

    def shop(member: Member) -> Callable[[], object]:
        def run() -> None:
            for _ in range(4):
                hold = world.hold(member, "10.00", cycle=cycle)
                world.capture(hold, "6.00")
                world.release(hold)
                world.refund(hold, "1.00")

        return run

    def move() -> None:
        for number in range(12):
            accounts.move_account(account=teams[number % 4], parent=divisions[number % 2])

    return [shop(member) for member in members], move


def test_trading_while_branches_move_meets_no_deadlock(committed_world: World) -> None:
    jobs, move = _trade(committed_world)
    outcomes = race(*jobs, move)
    assert kinds(outcomes) == {"NoneType": 9}
    whole = Cap.objects.get(account__parent=None)
    assert figures(whole) == {"ceiling": "100000.00", "spent": "160.00"}  # 8 x 4 x 5.00


def test_the_books_are_right_at_every_instant_of_trading(committed_world: World) -> None:
    jobs, move = _trade(committed_world)

    def look() -> list[str]:
        seen = [ledger.verify().differences for _ in range(5)]
        return [str(difference) for differences in seen for difference in differences]

    *traded, differences = race(*jobs, move, look)
    assert (kinds(traded), differences) == ({"NoneType": 9}, [])


def _a_branch_upside_down(world: World) -> Scene:
    """Sales was under Acme, and a purchase was made there; now Acme is under Sales.

    Caps keep the rank of where they were set, so Sales' is locked before Acme's, as ever; the
    walk from Ann, who went with Acme, meets Acme's first.
    """
    scene = given(cap="100.00", older="30.00")(world)
    world.cap(scene.acme, "100.00")
    accounts.move_account(account=scene.sales, parent=None)
    accounts.move_account(account=scene.acme, parent=scene.sales)
    programs.move_member(member=scene.ann, account=scene.acme, at=scene.world.at)
    return scene


def test_a_branch_turned_upside_down_meets_no_deadlock(committed_world: World) -> None:
    scene = _a_branch_upside_down(committed_world)
    colleague = hold("20.00", by="Bob")(scene)
    programs.move_member(member=Member.objects.latest("pk"), account=scene.acme, at=scene.world.at)
    acme = Cap.objects.get(account=scene.acme)
    met = in_turn(colleague, release()(scene), stop_at=f"cap {acme.pk}")
    assert kinds([met.first, met.second]) == {"Held": 1, "Settlement": 1}
    assert met.waited
    assert [figures(cap) for cap in Cap.objects.all()] == [
        {"ceiling": "100.00", "held": "20.00"}
    ] * 2


@pytest.mark.usefixtures("deadlocks_expected")
def test_locked_in_the_trees_order_it_deadlocks(committed_world: World) -> None:
    """The control: it is the rank that keeps them apart. What was rolled back is repeated.

    It may come to meet the other again, when it is back before that one woke up.
    """
    scene = _a_branch_upside_down(committed_world)
    colleague = hold("20.00", by="Bob")(scene)
    programs.move_member(member=Member.objects.latest("pk"), account=scene.acme, at=scene.world.at)
    before = deadlocks()
    with in_tree_order():
        met = in_turn(colleague, release()(scene), stop_at=f"cap {scene.cap.pk}")
    assert deadlocks() > before
    assert kinds([met.first, met.second]) == {"Held": 1, "Settlement": 1}
    assert [figures(cap) for cap in Cap.objects.all()] == [
        {"ceiling": "100.00", "held": "20.00"}
    ] * 2


def test_a_program_opened_twice_at_once_has_one_cycle(committed_world: World) -> None:
    world = committed_world
    program = world.draft_program()
    ann = world.member()
    with slow_motion():
        outcomes = race(
            *[
                lambda: programs.open_program(
                    program=type(program).objects.get(), actor=world.actor, at=world.at
                )
            ]
            * 3
        )
    assert kinds(outcomes) == {"Cycle": 3}
    assert Cycle.objects.count() == 1
    assert world.balance(ann) == {"available": "300.00"}


def test_the_same_people_enrolled_twice_at_once_are_granted_once(committed_world: World) -> None:
    world = committed_world
    acme, program = world.account("Acme"), world.open_program()
    users = [world.user() for _ in range(200)]  # enough to meet in the middle

    def enroll(order: list[int]) -> list[Member]:
        return programs.enroll(
            program=program, user_ids=order, account=acme, actor=world.actor, at=world.at
        )

    outcomes = race(lambda: enroll(users), lambda: enroll(users[::-1]))
    assert kinds(outcomes) == {"list": 2}
    assert Lot.objects.count() == Member.objects.count() == 200
    assert sum(lot.amount for lot in Lot.objects.all()) == usd("60000.00").minor
