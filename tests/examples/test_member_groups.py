"""A group's terms stand in for the program's; of several groups the first counts, alone."""

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.models import Lot, Member, MemberGroup
from tests.support.world import DAY, TESTS, World, usd


def _group(world: World, position: int, **terms: object) -> MemberGroup:
    return MemberGroup.objects.create(
        program=world.program, name=f"Group {position}", position=position, **terms
    )


def _member(world: World, *groups: MemberGroup) -> Member:
    account = world.account("Acme")
    [member] = programs.enroll(
        program=world.program,
        user_ids=[world.user()],
        account=account,
        group=groups[0] if groups else None,
        actor=TESTS,
        at=world.at,
    )
    for group in groups[1:]:
        group.enrolled.create(member=member)
    return member


def _close(world: World) -> ledger.Renewed:
    world.at = world.cycle.ends_at
    return programs.renew_due(program=world.program, at=world.at)


def test_a_group_overrides_allotment_or_carry_or_both(world: World) -> None:
    # Given 300.00 a year of which nothing is carried. Managers get 500.00; field staff carry up to
    # 80.00 for 10 days; directors get 900.00 and carry all of it.
    world.open_program()
    managers = _group(world, 1, overrides_allotment=True, allotment_minor=500_00)
    field = _group(
        world,
        2,
        overrides_carry=True,
        carries_forward=True,
        carry_limit_minor=80_00,
        carry_days=10,
    )
    directors = _group(
        world,
        3,
        overrides_allotment=True,
        allotment_minor=900_00,
        overrides_carry=True,
        carries_forward=True,
    )
    everyone = [_member(world, *group) for group in ([], [managers], [field], [directors])]
    assert [world.balance(member)["available"] for member in everyone] == [
        "300.00",
        "500.00",
        "300.00",
        "900.00",
    ]

    # When the year closes with all of it unspent: 300.00 + 500.00 + 220.00 lapse, 80.00 + 900.00
    # are carried.
    assert _close(world) == ledger.Renewed(
        limits=4, granted=2_000_00, carried=980_00, lapsed=1_020_00
    )
    assert [world.balance(member)["available"] for member in everyone] == [
        "300.00",
        "500.00",
        "380.00",
        "1800.00",
    ]
    days = [
        lot.expires_at - lot.created_at
        for lot in Lot.objects.filter(origin="carry").order_by("amount")
        if lot.expires_at
    ]
    assert days == [10 * DAY, 365 * DAY]


def test_the_first_of_two_groups_counts_alone(world: World) -> None:
    # Given Ann in two groups: the first says what is carried, the second what is allotted.
    world.open_program()
    second = _group(world, 2, overrides_allotment=True, allotment_minor=500_00)
    first = _group(world, 1, overrides_carry=True, carries_forward=True)
    ann = _member(world, second, first)
    assert world.balance(ann) == {"available": "500.00"}  # when she joined it was the only one

    # When the year closes, the first counts, and of the second nothing: 500.00 are carried, and
    # the program's own 300.00 come.
    assert _close(world) == ledger.Renewed(limits=1, granted=300_00, carried=500_00)
    assert world.balance(ann)["available"] == "800.00"


def test_a_group_that_changes_late(world: World) -> None:
    # Given a month that is over, in which all was carried, and nobody who has closed it.
    program = world.open_program(
        cycle_length="monthly", carries_forward=True, carry_limit=usd("100.00")
    )
    group = _group(world, 1, overrides_allotment=True, allotment_minor=500_00)
    ann = _member(world, group)
    world.at = world.cycle.ends_at + DAY
    programs.turn_due(program=program, at=world.at)

    # When the group's terms change a day later, that month still ends as they were.
    MemberGroup.objects.filter(pk=group.pk).update(allotment_minor=700_00)
    programs.renew_due(program=program, at=world.at)
    assert world.balance(ann)["available"] == "600.00"  # 500.00 + 100.00

    # The next one is another's.
    assert _close(world) == ledger.Renewed(limits=1, granted=700_00, carried=100_00, lapsed=400_00)
