"""What lies ahead happens when it is due, and what lies back is recorded as it was."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from saleor_program_budgets import ledger, roster
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import (
    JobRun,
    Member,
    PeopleChange,
    Person,
    PlannedChange,
    RosterImport,
)
from saleor_program_budgets.roster import Wanted
from tests.support.database import snapshot
from tests.support.people import (
    BY_STAFF,
    SHOP,
    add_roster,
    apply,
    department,
    everybody,
    everything,
    load,
    person,
    preview,
    put_one,
    record_of,
)
from tests.support.world import DAY, INSTANT, START, TESTS, World

if TYPE_CHECKING:
    from saleor_program_budgets.models import Roster

ANN = {"external_id": "1", "email": "ann@acme.example", "first_name": "Ann"}
BEN = {"external_id": "2", "email": "ben@acme.example", "first_name": "Ben"}
FEBRUARY = {"effective_on": "2026-02-01"}
FIRST_OF_FEBRUARY = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
LEAVE, MOVE, RETURN = PlannedChange.Kind.LEAVE, PlannedChange.Kind.MOVE, PlannedChange.Kind.RETURN


@pytest.fixture
def acme(world: World) -> Roster:
    """A roster in a program whose days begin at midnight UTC, with Ann and Ben of Sales."""
    world.open_program(time_zone="UTC")
    acme = add_roster(world)
    load(world, acme, ANN | {"department": "Sales"}, BEN | {"department": "Sales"})
    return acme


def run(world: World, at: dt.datetime) -> JobRun:
    """Go to an instant, and let the job run."""
    world.at = at
    done = roster.apply_planned(at=at)
    assert done is not None
    return done


def plan(
    world: World, email: str, kind: PlannedChange.Kind, days: int, to: str = ""
) -> PlannedChange:
    return roster.plan_change(
        person=person(email),
        kind=kind,
        account=department(to) if to else None,
        effective_at=world.at + days * DAY,
        origin=BY_STAFF,
        at=world.at,
    )


def pending() -> list[tuple[str, str, dt.datetime]]:
    rows = PlannedChange.objects.filter(applied_at=None, cancelled_at=None)
    return list(rows.values_list("person__email", "kind", "effective_at"))


# What lies ahead


@pytest.mark.parametrize(
    ("row", "kind", "end"),
    [
        (ANN | {"department": "Acme"}, MOVE, ("ann@acme.example", "Acme", True)),
        (ANN | {"active": "no"}, LEAVE, ("ann@acme.example", "Sales", False)),
    ],
)
def test_a_dated_line_happens_at_its_instant(
    world: World,
    acme: Roster,
    row: dict[str, str],
    kind: PlannedChange.Kind,
    end: tuple[str, str, bool],
) -> None:
    before = everybody(acme)
    load(world, acme, row | FEBRUARY)
    assert pending() == [("ann@acme.example", kind, FIRST_OF_FEBRUARY)]
    assert everybody(acme) == before
    assert run(world, FIRST_OF_FEBRUARY - INSTANT).result["applied"] == 0
    assert everybody(acme) == before
    assert run(world, FIRST_OF_FEBRUARY).result == {
        "applied": 1,
        "cancelled": 0,
        "is_complete": True,
    }
    assert everybody(acme) == [end, ("ben@acme.example", "Sales", True)]
    member = Member.objects.get(user=person("ann@acme.example").user)
    assert (member.account.name, member.is_active) == end[1:]


def test_a_dated_return(world: World, acme: Roster) -> None:
    load(world, acme, ANN | {"active": "no"})
    load(world, acme, ANN | {"active": "yes"} | FEBRUARY)
    assert pending() == [("ann@acme.example", RETURN, FIRST_OF_FEBRUARY)]
    run(world, FIRST_OF_FEBRUARY)
    member = Member.objects.get(user=person("ann@acme.example").user)
    assert world.balance(member) == {"available": "300.00"}


def test_a_dated_joiner_is_known_and_begins_then(world: World, acme: Roster) -> None:
    load(world, acme, {"email": "cid@acme.example", "department": "Sales"} | FEBRUARY)
    cid = person("cid@acme.example")
    assert (cid.is_active, cid.user.email) == (False, "cid@acme.example")
    assert not Member.objects.filter(user=cid.user).exists()
    assert PeopleChange.objects.get(person_id=cid.pk).effective_at == world.at
    run(world, FIRST_OF_FEBRUARY)
    member = Member.objects.get(user=cid.user)
    assert (member.joined_at, world.balance(member)) == (
        FIRST_OF_FEBRUARY,
        {"available": "300.00"},
    )


def test_a_joiner_is_invited_when_they_begin(world: World) -> None:
    world.open_program(time_zone="UTC")
    acme = add_roster(world, invitation_url="https://shop.example/")
    load(world, acme, ANN | FEBRUARY)
    assert person("ann@acme.example").is_invited
    run(world, FIRST_OF_FEBRUARY)
    assert not person("ann@acme.example").is_invited


def test_a_date_begins_at_midnight_where_the_program_is(world: World) -> None:
    world.open_program(time_zone="America/New_York")
    acme = add_roster(world)
    load(world, acme, ANN)
    load(world, acme, ANN | {"active": "no"} | FEBRUARY)
    midnight = dt.datetime(2026, 2, 1, 5, tzinfo=dt.UTC)
    assert pending() == [("ann@acme.example", LEAVE, midnight)]
    run(world, midnight - INSTANT)
    assert person("ann@acme.example").is_active
    run(world, midnight)
    assert not person("ann@acme.example").is_active


def test_what_has_no_date_of_a_dated_line_counts_at_once(world: World, acme: Roster) -> None:
    load(world, acme, ANN | {"title": "Buyer", "department": "Acme"} | FEBRUARY)
    ann = person("ann@acme.example")
    assert (ann.title, ann.account.name, ann.department) == ("Buyer", "Sales", "Sales")
    change = PeopleChange.objects.filter(person_id=ann.pk).latest("pk")
    assert (change.kind, change.after) == ("updated", {"title": "Buyer"})
    assert change.effective_at == world.at


def test_a_whole_file_dates_those_who_are_not_in_it(world: World, acme: Roster) -> None:
    roster.update_roster(roster=acme, largest_leave_percent=50, actor=TESTS, at=world.at)
    full = {"mode": RosterImport.Mode.FULL, "effective_at": FIRST_OF_FEBRUARY}
    batch = preview(world, acme, ANN, **full)
    apply(world, batch, confirmed_leavers=1)
    assert person("ben@acme.example").is_active
    assert pending() == [("ben@acme.example", LEAVE, FIRST_OF_FEBRUARY)]
    # And once more, when it is planned already.
    again = preview(world, acme, ANN, **full)
    assert again.counts == {"unchanged": 2}
    assert apply(world, again).status == "applied"
    run(world, FIRST_OF_FEBRUARY)
    assert not person("ben@acme.example").is_active


def test_a_files_own_date_goes_for_lines_without_one(world: World, acme: Roster) -> None:
    later = START + 10 * DAY
    load(
        world,
        acme,
        ANN | {"department": "Acme"},
        BEN | {"department": "Acme"} | FEBRUARY,
        effective_at=later,
    )
    assert sorted(pending()) == [
        ("ann@acme.example", MOVE, later),
        ("ben@acme.example", MOVE, FIRST_OF_FEBRUARY),
    ]


def test_the_same_file_with_what_is_planned_changes_nothing(world: World, acme: Roster) -> None:
    rows = [
        ANN | {"department": "Acme", "active": ""} | FEBRUARY,
        BEN | {"department": "Sales", "active": "no"} | FEBRUARY,
    ]
    load(world, acme, *rows)
    before = everything()
    batch = load(world, acme, *rows)
    assert batch.counts == {"unchanged": 2}
    assert everything() == before


def test_a_planned_leave_does_not_undo_the_planned_return(world: World, acme: Roster) -> None:
    plan(world, "ann@acme.example", LEAVE, 10)
    plan(world, "ann@acme.example", RETURN, 20)
    run(world, START + 10 * DAY)
    assert not person("ann@acme.example").is_active
    assert pending() == [("ann@acme.example", RETURN, START + 20 * DAY)]
    run(world, START + 20 * DAY)
    assert person("ann@acme.example").is_active
    member = Member.objects.get(user=person("ann@acme.example").user)
    assert world.balance(member) == {"available": "300.00"}


def test_late_a_leave_and_a_return_happen_in_their_order(world: World, acme: Roster) -> None:
    plan(world, "ann@acme.example", RETURN, 20)
    plan(world, "ann@acme.example", LEAVE, 10)
    assert run(world, START + 30 * DAY).result["applied"] == 2
    ann = person("ann@acme.example")
    assert ann.is_active
    assert [kind for kind, _, _ in record_of(ann)][-2:] == ["left", "returned"]


# Superseded, cancelled, lost


def test_a_later_plan_of_its_kind_takes_its_place(world: World, acme: Roster) -> None:
    world.account("Trade", under=acme.account)
    first = plan(world, "ann@acme.example", MOVE, 10, to="Acme")
    plan(world, "ann@acme.example", LEAVE, 12)
    plan(world, "ann@acme.example", MOVE, 11, to="Trade")
    first.refresh_from_db()
    assert first.cancelled_at == world.at
    assert sorted(kind for _, kind, _ in pending()) == ["leave", "move"]


def test_a_move_by_name_now_supersedes_the_planned_one(world: World, acme: Roster) -> None:
    plan(world, "ann@acme.example", MOVE, 10, to="Acme")
    plan(world, "ann@acme.example", LEAVE, 12)
    load(world, acme, ANN | {"department": "Trade"})
    assert [kind for _, kind, _ in pending()] == ["leave"]


def test_leaving_now_supersedes_what_was_planned_of_it(world: World, acme: Roster) -> None:
    plan(world, "ann@acme.example", LEAVE, 10)
    plan(world, "ann@acme.example", RETURN, 12)
    plan(world, "ann@acme.example", MOVE, 12, to="Acme")
    load(world, acme, ANN | {"active": "no"})
    assert [kind for _, kind, _ in pending()] == ["move"]


def test_what_was_cancelled_does_not_happen(world: World, acme: Roster) -> None:
    planned = plan(world, "ann@acme.example", LEAVE, 10)
    roster.cancel_planned(planned=planned, origin=BY_STAFF, at=world.at)
    before = everything()
    roster.cancel_planned(planned=planned, origin=BY_STAFF, at=world.at)
    assert everything() == before
    run(world, START + 10 * DAY)
    assert person("ann@acme.example").is_active
    last = record_of(person("ann@acme.example"))[-2:]
    due = (START + 10 * DAY).isoformat()
    assert last == [
        ("planned", {}, {"planned": "leave", "effective_at": due}),
        ("cancelled", {}, {"planned": "leave", "effective_at": due}),
    ]


def test_what_has_happened_cannot_be_cancelled(world: World, acme: Roster) -> None:
    planned = plan(world, "ann@acme.example", LEAVE, 10)
    run(world, START + 10 * DAY)
    with pytest.raises(InvalidInput) as refused:
        roster.cancel_planned(planned=planned, origin=BY_STAFF, at=world.at)
    assert refused.value.field == "planned"


def test_a_move_to_a_department_that_was_removed_is_cancelled(world: World, acme: Roster) -> None:
    world.account("Trade", under=acme.account)
    plan(world, "ann@acme.example", MOVE, 10, to="Trade")
    roster.remove_department(roster=acme, account=department("Trade"), origin=BY_STAFF, at=world.at)
    assert run(world, START + 10 * DAY).result["cancelled"] == 1
    assert person("ann@acme.example").account.name == "Sales"
    assert pending() == []


def test_what_is_planned_for_a_removed_person_is_cancelled(world: World, acme: Roster) -> None:
    plan(world, "ann@acme.example", MOVE, 10, to="Acme")
    ann = person("ann@acme.example")
    roster.remove_person(person=ann, origin=BY_STAFF, shop=SHOP, at=world.at)
    assert run(world, START + 10 * DAY).result["cancelled"] == 1
    assert Person.objects.get(pk=ann.pk).account.name == "Sales"


def test_a_plan_that_is_so_already_changes_nobody(world: World, acme: Roster) -> None:
    plan(world, "ann@acme.example", MOVE, 10, to="Sales")
    plan(world, "ann@acme.example", RETURN, 10)
    before = snapshot(without=["plannedchange", "jobrun"])
    assert run(world, START + 10 * DAY).result["applied"] == 2
    assert snapshot(without=["plannedchange", "jobrun"]) == before


def test_the_job_again_changes_nothing(world: World, acme: Roster) -> None:
    plan(world, "ann@acme.example", LEAVE, 10)
    run(world, START + 10 * DAY)
    before = snapshot(without=["jobrun"])
    run(world, START + 10 * DAY)
    assert snapshot(without=["jobrun"]) == before


def test_a_job_without_time_leaves_the_rest_to_the_next(world: World, acme: Roster) -> None:
    plan(world, "ann@acme.example", LEAVE, 10)
    done = roster.apply_planned(at=START + 10 * DAY, budget_seconds=0)
    assert done.result == {"applied": 0, "cancelled": 0, "is_complete": False}
    assert run(world, START + 10 * DAY).result["applied"] == 1


@pytest.mark.parametrize("offset", [dt.timedelta(0), -INSTANT])
def test_what_is_planned_has_to_lie_ahead(world: World, acme: Roster, offset: dt.timedelta) -> None:
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        roster.plan_change(
            person=person("ann@acme.example"),
            kind=LEAVE,
            effective_at=world.at + offset,
            origin=BY_STAFF,
            at=world.at,
        )
    assert refused.value.field == "effective_at"
    assert everything(without=()) == before


def test_a_line_dated_this_very_instant_counts_at_once(world: World, acme: Roster) -> None:
    put_one(world, acme, external_id="1", is_active=False, effective_at=world.at)
    assert (person("ann@acme.example").is_active, pending()) == (False, [])


@pytest.mark.parametrize(
    ("kind", "account", "code"),
    [(MOVE, None, "INVALID"), (LEAVE, "Sales", "INVALID"), (MOVE, "Elsewhere", "NOT_FOUND")],
)
def test_a_move_and_nothing_else_goes_to_an_account_of_the_roster(
    world: World, acme: Roster, kind: PlannedChange.Kind, account: str | None, code: str
) -> None:
    world.account("Elsewhere")
    before = everything(without=())
    with pytest.raises(InvalidInput) as refused:
        plan(world, "ann@acme.example", kind, 10, to=account or "")
    assert (refused.value.field, refused.value.code) == ("account", code)
    assert everything(without=()) == before


# What lies back


def test_a_change_dated_back_is_recorded_so_and_past_entries_stay(
    world: World, acme: Roster
) -> None:
    # Given Ann, who has spent 65.00 under Sales.
    member = Member.objects.get(user=person("ann@acme.example").user)
    world.capture(world.hold(member, "65.00"), "65.00")
    journal = snapshot()
    # When it is said ten days later that she has belonged to Trade since January 10,
    world.at += 10 * DAY
    load(world, acme, ANN | {"department": "Trade", "effective_on": "2026-01-10"})
    # Then that is on record, and her purchase is Sales's still.
    change = PeopleChange.objects.filter(person_id=person("ann@acme.example").pk).latest("pk")
    assert (change.kind, change.at) == ("moved", world.at)
    assert change.effective_at == dt.datetime(2026, 1, 10, tzinfo=dt.UTC)
    after = snapshot()
    for table in ("posting", "entry", "hold", "lot"):
        assert after[f"program_budgets_{table}"] == journal[f"program_budgets_{table}"]
    member.refresh_from_db()
    assert member.account.name == "Trade"


def test_a_leave_dated_back_takes_back_what_is_left_now(world: World, acme: Roster) -> None:
    world.at += 10 * DAY
    put_one(world, acme, external_id="1", is_active=False, effective_at=START)
    member = Member.objects.get(user=person("ann@acme.example").user)
    assert member.deactivated_at == world.at
    assert world.balance(member) == {"withdrawn": "300.00"}
    assert ledger.verify().is_clean


def test_a_plan_for_several_at_once(world: World, acme: Roster) -> None:
    results = roster.put(
        roster=acme,
        wanted=[
            Wanted(external_id=number, is_active=False, effective_at=world.at + DAY)
            for number in ("1", "2")
        ],
        origin=BY_STAFF,
        shop=SHOP,
        at=world.at,
    )
    assert [each.is_active for each in results] == [True, True]
    assert len(pending()) == 2
