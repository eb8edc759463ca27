"""Users: what is kept of them, what comes back, and where they belong by it."""

from __future__ import annotations

import pytest
from django.db.models import F
from saleor.account.models import User

from saleor_program_budgets import roster
from saleor_program_budgets.models import PeopleChange, Person, Roster
from saleor_program_budgets.programs.jobs import AlreadyRunning
from tests.host.scim.conftest import USER, WORK, person_of

FULL = {
    "schemas": [USER, WORK],
    "externalId": "00u1",
    "userName": "ada",
    "name": {
        "formatted": "Ms. Ada Lovelace",
        "familyName": "Lovelace",
        "givenName": "Ada",
        "middleName": "King",
        "honorificPrefix": "Ms.",
    },
    "displayName": "Ada L.",
    "nickName": "Countess",
    "profileUrl": "https://people.acme.example/ada",
    "title": "Analyst",
    "userType": "Employee",
    "preferredLanguage": "en-GB",
    "locale": "en_GB",
    "timezone": "Europe/London",
    "active": True,
    "emails": [
        {"value": "ada@home.example", "type": "home"},
        {"value": "Ada@acme.example", "type": "work", "primary": True},
    ],
    "phoneNumbers": [{"value": "+44 20 7946 0000", "type": "work"}],
    "addresses": [{"locality": "London", "country": "GB", "type": "work"}],
    "roles": [{"value": "lead"}],
    "x509Certificates": [{"value": "aGFsbG8="}],
    WORK: {
        "employeeNumber": "701984",
        "costCenter": "4130",
        "organization": "Acme",
        "division": "Research",
        "department": "Engines",
    },
}


def test_everything_that_is_said_comes_back(scim) -> None:
    created = scim.send("POST", "/Users", FULL | {"password": "t1meMa$heen", "groups": []})

    assert created.status == 201
    read = scim.get(f"/Users/{created.body['id']}").body
    assert read == created.body
    added = {"id", "meta", "groups"}
    assert {name: value for name, value in read.items() if name not in added} == FULL
    assert [group["display"] for group in read["groups"]] == ["Engines"]
    assert read["meta"]["location"] == created.headers["Location"]
    assert created.headers["Location"].endswith(f"/scim/v2/Users/{read['id']}")
    assert created.headers["ETag"] == read["meta"]["version"] == 'W/"1"'


def test_what_has_a_column_is_in_it_and_the_rest_beside(scim) -> None:
    person = person_of(scim.send("POST", "/Users", FULL | {"password": "t1meMa$heen"}).body)

    assert (person.external_id, person.user_name, person.email) == (
        "00u1",
        "ada",
        "ada@acme.example",
    )
    assert (person.first_name, person.last_name, person.title) == ("Ada", "Lovelace", "Analyst")
    assert (person.employee_number, person.cost_center) == ("701984", "4130")
    assert (person.department, person.account.name, person.is_active) == (
        "Engines",
        "Engines",
        True,
    )
    assert set(person.attributes) == {
        *("name", "displayName", "nickName", "profileUrl", "userType", "preferredLanguage"),
        *("locale", "timezone", "emails", "phoneNumbers", "addresses", "roles"),
        *("x509Certificates", WORK),
    }
    assert person.attributes[WORK] == {"organization": "Acme", "division": "Research"}
    assert "t1meMa$heen" not in str(list(Person.objects.values()))
    user = User.objects.get(pk=person.user_id)
    assert (user.email, user.first_name, user.has_usable_password()) == (
        "ada@acme.example",
        "Ada",
        False,
    )


def test_a_user_name_that_is_an_address_counts_as_one(scim) -> None:
    user = scim.user("ada")

    assert user["emails"] == [{"value": "ada@acme.example", "type": "work", "primary": True}]
    renamed = {"op": "replace", "path": "userName", "value": "ada.l@acme.example"}
    assert scim.patch(f"/Users/{user['id']}", renamed).status == 200
    assert person_of(user).email == "ada.l@acme.example"


def test_nobody_is_without_an_address(scim) -> None:
    answer = scim.send("POST", "/Users", {"schemas": [USER], "userName": "ada", "active": True})

    assert answer.status == 400
    assert answer.body["scimType"] == "invalidValue"
    assert answer.body["detail"] == (
        "emails: an e-mail address is needed, here or as the userName."
    )
    broken = {"schemas": [USER], "userName": "ada", "emails": [{"value": "at home"}]}
    assert scim.send("POST", "/Users", broken).body["scimType"] == "invalidValue"
    assert not Person.objects.exists()


