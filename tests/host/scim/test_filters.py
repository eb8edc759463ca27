"""Filters and orders: the database finds what the library's own reading of a filter finds."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scim2_models import ScimFilter

from saleor_program_budgets.interfaces.scim.schemas import GROUP_MODEL, PROVIDER, USER_MODEL
from tests.host.scim.conftest import USER, WORK

PEOPLE = {
    "ada": {
        "externalId": "00uA",
        "displayName": "Ada L.",
        "title": "Analyst",
        "name": {"givenName": "Ada", "familyName": "Lovelace", "formatted": "Ada Lovelace"},
        "emails": [
            {"value": "ada@acme.example", "type": "work", "primary": True},
            {"value": "Ada@home.example", "type": "home"},
        ],
        "phoneNumbers": [
            {"value": "+44 (20) 7946*", "type": "work"},
            {"value": "9", "type": "fax"},
        ],
        "addresses": [{"country": "GB", "locality": "London", "type": "work"}],
        WORK: {"department": "Engines", "costCenter": "A1", "organization": "Acme"},
    },
    "ben": {"externalId": "00ub", "displayName": "ben_%", "locale": "de_DE", "timezone": "UTC"},
    "eve": {"active": False, "nickName": "É", WORK: {"employeeNumber": "10", "division": "R&D"}},
    "zoë": {
        "emails": [{"value": "zoe@acme.example"}],
        "roles": [{"value": 'a"b\\c', "primary": True}],
    },
}
FILTERS = (
    'userName eq "ADA@acme.example"',
    'userName ne "ada@acme.example"',
    'userName co "acme"',
    'userName sw "B"',
    'userName ew "EXAMPLE"',
    'userName gt "b"',
    'userName ge "BEN@acme.example"',
    'userName lt "b"',
    'userName le "ben@acme.example"',
    "userName pr",
    f'{USER}:userName eq "ada@acme.example"',
    'externalId eq "00uA"',
    'externalId eq "00ua"',
    'externalId sw "00u"',
    "externalId pr",
    "not (externalId pr)",
    "externalId eq null",
    'externalId lt "Z"',
    "id pr",
    'id ne "x"',
    'id co "-"',
    "active eq true",
    "active eq false",
    "active ne true",
    "active pr",
    'title eq "analyst"',
    'title ne "analyst"',
    'title lt "Z"',
    "title pr",
    'name.givenName eq "ada"',
    'name.familyName co "LACE"',
    'name.formatted sw "ada"',
    "name pr",
    "not (name.middleName pr)",
    'displayName co "_%"',
    'displayName co "%"',
    'nickName eq "é"',
    'locale eq "de_de" or timezone eq "utc"',
    "preferredLanguage pr",
    'emails eq "ada@HOME.example"',
    'emails.value eq "ben@acme.example"',
    'emails ne "ben@acme.example"',
    'emails co "home"',
    'emails.type eq "work"',
    'emails.type eq "home"',
    "emails.primary eq true",
    "emails.primary ne true",
    "emails pr",
    "emails.display pr",
    'emails[type eq "work"].value eq "ADA@acme.example"',
    'emails[type eq "work" and value ew "home.example"]',
    'emails[not (type eq "work")]',
    'emails[type eq "home" or primary eq true]',
    'emails[type eq "work" and primary eq true and value co "@"]',
    'phoneNumbers[value eq "+44 (20) 7946*"]',
    'phoneNumbers[value sw "+44 (" and type eq "WORK"]',
    'phoneNumbers[type eq "work" and value eq "9"]',
    "phoneNumbers pr",
    "not (phoneNumbers pr)",
    'addresses.country eq "gb"',
    'addresses[locality co "don"]',
    'roles.value eq "a\\"b\\\\c"',
    "roles[primary eq true]",
    "groups pr",
    'groups.display eq "engines"',
    'groups.type eq "direct"',
    'groups ne "x"',
    f'{WORK}:department eq "engines"',
    f"{WORK}:department pr",
    f'{WORK}:costCenter ne "A1"',
    f'{WORK}:employeeNumber ge "1"',
    f'{WORK}:organization sw "ac" or {WORK}:division co "&"',
    f"{WORK}:manager.value pr",
    f'{WORK}:manager.value ne "x"',
    f"{WORK}:manager pr",
    'meta.created gt "2020-01-01T00:00:00Z"',
    'meta.lastModified lt "2020-01-01T00:00:00Z"',
    'meta.resourceType eq "user"',
    'meta.resourceType eq "User"',
    'userName sw "a" and active eq true or userName sw "e"',
    'not (userName sw "a" or (title pr and not (active eq false)))',
)
GROUP_FILTERS = (
    'displayName eq "ENGINES"',
    'displayName ne "engines"',
    'displayName co "in"',
    "externalId pr",
    "members pr",
    "not (members pr)",
    'members.value co "-"',
    'members[type eq "User"]',
    'members ne "x"',
    'meta.created ge "2020-01-01T00:00:00Z" and displayName sw "e"',
)
UNANSWERABLE = {
    'password eq "x"': "password",
    'meta.version eq "x"': "meta.version",
    'meta.location pr and meta.location eq "x"': "meta.location",
    'meta.created co "2020"': "meta.created",
    'emails[value gt "a"]': "emails.value",
    'x509Certificates.value eq "aGFsbG8="': "x509Certificates",
    "schemas pr": "schemas",
    'shoeSize eq "38"': "shoeSize",
}


@pytest.fixture
def everybody(scim) -> None:
    made = {name: scim.user(name, **said) for name, said in PEOPLE.items()}
    path = f"/Users/{made['ben']['id']}"
    manager = {"op": "add", "path": f"{WORK}:manager", "value": made["ada"]["id"]}
    assert scim.patch(path, manager).status == 200


def resources(scim, kind, model) -> list[object]:
    body = scim.get(f"/{kind}").body
    with PROVIDER:
        return [model.model_validate(each) for each in body["Resources"]]


@pytest.mark.parametrize(("kind", "model"), [("Users", USER_MODEL), ("Groups", GROUP_MODEL)])
def test_the_database_finds_what_the_library_would(kind, model, scim, everybody) -> None:
    scim.group("Night shift")
    known = resources(scim, kind, model)
    assert len(known) in (3, 4)

    for text in FILTERS if kind == "Users" else GROUP_FILTERS:
        expected = [each.id for each in known if ScimFilter[model](text).match(each)]
        answer = scim.get(f"/{kind}?filter={quote(text)}")
        assert answer.status == 200, (text, answer.body)
        assert [each["id"] for each in answer.body["Resources"]] == expected, text
        assert answer.body["totalResults"] == len(expected), text


COMBINED = st.recursive(
    st.sampled_from(FILTERS),
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
    ),
    max_leaves=4,
)


def test_combined_filters_find_what_the_library_would(scim, everybody) -> None:
    known = resources(scim, "Users", USER_MODEL)

    @settings(
        max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    @given(text=COMBINED)
    def check(text: str) -> None:
        expected = [each.user_name for each in known if ScimFilter[USER_MODEL](text).match(each)]
        assert scim.found("Users", text) == expected

    check()


def test_ids_of_others_are_found_by(scim, everybody) -> None:
    users = {each["userName"]: each for each in scim.get("/Users").body["Resources"]}
    ada, ben = users["ada@acme.example"], users["ben@acme.example"]
    group = ada["groups"][0]["value"]

    assert scim.found("Users", f'id eq "{ada["id"]}"') == ["ada@acme.example"]
    assert scim.found("Users", f'id eq "{ada["id"].upper()}"') == []
    assert scim.found("Users", f'{WORK}:manager.value eq "{ada["id"]}"') == ["ben@acme.example"]
    assert scim.found("Users", f'groups.value eq "{group}"') == ["ada@acme.example"]
    assert scim.found("Groups", f'members eq "{ada["id"]}"') == ["Engines"]
    assert scim.found("Groups", f'members[value eq "{ben["id"]}"]') == []


@pytest.mark.parametrize(("text", "attribute"), UNANSWERABLE.items())
def test_what_cannot_be_asked_names_the_attribute(text, attribute, scim) -> None:
    answer = scim.get(f"/Users?filter={quote(text)}")

    assert (answer.status, answer.body["scimType"]) == (400, "invalidFilter")
    assert attribute in answer.body["detail"]


@pytest.mark.parametrize(
    ("attribute", "names"),
    [
        ("userName", ["ada", "ben", "eve", "zoë"]),
        ("title", ["ada", "ben", "eve", "zoë"]),
        ("nickName", ["eve", "ada", "ben", "zoë"]),
        ("displayName", ["ada", "ben", "eve", "zoë"]),
        ("active", ["eve", "ada", "ben", "zoë"]),
        ("emails", ["ada", "ben", "eve", "zoë"]),
        (f"{WORK}:employeeNumber", ["eve", "ada", "ben", "zoë"]),
        ("meta.created", ["ada", "ben", "eve", "zoë"]),
    ],
)
def test_sorted(attribute, names, scim, everybody) -> None:
    answer = scim.get(f"/Users?sortBy={quote(attribute)}")
    found = [each["userName"].partition("@")[0] for each in answer.body["Resources"]]
    assert found == names

    descending = scim.get(f"/Users?sortBy={quote(attribute)}&sortOrder=descending").body
    first = descending["Resources"][0]["userName"].partition("@")[0]
    if attribute in ("title", "nickName", f"{WORK}:employeeNumber"):
        assert first != names[0]  # those without a value come first
    elif attribute != "displayName":
        assert first == ("ada" if attribute == "active" else "zoë")


def test_what_cannot_be_sorted_by_is_refused(scim) -> None:
    for attribute in ("groups", "phoneNumbers", "meta.version", "shoeSize", "password"):
        answer = scim.get(f"/Users?sortBy={attribute}")
        assert (answer.status, answer.body["scimType"]) == (400, "invalidPath"), attribute


def test_pages(scim, everybody) -> None:
    def page(query: str) -> tuple[int, int, list[str]]:
        body = scim.get(f"/Users?{query}").body
        names = [each["userName"].partition("@")[0] for each in body.get("Resources", [])]
        return body["totalResults"], body["itemsPerPage"], names

    assert page("startIndex=2&count=2") == (4, 2, ["ben", "eve"])
    assert page("startIndex=4&count=100") == (4, 1, ["zoë"])
    assert page("startIndex=-3&count=1") == (4, 1, ["ada"])
    assert page("count=0") == (4, 0, [])
    assert page("startIndex=99999999999999999999") == (4, 0, [])
    assert page("count=99999999999999999999")[1] == 4
    assert page("startIndex=1&count=1&filter=active%20eq%20true") == (3, 1, ["ada"])


def test_users_and_groups_together(scim, everybody) -> None:
    def page(query: str) -> tuple[int, list[str]]:
        body = scim.get(f"/?{query}").body
        found = body.get("Resources", [])
        return body["totalResults"], [
            (each.get("userName") or each["displayName"]).partition("@")[0] for each in found
        ]

    assert page("") == (6, ["ada", "ben", "eve", "zoë", "Engineering", "Engines"])
    assert page("startIndex=4&count=2") == (6, ["zoë", "Engineering"])
    assert page('filter=displayName sw "e"') == (2, ["Engineering", "Engines"])
    assert page('filter=userName sw "e"') == (1, ["eve"])
    assert scim.get("/?sortBy=id").status == 501
