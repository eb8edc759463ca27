"""Two organizations, one shop: neither sees, finds or changes anything of the other's."""

from __future__ import annotations

import pytest

from saleor_program_budgets.models import Account, PeopleChange, Person
from tests.host.scim.conftest import BULK, GROUP, PATCH, USER, WORK
from tests.support.database import snapshot

BODIES = {
    "Users": {"schemas": [USER], "userName": "mallory@evil.example", "active": True},
    "Groups": {"schemas": [GROUP], "displayName": "Mallory"},
}
PATCHES = {
    "Users": {"op": "replace", "value": {"title": "Owned", "active": False}},
    "Groups": {"op": "replace", "value": {"displayName": "Owned", "members": []}},
}


@pytest.fixture
def theirs(other) -> dict[str, dict[str, object]]:
    """Return a user and a group of the other organization."""
    hank = other.user("hank", externalId="theirs", **{WORK: {"department": "Globex sales"}})
    group = other.group("Globex night", hank)
    return {"Users": hank, "Groups": group}


def rows() -> object:
    """Return all rows but the tokens', whose last use is noted."""
    return snapshot(without=("rostertoken",))


@pytest.mark.parametrize("kind", ["Users", "Groups"])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_an_id_of_the_others_is_no_id(method, kind, scim, theirs) -> None:
    body = {
        "PUT": BODIES[kind],
        "PATCH": {"schemas": [PATCH], "Operations": [PATCHES[kind]]},
    }.get(method)
    nobody = "5f0e8f4c-0000-4000-8000-000000000000"
    before = rows()

    answer = scim.send(method, f"/{kind}/{theirs[kind]['id']}", body)
    unknown = scim.send(method, f"/{kind}/{nobody}", body)

    assert answer.status == unknown.status == 404
    asked = str(theirs[kind]["id"])
    assert str(answer.body).replace(asked, nobody) == str(unknown.body)
    assert rows() == before


def test_lists_and_filters_show_nothing_of_the_others(scim, theirs) -> None:
    scim.user("ada")
    hank, group = theirs["Users"], theirs["Groups"]

    assert [each["userName"] for each in scim.get("/Users").body["Resources"]] == [
        "ada@acme.example"
    ]
    assert [each["displayName"] for each in scim.get("/Groups").body["Resources"]] == [
        "Engineering"
    ]
    assert scim.get("/").body["totalResults"] == 2
    for text in (
        f'id eq "{hank["id"]}"',
        'userName sw "hank"',
        'externalId eq "theirs"',
        'emails.value co "hank"',
        f'groups.value eq "{group["id"]}"',
        f'not (groups.value ne "{group["id"]}")',
        f'{WORK}:department co "Globex"',
    ):
        assert scim.found("Users", text) == [], text
    for text in (f'id eq "{group["id"]}"', f'members.value eq "{hank["id"]}"', "members pr"):
        assert scim.found("Groups", text) == [], text


def test_bulk_reaches_nobody_else(scim, theirs) -> None:
    before = rows()
    operations = [
        {"method": method, "path": f"/{kind}/{theirs[kind]['id']}", "data": data}
        for kind in ("Users", "Groups")
        for method, data in (
            ("PUT", BODIES[kind]),
            ("PATCH", {"schemas": [PATCH], "Operations": [PATCHES[kind]]}),
            ("DELETE", None),
        )
    ]

    answer = scim.send("POST", "/Bulk", {"schemas": [BULK], "Operations": operations})

    assert [each["status"] for each in answer.body["Operations"]] == 6 * ["404"]
    assert rows() == before


def test_nobody_of_the_others_is_a_manager_or_a_member(scim, theirs) -> None:
    ada, sales = scim.user("ada"), scim.group("Sales")
    hank = {"value": theirs["Users"]["id"]}
    before = rows()

    refused = [
        scim.patch(f"/Users/{ada['id']}", {"op": "add", "path": f"{WORK}:manager", "value": hank}),
        scim.send("POST", "/Users", BODIES["Users"] | {WORK: {"manager": hank}}),
        scim.send("PUT", f"/Users/{ada['id']}", BODIES["Users"] | {WORK: {"manager": hank}}),
        scim.patch(f"/Groups/{sales['id']}", {"op": "add", "path": "members", "value": [hank]}),
        scim.send("POST", "/Groups", BODIES["Groups"] | {"members": [hank]}),
        scim.send("PUT", f"/Groups/{sales['id']}", BODIES["Groups"] | {"members": [hank]}),
    ]
    for name in ("theirs", "hank@acme.example"):
        manager = {"op": "add", "path": f"{WORK}:manager", "value": {"value": name}}
        refused.append(scim.patch(f"/Users/{ada['id']}", manager))

    assert [(answer.status, answer.body["scimType"]) for answer in refused] == 8 * [
        (400, "invalidValue")
    ]
    assert rows() == before


def test_the_others_department_is_not_ours(scim, theirs) -> None:
    """Its name makes one of our own; its account is left as it is."""
    before = list(Account.objects.filter(slug__startswith="globex").values())

    ada = scim.user("ada", **{WORK: {"department": "Globex sales"}})

    person = Person.objects.select_related("account").get(key=ada["id"])
    assert person.account.parent == scim.roster.account
    assert list(Account.objects.filter(slug__startswith="globex").values()) == before


def test_a_user_may_be_in_both_and_neither_hears_of_it(scim, other, theirs) -> None:
    """The same address in a roster whose programs are others: what one says, the other doesn't."""
    other.roster.programs.clear()
    before = PeopleChange.objects.filter(roster_id=other.roster.pk).count()

    answer = scim.send("POST", "/Users", BODIES["Users"] | {"userName": "eve@shared.example"})
    twice = other.send("POST", "/Users", BODIES["Users"] | {"userName": "eve@shared.example"})

    assert (answer.status, twice.status) == (201, 201)
    assert answer.body["id"] != twice.body["id"]
    path = f"/Users/{answer.body['id']}"
    assert scim.patch(path, {"op": "replace", "path": "title", "value": "Spy"}).status == 200
    assert "title" not in other.get(f"/Users/{twice.body['id']}").body
    assert PeopleChange.objects.filter(roster_id=other.roster.pk).count() == before + 1
