"""What is coming for members is what then comes."""

from saleor_program_budgets import programs
from saleor_program_budgets.models import Lot, Program
from saleor_program_budgets.money import Amount
from saleor_program_budgets.programs import Lapse, Outlook
from tests.support.world import DAY, World, usd


def coming(world: World, member) -> Outlook:
    return programs.outlook(members=[member], at=world.at)[member.pk]


def test_the_outlook_is_what_the_renewal_does(world: World) -> None:
    world.open_program(carries_forward=True, carry_limit=usd("100.00"), carry_days=30)
    ann = world.member()
    end = world.cycle.ends_at
    until = end + 30 * DAY

    before = coming(world, ann)
    assert before == Outlook(
        renews_at=end,
        allotment=300_00,
        items=0,
        lapses=(Lapse(end, 300_00, 100_00, until),),
    )

    world.at = end
    programs.renew_due(program=world.program, at=world.at)
    after = coming(world, ann)
    # What was carried lapses by itself; the new allotment would be carried in turn.
    assert [(lapse.at, lapse.amount, lapse.carried) for lapse in after.lapses] == [
        (until, before.carried, 0),
        (world.cycle.ends_at, before.allotment, 100_00),
    ]


def test_each_member_has_a_year_of_their_own(world: World) -> None:
    world.open_program(cycle_length=Program.CycleLength.ANNIVERSARY, carries_forward=True)
    account = world.account("Acme")
    ann = world.member(account)
    world.at += 40 * DAY
    bob = world.member(account)

    renewals = {
        member_id: (outlook.renews_at, outlook.carried)
        for member_id, outlook in programs.outlook(members=[ann, bob], at=world.at).items()
    }

    assert renewals == {
        ann.pk: (ann.joined_at.replace(year=ann.joined_at.year + 1), 300_00),
        bob.pk: (bob.joined_at.replace(year=bob.joined_at.year + 1), 300_00),
    }


def test_a_leaver_and_a_last_window_have_nothing_coming(world: World) -> None:
    world.open_program()
    ann, bob = (world.member() for _ in range(2))
    programs.deactivate_member(member=bob, actor=world.actor, at=world.at)
    Program.objects.update(cycle_length=Program.CycleLength.WINDOW, closes_at=world.cycle.ends_at)
    ann.program.refresh_from_db()

    assert coming(world, bob) == Outlook(None, 0, 0, ())
    assert coming(world, ann) == Outlook(None, 0, 0, (Lapse(world.cycle.ends_at, 300_00),))


def test_what_is_held_is_no_part_of_it(world: World) -> None:
    ann = world.member()
    world.hold(ann, "65.00")

    [lapse] = coming(world, ann).lapses

    assert Amount(lapse.amount, "USD") == usd("235.00")


def test_what_was_carried_is_consumed_first_where_both_end_together(world: World) -> None:
    world.open_program(carries_forward=True, carry_limit=usd("100.00"))
    members = world.members(3, world.account("Acme"))
    world.at = world.cycle.ends_at
    programs.renew_due(program=world.program, at=world.at)

    for ann in members:
        world.hold(ann, "40.00")
        # 60.00 of what was carried are left, and all of the allotment: that carries in turn.
        [lapse] = coming(world, ann).lapses
        assert (lapse.amount, lapse.carried) == (360_00, 100_00)
        [carried] = Lot.objects.filter(limit__member=ann, origin=Lot.Origin.CARRY)
        assert carried.held == 40_00
