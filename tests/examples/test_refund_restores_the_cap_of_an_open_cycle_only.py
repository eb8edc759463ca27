"""A refund restores a cap while its cycle is open; a closed cycle's books stay as they closed."""

from saleor_program_budgets.models import Cap
from tests.support.world import World, figures


def test_refund_restores_the_cap_of_an_open_cycle_only(world: World) -> None:
    # Given 65.00 spent under a cap of the cycle (100.00), and one for all programs (200.00).
    acme = world.account("Acme")
    of_cycle, of_all = world.cap(acme, "100.00"), world.cap(acme, "200.00", everywhere=True)
    ann = world.member(acme)
    hold = world.hold(ann, "65.00")
    world.capture(hold, "65.00")

    # When 20.00 come back while the cycle is open, both caps have them: 65.00 - 20.00 = 45.00.
    world.refund(hold, "20.00")
    assert figures(of_cycle) == {"ceiling": "100.00", "spent": "45.00"}
    assert figures(of_all) == {"ceiling": "200.00", "spent": "45.00"}

    # When the cycle has closed, the other 45.00 restore only the cap that has no cycle,
    world.next_cycle()
    world.refund(hold)
    assert figures(of_cycle) == {"ceiling": "100.00", "spent": "45.00"}
    assert figures(of_all) == {"ceiling": "200.00"}


def test_a_refund_leaves_the_next_cycles_cap_alone(world: World) -> None:
    # Given 65.00 spent in one cycle, and the next one open, in which the cap stands again.
    acme = world.account("Acme")
    first = world.cap(acme, "100.00")
    ann = world.member(acme)
    hold = world.hold(ann, "65.00")
    world.capture(hold, "65.00")
    world.next_cycle()
    second = Cap.objects.get(account=acme, cycle=world.cycle)
    world.hold(ann, "30.00")

    # When the 65.00 are refunded, neither cap moves: they were never spent under the second.
    world.refund(hold)
    assert figures(first) == {"ceiling": "100.00", "spent": "65.00"}
    assert figures(second) == {"ceiling": "100.00", "held": "30.00"}
