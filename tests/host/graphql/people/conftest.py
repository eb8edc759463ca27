"""A roster of Acme's people, and staff who may change them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from saleor_program_budgets import roster as rosters
from saleor_program_budgets.interfaces.shop import SaleorShop
from saleor_program_budgets.models import Person, Roster, Source
from tests.host.graphql.queries import gid
from tests.host.support.shop import ACTOR

TESTS = rosters.Origin(Source.SYSTEM, ACTOR)


@pytest.fixture
def client(staff_api_client, permission_manage_gift_card) -> Any:
    staff_api_client.user.user_permissions.add(permission_manage_gift_card)
    return staff_api_client


@pytest.fixture
def roster(store) -> Roster:
    return rosters.create_roster(
        name="Acme's people",
        account=store.organization,
        programs=[store.program],
        actor=ACTOR,
        at=timezone.now(),
    )


@pytest.fixture
def roster_id(roster) -> str:
    return gid("ProgramBudgetRoster", roster.pk)


@pytest.fixture
def program_id(store) -> str:
    return gid("ProgramBudgetProgram", store.program.pk)


@pytest.fixture
def hire(roster, store) -> Callable[..., list[Person]]:
    """Return a call that puts people into the department, known by their first names."""

    def call(*names: str, **given: Any) -> list[Person]:
        wanted = [
            rosters.Wanted(
                **{
                    "external_id": name,
                    "email": f"{name}@example.com",
                    "first_name": name.capitalize(),
                    "last_name": "Example",
                    "account_id": store.department.pk,
                }
                | given
            )
            for name in names
        ]
        shop, at = SaleorShop(), timezone.now()
        found = rosters.put(roster=roster, wanted=wanted, origin=TESTS, shop=shop, at=at)
        assert all(isinstance(each, Person) for each in found), found
        return [Person.objects.get(pk=each.pk) for each in found]

    return call


@pytest.fixture
def ada(hire) -> Person:
    return hire("ada")[0]


@pytest.fixture
def grace(hire, ada) -> Person:
    return hire("grace", manager="ada")[0]


def person_id(person: Person) -> str:
    return gid("ProgramBudgetPerson", person.pk)
