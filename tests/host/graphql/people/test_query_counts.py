"""What lists of people cost in queries of this plugin's tables: the same for more rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from saleor_program_budgets import accounts
from saleor_program_budgets import roster as rosters
from saleor_program_budgets.models import Account, PeopleChange, Person, PlannedChange
from tests.host.graphql.people.conftest import TESTS
from tests.host.graphql.people.requests import (
    CHANGES,
    IMPORTS,
    LINES,
    PEOPLE,
    PREVIEW,
    ROSTERS,
    UPSERT,
    nodes,
)
from tests.host.graphql.queries import data_of
from tests.host.support.shop import ACTOR


def count(client: Any, query: str, **variables: Any) -> tuple[Any, int]:
    """Post; return the data, and how many queries touched this plugin's tables."""
    with CaptureQueriesContext(connection) as captured:
        data = data_of(client, query, **variables)
    return data, sum("program_budgets_" in query["sql"] for query in captured)


@pytest.fixture
def three(hire, store, grace) -> list[Person]:
    """Return three people, each with a manager and a change ahead."""
    hire("ada", manager="grace")
    hire("eve", manager="ada")
    people = list(Person.objects.order_by("pk"))
    at = timezone.now()
    for person in people:
        rosters.plan_change(
            person=person,
            kind=PlannedChange.Kind.MOVE,
            account=store.organization,
            effective_at=at + timedelta(days=1),
            origin=TESTS,
            at=at,
        )
    return people


@pytest.mark.parametrize("size", [1, 3])
def test_people(size, client, three) -> None:
    page, queries = count(client, PEOPLE, first=size)

    # People and how many; rosters, managers, accounts, memberships, their programs, plans.
    assert (len(page["edges"]), queries) == (size, 9)


@pytest.mark.parametrize("size", [1, 3])
def test_rosters(size, client, roster, ada) -> None:
    for name in ("globex", "initech"):
        account = accounts.create_account(
            name=name,
            slug=name,
            kind=Account.Kind.ORGANIZATION,
            parent=None,
            at=timezone.now(),
        )
        rosters.create_roster(
            name=name,
            account=account,
            programs=list(roster.programs.all()),
            actor=ACTOR,
            at=timezone.now(),
        )

    page, queries = count(client, ROSTERS, first=size)

    assert (len(page["edges"]), queries) == (size, 5)


@pytest.mark.parametrize("size", [1, 3])
def test_changes(size, client, three, store) -> None:
    """Each names another person; what they moved from, to and under is loaded together."""
    at = timezone.now()
    for person in three:
        PeopleChange.objects.create(
            kind="moved",
            roster_id=person.roster_id,
            person_id=person.pk,
            user_reference=person.user_reference,
            before={"account": store.department.pk, "manager": None},
            after={"account": store.organization.pk, "manager": three[0].pk},
            source="file",
            source_reference="1",
            actor="staff:1",
            effective_at=at,
            at=at,
        )

    changes, queries = count(client, CHANGES, first=size, filter={"kind": "MOVED"})

    assert (len(changes["edges"]), queries) == (size, 5)


@pytest.fixture
def files(client, roster_id) -> list[str]:
    csv = "email,department,manager\n" + "".join(
        f"{name}@example.com,Engineering,ada\n" for name in ("x", "y", "z")
    )
    return [data_of(client, PREVIEW, roster=roster_id, csv=csv)["import"]["id"] for _ in range(3)]


@pytest.mark.parametrize("size", [1, 3])
def test_files(size, client, ada, files) -> None:
    page, queries = count(client, IMPORTS, first=size)

    # Files, rosters, lines by what they are, and the accounts of departments.
    assert (len(page["edges"]), queries) == (size, 4)


@pytest.mark.parametrize("size", [1, 3])
def test_lines(size, client, ada, files) -> None:
    page, queries = count(client, LINES, id=files[0], first=size)

    # The file, its lines and how many; accounts and managers that they name.
    assert (len(nodes(page["lines"])), queries) == (size, 5)


@pytest.mark.parametrize("size", [1, 3])
def test_people_sent_again(size, client, roster_id, three) -> None:
    rows = [{"externalId": person.external_id} for person in three[:size]]

    payload, queries = count(client, UPSERT, roster=roster_id, people=rows)

    assert [each["errors"] for each in payload["results"]] == [[]] * size
    assert queries == 17
