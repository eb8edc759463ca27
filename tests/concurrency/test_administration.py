"""What administrators change while shoppers buy: nothing slips through in between."""

import time
from collections.abc import Callable

import pytest
from django.db.models import Min

from saleor_program_budgets import accounts, ledger, programs
from saleor_program_budgets.models import Cap, Cycle, Entry, Hold, Limit, Lot, Member
from tests.support.racing import (
    deadlocks,
    execute,
    kinds,
    race,
    slow_motion,
    unguarded,
    unordered,
)
from tests.support.world import World, figures, usd


def _shop(world: World, members: list[Member], value: str) -> list[Callable[[], object]]:
    cycle = world.cycle
    return [
        lambda member=member, key=f"k{number}": world.hold(member, value, key=key, cycle=cycle)
        for number, member in enumerate(members)
    ]


def _least_left_by_a_hold(cap: Limit) -> int:
    """Return the lowest figure that any hold has left available under *cap*."""
    lines = Entry.objects.filter(limit=cap, bucket="available", posting__kind="hold")
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


def test_without_locks_a_hold_passes_under_the_old_ceiling(committed_world: World) -> None:
    world = committed_world
    world.is_tampered = True
    sales = world.account("Sales")
    cap = world.cap(sales, "100.00")
    [shop] = _shop(world, [world.member(sales)], "100.00")

    def lower() -> None:
        time.sleep(0.05)
        world.cap(sales, "10.00")

    with unguarded(constraints=False):
        # Only holds are slow: the ceiling changes between a hold's check and its write.
        with slow_motion(0.3):
            execute("ALTER TABLE program_budgets_posting DISABLE TRIGGER a_slow_motion")
            execute(
                "CREATE OR REPLACE TRIGGER a_slow_motion BEFORE INSERT ON"
                " program_budgets_posting FOR EACH ROW WHEN (NEW.kind = 'hold')"
                " EXECUTE FUNCTION tests_slow_motion()"
            )
            race(shop, lower)
        assert _least_left_by_a_hold(cap) < 0


def _cap_while_a_purchase_is_under_way(world: World) -> Cap:
    sales = world.account("Sales")
    [shop] = _shop(world, [world.member(sales)], "65.00")

    def set_cap() -> Cap:
        time.sleep(0.1)  # the purchase has met no cap, and is not yet written
        return world.cap(sales, "100.00")

    with slow_motion(0.4):
        outcomes = race(shop, set_cap)
    assert kinds(outcomes) == {"Held": 1, "Limit": 1}
    return outcomes[1]


def test_a_new_cap_counts_the_purchase_under_way(committed_world: World) -> None:
    cap = _cap_while_a_purchase_is_under_way(committed_world)
    assert figures(cap) == {"ceiling": "100.00", "held": "65.00"}


def test_without_locks_a_new_cap_overlooks_the_purchase_under_way(committed_world: World) -> None:
    committed_world.is_tampered = True
    with unguarded(constraints=False):
        cap = _cap_while_a_purchase_is_under_way(committed_world)
        assert figures(cap) == {"ceiling": "100.00"}


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
    assert kinds(outcomes) == {"Held": 16, "Limit": 3}
    for cap in Cap.objects.all():
        assert figures(cap) == {"ceiling": "1000.00", "held": "160.00"}


def test_two_ceilings_at_once_end_at_one_of_them(committed_world: World) -> None:
    world = committed_world
    sales = world.account("Sales")
    cap = world.cap(sales, "1000.00")
    with slow_motion():
        race(lambda: world.cap(sales, "500.00"), lambda: world.cap(sales, "700.00"))
    assert figures(cap) in ({"ceiling": "500.00"}, {"ceiling": "700.00"})


def test_without_locks_two_ceilings_add_up_to_nonsense(committed_world: World) -> None:
    world = committed_world
    world.is_tampered = True
    sales = world.account("Sales")
    cap = world.cap(sales, "1000.00")
    with unguarded(constraints=False):
        with slow_motion():
            race(lambda: world.cap(sales, "500.00"), lambda: world.cap(sales, "700.00"))
        assert figures(cap) == {"ceiling": "200.00"}  # 1,000.00 - 500.00 - 300.00


def _move(world: World, member: Member) -> None:
    programs.move_member(member=member, account=world.account("Marketing"))


def _deactivate(world: World, member: Member) -> None:
    programs.deactivate_member(member=member, at=world.at)


CHANGES = pytest.mark.parametrize("change", [_move, _deactivate])


def _change_during_a_purchase(
    world: World, change: Callable[[World, Member], None]
) -> tuple[int, int]:
    """Return the holds under the old rules when the change was done, and in the end."""
    sales = world.account("Sales")
    ann = world.member(sales)
    [shop] = _shop(world, [ann], "65.00")
    other = Member.objects.get(pk=ann.pk)
    seen: list[int] = []

    def change_and_look() -> None:
        time.sleep(0.1)  # the purchase has been checked and not yet written
        change(world, other)
        seen.append(Hold.objects.filter(account=sales).count())

    with slow_motion(0.4):
        outcomes = race(shop, change_and_look)
    assert kinds(outcomes) == {"Held": 1, "NoneType": 1}
    return seen[0], Hold.objects.filter(account=sales).count()


@CHANGES
def test_once_a_member_has_changed_nothing_passes_under_the_old_rules(
    committed_world: World, change: Callable[[World, Member], None]
) -> None:
    assert _change_during_a_purchase(committed_world, change) == (1, 1)


@CHANGES
def test_without_locks_a_purchase_passes_after_the_change(
    committed_world: World, change: Callable[[World, Member], None]
) -> None:
    committed_world.is_tampered = True
    with unguarded(constraints=False):
        assert _change_during_a_purchase(committed_world, change) == (0, 1)


def test_members_moved_while_they_buy_are_counted_in_one_place(committed_world: World) -> None:
    world = committed_world
    acme = world.account("Acme")
    sales, marketing = (world.account(name, under=acme) for name in ("Sales", "Marketing"))
    caps = [world.cap(sales, "1000.00"), world.cap(marketing, "1000.00")]
    members = world.members(6, sales)
    outcomes = race(
        *_shop(world, members * 2, "50.00"),
        *(
            lambda member=member: programs.move_member(member=member, account=marketing)
            for member in Member.objects.filter(program=world.program)
        ),
    )
    assert kinds(outcomes) == {"Held": 12, "Member": 6}
    for cap in caps:
        cap.refresh_from_db()
        holds = Hold.objects.filter(account_id=cap.account_id)
        assert cap.held == sum(hold.amount for hold in holds)
        assert all(line.limit == cap for hold in holds for line in hold.caps.all())
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
    before = deadlocks()
    outcomes = race(*jobs, move)
    assert kinds(outcomes) == {"NoneType": 9}
    assert deadlocks() == before
    whole = Cap.objects.get(account__parent=None)
    assert figures(whole) == {"ceiling": "100000.00", "spent": "160.00"}  # 8 x 4 x 5.00


def test_without_the_order_of_locks_trading_deadlocks(committed_world: World) -> None:
    """The control: it is the order that keeps them apart."""
    jobs, _ = _trade(committed_world)
    before = deadlocks()
    with unordered():
        outcomes = race(*jobs)
    assert "OperationalError" in kinds(outcomes)
    assert deadlocks() > before
    assert ledger.verify().is_clean


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
