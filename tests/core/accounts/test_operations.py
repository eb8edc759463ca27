"""The account tree: no loops, unique slugs, a name for each, 32 levels at most."""

import pytest

from saleor_program_budgets import accounts
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Account
from tests.support.database import snapshot
from tests.support.world import START, World


def test_create_account(world: World) -> None:
    acme = world.account("Acme")
    sales = accounts.create_account(
        name="Sales", slug="sales", kind=Account.Kind.DIVISION, parent=acme, at=START
    )
    assert (sales.parent, sales.kind, sales.created_at) == (acme, "division", START)
    assert [accounts.depth_of(account) for account in (acme, sales)] == [0, 1]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": "  "}, "name", "REQUIRED"),
        ({"slug": "taken"}, "slug", "UNIQUE"),
    ],
)
def test_create_account_refuses(
    world: World, changes: dict[str, str], field: str, code: str
) -> None:
    good = {
        "name": "Acme",
        "slug": "taken",
        "kind": Account.Kind.ORGANIZATION,
        "parent": None,
        "at": START,
    }
    accounts.create_account(**good)
    before = snapshot()
    with pytest.raises(InvalidInput) as error:
        accounts.create_account(**good | {"slug": "free"} | changes)
    assert (error.value.field, error.value.code) == (field, code)
    assert snapshot() == before


def test_the_tree_is_32_levels_deep_at_most(world: World) -> None:
    account = world.account("Level 1")
    for level in range(2, 33):
        account = world.account(f"Level{level}", under=account)
    assert accounts.depth_of(account) == 31
    with pytest.raises(InvalidInput) as error:
        world.account("Level33", under=account)
    assert error.value.field == "parent"
    assert Account.objects.count() == 32


def test_move_account_takes_everything_below_along(world: World) -> None:
    east, west = world.account("East"), world.account("West")
    sales = world.account("Sales", under=east)
    team = world.account("Team", under=sales)
    accounts.move_account(account=sales, parent=west)
    ancestors = Account.objects.ancestors(team.pk, include_self=True)
    assert [account.name for account in ancestors] == ["West", "Sales", "Team"]
    accounts.move_account(account=sales, parent=None)
    assert accounts.depth_of(team) == 1


@pytest.mark.parametrize("below", ["itself", "child", "grandchild"])
def test_an_account_cannot_be_moved_below_itself(world: World, below: str) -> None:
    top = world.account("Top")
    child = world.account("Child", under=top)
    places = {
        "itself": top,
        "child": child,
        "grandchild": world.account("Grandchild", under=child),
    }
    before = snapshot()
    with pytest.raises(InvalidInput) as error:
        accounts.move_account(account=top, parent=places[below])
    assert error.value.field == "parent"
    assert snapshot() == before


def test_rename_account(world: World) -> None:
    acme = world.account("Acme")
    accounts.rename_account(account=acme, name="Acme Corp")
    acme.refresh_from_db()
    assert acme.name == "Acme Corp"
    with pytest.raises(InvalidInput) as error:
        accounts.rename_account(account=acme, name="")
    assert (error.value.field, error.value.code) == ("name", "REQUIRED")
