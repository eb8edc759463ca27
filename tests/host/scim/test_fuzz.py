"""Whatever is sent, the answer is one that the protocol has, and none says that we failed."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.host.scim.conftest import BULK, GROUP, PATCH, USER, WORK

FOUND = {200, 201, 204, 400, 403, 404, 405, 409, 412, 413, 415, 501}
NAMES = st.sampled_from(
    [
        *("schemas", "id", "externalId", "userName", "name", "displayName", "emails", "active"),
        *("title", "password", "groups", "members", "meta", "phoneNumbers", "x509Certificates"),
        *("value", "type", "primary", "$ref", "givenName", "familyName", "department", "manager"),
        *(WORK, USER, "Operations", "op", "path", "profileUrl", "addresses", "roles"),
        *("name.givenName", 'emails[type eq "work"].value', f"{WORK}:manager", "locale", "x"),
    ]
)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            *("", "True", "ada@acme.example", "add", "Remove", "replace", "x" * 300, USER, GROUP),
            *("members", 'members[value eq "x"]', 'emails[type eq "work"].value', "bulkId:a"),
            *(
                f"{WORK}:department",
                f"{WORK}:manager",
                "emails[primary eq true]",
                "active",
                "[",
                " / ",
            ),
            *("\x00", "\ud800", "\u202e", "a@b.c\n", "2020-01-01T00:00:00Z", 'W/"1"'),
        ]
    ),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(NAMES, TEXTS), inner, max_size=5)
    ),
    max_leaves=12,
)
OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "Remove", "replace"])},
        optional={"path": st.one_of(NAMES, TEXTS), "value": VALUES},
    ),
    max_size=3,
)
BODIES = st.one_of(
    VALUES,
    st.dictionaries(NAMES, VALUES, max_size=6).map(
        lambda more: {"schemas": [USER, WORK], "userName": "eve@acme.example", **more}
    ),
    st.dictionaries(NAMES, VALUES, max_size=4).map(
        lambda more: {"schemas": [GROUP], "displayName": "Sales", **more}
    ),
    OPERATIONS.map(lambda changes: {"schemas": [PATCH], "Operations": changes}),
    st.lists(
        st.fixed_dictionaries(
            {"method": st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "GET"])},
            optional={"path": TEXTS, "bulkId": TEXTS, "data": VALUES, "version": TEXTS},
        ),
        max_size=3,
    ).map(lambda steps: {"schemas": [BULK], "Operations": steps}),
    VALUES.map(lambda value: {"filter": value, "sortBy": value, "count": value}),
)
PATHS = st.sampled_from(
    ["/Users", "/Groups", "/Bulk", "/.search", "/Users/.search", "/Users/{user}", "/Groups/{group}"]
)
METHODS = st.sampled_from(["POST", "PUT", "PATCH", "GET", "DELETE"])
CAREFULLY = settings(
    max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


@pytest.fixture
def send(scim):
    user = scim.user("ada")
    group = scim.group("Ops", user)

    def send(method: str, path: str, raw: bytes) -> None:
        answer = scim.send(method, path.format(user=user["id"], group=group["id"]), raw=raw)
        assert answer.status in FOUND, (answer.status, answer.body)
        if path == "/Bulk" and answer.status == 200:
            assert not [each for each in answer.body["Operations"] if each["status"] == "500"]

    return send


def test_any_body(send) -> None:
    @CAREFULLY
    @given(method=METHODS, path=PATHS, body=BODIES)
    def check(method: str, path: str, body: object) -> None:
        if method != "DELETE":
            send(method, path, json.dumps(body).encode())

    check()


def test_any_bytes(send) -> None:
    @CAREFULLY
    @given(method=METHODS, path=PATHS, raw=st.binary(max_size=200))
    def check(method: str, path: str, raw: bytes) -> None:
        if method != "DELETE":
            send(method, path, raw)

    check()


def test_any_filter(scim) -> None:
    scim.user("ada")
    attribute = st.one_of(NAMES, st.sampled_from(["meta.created", "emails.value", "groups.value"]))
    atom = st.tuples(
        attribute,
        st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]),
        st.one_of(TEXTS, st.integers(), st.booleans(), st.none()).map(json.dumps),
    ).map(" ".join)
    filters = st.recursive(
        st.one_of(atom, attribute.map("{} pr".format), TEXTS),
        lambda inner: st.one_of(
            inner.map("not ({})".format),
            st.tuples(inner, inner).map("({0[0]}) and {0[1]}".format),
            st.tuples(attribute, inner).map("{0[0]}[{0[1]}]".format),
        ),
        max_leaves=4,
    )

    @CAREFULLY
    @given(text=filters, sort=st.one_of(st.none(), NAMES))
    def check(text: str, sort: str | None) -> None:
        body = {"filter": text} | ({"sortBy": sort} if sort else {})
        for kind in ("Users", "Groups"):
            assert scim.send("POST", f"/{kind}/.search", body).status in {200, 400}, text

    check()
