"""Two rosters changed by files, requests, plans and removals, in any order.

After each step memberships are as people are, the books balance, the record tells of every change
by what way it came, and neither roster has anything of the other's.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from saleor_program_budgets import ledger, roster
from saleor_program_budgets.errors import InvalidInput
from saleor_program_budgets.models import (
    Account,
    Member,
    PeopleChange,
    Person,
    PlannedChange,
    Roster,
    RosterImport,
)
from saleor_program_budgets.roster import Wanted
from saleor_program_budgets.roster.departments import all_account_ids
from saleor_program_budgets.roster.people import TEXTS
from tests.support.people import (
    BY_API,
    BY_SCIM,
    BY_STAFF,
    SHOP,
    add_roster,
    apply,
    not_followed,
    preview,
)
from tests.support.world import DAY, World

if TYPE_CHECKING:
    from collections.abc import Callable

HISTORIES = int(os.environ.get("PROGRAM_BUDGETS_ROSTERS", "0"))
NAMES = ("ann", "ben", "cid")
PLACES = ("", "Sales", "Sales / North", "South")
AHEAD = (PeopleChange.Kind.PLANNED, PeopleChange.Kind.CANCELLED)
TOLD = (*TEXTS, "account", "manager", "is_active")


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done to who is in one of the rosters; what isn't needed is ignored."""

    kind: str
    is_acme: bool
    who: str
    other: str
    place: str
    is_active: bool | None
    days: int
    is_whole: bool


STEPS = st.builds(
    Step,
    kind=st.sampled_from(("put", "put", "file", "file", "remove", "place", "plan", "wait", "drop")),
    is_acme=st.booleans(),
    who=st.sampled_from(NAMES),
    other=st.sampled_from(NAMES),
    place=st.sampled_from(PLACES),
    is_active=st.sampled_from((True, True, False, None)),
    days=st.integers(-1, 2),
    is_whole=st.booleans(),
)


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=HISTORIES or 20,
    derandomize=not HISTORIES,
    database=None,
    deadline=None,
    print_blob=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(steps=st.lists(STEPS, min_size=4, max_size=12))
def test_people_in_any_order(steps: list[Step]) -> None:
    atomic = transaction.atomic()
    atomic._from_testcase = True  # the ledger takes it for the test's
    with atomic:
        _live(steps)
        transaction.set_rollback(True)


def _live(steps: list[Step]) -> None:
    world = World()
    programs = [world.open_program(channel=name) for name in ("one", "two", "three")]
    acme = add_roster(world, "Acme", programs=programs[:2], largest_leave_percent=100)
    zenith = add_roster(world, "Zenith", programs=programs[2:], largest_leave_percent=100)
    for each in steps:
        note(str(each))
        ours, theirs = (acme, zenith) if each.is_acme else (zenith, acme)
        others = _of(theirs)
        latest = _latest_change()
        source = DO[each.kind](world, ours, each)
        assert _sources_since(latest) <= {source}
        if each.kind != "wait":
            assert _of(theirs) == others
        for of in (acme, zenith):
            assert not_followed(of) == []
            assert _as_recorded(of) == _as_they_are(of)
            _keep_to_themselves(of)
    assert [str(difference) for difference in ledger.verify().differences] == []


# What is done; each returns by what way


def _put(world: World, ours: Roster, step: Step) -> str:
    origin = BY_SCIM if step.is_whole else BY_API
    wanted = Wanted(
        email=f"{step.who}@shared.example",
        department=step.place,
        title=step.other,
        manager=f"{step.other}@shared.example" if step.days > 0 else None,
        is_active=step.is_active,
        effective_at=world.at + step.days * DAY,
    )
    roster.put(
        roster=ours,
        wanted=[wanted],
        origin=origin,
        shop=SHOP,
        at=world.at,
        creates_departments=True,
    )
    return origin.source.value


def _file(world: World, ours: Roster, step: Step) -> str:
    day = "" if step.days < 0 else (world.at + step.days * DAY).date().isoformat()
    activity = {True: "yes", False: "no", None: ""}[step.is_active]
    batch = preview(
        world,
        ours,
        {
            "email": f"{step.who}@shared.example",
            "department": step.place,
            "manager": f"{step.other}@shared.example" if step.other != step.who else "",
            "active": activity,
            "effective_on": day,
        },
        {"email": f"{step.other}@shared.example", "title": step.place},
        mode=RosterImport.Mode.FULL if step.is_whole else RosterImport.Mode.PARTIAL,
        creates_departments=True,
    )
    with suppress(InvalidInput):  # of a whole file every line has to be good
        apply(world, batch, confirmed_leavers=roster.leavers_of(batch), lines_at_once=1)
    return "file"


