"""Files of people: looked at, applied as they were looked at, or refused as stale."""

from __future__ import annotations

from saleor_program_budgets.models import Member, Person
from tests.support.people import add_roster, apply, everybody, lines, preview
from tests.support.world import World

ANN = {"external_id": "1", "email": "ann@acme.example", "first_name": "Ann", "department": "Sales"}
BEN = {"external_id": "2", "email": "ben@acme.example", "first_name": "Ben", "department": "Sales"}
ADA = {"external_id": "3", "email": "ada@acme.example", "department": "Marketing", "manager": "1"}


def test_a_file_makes_people_customers_and_members(world: World) -> None:
    acme = add_roster(world)
    batch = preview(world, acme, ANN, BEN, ADA, creates_departments=True)
    assert batch.counts == {"create": 3}
    assert batch.departments == [
        {"name": "Marketing", "account": None, "people": 1},
        {"name": "Sales", "account": None, "people": 2},
    ]
    assert everybody(acme) == []
    apply(world, batch)
    assert everybody(acme) == [
        ("ada@acme.example", "Marketing", True),
        ("ann@acme.example", "Sales", True),
        ("ben@acme.example", "Sales", True),
    ]
    assert lines(batch) == [
        (2, "create", "applied"),
        (3, "create", "applied"),
        (4, "create", "applied"),
    ]
    ada = Person.objects.get(external_id="3")
    assert ada.manager == Person.objects.get(external_id="1")
    assert [world.balance(member) for member in Member.objects.all()] == [
        {"available": "300.00"}
    ] * 3
