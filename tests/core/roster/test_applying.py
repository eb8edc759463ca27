"""A file is applied as it was looked at, or not at all; whole files let others leave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model

from saleor_program_budgets import accounts, programs, roster
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import Account, Member, Person, Roster, RosterImport
from saleor_program_budgets.roster import Stale
from tests.support.people import (
    BY_STAFF,
    SHOP,
    PlainShop,
    add_roster,
    apply,
    customer,
    department,
    everybody,
    everything,
    failed,
    lines,
    load,
    person,
    preview,
    put_one,
)
from tests.support.world import DAY, TESTS, World

if TYPE_CHECKING:
    from collections.abc import Callable

ANN = {"external_id": "1", "email": "ann@acme.example", "first_name": "Ann"}
BEN = {"external_id": "2", "email": "ben@acme.example", "first_name": "Ben"}
CID = {"external_id": "3", "email": "cid@acme.example", "first_name": "Cid"}
SALES = {"department": "Sales"}
FULL = {"mode": RosterImport.Mode.FULL}


def balance(world: World, email: str) -> dict[str, str]:
    return world.balance(Member.objects.get(user=person(email).user))


def remove(world: World, email: str) -> None:
    roster.remove_person(person=person(email), origin=BY_STAFF, shop=SHOP, at=world.at)


# Applied as it was looked at


def test_people_are_made_moved_changed_and_let_go(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN | SALES, BEN | SALES, CID)
    batch = preview(
        world,
        acme,
        ANN | {"department": "Acme", "active": "yes"},
        BEN | SALES | {"active": "no"},
        CID | {"first_name": "Cyd", "active": ""},
        {"email": "dora@acme.example"} | SALES,
    )
    apply(world, batch)
    assert lines(batch) == [
        (2, "move", "applied"),
        (3, "leave", "applied"),
        (4, "update", "applied"),
        (5, "create", "applied"),
    ]
    assert everybody(acme) == [
        ("ann@acme.example", "Acme", True),
        ("ben@acme.example", "Sales", False),
        ("cid@acme.example", "Acme", True),
        ("dora@acme.example", "Sales", True),
    ]
    assert person("cid@acme.example").first_name == "Cyd"


def test_memberships_follow(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN | SALES, BEN | SALES)
    load(world, acme, ANN | {"department": "Acme"}, BEN | SALES | {"active": "no"})
    members = Member.objects.order_by("user__email").values_list("account__name", "is_active")
    assert list(members) == [("Acme", True), ("Sales", False)]
    assert balance(world, "ann@acme.example") == {"available": "300.00"}
    assert balance(world, "ben@acme.example") == {"withdrawn": "300.00"}


def test_the_import_says_by_whom_and_when_it_was_applied(world: World) -> None:
    acme = add_roster(world)
    batch = preview(world, acme, ANN)
    world.at += DAY
    apply(world, batch)
    assert (batch.status, batch.applied_by, batch.applied_at) == ("applied", str(TESTS), world.at)


def test_repeating_it_changes_nothing(world: World) -> None:
    acme = add_roster(world)
    batch = load(world, acme, ANN | SALES, BEN)
    before = everything(without=())
    apply(world, batch)
    assert everything(without=()) == before


def test_the_same_file_again_changes_nothing(world: World) -> None:
    acme = add_roster(world)
    rows = [ANN | SALES | {"manager": "2"}, BEN | SALES]
    load(world, acme, *rows)
    before = everything()
    batch = load(world, acme, *rows)
    assert batch.counts == {"unchanged": 2}
    assert everything() == before


def test_it_goes_on_where_it_ran_out_of_time(world: World) -> None:
    acme = add_roster(world)
    batch = preview(world, acme, ANN, BEN, CID)
    told: list[tuple[int, int]] = []
    for _ in range(3):
        assert batch.status != "applied"
        apply(
            world,
            batch,
            lines_at_once=1,
            budget_seconds=0,
            progress=lambda done, total: told.append((done, total)),
        )
    apply(world, batch)
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert batch.status == "applied"
    assert len(everybody(acme)) == 3


# Or refused as stale


def _change(world: World, acme: Roster) -> None:
    put_one(world, acme, email="ann@acme.example", title="Buyer")


def _remove(world: World, _: Roster) -> None:
    remove(world, "ann@acme.example")


def _add(world: World, acme: Roster) -> None:
    put_one(world, acme, email="dora@acme.example")


def _add_by_external_id(world: World, acme: Roster) -> None:
    put_one(world, acme, email="other@acme.example", external_id="4")


def _rename(_world: World, _: Roster) -> None:
    accounts.rename_account(account=department("Sales"), name="Trade")


def _add_account(world: World, acme: Roster) -> None:
    world.account("Marketing", under=acme.account)


def _remove_account(world: World, acme: Roster) -> None:
    empty = department("Empty")
    roster.remove_department(roster=acme, account=empty, origin=BY_STAFF, at=world.at)


def _move_account(_world: World, _: Roster) -> None:
    accounts.move_account(account=department("Empty"), parent=department("Sales"))


def _add_program(world: World, acme: Roster) -> None:
    program = world.open_program(channel="other")
    roster.update_roster(
        roster=acme, programs=[*acme.programs.all(), program], actor=TESTS, at=world.at
    )


def _become_a_customer(_world: World, _: Roster) -> None:
    customer("Dora@acme.example")


def _become_staff(_world: World, _: Roster) -> None:
    customer("dora@acme.example", is_staff=True)


@pytest.mark.parametrize(
    "happens",
    [
        _change,
        _remove,
        _add,
        _add_by_external_id,
        _rename,
        _add_account,
        _remove_account,
        _move_account,
        _add_program,
        _become_a_customer,
        _become_staff,
    ],
)
def test_what_changed_meanwhile_makes_it_stale(
    world: World, happens: Callable[[World, Roster], None]
) -> None:
    acme = add_roster(world)
    load(world, acme, ANN | SALES)
    world.account("Empty", under=acme.account)
    dora = {"external_id": "4", "email": "dora@acme.example"} | SALES
    batch = preview(world, acme, ANN | {"department": "Acme"}, dora)
    happens(world, acme)
    before = everything()
    with pytest.raises(Stale) as refused:
        apply(world, batch)
    assert (refused.value.field, refused.value.code) == ("import", "STALE")
    assert everything() == before
    batch.refresh_from_db()
    assert batch.status == "stale"
    with pytest.raises(Stale):
        apply(world, batch)
    assert everything() == before


@pytest.mark.parametrize("becomes", ["staff", "deleted"])
def test_a_customer_who_is_one_no_more_makes_it_stale(world: World, becomes: str) -> None:
    acme = add_roster(world)
    users = get_user_model().objects.filter(pk=customer("ann@acme.example"))
    batch = preview(world, acme, ANN)
    if becomes == "staff":
        users.update(is_staff=True)
    else:
        users.delete()
    before = everything()
    with pytest.raises(Stale):
        apply(world, batch)
    assert everything() == before


def test_a_customer_by_reference_who_is_staff_by_now_makes_it_stale(world: World) -> None:
    shop = PlainShop()
    acme = add_roster(world)
    shop.references["1"] = customer("private@home.example")
    batch = preview(world, acme, ANN, shop=shop)
    get_user_model().objects.update(is_staff=True)
    with pytest.raises(Stale):
        apply(world, batch, shop=shop)


def test_somebody_added_makes_a_whole_file_stale(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN)
    batch = preview(world, acme, ANN, **FULL)
    put_one(world, acme, email="ben@acme.example")
    before = everything()
    with pytest.raises(Stale):
        apply(world, batch)
    assert everything() == before


def test_somebody_else_changed_keeps_a_partial_file_from_nothing(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN, BEN)
    batch = preview(world, acme, ANN | {"first_name": "Anne"})
    put_one(world, acme, email="ben@acme.example", title="Buyer")
    apply(world, batch)
    assert person("ann@acme.example").first_name == "Anne"


# What happens while it is being applied


def apply_while(world: World, batch: RosterImport, happens: Callable[[], Any]) -> None:
    """Let something happen after the first line."""
    told: list[int] = []

    def progress(done: int, _total: int) -> None:
        told.append(done)
        if done == 1:
            happens()

    apply(world, batch, lines_at_once=1, progress=progress)
    assert told[0] == 1


STALE = "This has changed since it was looked at."


def test_who_is_changed_meanwhile_is_left_and_their_line_says_so(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN, BEN, CID)
    batch = preview(world, acme, *({**row, "title": "Buyer"} for row in (ANN, BEN, CID)))
    apply_while(
        world, batch, lambda: put_one(world, acme, email="ben@acme.example", title="Seller")
    )
    assert lines(batch) == [
        (2, "update", "applied"),
        (3, "update", "failed"),
        (4, "update", "applied"),
    ]
    assert failed(batch) == [(3, STALE)]
    titles = Person.objects.order_by("email").values_list("title", flat=True)
    assert list(titles) == ["Buyer", "Seller", "Buyer"]
    assert batch.status == "applied"


def test_who_is_removed_meanwhile_is_left(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN, BEN)
    batch = preview(world, acme, ANN | {"title": "Buyer"}, BEN | {"title": "Buyer"})
    apply_while(world, batch, lambda: remove(world, "ben@acme.example"))
    assert failed(batch) == [(3, STALE)]


def test_who_is_added_meanwhile_is_left(world: World) -> None:
    acme = add_roster(world)
    batch = preview(world, acme, ANN, BEN)
    apply_while(world, batch, lambda: put_one(world, acme, email="ben@acme.example"))
    assert failed(batch) == [(3, "“ben@acme.example” is another person's.")]
    assert Person.objects.count() == 2


@pytest.mark.parametrize("is_staff", [True, False])
def test_whose_address_is_registered_meanwhile_is_left(world: World, is_staff: bool) -> None:
    acme = add_roster(world)
    batch = preview(world, acme, ANN, BEN)
    apply_while(world, batch, lambda: customer("ben@acme.example", is_staff=is_staff))
    assert failed(batch) == [(3, STALE)]
    assert everybody(acme) == [("ann@acme.example", "Acme", True)]


def test_a_customer_deleted_meanwhile_is_left(world: World) -> None:
    acme = add_roster(world)
    user_id = customer("ben@acme.example")
    batch = preview(world, acme, ANN, BEN)
    apply_while(world, batch, lambda: get_user_model().objects.filter(pk=user_id).delete())
    assert failed(batch) == [(3, STALE)]


def test_nobody_is_placed_in_a_department_removed_meanwhile(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, BEN | SALES)
    batch = preview(
        world,
        acme,
        ANN,
        BEN | {"department": "New"},
        CID | {"department": "Empty"},
        creates_departments=True,
    )

    def remove_both() -> None:
        for name in ("New", "Empty"):
            roster.remove_department(
                roster=acme, account=department(name), origin=BY_STAFF, at=world.at
            )

    apply_while(world, batch, remove_both)
    assert failed(batch) == [(3, STALE), (4, STALE)]
    assert batch.status == "applied"
    assert everybody(acme) == [
        ("ann@acme.example", "Acme", True),
        ("ben@acme.example", "Sales", True),
    ]


# Whole files


def test_who_is_not_in_a_whole_file_leaves(world: World) -> None:
    acme = add_roster(world, largest_leave_percent=50)
    load(world, acme, ANN, BEN)
    held = world.hold(Member.objects.get(user=person("ben@acme.example").user), "65.00")
    batch = preview(world, acme, ANN, **FULL)
    assert (batch.counts, roster.leavers_of(batch)) == ({"unchanged": 1, "leave": 1}, 1)
    apply(world, batch, confirmed_leavers=1)
    assert lines(batch) == [(2, "unchanged", "applied"), (3, "leave", "applied")]
    assert everybody(acme) == [
        ("ann@acme.example", "Acme", True),
        ("ben@acme.example", "Acme", False),
    ]
    # Then what Ben had is taken back, and what was held for him is honoured.
    assert balance(world, "ben@acme.example") == {"held": "65.00", "withdrawn": "235.00"}
    world.capture(held, "65.00")
    assert balance(world, "ben@acme.example") == {"spent": "65.00", "withdrawn": "235.00"}


def test_who_is_back_in_the_file_returns_and_is_given_back(world: World) -> None:
    acme = add_roster(world, largest_leave_percent=50)
    load(world, acme, ANN, BEN)
    apply(world, preview(world, acme, ANN, **FULL), confirmed_leavers=1)
    batch = preview(world, acme, ANN, BEN | {"active": "yes"}, **FULL)
    apply(world, batch)
    assert balance(world, "ben@acme.example") == {"available": "300.00"}


@pytest.mark.parametrize(
    ("confirmed", "code", "message"),
    [
        (None, "REQUIRED", "1 people leave since they aren't in the file. Confirm their number."),
        (0, "INVALID", "1 people leave, and 0 were confirmed."),
        (2, "INVALID", "1 people leave, and 2 were confirmed."),
    ],
)
def test_leavers_have_to_be_confirmed_by_their_number(
    world: World, confirmed: int | None, code: str, message: str
) -> None:
    acme = add_roster(world, largest_leave_percent=50)
    load(world, acme, ANN, BEN)
    batch = preview(world, acme, ANN, **FULL)
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        apply(world, batch, confirmed_leavers=confirmed)
    assert (refused.value.field, refused.value.code) == ("leavers", code)
    assert refused.value.message == message
    assert everything(without=()) == before


def test_a_confirmation_of_nobody_where_nobody_leaves(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN)
    for confirmed in (None, 0):
        batch = preview(world, acme, ANN, **FULL)
        assert apply(world, batch, confirmed_leavers=confirmed).status == "applied"


@pytest.mark.parametrize(("percent", "passes"), [(50, True), (49, False)])
def test_a_share_above_the_largest_is_refused(world: World, percent: int, passes: bool) -> None:
    acme = add_roster(world, largest_leave_percent=percent)
    load(world, acme, ANN, BEN)
    batch = preview(world, acme, ANN, **FULL)
    if passes:
        assert apply(world, batch, confirmed_leavers=1).status == "applied"
        return
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        apply(world, batch, confirmed_leavers=1)
    assert refused.value.field == "leavers"
    assert refused.value.message == (
        "1 of 2 people would leave since they aren't in the file; "
        "the roster lets 49 % leave at once."
    )
    assert everything(without=()) == before


def test_a_whole_file_with_rejected_rows_is_refused(world: World) -> None:
    acme = add_roster(world, largest_leave_percent=100)
    load(world, acme, ANN, BEN)
    batch = preview(world, acme, ANN, BEN | {"department": "Nowhere"}, **FULL)
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        apply(world, batch, confirmed_leavers=1)
    assert (refused.value.field, refused.value.code) == ("import", "INVALID")
    assert everything(without=()) == before


def test_who_is_not_in_a_partial_file_stays(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN, BEN)
    batch = load(world, acme, ANN)
    assert (roster.leavers_of(batch), len(lines(batch))) == (0, 1)
    assert everybody(acme)[1] == ("ben@acme.example", "Acme", True)


def test_leavers_are_numbered_after_the_last_line_of_the_file(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN, BEN)
    batch = preview(world, acme, ANN, {"email": "nobody"}, **FULL)
    assert [number for number, _, _ in lines(batch)] == [2, 4]


def test_whom_staff_deactivated_by_hand_stays_so(world: World) -> None:
    acme = add_roster(world)
    load(world, acme, ANN)
    member = Member.objects.get()
    programs.deactivate_member(member=member, actor=TESTS, at=world.at)
    # When their person leaves and returns,
    load(world, acme, ANN | {"active": "no"})
    load(world, acme, ANN | {"active": "yes"})
    # Then their membership is left to staff.
    member.refresh_from_db()
    assert (member.is_active, member.left_with_person) == (False, False)
    assert world.balance(member) == {"withdrawn": "300.00"}


def test_who_has_left_with_their_user_and_their_person_returns_with_the_person(
    world: World,
) -> None:
    # Given Ann, whose user was switched off, and whom the file lets go then.
    acme = add_roster(world)
    load(world, acme, ANN)
    users = get_user_model().objects.filter(pk=person("ann@acme.example").user_id)
    users.update(is_active=False)
    programs.sweep_leavers(at=world.at)
    load(world, acme, ANN | {"active": "no"})
    # When her user is switched on, then she stays away,
    users.update(is_active=True)
    programs.sweep_leavers(at=world.at)
    assert not Member.objects.get().is_active
    # and comes back by the file.
    load(world, acme, ANN | {"active": "yes"})
    assert Member.objects.get().is_active
    assert balance(world, "ann@acme.example") == {"available": "300.00"}


# Thrown away


def test_a_file_that_was_only_looked_at_can_be_forgotten(world: World) -> None:
    acme = add_roster(world)
    before = everything(without=["roster"])
    roster.discard_import(roster_import=preview(world, acme, ANN))
    assert everything(without=["roster"]) == before


def test_a_file_that_was_applied_is_kept(world: World) -> None:
    acme = add_roster(world)
    batch = load(world, acme, ANN)
    with pytest.raises(InvalidInput) as refused:
        roster.discard_import(roster_import=batch)
    assert refused.value.field == "import"


@pytest.mark.parametrize(("days", "forgotten"), [(30, 1), (29, 0)])
def test_old_drafts_are_forgotten(world: World, days: int, forgotten: int) -> None:
    acme = add_roster(world)
    preview(world, acme, ANN)
    load(world, acme, BEN)
    assert roster.purge_imports(at=world.at + days * DAY) == forgotten
    assert RosterImport.objects.count() == 2 - forgotten


@pytest.mark.parametrize(("days", "kept"), [(365, 0), (364, 1)])
def test_lines_of_an_applied_file_are_forgotten_after_a_year(
    world: World, days: int, kept: int
) -> None:
    acme = add_roster(world)
    batch = load(world, acme, ANN, {"email": "nobody"})
    roster.purge_imports(at=world.at + days * DAY)
    batch.refresh_from_db()
    assert (batch.lines.count(), len(batch.rejected), batch.rejected_count) == (kept, kept, 1)
    assert Account.objects.count() == 1
