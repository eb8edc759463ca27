"""One purchase meets the member and every cap above; the first that binds is named."""

import pytest

from saleor_program_budgets.errors import BalanceShort, CapReached, Refusal
from saleor_program_budgets.models import Refused
from tests.support.world import World, figures, usd


def test_the_refusal_names_the_member_then_the_nearest_cap(world: World) -> None:
    # Given a team (50.00) in a division (40.00) in an organization (60.00), and a member with
    # 70.00 in the team.
    world.open_program(allotment="70.00")
    acme = world.account("Acme")
    east = world.account("East", under=acme)
    team = world.account("Team", under=east)
    whole, division, nearest = (
        world.cap(acme, "60.00"),
        world.cap(east, "40.00"),
        world.cap(team, "50.00"),
    )
    ann = world.member(team)

    def refusal(value: str) -> Refusal:
        with pytest.raises(Refusal) as refused:
            world.hold(ann, value)
        return refused.value

    # 70.01 breaks all four; the member's own balance comes first.
    own = refusal("70.01")
    assert type(own) is BalanceShort
    assert own.available == usd("70.00")

    # 65.00 breaks three caps, and 45.00 the division's alone: each names the nearest.
    for value, cap, available, shortfall in [
        ("65.00", nearest, "50.00", "15.00"),
        ("45.00", division, "40.00", "5.00"),
    ]:
        capped = refusal(value)
        assert type(capped) is CapReached
        assert (capped.limit_id, capped.available, capped.shortfall) == (
            cap.pk,
            usd(available),
            usd(shortfall),
        )

    # Nothing moved, and each refusal is on record.
    assert world.balance(ann) == {"available": "70.00"}
    for cap, ceiling in [(whole, "60.00"), (division, "40.00"), (nearest, "50.00")]:
        assert figures(cap) == {"ceiling": ceiling}
    assert list(Refused.objects.order_by("pk").values_list("code", "requested", "available")) == [
        ("BALANCE_SHORT", 70_01, 70_00),
        ("CAP_REACHED", 65_00, 50_00),
        ("CAP_REACHED", 45_00, 40_00),
    ]

    # 40.00 fit under everything, and count everywhere.
    world.hold(ann, "40.00")
    for cap, ceiling in [(whole, "60.00"), (division, "40.00"), (nearest, "50.00")]:
        assert figures(cap) == {"ceiling": ceiling, "held": "40.00"}