def test_the_address_to_write_to_is_the_primary_one_then_the_one_at_work(scim) -> None:
    def address(*emails: dict[str, object]) -> str:
        path = f"/Users/{user['id']}"
        operation = {"op": "replace", "path": "emails", "value": list(emails)}
        assert scim.patch(path, operation).status == 200
        assert scim.get(path).body["emails"] == list(emails)
        return person_of(user).email

    user = scim.user("ada")
    home = {"value": "a@home.example", "type": "home"}
    work = {"value": "a@work.example", "type": "work"}
    assert address(home, work) == "a@work.example"
    assert address(home | {"primary": True}, work) == "a@home.example"
    assert address({"value": "a@one.example"}, {"value": "a@two.example"}) == "a@one.example"


def test_another_address_leaves_the_user_name_as_it_was_said(scim) -> None:
    user = scim.user("ada", emails=[{"value": "ada@acme.example", "type": "work"}])

    work = {"op": "replace", "path": 'emails[type eq "work"].value', "value": "a.l@acme.example"}
    changed = scim.patch(f"/Users/{user['id']}", work).body

    assert (changed["userName"], changed["emails"][0]["value"]) == (
        "ada@acme.example",
        "a.l@acme.example",
    )


def test_an_address_from_a_file_takes_the_place_of_those_that_were_said(scim) -> None:
    user = scim.send("POST", "/Users", FULL).body
    Person.objects.update(email="ada@new.example")

    emails = scim.get(f"/Users/{user['id']}").body["emails"]
    assert emails == [{"value": "ada@new.example", "type": "work", "primary": True}]


def test_whether_somebody_is_active_is_let_be_unless_it_is_said(scim) -> None:
    unsaid = {name: value for name, value in FULL.items() if name != "active"}
    user = scim.send("POST", "/Users", unsaid).body
    path = f"/Users/{user['id']}"
    assert user["active"] is True
    scim.patch(path, {"op": "replace", "path": "active", "value": False})

    replaced = scim.send("PUT", path, unsaid | {"title": "Countess"})

    assert (replaced.body["active"], replaced.body["title"]) == (False, "Countess")
    removed = scim.patch(path, {"op": "remove", "path": "active"})
    assert (removed.status, removed.body["scimType"]) == (400, "mutability")
    assert scim.get(path).body["active"] is False


def test_a_put_takes_away_what_it_does_not_say(scim) -> None:
    user = scim.send("POST", "/Users", FULL).body

    short = {"schemas": [USER], "userName": "ada", "emails": FULL["emails"], "active": True}
    replaced = scim.send("PUT", f"/Users/{user['id']}", short).body

    left = {"schemas", "id", "meta", "userName", "emails", "active"}
    assert set(replaced) == left
    person = person_of(user)
    assert (person.title, person.first_name, person.cost_center) == ("", "", "")
    assert person.account == scim.roster.account
    assert person.attributes == {"emails": FULL["emails"]}


def test_names_are_one_persons_alone(scim) -> None:
    scim.send("POST", "/Users", FULL)
    before = list(Person.objects.values())

    other = FULL | {"emails": [{"value": "eve@acme.example"}], "userName": "eve"}
    taken = [
        FULL,
        other,
        other | {"externalId": "00u2", "userName": "ADA"},
        other | {"externalId": "00u2", "emails": [{"value": "ADA@acme.example"}]},
    ]
    answers = [scim.send("POST", "/Users", body) for body in taken]
    assert [(answer.status, answer.body["scimType"]) for answer in answers] == 4 * [
        (409, "uniqueness")
    ]
    assert list(Person.objects.values()) == before


def test_staff_is_not_for_an_organization_to_enroll(scim, staff_user) -> None:
    body = {"schemas": [USER], "userName": staff_user.email, "active": True}

    answer = scim.send("POST", "/Users", body)

    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
    assert not Person.objects.exists()


def test_versions_guard_and_spare(scim) -> None:
    path = f"/Users/{scim.user('ada')['id']}"
    title = {"op": "replace", "path": "title", "value": "Analyst"}

    assert scim.get(path, **{"If-None-Match": 'W/"1"'}).status == 304
    assert scim.patch(path, title, **{"If-Match": 'W/"1"'}).headers["ETag"] == 'W/"2"'
    assert scim.patch(path, title, **{"If-Match": 'W/"1"'}).status == 412
    assert scim.send("DELETE", path, **{"If-Match": 'W/"1"'}).status == 412
    assert scim.get(path, **{"If-None-Match": 'W/"1"'}).status == 200
    assert scim.patch(path, title).headers["ETag"] == 'W/"2"'
    assert scim.send("DELETE", path, **{"If-Match": 'W/"2"'}).status == 204


def test_whoever_is_deleted_is_not_there_any_more(scim) -> None:
    user = scim.user("ada")
    path = f"/Users/{user['id']}"

    assert scim.send("DELETE", path).status == 204

    gone = [scim.get(path), scim.send("DELETE", path), scim.send("PUT", path, FULL)]
    assert [answer.status for answer in gone] == [404, 404, 404]
    assert scim.get("/Users").body["totalResults"] == 0
    assert scim.user("ada")["id"] != user["id"]


