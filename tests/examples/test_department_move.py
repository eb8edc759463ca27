"""The allowance follows the person; past spend and open holds stay under the old department."""

import pytest

from saleor_program_budgets import accounts, programs
from saleor_program_budgets.errors import CapReached
from saleor_program_budgets.models import Posting
from tests.support.world import World, figures


def test_department_move(world: World) -> None:
    # Given a member of Sales (cap 200.00) with 300.00, 100.00 spent and 50.00 held.
    acme = world.account("Acme")
    sales, marketing = (world.account(name, under=acme) for name in ("Sales", "Marketing"))
    whole, sales_cap, marketing_cap = (
        world.cap(acme, "1000.00"),
        world.cap(sales, "200.00"),
        world.cap(marketing, "80.00"),
    )
    ann = world.member(sales)
    spent = world.hold(ann, "100.00")
    world.capture(spent, "100.00")
    held = world.hold(ann, "50.00")

    # When they move to Marketing (cap 80.00), 300.00 - 150.00 = 150.00 go with them.
    programs.move_member(member=ann, account=marketing, at=world.at)
    assert world.balance(ann)["available"] == "150.00"
    assert figures(sales_cap) == {"ceiling": "200.00", "held": "50.00", "spent": "100.00"}
    assert figures(marketing_cap) == {"ceiling": "80.00"}

    # Then new spend meets Marketing's cap, not Sales's.
    with pytest.raises(CapReached) as refused:
        world.hold(ann, "80.01")
    assert refused.value.limit_id == marketing_cap.pk
    world.hold(ann, "80.00")
    assert figures(marketing_cap) == {"ceiling": "80.00", "held": "80.00"}

    # The old hold is captured, and the old spend refunded, where they were taken.
    capture = world.capture(held, "50.00")
    world.refund(spent, "30.00")
    assert figures(sales_cap) == {"ceiling": "200.00", "spent": "120.00"}
    assert figures(marketing_cap) == {"ceiling": "80.00", "held": "80.00"}
    assert Posting.objects.get(pk=capture.posting_id).account == sales

    # And the organization counts both: 80.00 held, 100.00 - 30.00 + 50.00 = 120.00 spent.
    assert figures(whole) == {"ceiling": "1000.00", "held": "80.00", "spent": "120.00"}


def test_a_department_moved_under_another_division(world: World) -> None:
    # Given Sales under East (cap 100.00), with 70.00 held there.
    east, west = world.account("East"), world.account("West")
    sales = world.account("Sales", under=east)
    east_cap, west_cap = world.cap(east, "100.00"), world.cap(west, "40.00")
    ann = world.member(sales)
    hold = world.hold(ann, "70.00")

    # When Sales moves under West (cap 40.00), the hold stays East's.
    accounts.move_account(account=sales, parent=west)
    world.capture(hold, "70.00")
    assert figures(east_cap) == {"ceiling": "100.00", "spent": "70.00"}

    # Then new purchases meet West's cap.
    with pytest.raises(CapReached) as refused:
        world.hold(ann, "40.01")
    assert refused.value.limit_id == west_cap.pk
    world.hold(ann, "40.00")
    assert figures(west_cap) == {"ceiling": "40.00", "held": "40.00"}
    assert figures(east_cap) == {"ceiling": "100.00", "spent": "70.00"}
