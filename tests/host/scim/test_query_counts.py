"""A page costs the same with three of something and with a hundred."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from saleor_program_budgets import accounts, roster
from saleor_program_budgets.interfaces.shop import SaleorShop
from saleor_program_budgets.ledger import Actor
from saleor_program_budgets.models import Account, Source

MOST = 6
ORIGIN = roster.Origin(source=Source.SCIM, actor=Actor.system("tests"), reference="1")


def add(scim, first: int, last: int) -> None:
    """Let there be people who all have a manager and stand in departments, a few in each."""
    at = timezone.now()
    numbers = range(first, last)
    for number in numbers:
        accounts.create_account(
            name=f"Team {number}",
            slug=f"team-{number}",
            kind=Account.Kind.TEAM,
            parent=scim.roster.account,
            at=at,
        )
    wanted = [
        roster.Wanted(
            email=f"user{number}@acme.example",
            department=f"Team {number}",
            manager="user0@acme.example" if number else None,
            attributes={"displayName": f"User {number}"},
        )
        for number in numbers
    ]
    roster.put(roster=scim.roster, wanted=wanted, origin=ORIGIN, shop=SaleorShop(), at=at)


@pytest.mark.parametrize(
    ("path", "exactly"),
    [
        ("/Users?count=100", 4),
        ('/Users?count=100&filter=emails[type eq "work"].value co "acme"&sortBy=title', 4),
        ("/Groups?count=100", 5),
        ("/Groups?count=100&excludedAttributes=members", 4),
    ],
)
def test_a_page(path, exactly, scim) -> None:
    counts = []
    for first, last in ((0, 3), (3, 100)):
        add(scim, first, last)
        assert scim.get(path).body["itemsPerPage"] >= last
        with CaptureQueriesContext(connection) as queries:
            scim.get(path)
        counts.append(len(queries))

    assert counts == [exactly, exactly]
    assert exactly <= MOST
