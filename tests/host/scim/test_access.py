"""Who may come in: the token of a roster, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from freezegun import freeze_time
from saleor.core.jwt import create_access_token

from saleor_program_budgets import roster
from saleor_program_budgets.models import RosterToken
from tests.host.support.shop import ACTOR

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
PATHS = (
    *(("GET", path) for path in ("/Users", "/Groups", "/Schemas", "/ResourceTypes", "/", "/x")),
    *(("POST", path) for path in ("/Users", "/Groups/.search", "/Bulk", "/.search")),
    *((method, "/Users/1") for method in ("GET", "PUT", "PATCH", "DELETE")),
)


def refused(answer) -> None:
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="SCIM"'
    assert answer.body == {
        "schemas": [ERROR],
        "status": "401",
        "detail": "A roster's token is needed, and this is none.",
    }


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_without_a_token_nothing_is_answered(method, path, scim) -> None:
    refused(scim.send(method, path, Authorization=""))


def test_other_credentials_are_none(scim, staff_user, app_with_token) -> None:
    secret = scim.secret
    for authorization in (
        secret,
        f"Basic {secret}",
        "Bearer",
        "Bearer ",
        "Bearer pbt_",
        f"Bearer {secret}x",
        f"Bearer {secret[:-1]}",
        f"Bearer {secret} {secret}",
        "Bearer pbt_\xe9",
        f"Bearer {create_access_token(staff_user)}",
        f"Bearer {app_with_token.tokens.get().token_last_4}",
        f"JWT {create_access_token(staff_user)}",
    ):
        refused(scim.send("GET", "/Users", Authorization=authorization))
    assert scim.send("GET", "/Users", Authorization=f"bearer {secret}").status == 200


def test_the_configuration_is_for_everybody(scim) -> None:
    body = scim.send("GET", "/ServiceProviderConfig", Authorization="").body

    assert body["authenticationSchemes"][0]["type"] == "oauthbearertoken"
    assert body["bulk"] == {"supported": True, "maxOperations": 1000, "maxPayloadSize": 1048576}
    assert body["filter"] == {"supported": True, "maxResults": 200}
    supported = {name: body[name]["supported"] for name in ("patch", "sort", "etag")}
    assert supported == {"patch": True, "sort": True, "etag": True}
    assert body["changePassword"] == {"supported": False}
    refused(scim.send("POST", "/ServiceProviderConfig", Authorization=""))


def test_revoked_expired_and_replaced(scim) -> None:
    now = timezone.now()
    ending, secret = roster.create_token(
        roster=scim.roster, name="Entra", expires_at=now + timedelta(hours=1), actor=ACTOR, at=now
    )
    assert scim.send("GET", "/Users", Authorization=f"Bearer {secret}").status == 200
    with freeze_time(ending.expires_at):
        refused(scim.send("GET", "/Users", Authorization=f"Bearer {secret}"))

    _, new = roster.rotate_token(
        token=scim.token, overlap=timedelta(hours=1), actor=ACTOR, at=timezone.now()
    )
    assert scim.get("/Users").status == 200
    assert scim.send("GET", "/Users", Authorization=f"Bearer {new}").status == 200

    roster.revoke_token(token=scim.token, actor=ACTOR, at=timezone.now())
    refused(scim.get("/Users"))


def test_last_use_is_noted_at_most_once_a_minute(scim) -> None:
    def noted() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert scim.get("/Schemas").status == 200
        return sum(query["sql"].startswith("UPDATE") for query in queries)

    with freeze_time("2026-01-05T09:00:00Z") as clock:
        assert [noted(), noted()] == [1, 0]
        clock.tick(timedelta(seconds=59))
        assert noted() == 0
        clock.tick(timedelta(seconds=1))
        assert noted() == 1
    token = RosterToken.objects.get(pk=scim.token.pk)
    assert str(token.last_used_at) == "2026-01-05 09:01:00+00:00"


def test_answers_are_not_kept_by_anybody(scim) -> None:
    assert scim.get("/Users").headers["Cache-Control"] == "no-store"