def _remove(world: World, ours: Roster, step: Step) -> str:
    for person in _named(ours, step.who):
        roster.remove_person(person=person, origin=BY_SCIM, shop=SHOP, at=world.at)
    return "scim"


def _place(world: World, ours: Roster, step: Step) -> str:
    people = [person.pk for person in (*_named(ours, step.who), *_named(ours, step.other))]
    accounts = list(roster.accounts_of(ours).order_by("pk"))
    account = accounts[len(step.place) % len(accounts)]
    roster.place(roster=ours, account=account, people=people, origin=BY_STAFF, at=world.at)
    return "staff"


def _plan(world: World, ours: Roster, step: Step) -> str:
    kind = PlannedChange.Kind.RETURN if step.is_active else PlannedChange.Kind.LEAVE
    if step.is_active is None:
        kind = PlannedChange.Kind.MOVE
    for person in _named(ours, step.who):
        roster.plan_change(
            person=person,
            kind=kind,
            account=ours.account if step.is_active is None else None,
            effective_at=world.at + (step.days + 2) * DAY,
            origin=BY_API,
            at=world.at,
        )
    return "api"


def _wait(world: World, _: Roster, step: Step) -> str:
    world.at += (step.days + 1) * DAY
    roster.apply_planned(at=world.at)
    return "schedule"


def _drop(world: World, ours: Roster, step: Step) -> str:
    account = roster.accounts_of(ours).order_by("-tree_depth", "-pk")[0]
    with suppress(InvalidInput):  # the roster's own stays
        roster.remove_department(roster=ours, account=account, origin=BY_STAFF, at=world.at)
    return "staff"


DO: dict[str, Callable[[World, Roster, Step], str]] = {
    "put": _put,
    "file": _file,
    "remove": _remove,
    "place": _place,
    "plan": _plan,
    "wait": _wait,
    "drop": _drop,
}


# What is looked at


def _named(of: Roster, who: str) -> list[Person]:
    return list(roster.people_of(of).filter(email=f"{who}@shared.example"))


def _latest_change() -> int:
    latest = PeopleChange.objects.order_by("-pk").first()
    return latest.pk if latest else 0


def _sources_since(latest: int) -> set[str]:
    """Return by what ways people were changed since."""
    changes = PeopleChange.objects.filter(pk__gt=latest, person_id__isnull=False)
    return set(changes.values_list("source", flat=True))


def _of(of: Roster) -> dict[str, Any]:
    """Return all that is a roster's own: people, members, and who belongs where."""
    programs = of.programs.values("pk")
    return {
        "people": list(Person.objects.filter(roster=of).order_by("pk").values()),
        "members": list(Member.objects.filter(program__in=programs).order_by("pk").values()),
        "accounts": list(Account.objects.descendants(of.account_id, include_self=True).values()),
        "changes": PeopleChange.objects.filter(roster_id=of.pk).count(),
    }


def _as_they_are(of: Roster) -> dict[int, dict[str, Any]]:
    columns = {"account": "account_id", "manager": "manager_id"}
    return {
        person.pk: {name: getattr(person, columns.get(name, name)) for name in TOLD}
        for person in Person.objects.filter(roster=of)
    }


def _as_recorded(of: Roster) -> dict[int, dict[str, Any]]:
    """Return people as the record tells of them, each change from what the one before has left."""
    found: dict[int, dict[str, Any]] = {}
    changes = PeopleChange.objects.filter(roster_id=of.pk, person_id__isnull=False)
    for change in changes.exclude(kind__in=AHEAD).order_by("pk"):
        nobody = dict.fromkeys(TEXTS, "") | {"account": None, "manager": None, "is_active": None}
        person = found.setdefault(change.person_id, nobody)
        assert {name: person[name] for name in change.before} == change.before
        person |= {name: value for name, value in change.after.items() if name in TOLD}
    return found


def _keep_to_themselves(of: Roster) -> None:
    """Nobody is placed, managed or enrolled beyond their roster."""
    inside = all_account_ids(of)
    people = Person.objects.filter(roster=of)
    assert not people.exclude(account__in=inside).exists()
    assert not people.exclude(manager=None).exclude(manager__roster=of).exists()
    members = Member.objects.filter(program__in=of.programs.values("pk"))
    assert not members.exclude(account__in=inside).exists()
    references = people.values("user_reference")
    assert not members.exclude(user_reference__in=references).exists()