def test_a_manager_is_named_by_id_and_is_somebody_of_the_roster(scim) -> None:
    chief, user = scim.user("chief"), scim.user("ada")
    path = f"/Users/{user['id']}"

    operation = {"op": "add", "path": f"{WORK}:manager", "value": {"value": chief["id"]}}
    assert scim.patch(path, operation).status == 200
    manager = scim.get(path).body[WORK]["manager"]
    assert manager == {"value": chief["id"], "$ref": chief["meta"]["location"]}

    for nobody in ("5f0e8f4c-0000-4000-8000-000000000000", "nobody", user["id"]):
        answer = scim.patch(path, operation | {"value": {"value": nobody}})
        assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
    assert scim.get(path).body[WORK]["manager"] == manager

    assert scim.send("DELETE", f"/Users/{chief['id']}").status == 204
    assert WORK not in scim.get(path).body


def test_a_department_moves_and_a_new_one_is_made(scim, store) -> None:
    user = scim.user("ada", **{WORK: {"department": "engineering"}})
    assert person_of(user).account == store.department

    path = f"/Users/{user['id']}"
    operation = {"op": "replace", "path": f"{WORK}:department", "value": "Sales"}
    assert scim.patch(path, operation).status == 200
    assert person_of(user).account.name == "Sales"
    assert person_of(user).account.parent == store.organization
    assert scim.get(path).body[WORK] == {"department": "Sales"}

    assert scim.patch(path, {"op": "remove", "path": f"{WORK}:department"}).status == 200
    assert person_of(user).account == store.organization
    assert WORK not in scim.get(path).body


def test_only_what_changes_moves(scim, store) -> None:
    """Whom a group has placed stays there when the identity system sends the same user again."""
    user = scim.user("ada", **{WORK: {"department": "Sales"}})
    path = f"/Users/{user['id']}"
    scim.group("Night shift", user)

    read = scim.get(path).body
    assert read[WORK] == {"department": "Night shift"}
    assert scim.patch(path, {"op": "replace", "path": "title", "value": "Guard"}).status == 200
    assert person_of(user).account.name == "Night shift"


def test_where_groups_place_people_a_department_is_text(scim, store) -> None:
    Roster.objects.update(placed_by=Roster.PlacedBy.GROUP)
    user = scim.user("ada", **{WORK: {"department": "Engineering"}})
    path = f"/Users/{user['id']}"

    assert person_of(user).account == store.organization
    assert scim.get(path).body[WORK] == {"department": "Engineering"}
    scim.group("Night shift", user)
    assert person_of(user).account.name == "Night shift"
    assert scim.get(path).body[WORK] == {"department": "Engineering"}
    assert scim.patch(path, {"op": "remove", "path": f"{WORK}:department"}).status == 200
    assert (person_of(user).account.name, person_of(user).department) == ("Night shift", "")


def test_the_record_names_the_token(scim) -> None:
    user = scim.user("ada", **{WORK: {"department": "Sales"}})
    scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": False})
    scim.send("DELETE", f"/Users/{user['id']}")

    changes = PeopleChange.objects.filter(person_id=person_of(user).pk, member_id=None)
    sources = set(changes.values_list("source", "source_reference", "actor"))
    assert sources == {("scim", str(scim.token.pk), f"scim:{scim.token.pk}")}
    assert [change.kind for change in changes.order_by("pk")] == ["created", "left", "removed"]


def test_unknown_attributes_are_left(scim) -> None:
    extension = "urn:example:badges:1.0:User"
    user = scim.user("ada", shoeSize=38, **{extension: {"badge": "7"}})

    assert "shoeSize" not in user
    assert extension not in user
    badge = {"op": "add", "path": f"{extension}:badge", "value": "8"}
    assert scim.patch(f"/Users/{user['id']}", badge).status == 200


@pytest.mark.parametrize(
    ("times", "headers", "status"),
    [(1, {}, 200), (2, {}, 200), (3, {}, 412), (1, {"If-Match": 'W/"1"'}, 412)],
)
def test_what_was_overtaken_is_tried_again_unless_it_was_conditional(
    times, headers, status, scim, monkeypatch
) -> None:
    path = f"/Users/{scim.user('ada')['id']}"
    put_one, overtaken = roster.put_one, iter([True] * times)

    def overtake(**call):
        if next(overtaken, False):
            Person.objects.update(version=F("version") + 1)
        return put_one(**call)

    monkeypatch.setattr(roster, "put_one", overtake)
    title = {"op": "replace", "path": "title", "value": "Analyst"}

    assert scim.patch(path, title, **headers).status == status
    assert Person.objects.get().title == ("Analyst" if status == 200 else "")


def test_what_is_being_worked_on_is_to_be_asked_for_again(scim, monkeypatch) -> None:
    def busy(**call):
        raise AlreadyRunning("settle-people")

    monkeypatch.setattr(roster, "put_one", busy)

    answer = scim.send("POST", "/Users", FULL)

    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert answer.body["status"] == "503"
