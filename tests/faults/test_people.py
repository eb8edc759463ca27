"""People changed by files, by requests and by plans, killed at every statement; then taken up.

A file is applied set by set, and memberships follow behind: the killed process leaves something
half done. Whoever repeats the same, and the job that settles people, end as if nobody had died.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management.color import no_style
from django.db import connection

from saleor_program_budgets import roster
from saleor_program_budgets.models import Person, PlannedChange, Roster, RosterImport
from saleor_program_budgets.roster import Wanted
from tests.faults.support.books import Books, books, fresh, kept
from tests.faults.support.killing import EVERY_POINT, Point, killed_at, points_of
from tests.support.people import (
    BY_STAFF,
    SHOP,
    add_roster,
    apply,
    department,
    load,
    not_followed,
    person,
    preview,
    put_one,
)
from tests.support.world import DAY, TESTS, World

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
SKIPPED = () if EVERY_POINT else ("before", "answered")
LINES_AT_ONCE = 3
Customers = list[dict[str, object]]
Everything = tuple[Books, Customers]


@dataclass(frozen=True, slots=True)
class Case:
    """What is done to Acme's people, and what has to be there before it can be.

    *states* are in how many the database may be found, from before it to after it.
    """

    change: Callable[[World, Roster], None]
    states: int
    prepare: Callable[[World, Roster], object] = lambda _world, _acme: None

    @property
    def name(self) -> str:
        return self.change.__name__


def _row(name: str, **values: str) -> dict[str, str]:
    return {"external_id": name, "email": f"{name}@acme.example", **values}


def _acme(world: World) -> Roster:
    """Ann, Ben (who is hers), Dora and Eve work; Cid has left."""
    world.open_program()
    acme = add_roster(world, largest_leave_percent=100)
    world.account("North", under=world.account("Sales", under=acme.account))
    load(
        world,
        acme,
        _row("ann", department="Sales", active="yes"),
        _row("ben", department="Sales", manager="ann", active="yes"),
        _row("cid", active="yes"),
        _row("dora", department="North", active="yes"),
        _row("eve", active="yes"),
    )
    put_one(world, acme, external_id="cid", is_active=False)
    return acme


# What is done


def look_at_a_file(world: World, acme: Roster) -> RosterImport:
    """A whole file: everything that one can do, in three sets, with managers across them."""
    return preview(
        world,
        acme,
        _row("ann", department="North", title="Head", manager="gus", active="yes"),
        _row("ben", department="Sales", manager="fay", active="yes"),
        _row("cid", department="Sales", active="yes"),
        _row("dora", department="Sales", active="no"),
        _row("fay", department="Trade / West", manager="ann", active="yes"),
        _row("gus", department="Trade", first_name="Gus", active="yes"),
        _row("hal", department="Trade", manager="fay", active="no"),
        mode=RosterImport.Mode.FULL,
        creates_departments=True,
    )


def apply_a_file(world: World, _: Roster) -> None:
    batch = RosterImport.objects.latest("pk")
    apply(world, batch, confirmed_leavers=1, lines_at_once=LINES_AT_ONCE)


def put_people(world: World, acme: Roster) -> None:
    roster.put(
        roster=acme,
        wanted=[
            Wanted(external_id="ann", department="North", title="Head"),
            Wanted(external_id="ben", is_active=False, manager=""),
            Wanted(external_id="cid", is_active=True),
            Wanted(external_id="fay", email="fay@acme.example", department="Trade", manager="ann"),
        ],
        origin=BY_STAFF,
        shop=SHOP,
        at=world.at,
        creates_departments=True,
    )


def put_somebody_new(world: World, acme: Roster) -> None:
    put_one(world, acme, external_id="fay", email="fay@acme.example", department="Trade")


def let_a_manager_leave(world: World, acme: Roster) -> None:
    ann = Person.objects.get(external_id="ann", roster=acme)
    roster.remove_person(person=ann, origin=BY_STAFF, shop=SHOP, at=world.at)


def place_people(world: World, acme: Roster) -> None:
    roster.place(
        roster=acme,
        account=department("North"),
        people=[person(f"{name}@acme.example").pk for name in ("ann", "ben", "dora")],
        origin=BY_STAFF,
        at=world.at,
    )


def remove_a_department(world: World, acme: Roster) -> None:
    north = department("North")
    if north.removed_at is None:
        roster.remove_department(roster=acme, account=north, origin=BY_STAFF, at=world.at)


def plan(world: World, acme: Roster) -> None:
    kinds = PlannedChange.Kind
    for name, kind, account in [
        ("ann", kinds.MOVE, department("North")),
        ("ben", kinds.LEAVE, None),
        ("cid", kinds.RETURN, None),
    ]:
        roster.plan_change(
            person=Person.objects.get(external_id=name, roster=acme),
            kind=kind,
            account=account,
            effective_at=world.at + DAY,
            origin=BY_STAFF,
            at=world.at,
        )
    world.at += DAY


def let_plans_happen(world: World, _: Roster) -> None:
    roster.apply_planned(at=world.at)


def take_part_in_another_program(world: World, acme: Roster) -> None:
    other = world.open_program(channel="other", allotment="20.00")
    roster.update_roster(roster=acme, programs=[world.program, other], actor=TESTS, at=world.at)


def settle(world: World, _: Roster) -> None:
    roster.settle_people(at=world.at)


CASES = [
    Case(apply_a_file, 21, look_at_a_file),
    Case(put_people, 11),
    Case(put_somebody_new, 6),
    Case(let_a_manager_leave, 5),
    Case(place_people, 4),
    Case(remove_a_department, 5),
    Case(let_plans_happen, 10, plan),
    Case(settle, 5, take_part_in_another_program),
]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_killed_at_every_statement(case: Case) -> None:
    """Left to the job memberships follow; repeated, all is as if nobody had died."""
    world = fresh()
    acme = _acme(world)
    case.prepare(world, acme)
    customers = _customers()
    seen: list[Everything] = []

    def killed(place: int) -> Point | None:
        put_back()
        _forget_other_customers_than(customers)
        _give_lost_numbers_back()
        point = killed_at(place, lambda: case.change(world, acme), skip=SKIPPED)
        _give_lost_numbers_back()
        return point

    def state_at(place: int) -> int:
        """Kill it at that place; return which of the states was found, once it is followed up."""
        point = killed(place)
        found = _everything()
        if found not in seen:  # what follows on the same is the same
            seen.append(found)
            settle(world, acme)
            assert not_followed(acme) == [], point
            assert killed(place) == point
            case.change(world, acme)
            settle(world, acme)
            assert _everything() == end, point
        return seen.index(found)

    def look_between(first: tuple[int, int], last: tuple[int, int]) -> None:
        """Go through the places between two, but for those between the same state."""
        place = (first[0] + last[0]) // 2
        if place == first[0] or (first[1] == last[1] and not EVERY_POINT):
            return
        middle = (place, state_at(place))
        look_between(first, middle)
        look_between(middle, last)

    with kept() as put_back:
        places = points_of(lambda: case.change(world, acme))
        settle(world, acme)
        end = _everything()
        look_between((0, state_at(0)), (places, state_at(places)))
    assert len(seen) == case.states


def _customers() -> Customers:
    return list(get_user_model().objects.order_by("pk").values("pk", "email", "first_name"))


def _forget_other_customers_than(customers: Customers) -> None:
    known = [customer["pk"] for customer in customers]
    get_user_model().objects.exclude(pk__in=known).delete()


def _everything() -> Everything:
    """Return the books, which balance, and the shop's customers.

    Left out are the runs of jobs, what waits to be counted, and allotments that gave nobody
    anything: who comes back asks for theirs, and doesn't again once they are back.
    """
    found = books()
    del found["jobrun"]
    found["outcome"] = [each for each in found["outcome"] if each["result"].get("count") != 0]
    return found, _customers()


def _give_lost_numbers_back() -> None:
    """Let the next rows have the ids that a dead transaction has drawn: keys are made of them."""
    ours = apps.get_app_config("program_budgets").get_models()
    models = [get_user_model(), *(model for model in ours if model._meta.managed)]
    statements = connection.ops.sequence_reset_sql(no_style(), models)
    with connection.cursor() as cursor:
        cursor.execute("".join(statements))
