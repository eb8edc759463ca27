"""What the protocol asks of every service: methods, media types, sizes, bulk, and bad input."""

from __future__ import annotations

import pytest

from saleor_program_budgets.interfaces.scim import view
from saleor_program_budgets.models import Person
from tests.host.scim.conftest import BULK, GROUP, USER, person_of


def bulk(scim, *operations: dict[str, object], **more: object):
    body = {"schemas": [BULK], "Operations": list(operations), **more}
    return scim.send("POST", "/Bulk", body)


def new_user(name: str, **more: object) -> dict[str, object]:
    return {"schemas": [USER], "userName": f"{name}@acme.example", "active": True, **more}


def test_methods_and_paths(scim) -> None:
    user = scim.user("ada")

    assert scim.send("DELETE", "/Users").status == 405
    assert scim.send("DELETE", "/Users").headers["Allow"] == "GET, POST"
    assert scim.send("POST", f"/Users/{user['id']}", {}).status == 405
    for path in ("/Persons", "/Users/1/2", "/Users/not-an-id", f"/Users/{user['id'].upper()}"):
        assert scim.get(path).status == 404, path
    assert scim.get("/Me").status == 501
    assert scim.get("/Users/").status == 200


def test_media_types(scim) -> None:
    body = new_user("ada")

    assert scim.send("POST", "/Users", body, content_type="text/plain").status == 415
    assert scim.send("POST", "/Users", body, content_type="application/json").status == 201
    assert scim.get("/Users").headers["Content-Type"] == "application/scim+json"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b'{"userName": NaN}',
        b'{"schemas": ["x"]}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b'{"userName": "a\\u0000b@acme.example"}',
        b'{"userName": "\\ud800@acme.example"}',
        b'{"Operations": 5}',
        b'{"Operations": [5, null, {"op": 1}, {"op": "add", "path": 7}]}',
        b'{"schemas": [], "userName": {"a": 1}}',
        b'{"userName": 1' + b"0" * 5_000 + b"}",
    ],
    ids=lambda raw: ascii(raw[:30]),
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/Users"),
        ("POST", "/Groups"),
        ("PUT", "/Users/{id}"),
        ("PATCH", "/Users/{id}"),
        ("POST", "/Bulk"),
        ("POST", "/Users/.search"),
    ],
)
def test_malformed_bodies(raw, method, path, scim) -> None:
    user = scim.user("ada")
    before = list(Person.objects.values())

    answer = scim.send(method, path.format(id=user["id"]), raw=raw)

    if path == "/Bulk" and answer.status == 200:
        assert {each["status"] for each in answer.body["Operations"]} == {"400"}
    elif path != "/Users/.search" or answer.status != 200:
        assert answer.status == 400, answer.body
        assert answer.body["status"] == "400"
    assert list(Person.objects.values()) == before


@pytest.mark.parametrize(
    "query",
    [
        "filter=%00",
        "filter=userName%20eq%20%22a%00%22",
        "filter=userName%20eq%20%22%5Cu0000%22",
        "filter=((((",
        "filter=" + "not%20(" * 40 + "title%20pr" + ")" * 40,
        "startIndex=x",
        "count=1.5",
        "sortOrder=sideways",
        "attributes=a&excludedAttributes=b",
        "attributes=%5B",
        "cursor=x",
        "sortBy=emails%5Btype%20eq%20%22work%22%5D",
        "filter=meta.created%20gt%20%22yesterday%22",
        "filter=active%20gt%20true",
    ],
)
def test_malformed_queries(query, scim) -> None:
    answer = scim.get(f"/Users?{query}")

    expected = 501 if query.startswith("cursor") else 400
    if "%5Cu0000" in query:
        expected = 200  # a text that nobody can have
    assert answer.status == expected, answer.body


def test_sizes(scim, monkeypatch) -> None:
    assert (
        bulk(scim, {"method": "POST", "path": "/Users", "data": {"x": "y" * 2**20}}).status == 413
    )
    many = [{"method": "DELETE", "path": "/Users/1"}] * 1001
    assert bulk(scim, *many).status == 413
    assert bulk(scim, *many[:3]).status == 200
    monkeypatch.setattr(view, "LARGEST_BODY", 100)
    assert scim.send("POST", "/Users", new_user("a" * 100)).status == 413


def test_bulk(scim) -> None:
    gone = scim.user("gone")
    answer = bulk(
        scim,
        {
            "method": "POST",
            "path": "/Groups",
            "bulkId": "g",
            "data": {
                "schemas": [GROUP],
                "displayName": "Sales",
                "members": [{"value": "bulkId:u", "type": "User"}],
            },
        },
        {"method": "POST", "path": "/Users", "bulkId": "u", "data": new_user("ada")},
        {"method": "POST", "path": "/Users", "bulkId": "v", "data": new_user("ADA")},
        {"method": "DELETE", "path": f"/Users/{gone['id']}"},
        {"method": "PATCH", "path": f"/Users/{gone['id']}", "data": {"Operations": []}},
    )

    assert answer.status == 200
    outcomes = answer.body["Operations"]
    assert [each["status"] for each in outcomes[:4]] == ["201", "201", "409", "204"]
    assert outcomes[4]["status"] in ("400", "404")
    ada = scim.get("/Users?filter=userName%20sw%20%22ada%22").body["Resources"][0]
    assert person_of(ada).account.name == "Sales"
    assert outcomes[1]["location"] == ada["meta"]["location"]


def test_bulk_stops_at_the_errors_a_client_accepts(scim) -> None:
    wrong = {"method": "DELETE", "path": "/Users/1"}
    right = {"method": "POST", "path": "/Users", "bulkId": "u", "data": new_user("ada")}

    outcomes = bulk(scim, wrong, right, failOnErrors=1).body["Operations"]

    assert [each["status"] for each in outcomes] == ["404"]
    assert not Person.objects.exists()


def test_addresses_are_the_shops_and_not_the_clients(scim, settings) -> None:
    settings.PUBLIC_URL = "https://shop.acme.example"

    user = scim.user("ada")

    base = "https://shop.acme.example/plugins/global/program-budgets/scim/v2"
    assert user["meta"]["location"] == f"{base}/Users/{user['id']}"
    assert scim.get("/Schemas").body["Resources"][0]["meta"]["location"].startswith(base)


def test_what_the_schemas_ask_for(scim) -> None:
    schemas = {each["id"]: each for each in scim.get("/Schemas").body["Resources"]}
    required = {
        schema: [each["name"] for each in body["attributes"] if each["required"]]
        for schema, body in schemas.items()
    }

    assert required[USER] == ["userName", "active", "emails"]
    assert required[GROUP] == ["displayName"]
    members = next(each for each in schemas[GROUP]["attributes"] if each["name"] == "members")
    parts = {part["name"]: part for part in members["subAttributes"]}
    assert set(parts) == {"value", "$ref", "type"}
    assert parts["$ref"]["referenceTypes"] == ["User"]


def test_nothing_of_it_is_imported_before_it_is_asked_for() -> None:
    import subprocess
    import sys

    code = (
        "import django; django.setup()\n"
        "import sys, saleor_program_budgets.plugin, saleor_program_budgets.interfaces.scim.view\n"
        "sys.exit(any(name.startswith(('scim2_', 'lark')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
