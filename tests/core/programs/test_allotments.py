"""What an organization's own system gives people, many at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth import get_user_model

from saleor_program_budgets import ledger, programs
from saleor_program_budgets.errors import BudgetError
from saleor_program_budgets.models import Lot, Member, Person, Posting, Program, Roster
from saleor_program_budgets.programs import allotments
from saleor_program_budgets.programs.allotments import Given, Grant, grant_each
from tests.support.database import snapshot
from tests.support.world import DAY, INSTANT, START, TESTS, World, usd


def roster_of(world: World, name: str = "Acme", program: Program | None = None) -> Roster:
    roster = Roster.objects.create(
        name=name, account=world.account(name), created_by="staff:tests", created_at=world.at
    )
    roster.programs.add(program or world.program)
    return roster


def person(world: World, roster: Roster, name: str, *, is_member: bool = True) -> Person:
    """Add somebody known as *name* and name@example.com, and enroll them in the program."""
    user_id = world.user()
    if is_member:
        programs.enroll(
            program=world.program,
            user_ids=[user_id],
            account=roster.account,
            actor=TESTS,
            at=world.at,
        )
    return Person.objects.create(
        roster=roster,
        user=get_user_model().objects.get(pk=user_id),
        user_reference=str(user_id),
        account=roster.account,
        external_id=name,
        user_name=name,
        email=f"{name}@example.com",
        created_at=world.at,
        changed_at=world.at,
    )


def member_of(world: World, someone: Person) -> Member:
    return world.program.members.get(user_reference=someone.user_reference)


def of(value: str = "50.00", key: str = "key", **given: object) -> Grant:
    return Grant(**{"amount": usd(value), "reason": "anniversary", "key": key} | given)


def give(world: World, *grants: Grant, program: Program | None = None) -> list[Given | BudgetError]:
    return grant_each(program=program or world.program, grants=grants, actor=TESTS, at=world.at)


def told(results: list[Given | BudgetError]) -> list[object]:
    """Return field and code of each error, and of each grant whether it is a repetition."""
    return [
        result.is_replay if isinstance(result, Given) else (result.field, result.code)
        for result in results
    ]


def test_people_by_id_external_id_and_address(world: World) -> None:
    roster = roster_of(world)
    ann, bob, eve = (person(world, roster, name) for name in ("ann", "bob", "eve"))

    results = give(
        world,
        of("10.00", "1", person_id=ann.pk),
        of("20.00", "2", external_id="bob"),
        of("30.00", "3", email="EVE@example.com", expires_at=START + DAY),
    )

    assert results == [
        Given(member_of(world, ann), is_replay=False),
        Given(member_of(world, bob), is_replay=False),
        Given(member_of(world, eve), is_replay=False),
    ]
    assert [world.balance(member_of(world, each)) for each in (ann, bob, eve)] == [
        {"available": "310.00"},
        {"available": "320.00"},
        {"available": "330.00"},
    ]
    lots = Lot.objects.filter(origin="adjustment").order_by("amount")
    assert [lot.expires_at for lot in lots] == [
        world.cycle.ends_at,
        world.cycle.ends_at,
        START + DAY,
    ]
    assert {lot.reason for lot in lots} == {"anniversary"}
    assert [lot.amount for lot in lots] == [10_00, 20_00, 30_00]
    assert Posting.objects.filter(kind="adjustment", actor="staff:tests").count() == 3


def test_the_same_list_again_changes_nothing(world: World) -> None:
    roster = roster_of(world)
    ann = person(world, roster, "ann")
    grants = [of(external_id="ann"), of(key="other", email="ann@example.com")]
    assert told(give(world, *grants)) == [False, False]
    before = snapshot()

    # Neither later, nor for who has left since, nor once it has lapsed.
    world.at += DAY
    assert told(give(world, *grants)) == [True, True]
    assert snapshot() == before
    programs.deactivate_member(member=member_of(world, ann), actor=TESTS, at=world.at)
    before = snapshot()
    assert told(give(world, *grants)) == [True, True]
    assert told(give(world, replace(grants[0], expires_at=world.at))) == [True]
    assert snapshot() == before


def test_a_key_is_for_one_grant_of_one_program(world: World) -> None:
    roster = roster_of(world)
    ann = person(world, roster, "ann")
    give(world, of(external_id="ann"))

    assert told(give(world, of("60.00", external_id="ann"))) == [
        ("idempotency_key", "KEY_CONFLICT")
    ]
    assert told(give(world, of(key="2", external_id="ann"), of(key="2", external_id="ann"))) == [
        False,
        ("key", "UNIQUE"),
    ]
    other = world.open_program(channel="elsewhere")
    roster.programs.add(other)
    programs.enroll(
        program=other,
        user_ids=[int(ann.user_reference)],
        account=roster.account,
        actor=TESTS,
        at=world.at,
    )
    assert told(give(world, of(external_id="ann"), program=other)) == [False]


def test_what_cannot_be_keeps_nothing_else_from_being(world: World) -> None:
    roster = roster_of(world)
    person(world, roster, "ann")
    person(world, roster, "bob", is_member=False)
    gone = person(world, roster, "gone")
    programs.deactivate_member(member=member_of(world, gone), actor=TESTS, at=world.at)
    removed = person(world, roster, "removed")
    Person.objects.filter(pk=removed.pk).update(removed_at=world.at)
    rows = {
        "fine": (of(external_id="ann"), False),
        "zero": (of("0.00", external_id="ann"), ("amount", "INVALID_AMOUNT")),
        "negative": (of("-1.00", external_id="ann"), ("amount", "INVALID_AMOUNT")),
        "no reason": (of(reason=" ", external_id="ann"), ("reason", "REQUIRED")),
        "long": (of(reason="x" * 501, external_id="ann"), ("reason", "INVALID")),
        "unknown": (of(external_id="nobody"), ("person", "NOT_FOUND")),
        "control": (of(external_id="\x00"), ("person", "NOT_FOUND")),
        "removed": (of(person_id=removed.pk), ("person", "NOT_FOUND")),
        "stranger": (of(email="bob@example.com"), ("person", "NOT_FOUND")),
        "inactive": (of(external_id="gone"), ("person", "INVALID")),
        "unnamed": (of(), ("person", "INVALID")),
        "twice": (of(external_id="ann", email="ann@example.com"), ("person", "INVALID")),
        "over": (of(external_id="ann", expires_at=world.at), ("expires_at", "INVALID")),
        "in time": (of(external_id="ann", expires_at=world.at + INSTANT), False),
    }

    results = give(world, *(replace(grant, key=name) for name, (grant, _) in rows.items()))

    assert dict(zip(rows, told(results), strict=True)) == {
        name: expected for name, (_, expected) in rows.items()
    }
    assert Lot.objects.filter(origin="adjustment").count() == 2
    assert ledger.verify().differences == ()


def test_keys_and_currencies(world: World) -> None:
    person(world, roster_of(world), "ann")
    euros = of(external_id="ann", amount=replace(usd("1.00"), currency="EUR"))

    assert told(give(world, euros)) == [("amount", "INVALID")]
    assert told(give(world, of(key=" ", external_id="ann"))) == [("key", "REQUIRED")]
    assert told(give(world, of(key="x" * 129, external_id="ann"))) == [("key", "INVALID")]
    assert told(give(world, of(key="x\x00", external_id="ann"))) == [("key", "INVALID")]
    assert give(world) == []


def test_somebody_whom_two_rosters_know_is_not_guessed(world: World) -> None:
    for name in ("Acme", "Globex"):
        person(world, roster_of(world, name), "ann")

    assert told(give(world, of(external_id="ann"))) == [("person", "INVALID")]


def test_people_of_other_programs_are_nobody(world: World) -> None:
    other = world.open_program(channel="elsewhere")
    world.open_program()
    person(world, roster_of(world, program=other), "ann")
    unrelated = Program.objects.exclude(pk=other.pk).get()

    assert told(give(world, of(external_id="ann"), program=unrelated)) == [("person", "NOT_FOUND")]


def test_without_an_open_cycle_it_needs_an_expiry(world: World) -> None:
    world.draft_program()
    person(world, roster_of(world), "ann")

    later = of(key="later", external_id="ann", expires_at=START + DAY)
    assert told(give(world, of(external_id="ann"), later)) == [("expires_at", "REQUIRED"), False]


def test_a_member_is_renewed_first(world: World) -> None:
    ann = person(world, roster_of(world), "ann")
    world.at = world.cycle.ends_at

    assert told(give(world, of(external_id="ann"))) == [False]
    assert world.balance(member_of(world, ann))["available"] == "350.00"
    assert Lot.objects.get(origin="adjustment").expires_at == world.cycle.ends_at


def test_sets_are_transactions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allotments, "GRANTS_AT_ONCE", 2)
    roster = roster_of(world)
    for name in ("ann", "bob", "eve"):
        person(world, roster, name)

    rows = [of(key=name, external_id=name) for name in ("ann", "bob", "nobody", "eve")]

    assert told(give(world, *rows)) == [False, False, ("person", "NOT_FOUND"), False]
    assert Posting.objects.filter(kind="adjustment").count() == 3
